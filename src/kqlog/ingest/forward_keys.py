"""Who may send over Fluent Forward: senders that prove to know the shared key, which is never sent itself.

The server sends HELO with a nonce, the client PING with a digest of it and the key, the server PONG with its own: version 1 of
the protocol.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha512
from pathlib import Path

import msgpack

from kqlog.errors import QueryError
from kqlog.store.secrets import FILE
from kqlog.store.secrets import secrets as secrets_of

ENVIRONMENT = "KQLOG_FORWARD_KEY"
_NAME = b"kqlog"
"""Not the host's name: a sender refuses a server that is called as itself."""


@dataclass(frozen=True)
class Keys:
    """The shared key, and the passwords of users; without users none is asked for."""

    shared: bytes
    users: Mapping[bytes, bytes]


def read_keys(root: Path, environment: Mapping[str, str] = os.environ) -> Keys | None:
    """The shared key of a workspace, or of the environment: KQLOG_FORWARD_KEY; None where everybody may send.

    Raises:
        QueryError: ING001 when the workspace's file of secrets cannot be read, or has users and no key.
    """
    found = secrets_of(root)
    key, users = environment.get(ENVIRONMENT) or found.get("forwardKey") or "", found.get("forwardUsers") or {}
    if not isinstance(key, str) or not isinstance(users, dict) or not all(isinstance(one, str) for one in users.values()):
        raise QueryError("ING001", f"'{root / FILE}' has no key: forwardKey is a text, forwardUsers are passwords by names")
    if users and not key:
        raise QueryError("ING001", f"'{root / FILE}' has forwardUsers, who need a forwardKey as well")
    return Keys(key.encode(), {name.encode(): password.encode() for name, password in users.items()}) if key else None


class Greeting:
    """The handshake of one connection."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._nonce = secrets.token_bytes(16)
        self._salt = secrets.token_bytes(16) if keys.users else b""
        self.hello: bytes = msgpack.packb(["HELO", {"nonce": self._nonce, "auth": self._salt, "keepalive": True}])

    def answer(self, sent: object) -> tuple[bytes, str]:
        """What is sent for a PING, and why it is no good; an empty text when it is."""
        match sent:
            case (b"PING", bytes(host), bytes(salt), bytes(digest), bytes(user), bytes(password)):
                reason = self._fault(host, salt, digest, user, password)
                proof = b"" if reason else self._digest(salt, _NAME)
            case _:
                reason, proof = "a sender has to prove that it knows the shared key", b""
        return msgpack.packb(["PONG", not reason, reason, _NAME.decode(), proof.decode()]), reason

    def _fault(self, host: bytes, salt: bytes, digest: bytes, user: bytes, password: bytes) -> str:
        if not hmac.compare_digest(digest, self._digest(salt, host)):
            return "the shared key is another"
        if not self._keys.users:
            return ""
        # A name that nobody has costs the time of one that somebody has.
        known = self._keys.users.get(user, secrets.token_bytes(16))
        right = hmac.compare_digest(password, _hex(self._salt + user + known))
        return "" if right else "the user or the password is another"

    def _digest(self, salt: bytes, host: bytes) -> bytes:
        return _hex(salt + host + self._nonce + self._keys.shared)


def _hex(content: bytes) -> bytes:
    return sha512(content).hexdigest().encode()
