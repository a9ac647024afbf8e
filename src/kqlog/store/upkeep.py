"""What keeps a workspace fast and small: small files become large ones, old rows go, and files that no one reads any more.

None of this makes readers wait: whoever holds an older version still finds its files, for a day.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from kqlog.store.additions import pending
from kqlog.store.columns import DAY, TIME, arrow_schema, digit_column
from kqlog.store.cursors import held_since
from kqlog.types import Schema, Type

if TYPE_CHECKING:
    from kqlog.store.store import Store
    from kqlog.store.table import StoredTable

_SMALL = 16 * 2**20
"""Files of fewer bytes are put together, if they do not have half of the most rows."""
_LARGE = 32 * 2**20
_MANY = 250_000
"""Files put together have about so many bytes and rows at most: they are read into memory as a whole."""
_FEW = 4
"""Fewer small files are left as they are."""
_HOURS = 24
"""So long files stay that are in no version any more."""
_SECONDS_PER_DAY = 86_400


@dataclass
class Kept:
    """What upkeep did to a table: how many small files became how many, which were taken out or deleted."""

    table: str
    joined: int = 0
    made: int = 0
    expired: int = 0
    deleted: int = 0

    def __str__(self) -> str:
        done = [
            f"{self.joined} small files became {self.made}" if self.joined else "",
            f"{self.expired} files were too old" if self.expired else "",
            f"{self.deleted} unused files deleted" if self.deleted else "",
        ]
        return f"{self.table}: {'; '.join(filter(None, done)) or 'nothing to do'}"


def keep_in_order(store: Store, name: str, few: int = _FEW) -> Kept:
    """Do all that a table needs. Safe while others read and write it, in this process or another.

    Raises:
        QueryError: ING002 when the disk does not take what is written.
    """
    table, kept = store.table(name), Kept(name)
    if table.exists:
        if days := store.retention().get(name):
            kept.expired = expire(table, days)
        kept.joined, kept.made = compact(table, few)
        kept.deleted = tidy(table)
    return kept


def compact(table: StoredTable, few: int = _FEW) -> tuple[int, int]:
    """Put the small files of each day together; so many files became so many."""
    with table.writing():
        columns, live = table.columns(), table.live()
    joined = made = 0
    for day, paths in _groups(live, few):
        # Read and written while others may write; only the commit is alone.
        joined_rows = _joined([pq.read_table(table.folder / path, partitioning=None) for path in paths], columns)
        add = table.write(joined_rows, columns, day, new=False)
        with table.writing():
            still = _sizes(table.live())
            if all(path in still for path in paths):
                table.commit([*(_removal(path, still[path], day, new=False) for path in paths), add])
                joined, made = joined + len(paths), made + 1
            else:
                (table.folder / add.path).unlink()
    return joined, made


def expire(table: StoredTable, days: int) -> int:
    """Take out all days that are older than so many days; so many files were theirs."""
    oldest = time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * _SECONDS_PER_DAY))
    with table.writing():
        old = [(path, size, day) for path, size, day in _files(table.live()) if day < oldest]
        if old:
            table.commit([_removal(path, size, day, new=True) for path, size, day in old])
    return len(old)


def tidy(table: StoredTable, hours: int = _HOURS) -> int:
    """Delete files that no version of the last hours has, and that no export waits for; so many were there."""
    held = held_since(table.folder)
    waiting = pending(table.folder, held) if held is not None else set()
    unused = [path for path in table.unused(hours) if path not in waiting]
    for path in unused:
        path.unlink(missing_ok=True)
    return len(unused)


def _groups(live: pa.Table, few: int) -> list[tuple[str, list[str]]]:
    """The small files that become one, by their day."""
    days: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    # Other writers may not say how many rows there are.
    counted = [count or 0 for count in live.column("num_records").to_pylist()]
    for (path, size, day), rows in zip(_files(live), counted, strict=True):
        if size < _SMALL and rows < _MANY // 2:
            days[day].append((path, size, rows))
    groups: list[tuple[str, list[str]]] = []
    for day, files in days.items():
        group: list[str] = []
        sizes = counts = 0
        for path, size, rows in files:
            if sizes + size > _LARGE or counts + rows > _MANY:
                groups.append((day, group))
                group, sizes, counts = [], 0, 0
            group.append(path)
            sizes, counts = sizes + size, counts + rows
        groups.append((day, group))
    return [(day, group) for day, group in groups if len(group) >= few]


def _joined(parts: list[pa.Table], columns: Schema) -> tuple[pa.Table, bool]:
    """The rows of files in the order of time, with seventh digits where any of the files has them."""
    rows = pa.concat_tables(parts, promote_options="default")
    digits = any(name in rows.column_names for name in map(digit_column, (column.name for column in columns)))
    fields: list[pa.Field] = []
    for field, column in zip(arrow_schema(columns), columns, strict=True):
        fields.append(field)
        if digits and column.type is Type.DATETIME:
            fields.append(pa.field(digit_column(column.name), pa.int8()))
    have = set(rows.column_names)
    # A file without a column of digits has none but zeros, and reads so where they are null.
    arrays = [rows.column(one.name).cast(one.type) if one.name in have else pa.nulls(rows.num_rows, one.type) for one in fields]
    return pa.table(arrays, schema=pa.schema(fields)).sort_by(TIME), digits


def _files(live: pa.Table) -> list[tuple[str, int, str]]:
    """Path, bytes and day of each file."""
    days = live.column(f"partition.{DAY}").cast(pa.string())
    return list(zip(live.column("path").to_pylist(), live.column("size_bytes").to_pylist(), days.to_pylist(), strict=True))


def _sizes(live: pa.Table) -> dict[str, int]:
    return {path: size for path, size, _ in _files(live)}


def _removal(path: str, size: int, day: str, *, new: bool) -> Any:
    from deltalake.transaction import RemoveAction

    return RemoveAction(path, new, int(time.time() * 1000), size, {DAY: day})
