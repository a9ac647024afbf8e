"""Alerts over HTTP: Azure's common alert schema, or the form that a chat, an on-call service or Alertmanager reads.

A request carries the alert's action id, by which a receiver drops what it has had. With a secret it is signed as Standard
Webhooks says (standardwebhooks.com): `webhook-id`, `webhook-timestamp` and `webhook-signature`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError

from kqlog.alerts.actions.receiver import LaterError, RefusedError
from kqlog.alerts.actions.schema import as_bytes
from kqlog.alerts.actions.secrets import revealed
from kqlog.alerts.actions.templates import Template
from kqlog.alerts.model import Alert

ID = "Idempotency-Key"
"""The header by which a receiver knows a request that it has had before."""
_SECONDS = 30.0
_ANSWER = 4096
"""So many bytes of an answer are read at most."""
_NEVER = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431})
"""Answers that say that this very request will never be taken. All others can change: a token is put right, a room is made."""
_BASE64_SECRET = "whsec_"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")


@dataclass(frozen=True)
class Webhook:
    """A receiver over HTTP. `address`, `token`, `secret` and the values of `headers` name their secrets."""

    name: str
    address: str
    template: Template
    token: str = ""
    secret: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = _SECONDS

    def send(self, alert: Alert) -> None:
        """Post it, once.

        Raises:
            LaterError: it was not answered, or not with 2xx.
            RefusedError: the receiver says that it will never take it.
        """
        address = _checked(revealed(self.address), safe=not self.token)
        body = as_bytes(self.template.body(alert))
        status, again, text = self._answer(address, body, self._headers(alert, body))
        if 200 <= status < 300:
            return
        said = text.decode("utf-8", "replace").split("\n")[0].strip()
        reason = f"{self.name} answers {status}{f': {said[:200]}' if said else ''}"
        if status in _NEVER:
            raise RefusedError(reason)
        raise LaterError(reason, float(again) if again.isdecimal() else None)

    def _answer(self, address: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """The status, what Retry-After says, and the beginning of the answer."""
        try:
            with urllib3.PoolManager(1, timeout=urllib3.Timeout(total=self.seconds)) as pool:
                # Redirects would take the alert, and the token, to where no one meant them to go.
                answer = pool.request("POST", address, body=body, headers=headers, retries=False, preload_content=False)
                try:
                    text = b"" if answer.status < 300 else answer.read(_ANSWER)
                    return answer.status, answer.headers.get("Retry-After", ""), text
                finally:
                    answer.close()
        except (HTTPError, LocationParseError, ValueError, OSError) as error:
            # The text of the error has the address, which may be a secret.
            raise LaterError(f"{self.name} cannot be reached: {_kind(error)}") from None

    def _headers(self, alert: Alert, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "kqlog", ID: alert.action_id}
        headers |= {name: revealed(value) for name, value in self.headers.items()}
        if self.token:
            headers["Authorization"] = f"Bearer {revealed(self.token)}"
        if self.secret:
            headers |= signature(revealed(self.secret), alert.action_id, int(time.time()), body)
        for name, value in headers.items():
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise LaterError(f"the header '{name}' of {self.name} is not one line of ASCII")
        return headers


def signature(secret: str, id_: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers of a signed request. A secret that begins with whsec_ is base64, as in Standard Webhooks; any other is text."""
    if secret.startswith(_BASE64_SECRET):
        try:
            key = base64.b64decode(secret.removeprefix(_BASE64_SECRET), validate=True)
        except binascii.Error:
            raise LaterError("the secret of a webhook begins with whsec_ and is no base64") from None
    else:
        key = secret.encode()
    made = base64.b64encode(hmac.digest(key, f"{id_}.{seconds}.".encode() + body, hashlib.sha256)).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{made}"}


def _checked(address: str, safe: bool) -> str:
    """An address to post to. A token goes only where no one on the way reads it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LaterError("the address of a webhook is none: it is http:// or https://, a host and a path")
    if parts.scheme == "http" and not safe and not _is_here(parts.hostname):
        raise LaterError(f"a token is not sent to '{parts.hostname}' without encryption: use https://")
    return address


def _kind(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return re.sub(r"([a-z])([A-Z])", r"\1 \2", type(reason).__name__).removesuffix(" Error").lower()


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
