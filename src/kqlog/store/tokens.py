"""Bearer tokens of a workspace: who they let in, as what, and until when.

Only a hash of a token is kept. A token is 256 random bits, which nobody guesses: SHA-256 is enough, and the slow salted hashes
that passwords want would only slow each request down.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets as random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from kqlog.errors import QueryError
from kqlog.store.lock import locked
from kqlog.store.secrets import FILE, secrets

_START = "kqlog_"
"""What tokens begin with, so that a scanner of source code knows them."""
_BYTES = 32
_LOCK = Path("locks", "tokens")


class Role(StrEnum):
    """What a caller may do: ask, send rows in, or both and change what the workspace keeps."""

    READER = "reader"
    CONTRIBUTOR = "contributor"
    INGESTOR = "ingestor"


@dataclass(frozen=True)
class Token:
    """A token as the workspace knows it. `hash` is the SHA-256 of its text in hexadecimal digits."""

    name: str
    role: Role
    hash: str
    created: datetime | None = None
    expires: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether it is not good any more."""
        return self.expires is not None and now >= self.expires


def hash_of(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def plain(texts: Iterable[str]) -> list[Token]:
    """Tokens that are written down as they are: they may do everything."""
    return [Token(f"token {at + 1}", Role.CONTRIBUTOR, hash_of(text)) for at, text in enumerate(texts)]


def tokens(root: Path) -> list[Token]:
    """The tokens of a workspace: those that were made, and plain texts, which is how they were written before.

    Raises:
        QueryError: ING001 for a file that cannot be read.
    """
    found = secrets(root).get("tokens", [])
    try:
        texts = [one.strip() for one in found if isinstance(one, str) and one.strip()]
        return [*plain(texts), *[_token(one) for one in found if not isinstance(one, str)]]
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        hint = 'it holds {"tokens": [...]}, and kqlog token create adds to them'
        raise QueryError("ING001", f"'{root / FILE}' has no tokens: {error}", hint=hint) from None


def create(root: Path, role: Role, name: str | None = None, lasting: timedelta | None = None) -> tuple[str, Token]:
    """A new token: its text, which is told this once, and what is kept of it.

    Raises:
        QueryError: ING001 for a name that another token has.
    """
    text, now = f"{_START}{random.token_urlsafe(_BYTES)}", datetime.now(UTC).replace(microsecond=0)
    with locked(root / _LOCK):
        names = {token.name for token in tokens(root)}
        made = Token(name or _free(role, names), role, hash_of(text), now, now + lasting if lasting else None)
        if made.name in names:
            raise QueryError("ING001", f"there is a token '{made.name}' already", hint="revoke it first, or use another name")
        found = secrets(root)
        _write(root, found | {"tokens": [*found.get("tokens", []), _written(made)]})
    return text, made


def revoke(root: Path, name: str) -> None:
    """Take a token away: servers that run refuse it from the next request on.

    Raises:
        QueryError: ING001 when there is none of this name.
    """
    with locked(root / _LOCK):
        gone = [token.hash for token in tokens(root) if token.name == name]
        if not gone:
            raise QueryError("ING001", f"there is no token '{name}'", hint="kqlog token list names them")
        found = secrets(root)
        left = [one for one in found["tokens"] if (hash_of(one.strip()) if isinstance(one, str) else one["sha256"]) not in gone]
        _write(root, found | {"tokens": left})


def _token(found: dict[str, Any]) -> Token:
    moments = [datetime.fromisoformat(text) if (text := found.get(key)) else None for key in ("created", "expires")]
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise ValueError(f"the times of '{found['name']}' have no zone")
    return Token(str(found["name"]), Role(found["role"]), str(found["sha256"]).lower(), *moments)


def _written(token: Token) -> dict[str, str]:
    moments = {"created": token.created, "expires": token.expires}
    times = {key: moment.isoformat() for key, moment in moments.items() if moment is not None}
    return {"name": token.name, "role": str(token.role), "sha256": token.hash, **times}


def _write(root: Path, found: dict[str, Any]) -> None:
    """The file, which nobody else may read."""
    made = root / f"{FILE}.made"
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(json.dumps(found, indent=2) + "\n")
    made.replace(root / FILE)


def _free(role: Role, names: set[str]) -> str:
    """A name that no token has."""
    return next(name for at in range(1, len(names) + 2) if (name := f"{role}-{at}") not in names)
