"""Files into tables. What is broken is found before anything is stored; what is stored is so once, however often one tries."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.ingest import dead_letters
from kqlog.ingest.arrow_rows import Kinds
from kqlog.ingest.dead_letters import DeadLetter, sorted_out
from kqlog.ingest.file_batches import Tell, batches, parquet_batches, seen
from kqlog.ingest.operations import Operations, tell_in
from kqlog.ingest.readers import format_of
from kqlog.ingest.readers.format import Format, Row
from kqlog.ingest.shaping import SOURCE, Shaped, shape_from
from kqlog.ingest.text_types import TextTypes, quoted
from kqlog.progress import Bar
from kqlog.store.store import Store
from kqlog.types import Type
from kqlog.workspace import connect

if TYPE_CHECKING:
    import pyarrow

_FILE = "file"
"""What a query that makes `source` calls the rows as they were read."""


def ingest_file(store: Store, table: str | None, path: Path, *, format_: str | None = None, transform: str | None = None) -> str:
    """Store the rows of a file, and tell what became of them. Without a table they go where the format belongs.

    Raises:
        QueryError: ENG003 for what cannot be read, ING001 where no table is known, and the errors of the transformation.
    """
    found = format_of(path, format_)
    if table is None and found.table is None:
        raise QueryError("ING001", f"{path}: rows of the format '{found.name}' can go into any table: name one")
    ingestion = _Ingestion(store, table, path, found, transform)
    try:
        return ingestion.run()
    finally:
        tell_in(store, ingestion.operations, everything=True)


class _Ingestion:
    """One file on its way into its tables."""

    def __init__(self, store: Store, table: str | None, path: Path, format_: Format, transform: str | None) -> None:
        self._store, self._table, self._path, self._format, self._transform = store, table, path, format_, transform
        self._stat = path.stat()
        self._kinds = Kinds()
        self._texts = TextTypes()
        named = f"{path.resolve()}\n{self._stat.st_size}\n{self._stat.st_mtime_ns}\n{format_.name}"
        self._source = f"file {hashlib.sha256(named.encode('utf-8', 'surrogateescape')).hexdigest()}"
        self._tally = Tally()
        self.operations = Operations()

    def run(self) -> str:
        """Store the rows; what became of them."""
        for table, rows in self._parts():
            done = self._store.table(table).position(self._source) or 0
            before = self._tally.met[table]
            self._tally.met[table] += rows.num_rows
            if self._tally.met[table] > done:
                self._append(table, rows.slice(max(0, done - before)))
        return f"{self._path}: {self._tally.told()}"

    def _parts(self) -> Iterator[tuple[str, pyarrow.Table]]:
        """The rows of each batch and table."""
        if self._format.parser is None and not self._format.items:
            assert self._table is not None
            with self._nothing_stored(), self._bar("reading ") as bar:
                for _ in parquet_batches(self._path, bar.tell):
                    pass
            with self._bar("storing ") as bar:
                for rows in parquet_batches(self._path, bar.tell):
                    yield self._table, rows
            return
        kept = self._checked()
        with self._bar("storing ") as bar:
            for batch in kept or self._fitted(bar.tell):
                for table, rows in by_table(batch, self._table, self._format).items():
                    yield table, self._kinds.table(rows)

    def _checked(self) -> list[list[Row]]:
        """Read all of the file, so that what is broken in it is found before anything is stored."""
        with self._nothing_stored(), self._bar("reading ") as bar:
            return seen(self._fitted(bar.tell), self._see)

    @contextmanager
    def _nothing_stored(self) -> Iterator[None]:
        try:
            yield
        except QueryError as error:
            raise QueryError(error.code, f"{error.message}. Nothing of this file is stored", hint=error.hint) from error

    def _see(self, batch: list[Row]) -> None:
        self._kinds.see(batch)
        if self._format.texts_only:
            self._texts.see(self._kinds.table(batch))

    def _fitted(self, tell: Tell) -> Iterator[list[Row]]:
        return fitted(self._store, self._table, self._format, batches(self._path, self._format, tell))

    def _append(self, table: str, rows: pyarrow.Table) -> None:
        stat = self._path.stat()
        if (stat.st_size, stat.st_mtime_ns) != (self._stat.st_size, self._stat.st_mtime_ns):
            message = f"{self._path} changes while it is read: {self._tally.stored.total():,} of its rows are stored"
            raise QueryError("ENG003", message, hint="kqlog tail follows a file that grows")
        parts, refused = sorted_out(
            range(rows.num_rows), lambda some: self._shaped(table, rows.slice(min(some, default=0), len(some)))
        )
        if refused:
            self._bury(table, rows, refused)
            left_out = {at for at, _ in refused}
            good = [at for at in range(rows.num_rows) if at not in left_out]
            parts = [self._shaped(table, rows.take(good))] if good else []
        for shaped in parts:
            self._add(table, shaped)

    def _shaped(self, table: str, rows: pyarrow.Table) -> Shaped:
        return shaped_rows(self._store, table, rows, self._texts.types(), self._transform, self._format)

    def _bury(self, table: str, rows: pyarrow.Table, refused: list[tuple[int, QueryError]]) -> None:
        """Keep the rows that cannot be taken in as dead letters, once also when the file is read again."""
        letters, first = self._store.table(dead_letters.TABLE), self._tally.met[table] - rows.num_rows
        found = [
            DeadLetter(table, f"{self._path}, row {first + at + 1:,}", error.message, raw_row(rows, at), "Transformation")
            for at, error in sorted(refused, key=itemgetter(0))
        ]
        self._tally.buried[table] += len(found)
        source = f"{self._source} {table}"
        with letters.writing():
            if (letters.position(source) or 0) < self._tally.met[table]:
                shaped = dead_letters.shaped(self._store, found)
                letters.append(shaped.rows, shaped.columns, positions={source: self._tally.met[table]})
                dead_letters.note(self.operations, shaped)

    def _add(self, table: str, shaped: Shaped) -> None:
        self._store.table(table).append(shaped.rows, shaped.columns, positions={self._source: self._tally.met[table]})
        self._tally.add(table, shaped)
        self.operations.note_shaped(shaped)

    def _bar(self, doing: str) -> Bar:
        return Bar(f"{doing}{self._path.name}", self._stat.st_size)


class Tally:
    """What became of rows: how many were met, stored and buried in each table, and what was lost of them."""

    def __init__(self) -> None:
        self.met: Counter[str] = Counter()
        self.stored: Counter[str] = Counter()
        self.buried: Counter[str] = Counter()
        self._unreadable: Counter[tuple[str, str]] = Counter()
        self._dropped: dict[tuple[str, str], None] = {}

    def add(self, table: str, shaped: Shaped) -> None:
        """Count rows that are stored."""
        self.stored[table] += shaped.rows.num_rows
        for name, count in shaped.unreadable.items():
            self._unreadable[table, name] += count
        self._dropped |= dict.fromkeys((table, name) for name in shaped.dropped)

    def told(self) -> str:
        """What was stored and what was lost, as a sentence."""
        if not self.met:
            return "there are no rows in it"
        parts = [
            f"{self.stored[table]:,} rows in {table}{_before(met - self.buried[table], self.stored[table])}"
            for table, met in self.met.items()
        ]
        if self.buried:
            parts.append(f"{self.buried.total():,} rows could not be taken in: {dead_letters.TABLE} has them with the reason")
        parts += [f"{count:,} values of {name} could not be read" for (_, name), count in self._unreadable.items()]
        for table in self.met:
            if names := [name for where, name in self._dropped if where == table]:
                parts.append(f"left out {', '.join(names)}, which {table} does not have")
        return "; ".join(parts)


def raw_row(rows: pyarrow.Table, at: int) -> str:
    """A row as JSON for people."""
    values = {}
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        try:
            values[name] = column[at].as_py()
        except (ValueError, OverflowError):
            values[name] = column[at].value  # a time that Python does not know
    return json.dumps(values, ensure_ascii=False, default=str)


def _before(met: int, stored: int) -> str:
    return f" ({met - stored:,} of {met:,} were stored before or are not wanted)" if stored < met else ""


def by_table(rows: list[Row], table: str | None, format_: Format) -> dict[str, list[Row]]:
    """Rows by the tables that they go into: `table`, or without one where their format belongs."""
    if table is not None or format_.table is None:
        return {str(table): rows}
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(format_.table(row), []).append(row)
    return tables


def fitted(store: Store, table: str | None, format_: Format, batches: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """Batches of rows that fit the columns of their tables, as the format wants it."""
    columns: dict[str, frozenset[str]] = {}
    for batch in batches:
        if format_.fit is not None:
            for name, rows in by_table(batch, table, format_).items():
                known = columns.get(name) or frozenset(column.name for column in store.columns(name))
                format_.fit(rows, known)
                columns[name] = known.union(*rows)
        yield batch


def shaped_rows(
    store: Store, table: str, rows: pyarrow.Table, types: Mapping[str, Type], transform: str | None, format_: Format
) -> Shaped:
    """Rows of a file as their table wants them; `types` are those of columns that were read as text."""
    if format_.types is not None:
        types = {**types, **format_.types(rows.column_names)}
    # Delta takes names that differ in case only for the same.
    known = {column.name.casefold(): column.name for column in store.columns(table)}
    names = {name: known.get(name.casefold(), name) for name in rows.column_names}
    named = rows.rename_columns(list(names.values()))
    converted = ", ".join(f"{quoted(names[name])} = to{type_}({quoted(names[name])})" for name, type_ in types.items())
    source = f"let {SOURCE} = {_FILE}{f' | extend {converted}' if converted else ''};\n{transform or SOURCE}"
    return shape_from(connect(tables={_FILE: named}), store, table, transform=source, keep=format_.fit is not None or None)
