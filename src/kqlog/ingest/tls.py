"""TLS for what listens: certificates come from files."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from kqlog.errors import QueryError


class Certificates(NamedTuple):
    """Files in PEM: the certificate with those that lead to its authority, its key, and the authorities of senders.

    Without a `key` the certificate's file holds it, too. With `clients`, senders need a certificate of one of these authorities.
    """

    certificate: Path
    key: Path | None = None
    clients: Path | None = None


def server_context(files: Certificates) -> ssl.SSLContext:
    """What serves TLS 1.2 and later.

    Raises:
        QueryError: ING001 for files that cannot be read or do not belong together, and for a key with a passphrase.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without an answer, OpenSSL would ask the terminal for a passphrase.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
        if files.clients is not None:
            context.load_verify_locations(files.clients)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:
        names = ", ".join(f"'{file}'" for file in files if file is not None)
        hint = (
            "PEM files: the certificate, its key without a passphrase, and the authorities of senders if these need certificates"
        )
        raise QueryError("ING001", f"TLS cannot be served with {names}: {_reason(error)}", hint=hint) from None
    return context


def hear_of_failures(context: ssl.SSLContext, say: Callable[[str], None]) -> None:
    """Tell why handshakes fail: asyncio keeps it to itself."""

    class Heard(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                say(_reason(error))
                raise

    context.sslobject_class = Heard


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason.lower().replace("_", " ") if reason else getattr(error, "strerror", None) or str(error)
