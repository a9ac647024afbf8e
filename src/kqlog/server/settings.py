"""What a workspace's server is told by its file `server.json`.

Who may see what, how much of the machine each may take, who else says who callers are, and which web pages may ask.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from kqlog.errors import QueryError
from kqlog.plan.rights import EVERYTHING, Rights, condition
from kqlog.store.store import Store
from kqlog.store.tokens import Role
from kqlog.workspace import connect

FILE = "server.json"


class Most(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a caller may take: rows and bytes of an answer, seconds of a query, and queries at one time."""

    rows: int | None = None
    bytes: int | None = None
    seconds: float | None = None
    concurrency: int | None = None

    def and_(self, other: Most) -> Most:
        """The smaller of each."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in self.__struct_fields__}
        return Most(**{name: min((one for one in pair if one is not None), default=None) for name, pair in pairs.items()})


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What some callers get: `allow` and `deny` are patterns of tables; `tables` has the conditions for rows, by table."""

    allow: tuple[str, ...] = EVERYTHING
    deny: tuple[str, ...] = ()
    tables: dict[str, str] = msgspec.field(default_factory=dict)
    limits: Most = Most()

    def rights(self) -> Rights:
        """What they may read.

        Raises:
            QueryError: for a condition that is none.
        """
        return Rights(self.allow, self.deny, tuple((table, condition(text)) for table, text in self.tables.items()))


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An identity provider whose JSON Web Tokens are good: those of this issuer for this audience.

    `keys` is the address of its public keys, which its discovery document names otherwise; `roles` the claim that has roles.
    """

    issuer: str
    audience: str
    keys: str | None = None
    roles: str = "roles"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as a whole. A caller gets what its role and its own name leave, and no more than the limits for all."""

    oidc: Oidc | None = None
    cors: tuple[str, ...] = ()
    limits: Most = Most()
    roles: dict[Role, Share] = msgspec.field(default_factory=dict)
    callers: dict[str, Share] = msgspec.field(default_factory=dict)

    def shares(self, roles: frozenset[Role], name: str) -> list[Share]:
        """What is said of a caller."""
        own = [self.callers[name]] if name in self.callers else []
        return [*(share for role, share in self.roles.items() if role in roles), *own]


def read_settings(store: Store) -> Settings:
    """What the file says; nothing where there is none.

    Raises:
        QueryError: ING001 with what is wrong in it, among it a condition that its table has not the columns for.
    """
    file = store.root / FILE
    try:
        settings = msgspec.json.decode(file.read_bytes(), type=Settings) if file.exists() else Settings()
        for name, share in [*settings.roles.items(), *settings.callers.items()]:
            _check(store, str(name), share)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise QueryError("ING001", f"'{file}' cannot be used: {error}") from None
    return settings


def _check(store: Store, name: str, share: Share) -> None:
    """Raises ValueError for conditions that would hide their table for a mistake."""
    try:
        limited = connect(Path(store.root)).limited_to(share.rights())
    except QueryError as error:
        raise ValueError(f"a condition for {name} is none: {error.message}") from None
    for table in share.tables:
        if table in limited.tables and (wrong := limited.check(table).errors):
            raise ValueError(f"the condition of {name} for {table} does not fit it: {wrong[0].message}")
