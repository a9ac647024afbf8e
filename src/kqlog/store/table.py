"""One Delta table of a workspace: the only place that writes its files."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kqlog.store.columns import DAY, TIME, arrow_schema, kql_schema, stored
from kqlog.store.snapshot import DIGITS, Snapshot
from kqlog.types import TICKS_PER_DAY, UNIX_EPOCH_TICKS, Column, Schema, Type

if TYPE_CHECKING:
    from deltalake import DeltaTable

_SHAPES = "_kqlog"
"""The folder of files without rows. Readers of Delta pass over names that begin with `_`."""
_LONGEST = 64
"""Longer texts are no statistics: cut off, the largest would be too small."""
_ROWS_PER_GROUP = 122_880


class StoredTable:
    """A table in a folder of its own. One process writes to it; any number read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._delta: DeltaTable | None = None
        self._snapshot: Snapshot | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored."""
        return (self.folder / "_delta_log").is_dir()

    def create(self, columns: Schema) -> None:
        """Make the table, without rows."""
        from deltalake import DeltaTable

        self._write_shape(columns)
        schema = arrow_schema(columns).append(pa.field(DAY, pa.date32()))
        self._delta = DeltaTable.create(str(self.folder), schema, partition_by=[DAY])
        self._sync_log(self._delta.version())

    def snapshot(self) -> Snapshot:
        """The table as it is now."""
        with self._lock:
            delta = self._opened()
            delta.update_incremental()
            if self._snapshot is None or self._snapshot.version != delta.version():
                columns = kql_schema(pa.schema(delta.schema().to_arrow()))
                self._snapshot = Snapshot(self.folder, delta, self._shape(columns))
            return self._snapshot

    def seen(self, request: str) -> bool:
        """Whether rows of this request were stored."""
        return self.position(request) is not None

    def position(self, source: str) -> int | None:
        """How far a source was read when rows of it were last stored; None when none ever were."""
        if not self.exists:
            return None
        found = self._opened().transaction_version(source)
        return None if found is None else int(found)

    def append(
        self, rows: pa.Table, columns: Schema, requests: Iterable[str] = (), positions: Mapping[str, int] | None = None
    ) -> int:
        """Store rows in kqlog's own form, all or none; new columns widen the table. The new version.

        When this returns the rows are on disk: nothing but a broken disk loses them. `positions` are how far sources are
        read with these rows, which is stored with them.
        """
        with self._lock:
            return self._append(rows, columns, dict.fromkeys(requests, 1) | dict(positions or {}))

    def _append(self, rows: pa.Table, columns: Schema, transactions: Mapping[str, int]) -> int:
        from deltalake.transaction import CommitProperties, Transaction

        if not self.exists:
            self.create(columns)
        delta = self._opened()
        known = kql_schema(pa.schema(delta.schema().to_arrow()))
        new = tuple(column for column in columns if column.name not in {one.name for one in known})
        if new:
            self._widen(delta, known + new)
        adds = [self._write(part, columns, day) for day, part in _by_day(rows)]
        delta.create_write_transaction(
            adds,
            "append",
            delta.schema(),
            [DAY],
            commit_properties=CommitProperties(app_transactions=[Transaction(*one) for one in transactions.items()]),
        )
        delta.update_incremental()
        self._sync_log(delta.version())
        return delta.version()

    def _opened(self) -> DeltaTable:
        if self._delta is None:
            from deltalake import DeltaTable

            self._delta = DeltaTable(str(self.folder))
        return self._delta

    def _widen(self, delta: DeltaTable, columns: Schema) -> None:
        from deltalake import Schema as DeltaSchema

        self._write_shape(columns)
        known = {field.name for field in delta.schema().fields}
        fields = DeltaSchema.from_arrow(arrow_schema(columns)).fields
        delta.alter.add_columns([field for field in fields if field.name not in known])
        delta.update_incremental()

    # ------------------------------------------------------------------------------------------------------------ files

    def _write(self, rows: pa.Table, columns: Schema, day: str) -> Any:
        """A file of the rows of one day, on disk for good, as the action that makes it a part of the table."""
        from deltalake.transaction import AddAction

        table, digits = stored(rows, columns)
        folder = self.folder / f"{DAY}={day}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{uuid.uuid4().hex}{DIGITS if digits else '.parquet'}"
        _write_parquet(table, path)
        _sync(folder)
        _sync(self.folder)
        return AddAction(
            str(path.relative_to(self.folder)),
            path.stat().st_size,
            {DAY: day},
            int(time.time() * 1000),
            True,
            json.dumps(_statistics(table, columns)),
        )

    def _shape(self, columns: Schema) -> Path:
        path = self.folder / _SHAPES / f"{len(columns)}.parquet"
        if not path.exists():
            self._write_shape(columns)
        return path

    def _write_shape(self, columns: Schema) -> None:
        """A file without rows that has all columns. They are only ever added, so that their number names it."""
        path = self.folder / _SHAPES / f"{len(columns)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(".made")
        _write_parquet(arrow_schema(columns).empty_table(), made)
        made.replace(path)
        _sync(path.parent)

    def _sync_log(self, version: int) -> None:
        log = self.folder / "_delta_log"
        _sync(log / f"{version:020}.json")
        _sync(log)


def _by_day(rows: pa.Table) -> list[tuple[str, pa.Table]]:
    """The rows of each day of TimeGenerated."""
    days = (rows.column(TIME).to_numpy() - UNIX_EPOCH_TICKS) // TICKS_PER_DAY
    found = np.unique(days).tolist()
    if len(found) == 1:
        return [(_day(found[0]), rows)]
    return [(_day(day), rows.filter(pa.array(days == day))) for day in found]


def _day(days_since_1970: int) -> str:
    return str(pa.scalar(days_since_1970, pa.date32()))


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", row_group_size=_ROWS_PER_GROUP)
    _sync(path)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _statistics(table: pa.Table, columns: Schema) -> dict[str, object]:
    """What Delta knows of a file: how many rows, and the extremes of its columns."""
    least: dict[str, object] = {}
    most: dict[str, object] = {}
    nulls: dict[str, int] = {}
    for column in columns:
        values = table.column(column.name)
        nulls[column.name] = values.null_count
        if column.type in _WITH_EXTREMES and values.null_count < len(values):
            extremes = pc.min_max(values)
            low, high = (_shown(extremes[name].as_py(), column) for name in ("min", "max"))
            if low is not None and high is not None:
                least[column.name], most[column.name] = low, high
    return {"numRecords": table.num_rows, "minValues": least, "maxValues": most, "nullCount": nulls}


_WITH_EXTREMES = frozenset({Type.INT, Type.LONG, Type.REAL, Type.DATETIME, Type.STRING})


def _shown(value: Any, column: Column) -> object:
    """An extreme as Delta writes it; None for one that it cannot say."""
    match column.type:
        case Type.DATETIME:
            return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z".rjust(27, "0")
        case Type.STRING:
            return value if len(value) <= _LONGEST else None
        case Type.REAL:
            return value if abs(value) < float("inf") else None
        case _:
            return value
