"""What was added to a table since one of its versions: the rows that came in, whatever their time, and none that only moved.

Delta's log tells it: a version names the files that it adds, and of those that compaction makes that their data is not new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from kqlog.errors import QueryError
from kqlog.plan.stored import Bound
from kqlog.store.durable import sync
from kqlog.store.snapshot import Snapshot, digit_columns
from kqlog.store.table import StoredTable
from kqlog.types import Schema


@dataclass(frozen=True)
class Additions:
    """The files that came with some versions, up to the version `until`; to a query they are the table."""

    until: int
    columns: Schema
    shape: str
    paths: tuple[str, ...]

    def files(self, bounds: Iterable[Bound] = ()) -> list[str]:
        """All of them: they are few."""
        return list(self.paths)

    def digits(self, files: Iterable[str]) -> dict[str, str]:
        """The columns of these files that hold the seventh digits of datetime columns, by the names of those."""
        return digit_columns(self.columns, files)


def everything(table: StoredTable) -> Additions:
    """All rows that the table has now."""
    now = table.snapshot()
    return Additions(now.version, now.columns, now.shape, tuple(now.files()))


def additions(table: StoredTable, since: int, most: int) -> Additions | None:
    """What versions after `since` added, in their order: those that have about `most` rows together, one version at least.

    None when there is no later version, or nothing was ever stored.

    Raises:
        QueryError: EXP003 when a later version, or a file of one, is not there any more.
    """
    if not table.exists:
        return None
    now = table.snapshot()
    if since > now.version:
        raise _behind(table, f"it has {now.version} as its last version, and {since} was exported: it was made anew")
    if since == now.version:
        return None
    paths: list[str] = []
    rows, until = 0, since
    while until < now.version and rows < most:
        until += 1
        try:
            # Its writer may not have come to this yet: a version that is lost with the power must not count as exported.
            sync(log_file(table.folder, until))
            found = list(added_files(table.folder, until))
        except FileNotFoundError:
            raise _behind(table, f"what its version {until} added is not known any more") from None
        paths += [f"{table.folder}/{path}" for path, _ in found]
        rows += sum(count for _, count in found)
    return _checked(table, now, until, paths)


def pending(folder: Path, since: int) -> set[Path]:
    """The files of a table that versions after `since` added, as far as these are known."""
    found: set[Path] = set()
    while True:
        since += 1
        try:
            found |= {folder / path for path, _ in added_files(folder, since)}
        except FileNotFoundError:
            return found


def log_file(folder: Path, version: int) -> Path:
    """Where a version of a table is written down."""
    return folder / "_delta_log" / f"{version:020}.json"


def _checked(table: StoredTable, now: Snapshot, until: int, paths: list[str]) -> Additions:
    for path in paths:
        if not Path(path).exists():
            raise _behind(table, f"its file {path} was deleted")
    return Additions(until, now.columns, now.shape, tuple(paths))


def added_files(folder: Path, version: int) -> Iterator[tuple[str, int]]:
    """The files of new rows in a version of a Delta table, and how many rows each has."""
    with log_file(folder, version).open("rb") as file:
        for line in file:
            add = json.loads(line).get("add")
            if add is not None and add.get("dataChange", True):
                yield unquote(add["path"]), int(json.loads(add.get("stats") or "{}").get("numRecords", 0))


def _behind(table: StoredTable, why: str) -> QueryError:
    hint = "kqlog exports reset NAME begins again; rows between can be exported with kqlog export"
    return QueryError("EXP003", f"the export of '{table.folder.name}' fell behind: {why}", hint=hint)
