"""Who may send: holders of a bearer token, or of the workspace key that signs requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from starlette.requests import Request

from kqlog.errors import QueryError
from kqlog.server.errors import RequestError
from kqlog.store.secrets import FILE, secrets

TOKENS, SHARED_KEY = "KQLOG_TOKENS", "KQLOG_SHARED_KEY"
_SKEW = timedelta(minutes=15)


@dataclass(frozen=True)
class Access:
    """The tokens and the key that are good. `open` lets everybody in."""

    tokens: frozenset[str] = frozenset()
    shared_key: bytes | None = None
    open: bool = False

    def check_token(self, request: Request) -> None:
        """Let a request with a good bearer token pass.

        Raises:
            RequestError: 401 for any other.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        # compare_digest() refuses text that is not ASCII.
        sent = token.strip().encode()
        good = [hmac.compare_digest(sent, one.encode()) for one in self.tokens]
        if not self.open and not (kind.lower() == "bearer" and any(good)):
            raise RequestError(401, "Unauthorized", "a bearer token that this workspace knows is wanted")

    def check_signature(self, request: Request, length: int) -> None:
        """Let a request pass whose `SharedKey` signature is right and new.

        Raises:
            RequestError: 403 for any other, as Azure answers.
        """
        if self.open:
            return
        date = request.headers.get("x-ms-date", "")
        text = f"{request.method}\n{length}\napplication/json\nx-ms-date:{date}\n{request.url.path}"
        made = base64.b64encode(hmac.digest(self.shared_key or b"", text.encode(), hashlib.sha256))
        sent = request.headers.get("authorization", "").rpartition(":")[2]
        if self.shared_key is None or not hmac.compare_digest(made, sent.encode()):
            raise RequestError(403, "InvalidAuthorization", "the signature is not that of the workspace key")
        if not _is_new(date):
            raise RequestError(403, "InvalidAuthorization", "x-ms-date is not within 15 minutes of now")


def _is_new(date: str) -> bool:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))) < _SKEW


def read_access(root: Path, environment: Mapping[str, str] = os.environ) -> Access:
    """The tokens of a workspace and its key in Base64, and those of the environment: KQLOG_TOKENS has tokens with commas between.

    Raises:
        QueryError: ING001 when the file cannot be read, or there is nothing that would let anybody in.
    """
    file, found = root / FILE, secrets(root)
    try:
        tokens = [*found.get("tokens", []), *environment.get(TOKENS, "").split(",")]
        key = environment.get(SHARED_KEY) or found.get("sharedKey")
        access = Access(
            frozenset(token.strip() for token in tokens if token.strip()), base64.b64decode(key, validate=True) if key else None
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise QueryError("ING001", f"'{file}' has no tokens: {error}", hint='it holds {"tokens": ["..."]}') from None
    if not access.tokens and access.shared_key is None:
        hint = f"write {file}, set {TOKENS}, or give --no-auth on a loopback address"
        raise QueryError("ING001", "there is no token that would let a sender in", hint=hint)
    return access
