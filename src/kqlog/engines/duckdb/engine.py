"""The DuckDB engine: the only module that imports duckdb."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import warnings
import weakref
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kqlog.engines.duckdb import frames, storage
from kqlog.engines.duckdb.answer import HEAD, DuckDBAnswer, arrow_schema
from kqlog.engines.duckdb.columns import described
from kqlog.engines.duckdb.dialect import DuckDBDialect
from kqlog.engines.engine import BATCH, EVERYTHING, Files, Frame, Limits, Prepared, Source
from kqlog.engines.sql.dialect import Kernel, StoredTable
from kqlog.engines.sql.relations import statement_for
from kqlog.engines.sql.rows import HANDED_OVER
from kqlog.engines.sql.select import quote
from kqlog.engines.sql.statement import Shared
from kqlog.errors import QueryError
from kqlog.plan.nodes import Custom, External, Node, Scan
from kqlog.types import Column, Schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow

_WATCHED = 4
"""So many queries at once can be asked how far they are."""


class DuckDBEngine:
    """Tables in files and data frames, queried by DuckDB in this process.

    `root` is the folder or file that queries may read; nothing else is readable. `memory` is a limit such as '2GB'.
    `named_files`: whether a query may name a file in it, as externaldata does, and not only tables.
    """

    def __init__(
        self, root: Path | None = None, *, memory: str | None = None, threads: int | None = None, named_files: bool = True
    ) -> None:
        self._root = root.resolve() if root else None
        self._named_files = named_files
        self._settings = {"memory_limit": memory, "threads": threads}
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._tables: dict[str, StoredTable] = {}
        self._frames: dict[str, object] = {}
        self._kernels: set[str] = set()
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._running: weakref.WeakSet[DuckDBRun] = weakref.WeakSet()

    def attach(self, name: str, source: Source) -> Schema:
        """Make a source known as a table, in the place of one of the same name."""
        match source:
            case Files():
                self._frames.pop(name, None)
                with errors(source.paths), self.cursor() as cursor:
                    table = storage.files_table(cursor, source)
            case Frame():
                self._frames[name] = frames.readable(name, source.data)
                with errors(), self.cursor(self.frames({name})) as cursor:
                    table = described(cursor, quote(frames.frame_name(name)))
        self._tables[name] = table
        return tuple([Column(column.name, column.type) for column in table.columns.values()])

    def compile(self, relation: Node) -> str:
        """The SQL text for a plan."""
        return self.statement(relation)[0]

    def start(self, relation: Node) -> DuckDBRun:
        """A query that can be watched and cancelled."""
        return DuckDBRun(self, relation.columns, self.statement(relation))

    def prepare(self, relation: Node) -> Prepared:
        """A query that runs again and again, over other data frames of the same columns each time."""
        statement = self.statement(relation)
        return lambda tables: DuckDBRun(self, relation.columns, statement).answer(tables)

    def run(self, relation: Node) -> DuckDBAnswer:
        """The answer of a plan."""
        return self.start(relation).answer()

    def cancel(self) -> None:
        """Stop every query that runs now."""
        for run in list(self._running):
            run.cancel()

    def close(self) -> None:
        """Stop everything and give back memory and files."""
        self.cancel()
        with self._lock:
            if self._connection is not None:
                self._idle.clear()
                self._finalizer()
                self._connection = None

    @contextlib.contextmanager
    def cursor(self, tables: Mapping[str, object] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own to the same data, on which some tables are known by name; for one thread."""
        with self._lock:
            connection = self._connected()
            # The first query of a new cursor takes a millisecond longer.
            cursor = self._idle.pop() if self._idle else connection.cursor()
        try:
            for name, table in (tables or {}).items():
                cursor.register(name, table)
            yield cursor
        finally:
            for name in tables or {}:
                cursor.unregister(name)
            with self._lock:
                if self._connection is connection:
                    self._idle.append(cursor)

    def statement(self, relation: Node) -> tuple[str, Shared]:
        """The SQL text for a plan, and what has to be in place before it runs."""
        # Kept, it would hold this engine and its frames until Python looks for circles.
        return statement_for(relation, DuckDBDialect(self._table))

    def watch(self, run: DuckDBRun) -> None:
        """From here on `cancel` stops this query, too."""
        self._running.add(run)

    def frames(self, tables: Iterable[str], given: Mapping[str, object] | None = None) -> dict[str, object]:
        """The data frames among some tables, by their names in SQL; those that are given hide others."""
        known = self._frames | {name: frames.readable(name, data) for name, data in (given or {}).items()}
        return {frames.frame_name(name): known[name] for name in tables if name in known}

    def register(self, kernels: Iterable[Kernel]) -> None:
        """Make Python functions known to SQL."""
        for kernel in kernels:
            with self._lock:
                if kernel.name not in self._kernels:
                    storage.register_kernel(self._connected(), kernel)
                    self._kernels.add(kernel.name)

    def _table(self, node: Scan | External) -> StoredTable:
        if isinstance(node, Scan):
            return self._tables[node.table] if node.stored is None else storage.stored_table(node, node.stored)
        if not self._named_files:
            raise QueryError("ENG001", "files cannot be read here", node.span, "store their rows in a table")
        try:
            with errors(node.files), self.cursor() as cursor:
                return storage.external_table(cursor, node, self._root)
        except QueryError as error:
            error.span = error.span or node.span
            raise

    def _connected(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
                # At exit, too: DuckDB complains about connections that Python functions keep alive.
                self._finalizer = weakref.finalize(self, self._connection.close)
            return self._connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect()
        settings: dict[str, Any] = {name: value for name, value in self._settings.items() if value is not None}
        settings["global TimeZone"] = "UTC"
        settings["temp_directory"] = str(Path(tempfile.gettempdir(), f"kqlog-{os.getpid()}-{id(self)}"))
        if self._root is not None:
            settings["allowed_paths" if self._root.is_file() else "allowed_directories"] = [str(self._root)]
        # From here on text from a query reaches nothing outside of the root, and cannot undo that.
        settings |= {"enable_external_access": False, "lock_configuration": True}
        # Progress is a setting of each cursor, which cannot be made any more once settings are locked.
        self._idle = [_watched(connection.cursor()) for _ in range(_WATCHED)]
        for name, value in settings.items():
            connection.execute(f"set {name} = {storage.setting(value)}")
        return connection


def _watched(cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A cursor that knows how far its query is, and does not print it."""
    cursor.execute("set enable_progress_bar = true; set enable_progress_bar_print = false; set progress_bar_time = 0")
    return cursor


class DuckDBRun:
    """One query on its way. Cancel and watch it from any thread."""

    def __init__(self, engine: DuckDBEngine, columns: Schema, statement: tuple[str, Shared]) -> None:
        self._engine = engine
        self._columns = columns
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._inner: DuckDBRun | None = None
        self._cancelled = False
        self._lock = threading.Lock()
        self.sql, self._needs = statement
        self.files = tuple(self._needs.files)
        self._scanned: int | None = None
        # Last, as from here on others may cancel it.
        engine.watch(self)

    def answer(self, given: Mapping[str, object] | None = None, *, limits: Limits = EVERYTHING) -> DuckDBAnswer:
        """Run to the end, or the limits; `given` are data frames in the place of those that the engine has."""
        tables: dict[str, object] = {name: self._computed(custom) for name, custom in self._needs.customs}
        tables |= self._engine.frames(self._needs.tables, given)
        with errors():
            self._engine.register(self._needs.kernels.values())
            with self._engine.cursor(tables) as cursor, self._stoppable(cursor):
                if limits == EVERYTHING and any(getattr(table, "num_rows", 0) > HEAD for table in (given or {}).values()):
                    # Many rows give many rows as a rule, and as Arrow they come without a copy.
                    return DuckDBAnswer(self._columns, [], cursor.sql(self.sql).to_arrow_table())
                cursor.execute(self.sql)
                most = HEAD if limits.rows is None else min(HEAD, limits.rows)
                head = cursor.fetchmany(most + 1)
                if len(head) <= most:
                    return DuckDBAnswer(self._columns, head)
                if limits.rows is not None and limits.rows <= HEAD:
                    return DuckDBAnswer(self._columns, head[:most], truncated=True)
                rest, truncated = _remaining(cursor, limits)
        return DuckDBAnswer(self._columns, head, rest, truncated=truncated)

    def batches(self, rows: int = BATCH) -> Generator[pyarrow.Table, None, None]:
        """Run, and give the rows as they come."""
        import pyarrow

        schema = arrow_schema(self._columns)
        tables: dict[str, object] = {name: self._computed(custom) for name, custom in self._needs.customs}
        tables |= self._engine.frames(self._needs.tables)
        with errors():
            self._engine.register(self._needs.kernels.values())
            with self._engine.cursor(tables) as cursor, self._stoppable(cursor):
                # What execute() gives becomes Arrow only when all of it is there.
                for batch in cursor.sql(self.sql).to_arrow_reader(rows):
                    yield pyarrow.table(batch.columns, names=schema.names).cast(schema)

    @contextlib.contextmanager
    def _stoppable(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """While the cursor is this query's: to interrupt it later would stop another one."""
        with self._lock:
            self._check()
            self._cursor = cursor
        try:
            yield
        finally:
            with self._lock:
                self._cursor = None

    def cancel(self) -> None:
        """Stop it."""
        with self._lock:
            self._cancelled = True
            if self._inner is not None:
                self._inner.cancel()
            if self._cursor is not None:
                self._cursor.interrupt()

    def progress(self) -> float | None:
        """How much is done, from 0 to 1."""
        with self._lock:
            done = self._cursor.query_progress() if self._cursor is not None else -1
        return done / 100 if done >= 0 else None

    def scanned(self) -> int | None:
        """How many rows its files hold, by their footers."""
        if self._scanned is None:
            with errors(self.files), self._engine.cursor() as cursor:
                self._scanned = storage.rows_in(cursor, self.files)
        return self._scanned

    def _check(self) -> None:
        if self._cancelled:
            raise QueryError("ENG004", "the query was cancelled")

    def _computed(self, custom: Custom) -> pyarrow.Table:
        """What a Python function makes of its tables, which are computed first."""
        tables = []
        for source in custom.sources:
            inner = self._engine.start(source)
            with self._lock:
                self._check()
                self._inner = inner
            tables.append(inner.answer().arrow())
        self._inner = None
        module, name = custom.function.split(".")
        function = getattr(import_module(f"kqlog.plugins.kernels.{module}"), name)
        table: pyarrow.Table = function(*tables, **dict(custom.options))
        return table.rename_columns([HANDED_OVER.format(number + 1) for number in range(table.num_columns)])


def _remaining(cursor: duckdb.DuckDBPyConnection, limits: Limits) -> tuple[pyarrow.Table, bool]:
    """The rows that were not fetched yet, as far as the limits go, and whether there are more."""
    with warnings.catch_warnings():
        # A relation would need no copy, but takes twice as long for the small answers that most queries have.
        warnings.filterwarnings("ignore", "Arrow output on a DB-API result")
        reader: pyarrow.RecordBatchReader = cursor.to_arrow_reader()
    if limits == EVERYTHING:
        return reader.read_all(), False
    import pyarrow

    batches, rows, size = [], HEAD + 1, 0
    for batch in reader:
        if limits.rows is not None and rows + batch.num_rows > limits.rows:
            batches.append(batch.slice(0, max(0, limits.rows - rows)))
            return pyarrow.Table.from_batches(batches, reader.schema), True
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if limits.bytes is not None and size > limits.bytes:
            return pyarrow.Table.from_batches(batches, reader.schema), True
    return pyarrow.Table.from_batches(batches, reader.schema), False


@contextlib.contextmanager
def errors(files: Sequence[str] = ()) -> Iterator[None]:
    """Every error of DuckDB as a QueryError."""
    import duckdb

    try:
        yield
    except (duckdb.Error, OSError) as error:
        # OSError is what Arrow makes of DuckDB's errors while rows are handed over.
        found = storage.query_error(error, files)
        raise found from (None if found.code == "ENG004" else error)
    except RuntimeError as error:
        # What DuckDB makes of Ctrl-C.
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise
