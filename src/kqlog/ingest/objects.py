"""The objects of a folder or a bucket into tables: what is new of each is stored once, through restarts and kill -9."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.ingest.arrow_rows import Kinds
from kqlog.ingest.fetching import fetch, fetch_again
from kqlog.ingest.file_batches import LeaveOut, batches, parquet_batches
from kqlog.ingest.files import Tally, by_table, fitted, shaped_rows
from kqlog.ingest.ledger import Ledger, Reading, opened
from kqlog.ingest.places import Entry, Place, PlaceError
from kqlog.ingest.readers import FORMATS
from kqlog.ingest.readers.format import Format, Row
from kqlog.ingest.text_types import TextTypes
from kqlog.progress import Bar
from kqlog.store.store import Store
from kqlog.types import Type

if TYPE_CHECKING:
    import pyarrow

_NOTES = "objects"
_FETCHED = "fetched"
_AT_ONCE = 8
"""Objects that are fetched at the same time."""
_MOST_OBJECTS = 256
_MOST_BYTES = 64 * 2**20
"""So many are on disk at a time."""
_ENOUGH_ROWS = 50_000
"""Rows of small objects that are stored together."""
_SETTLED = 60.0
"""Seconds after which the last line of an object that did not change is whole."""
_ROW_BITS = 32
"""A batch's number in a table has the number of its rows that are stored in so many lower bits."""

Warn = Callable[[str], None]


@dataclass
class _Seen:
    """What is new of an object: its rows, or None where they are too many to be kept, and what is known of their columns."""

    rows: list[Row] | None
    kinds: Kinds = field(default_factory=Kinds)
    types: TextTypes = field(default_factory=TextTypes)


@dataclass
class _Batch:
    """Objects of one format that are stored together."""

    format: Format
    readings: list[Reading] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


class Objects:
    """The objects of a place, for one table or without one for those that their formats belong in.

    `warn` hears of objects that cannot be read and of lines that are left out.
    """

    def __init__(
        self, store: Store, table: str | None, place: Place, format_: str | None, transform: str | None, warn: Warn
    ) -> None:
        self._store, self._table, self._place, self._transform = store, table, place, transform
        self._named, self._warn = format_, warn
        name = hashlib.sha256(f"{place.key}\n{table or '-'}".encode("utf-8", "surrogateescape")).hexdigest()
        self._folder = store.root / _NOTES / name[:32]
        self._refused: dict[str, str] = {}
        self._unreached: dict[str, str] = {}
        self._ledger: Ledger
        self._tally = Tally()
        self._stored = 0

    @property
    def troubles(self) -> int:
        """How many objects could not be read so far."""
        return len(self._refused) + len(self._unreached)

    def poll(self) -> str | None:
        """Store what is new, and tell what became of it; None when there is nothing.

        Raises:
            QueryError: ENG003 when the place cannot be listed, ING002 when rows cannot be stored, those of the transformation.
        """
        self._tally, self._stored = Tally(), 0
        with opened(self._folder / "ledger.db") as self._ledger:
            for number, readings in self._ledger.unfinished():
                self._finish(number, readings)
            new = [found for entry in self._place.entries() if (found := self._new(entry))]
            with Bar(self._place.url, sum(_left(entry, before) for entry, before in new)) as bar:
                done = 0
                for chunk in _chunks(new):
                    self._take(chunk)
                    done += sum(_left(entry, before) for entry, before in chunk)
                    bar.tell(done, self._tally.met.total())
            shutil.rmtree(self._folder / _FETCHED, ignore_errors=True)
        if not self._stored:
            return None
        objects = "1 object" if self._stored == 1 else f"{self._stored:,} objects"
        return f"{self._place.url}: {objects}, {self._tally.told()}"

    def _new(self, entry: Entry) -> tuple[Entry, Reading | None] | None:
        """An object with its last reading, if there may be more in it."""
        if self._refused.get(entry.name) == entry.etag:
            return None
        before = self._ledger.find(entry.name)
        if before is None or before.etag != entry.etag or (before.waits and self._is_settled(entry)):
            return entry, before
        return None

    def _is_settled(self, entry: Entry) -> bool:
        return not self._place.grows or time.time() - entry.changed > _SETTLED

    # ----------------------------------------------------------------------------------------------------- objects into rows

    def _take(self, chunk: Sequence[tuple[Entry, Reading | None]]) -> None:
        folder = self._emptied()
        waiting: dict[str, _Batch] = {}
        paths = [folder / f"{number}-{entry.name.rpartition('/')[2][-32:]}" for number, (entry, _) in enumerate(chunk)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            fetched = pool.map(self._fetched, chunk, paths)
            for (entry, _), path, reading in zip(chunk, paths, fetched, strict=True):
                if reading is not None:
                    self._read(entry, reading, path, waiting)
        for batch in waiting.values():
            self._store_batch(batch)

    def _fetched(self, new: tuple[Entry, Reading | None], path: Path) -> Reading | None:
        entry, before = new
        try:
            reading = fetch(self._place, entry, before, path, self._named, settled=self._is_settled(entry))
            self._unreached.pop(entry.name, None)
            return reading
        except PlaceError as error:
            # It is tried again with every look, and told once.
            if not error.gone and self._unreached.get(entry.name) != entry.etag:
                self._unreached[entry.name] = entry.etag
                self._warn(str(error))
        except QueryError as error:
            self._refuse(entry, path, error)
        return None

    def _read(self, entry: Entry, reading: Reading, path: Path, waiting: dict[str, _Batch]) -> None:
        """Put the rows of an object to those that wait to be stored, or store many rows at once."""
        format_, left_out = FORMATS[reading.format], list[QueryError]()
        try:
            if self._table is None and format_.table is None:
                raise QueryError("ING001", f"rows of the format '{format_.name}' can go into any table: name one")
            seen = self._seen(reading, path, left_out.append)
        except QueryError as error:
            self._refuse(entry, path, error)
            return
        self._refused.pop(entry.name, None)
        if left_out:
            what = "a line is" if len(left_out) == 1 else f"{len(left_out):,} lines are"
            self._warn(f"{what} left out. {self._named_in(left_out[0], path, reading)}")
        if seen.rows is None:
            number = self._ledger.begin([reading])
            self._store_large(number, reading, path, seen)
            self._end(number, [reading])
            return
        batch = waiting.setdefault(format_.name, _Batch(format_))
        batch.readings.append(reading)
        batch.rows += seen.rows
        if len(batch.rows) >= _ENOUGH_ROWS:
            self._store_batch(waiting.pop(format_.name))

    def _seen(self, reading: Reading, path: Path, leave_out: LeaveOut) -> _Seen:
        """Read all that is new, so that what is broken in it is found before anything is stored."""
        seen, format_ = _Seen([]), FORMATS[reading.format]
        if reading.start == reading.stop:
            return seen
        if not _has_text(format_):
            for _ in parquet_batches(path, _tell_nobody):
                seen.rows = None
            return seen
        for number, rows in enumerate(self._rows(path, format_, leave_out)):
            seen.rows = rows if number == 0 else None
            seen.kinds.see(rows)
            if format_.texts_only:
                seen.types.see(seen.kinds.table(rows))
        return seen

    def _rows(self, path: Path, format_: Format, leave_out: LeaveOut) -> Iterator[list[Row]]:
        return fitted(self._store, self._table, format_, batches(path, format_, _tell_nobody, leave_out))

    def _refuse(self, entry: Entry, path: Path, error: QueryError) -> None:
        self._refused[entry.name] = entry.etag
        self._warn(self._named_in(error, path, entry))

    def _named_in(self, error: QueryError, path: Path, of: Entry | Reading) -> str:
        """What is wrong with an object, which its reader only knows as a file."""
        where = self._place.shown(of.name)
        if isinstance(of, Reading) and of.start:
            where += f", from byte {of.start:,}"
        text = str(error)
        return text.replace(str(path), where) if str(path) in text else f"{where}: {text}"

    # ------------------------------------------------------------------------------------------------------ rows into tables

    def _store_batch(self, batch: _Batch) -> None:
        if batch.readings:
            number = self._ledger.begin(batch.readings)
            self._store_small(number, batch)
            self._end(number, batch.readings)

    def _finish(self, number: int, readings: Sequence[Reading]) -> None:
        """Store what is missing of a batch that was begun before a crash."""
        folder, batch = self._emptied(), _Batch(FORMATS[readings[0].format])
        for at, reading in enumerate(readings):
            path = folder / str(at)
            if not self._is_fetched_again(reading, path):
                self._warn(f"{self._place.shown(reading.name)} is not what it was: what it had may be lost")
                continue
            seen = self._seen(reading, path, lambda error: None)
            if seen.rows is None:
                self._store_large(number, reading, path, seen)
            else:
                batch.rows += seen.rows
        self._store_small(number, batch)
        self._end(number, readings)

    def _is_fetched_again(self, reading: Reading, path: Path) -> bool:
        try:
            return fetch_again(self._place, reading, path)
        except PlaceError as error:
            if not error.gone:
                raise
            return False

    def _end(self, number: int, readings: Sequence[Reading]) -> None:
        self._ledger.end(number)
        self._stored += len(readings)

    def _store_small(self, number: int, batch: _Batch) -> None:
        if not batch.rows:
            return
        kinds, types = Kinds(), TextTypes()
        (rows,) = fitted(self._store, self._table, batch.format, [batch.rows])
        kinds.see(rows)
        if batch.format.texts_only:
            types.see(kinds.table(rows))
        parts = ((table, kinds.table(some)) for table, some in by_table(rows, self._table, batch.format).items())
        self._store_parts(number, parts, batch.format, types.types())

    def _store_large(self, number: int, reading: Reading, path: Path, seen: _Seen) -> None:
        """Store an object whose rows are too many to be kept."""
        format_ = FORMATS[reading.format]
        parts: Iterator[tuple[str, pyarrow.Table]]
        if _has_text(format_):
            read = self._rows(path, format_, lambda error: None)
            tables = (part for rows in read for part in by_table(rows, self._table, format_).items())
            parts = ((table, seen.kinds.table(rows)) for table, rows in tables)
        else:
            parts = ((str(self._table), rows) for rows in parquet_batches(path, _tell_nobody))
        self._store_parts(number, parts, format_, seen.types.types())

    def _store_parts(
        self, number: int, parts: Iterator[tuple[str, pyarrow.Table]], format_: Format, types: Mapping[str, Type]
    ) -> None:
        """Store rows of a batch that are not there yet."""
        met: Counter[str] = Counter()
        for name, rows in parts:
            table, begin = self._store.table(name), number << _ROW_BITS
            done = (table.position(self._ledger.source) or 0) - begin
            before = met[name]
            met[name] += rows.num_rows
            self._tally.met[name] += rows.num_rows
            if met[name] > done:
                shaped = shaped_rows(self._store, name, rows.slice(max(0, done - before)), types, self._transform, format_)
                table.append(shaped.rows, shaped.columns, positions={self._ledger.source: begin + met[name]})
                self._tally.add(name, shaped)

    def _emptied(self) -> Path:
        """The folder of objects that are fetched, without those of a look that was cut off."""
        folder = self._folder / _FETCHED
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder


def follow(places: Sequence[Objects], every: float, tell: Callable[[str], None], warn: Warn) -> None:
    """Look at places again and again, until interrupted. What goes wrong is told once and tried again."""
    said: dict[int, str] = {}
    while True:
        for number, objects in enumerate(places):
            try:
                told = objects.poll()
                said.pop(number, None)
            except (QueryError, OSError) as error:
                told = None
                if said.get(number) != str(error):
                    said[number] = str(error)
                    warn(str(error))
            if told is not None:
                tell(told)
        time.sleep(every)


def _tell_nobody(done: int, rows: int) -> None:
    """How far a file is read is not shown: the bar is for all objects."""


def _has_text(format_: Format) -> bool:
    return format_.parser is not None or bool(format_.items)


def _left(entry: Entry, before: Reading | None) -> int:
    """How many bytes of an object are new."""
    return entry.size - before.stop if before is not None and before.stop <= entry.size else entry.size


def _chunks(new: Sequence[tuple[Entry, Reading | None]]) -> Iterator[list[tuple[Entry, Reading | None]]]:
    """Objects that are fetched together."""
    chunk: list[tuple[Entry, Reading | None]] = []
    size = 0
    for entry, before in new:
        chunk.append((entry, before))
        size += _left(entry, before)
        if len(chunk) >= _MOST_OBJECTS or size >= _MOST_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
