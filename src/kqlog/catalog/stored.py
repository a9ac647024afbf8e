"""The tables of a workspace that holds logs. Each query sees one version of every table that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from kqlog.catalog.catalog import Catalog
from kqlog.plan.stored import Bound, Stored
from kqlog.store.store import Store
from kqlog.types import Schema

if TYPE_CHECKING:
    from kqlog.store.additions import Additions
    from kqlog.store.snapshot import Snapshot


class StoredCatalog(Mapping[str, Schema]):
    """Schemas by table name, as the tables were when this was first asked for them. Data frames hide tables of their name.

    Of the tables in `only` no other rows are seen than those that were added.
    """

    def __init__(self, store: Store, frames: Catalog, only: Mapping[str, Additions] | None = None) -> None:
        self._store = store
        self._frames = frames
        self._snapshots: dict[str, Snapshot | Additions | None] = dict(only or {})

    def __getitem__(self, name: str) -> Schema:
        if name in self._frames:
            return self._frames[name]
        if name not in self._store:
            raise KeyError(name)
        snapshot = self._snapshot(name)
        return self._store.columns(name) if snapshot is None else snapshot.columns

    def __contains__(self, name: object) -> bool:
        return name in self._frames or name in self._store

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._frames, *self._store}))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def snapshot(self, name: str) -> Stored | None:
        """The version of a table of the store; None for a data frame."""
        return None if name in self._frames else self._snapshot(name) or Nothing()

    def _snapshot(self, name: str) -> Snapshot | Additions | None:
        if name not in self._snapshots:
            table = self._store.table(name)
            self._snapshots[name] = table.snapshot() if table.exists else None
        return self._snapshots[name]


class Nothing:
    """A table that holds nothing yet."""

    shape = ""

    def files(self, bounds: Iterable[Bound] = ()) -> list[str]:
        """None."""
        return []

    def digits(self, files: Iterable[str]) -> dict[str, str]:
        """None."""
        return {}
