"""One Delta table of a workspace: the only place that writes its files."""

from __future__ import annotations

import errno
import json
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kqlog.errors import QueryError
from kqlog.store import log
from kqlog.store.columns import DAY, TIME, arrow_schema, kql_schema, stored
from kqlog.store.cursors import held_since
from kqlog.store.durable import sync
from kqlog.store.lock import locked
from kqlog.store.snapshot import DIGITS, Snapshot
from kqlog.types import TICKS_PER_DAY, UNIX_EPOCH_TICKS, Column, Schema, Type

if TYPE_CHECKING:
    from deltalake import DeltaTable

_OWN = "_kqlog"
"""The folder of the writers' lock and of files without rows. Readers of Delta pass over names that begin with `_`."""
_KEPT = {
    "delta.logRetentionDuration": "interval 1 hours",
    "delta.deletedFileRetentionDuration": "interval 1 days",
    "delta.setTransactionRetentionDuration": "interval 7 days",
}
"""How long are kept: versions that came before a checkpoint, which slow down every look for new ones; what is known of files
that were taken out; request ids."""
_LATE = 2_700
"""Seconds that a version may wait to be exported: then, before its hour is over, old versions begin to be kept."""
_LONGEST = 64
"""Longer texts are no statistics: cut off, the largest would be too small."""
_ROWS_PER_GROUP = 122_880
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StoredTable:
    """A table in a folder of its own. Any number of processes read it, and one at a time writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "_delta_log"
        self._lock = threading.RLock()
        self._written: DeltaTable | None = None
        self._held = False
        # Readers have a state of their own, so that they never wait for a writer.
        self._reading = threading.Lock()
        self._read: DeltaTable | None = None
        self._snapshot: Snapshot | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored. A writer that was killed may leave folders without a version."""
        return self._read is not None or self._written is not None or log.begun(self._log)

    def snapshot(self) -> Snapshot:
        """The table as it is now.

        Raises:
            QueryError: ENG003 when its log is damaged.
        """
        with self._reading:
            with _unreadable(self.folder.name):
                self._read = self._updated(self._read)
            if self._snapshot is None or self._snapshot.version != self._read.version():
                columns = _columns_of(self._read)
                self._snapshot = Snapshot(self.folder, self._read, self._shape(columns))
            return self._snapshot

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While this lasts no one else writes, in whatever process, and what others wrote before is known.

        Raises:
            QueryError: ING002 when the disk does not take what is written.
        """
        with self._lock, _refusals(self.folder.name):
            if self._held:
                yield
                return
            with locked(self.folder / _OWN / "lock"):
                self._held = True
                try:
                    if self._written is None:
                        log.mend(self._log)
                    if self.exists:
                        self._written = self._updated(self._written)
                    yield
                finally:
                    self._held = False

    def seen(self, request: str) -> bool:
        """Whether rows of this request were stored. Ask while `writing`."""
        return self.position(request) is not None

    def position(self, source: str) -> int | None:
        """How far a source was read when rows of it were last stored; None when none ever were."""
        if not self.exists:
            return None
        with self.writing():
            found = self._opened().transaction_version(source)
        return None if found is None else int(found)

    def times_since(self, version: int | None) -> list[tuple[int, int]]:
        """The first and last TimeGenerated, in ticks, of files of rows that came after a version.

        Where the log does not tell any more what came after it, all days that there are rows of.
        """
        snapshot = self.snapshot()
        if version is None:
            return snapshot.days()
        times: list[tuple[int, int]] = []
        try:
            for later in range(version + 1, snapshot.version + 1):
                actions = map(json.loads, (self._log / f"{later:020}.json").read_text("utf-8").splitlines())
                times += [_times(action["add"]) for action in actions if action.get("add", {}).get("dataChange")]
        except (FileNotFoundError, KeyError, TypeError):
            return snapshot.days()
        return times

    def columns(self) -> Schema:
        """The columns as the writer knows them; none before there is anything. Ask while `writing`."""
        return _columns_of(self._opened()) if self.exists else ()

    def append(
        self, rows: pa.Table, columns: Schema, requests: Iterable[str] = (), positions: Mapping[str, int] | None = None
    ) -> int:
        """Store rows in kqlog's own form, all or none; new columns widen the table. The new version.

        When this returns the rows are on disk: nothing but a broken disk loses them. `positions` are how far sources are
        read with these rows, which is stored with them.

        Raises:
            QueryError: ING001 for columns that are of other types in the table, ING002 when the disk does not take them.
        """
        with self.writing():
            if not self.exists:
                self._create(columns)
            known = self.columns()
            self._check(known, columns)
            if new := tuple(column for column in columns if column not in known):
                self._widen(known + new)
            adds: list[Any] = []
            try:
                for day, part in _by_day(rows):
                    adds.append(self.write(stored(part, columns), columns, day))
            except OSError:
                self._discard(adds)
                raise
            return self.commit(adds, positions, requests)

    def write(self, rows: tuple[pa.Table, bool], columns: Schema, day: str, *, new: bool = True) -> Any:
        """A file of rows of one day as they are stored, on disk for good, as the action that makes it a part of the table."""
        from deltalake.transaction import AddAction

        table, digits = rows
        folder = self.folder / f"{DAY}={day}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{uuid.uuid4().hex}{DIGITS if digits else '.parquet'}"
        written = _write_parquet(table, path)
        sync(folder)
        sync(self.folder)
        size, now = path.stat().st_size, _milliseconds()
        return AddAction(
            str(path.relative_to(self.folder)), size, {DAY: day}, now, new, json.dumps(_statistics(written, columns))
        )

    def commit(self, actions: list[Any], positions: Mapping[str, int] | None = None, requests: Iterable[str] = ()) -> int:
        """Make files part of the table, or take them out, as one version, which is on disk when this returns.

        Stored with them: how far sources are read, for good, and the ids of requests, which are known for a week.
        """
        from deltalake.exceptions import DeltaError
        from deltalake.transaction import CommitProperties, Transaction

        with self.writing():
            delta, now = self._opened(), _milliseconds()
            before = delta.version()
            # Without a moment it never lapses: a log may be quiet for weeks before its next line.
            marks = [Transaction(source, at) for source, at in (positions or {}).items()]
            marks += [Transaction(request, 1, now) for request in requests]
            about = CommitProperties({log.ACTIONS: str(len(actions) + len(marks))}, app_transactions=marks)
            try:
                after = self._after_commit()
                delta.create_write_transaction(
                    actions, "append", delta.schema(), [DAY], commit_properties=about, post_commithook_properties=after
                )
            except (DeltaError, OSError):
                # What follows a commit may fail on its own, such as a checkpoint.
                delta.update_incremental()
                if not self._holds(actions):
                    self._discard(actions)
                    raise
            delta.update_incremental()
            self._sync_log(range(before + 1, delta.version() + 1))
            return delta.version()

    def _after_commit(self) -> Any:
        """Whether old versions may go from the log: none that an export still has to read."""
        from deltalake import PostCommitHookProperties

        if (held := held_since(self.folder)) is None:
            return None
        try:
            waiting = time.time() - (self._log / f"{held + 1:020}.json").stat().st_mtime
        except FileNotFoundError:
            return None
        return PostCommitHookProperties(cleanup_expired_logs=False) if waiting > _LATE else None

    def live(self) -> pa.Table:
        """The files that are part of the table now, one a row, as the writer knows them."""
        return pa.table(self._opened().get_add_actions(flatten=True))

    def unused(self, hours: int) -> list[Path]:
        """Files that no version of the last hours has, and that are older than that themselves."""
        from deltalake import DeltaTable

        with _refusals(self.folder.name):
            table = DeltaTable(str(self.folder))
            found = table.vacuum(hours, dry_run=True, enforce_retention_duration=False, full=True)
        return [self.folder / path for path in found]

    # ------------------------------------------------------------------------------------------------------------ versions

    def _opened(self) -> DeltaTable:
        assert self._written is not None, "only while writing, and when there is a version"
        return self._written

    def _updated(self, delta: DeltaTable | None) -> DeltaTable:
        """The last version that is whole."""
        from deltalake import DeltaTable

        if delta is not None and self._is_last(delta.version()):
            return delta
        version = None if delta is None else delta.version()
        torn = log.torn(self._log, version)
        if delta is None or (torn is not None and version != torn - 1):
            return DeltaTable(str(self.folder), version=None if torn is None else torn - 1)
        if torn is None:
            delta.update_incremental()
        return delta

    def _is_last(self, version: int) -> bool:
        """Whether nothing came after. Old versions go away, so that one look is not enough."""
        own, following = (self._log / f"{version + later:020}.json" for later in (0, 1))
        return own.exists() and not following.exists()

    def _create(self, columns: Schema) -> None:
        from deltalake import DeltaTable

        self._write_shape(columns)
        schema = arrow_schema(columns).append(pa.field(DAY, pa.date32()))
        self._written = DeltaTable.create(str(self.folder), schema, partition_by=[DAY], configuration=_KEPT)
        self._sync_log([self._written.version()])
        sync(self.folder)
        sync(self.folder.parent)

    def _check(self, known: Schema, columns: Schema) -> None:
        """Refuse columns that the table has otherwise. Most readers do not tell names apart that differ in case only."""
        have = {column.name.casefold(): column for column in known}
        for column in columns:
            own = have.setdefault(column.name.casefold(), column)
            if own != column:
                message = f"column '{column.name}: {column.type}' is '{own.name}: {own.type}' in '{self.folder.name}'"
                raise QueryError("ING001", message, hint="send the rows again: they will be converted")

    def _widen(self, columns: Schema) -> None:
        from deltalake import Schema as DeltaSchema

        delta = self._opened()
        before = delta.version()
        self._write_shape(columns)
        known = {field.name for field in delta.schema().fields}
        fields = DeltaSchema.from_arrow(arrow_schema(columns)).fields
        new = [field for field in fields if field.name not in known]
        delta.alter.add_columns(new, post_commithook_properties=self._after_commit())
        delta.update_incremental()
        self._sync_log(range(before + 1, delta.version() + 1))

    def _holds(self, actions: list[Any]) -> bool:
        paths = set(self.live().column("path").to_pylist())
        return any(getattr(action, "stats", None) and action.path in paths for action in actions)

    def _discard(self, actions: list[Any]) -> None:
        """Give back the room of files that did not become part of the table."""
        for action in actions:
            if getattr(action, "stats", None):
                (self.folder / action.path).unlink(missing_ok=True)

    def _sync_log(self, versions: Iterable[int]) -> None:
        names = [f"{version:020}{ending}" for version in versions for ending in (".json", ".checkpoint.parquet")]
        for name in (*names, "_last_checkpoint"):
            if (self._log / name).exists():
                sync(self._log / name)
        sync(self._log)

    # ------------------------------------------------------------------------------------------------------------ shapes

    def _shape(self, columns: Schema) -> Path:
        path = self.folder / _OWN / f"{len(columns)}.parquet"
        if not path.exists():
            self._write_shape(columns)
        return path

    def _write_shape(self, columns: Schema) -> None:
        """A file without rows that has all columns. They are only ever added, so that their number names it."""
        path = self.folder / _OWN / f"{len(columns)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{uuid.uuid4().hex}.made")
        _write_parquet(arrow_schema(columns).empty_table(), made)
        made.replace(path)
        sync(path.parent)


def _times(add: dict[str, Any]) -> tuple[int, int]:
    """The extremes of TimeGenerated in a file, of which Delta has the microseconds."""
    statistics = json.loads(add["stats"])
    low, high = (datetime.fromisoformat(statistics[name][TIME]) - _EPOCH for name in ("minValues", "maxValues"))
    return _ticks(low), _ticks(high) + 9


def _ticks(since_1970: timedelta) -> int:
    return since_1970 // timedelta(microseconds=1) * 10 + UNIX_EPOCH_TICKS


def _columns_of(delta: DeltaTable) -> Schema:
    return kql_schema(pa.schema(delta.schema().to_arrow()))


@contextmanager
def _refusals(table: str) -> Iterator[None]:
    """What the disk does not take as a QueryError."""
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (OSError, DeltaError) as error:
        known = {errno.ENOSPC: "there is no space left", errno.EDQUOT: "the quota is used up", errno.EROFS: "it is read-only"}
        number = getattr(error, "errno", None)
        reason = known.get(number or 0) or next(
            (text for code, text in known.items() if f"os error {code})" in str(error)), str(error)
        )
        hint = "nothing of this was stored: make room or make the folder writable, then send it again"
        raise QueryError("ING002", f"rows for '{table}' cannot be stored: {reason}", hint=hint) from error


@contextmanager
def _unreadable(table: str) -> Iterator[None]:
    """What is wrong with a log as a QueryError."""
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (OSError, DeltaError) as error:
        reason = str(error).partition("\n")[0]
        hint = "a power cut does not do this: bring back the table's folder from a copy"
        raise QueryError("ENG003", f"the log of the table '{table}' is damaged: {reason}", hint=hint) from error


def _by_day(rows: pa.Table) -> list[tuple[str, pa.Table]]:
    """The rows of each day of TimeGenerated."""
    days = (rows.column(TIME).to_numpy() - UNIX_EPOCH_TICKS) // TICKS_PER_DAY
    found = np.unique(days).tolist()
    if len(found) == 1:
        return [(_day(found[0]), rows)]
    return [(_day(day), rows.filter(pa.array(days == day))) for day in found]


def _day(days_since_1970: int) -> str:
    return str(pa.scalar(days_since_1970, pa.date32()))


def _write_parquet(table: pa.Table, path: Path) -> pq.FileMetaData:
    try:
        # Dictionaries of numbers and of texts that are never the same twice are not worth their time.
        often = [field.name for field in table.schema if field.type == pa.string() and field.name != "_ItemId"]
        with pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=often or False) as writer:
            writer.write_table(table, _ROWS_PER_GROUP)
        sync(path)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return writer.writer.metadata


def _milliseconds() -> int:
    return int(time.time() * 1000)


def _statistics(file: pq.FileMetaData, columns: Schema) -> dict[str, object]:
    """What Delta knows of a file: how many rows, and the extremes of its columns."""
    known: dict[str, list[pq.Statistics]] = {}
    for group in range(file.num_row_groups):
        for at in range(file.num_columns):
            part = file.row_group(group).column(at)
            known.setdefault(part.path_in_schema, []).append(part.statistics)
    least: dict[str, object] = {}
    most: dict[str, object] = {}
    nulls: dict[str, int] = {}
    for column in columns:
        parts = known.get(column.name, [])
        nulls[column.name] = sum(part.null_count for part in parts)
        held = [part for part in parts if part.num_values]
        if column.type in _WITH_EXTREMES and held and all(part.has_min_max for part in held):
            low, high = _shown(min(part.min for part in held), column), _shown(max(part.max for part in held), column)
            if low is not None and high is not None:
                least[column.name], most[column.name] = low, high
    return {"numRecords": file.num_rows, "minValues": least, "maxValues": most, "nullCount": nulls}


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
