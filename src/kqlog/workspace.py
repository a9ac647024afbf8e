"""The one door: tables and an engine behind `query`, `check` and `explain`."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.catalog.catalog import Catalog
from kqlog.catalog.functions import system_functions
from kqlog.catalog.saved import SavedQueries, StoredFunctions
from kqlog.catalog.stored import StoredCatalog
from kqlog.engines.duckdb.engine import DuckDBEngine
from kqlog.engines.engine import EVERYTHING, Answer, Engine, Limits
from kqlog.errors import QueryError, Span
from kqlog.execution import Execution, only_query_errors
from kqlog.plan import nodes as plan
from kqlog.plan.bind import bind
from kqlog.plan.lookup import Environment, StoredFunction, closest
from kqlog.plan.rights import Readable, Rights
from kqlog.plan.show import show
from kqlog.result import Result, Stream
from kqlog.store.store import Store, is_workspace
from kqlog.syntax.parse import parse
from kqlog.timespan import Timespan, time_range
from kqlog.types import ALIASES, UNIX_EPOCH_TICKS, Column, Schema

if TYPE_CHECKING:
    from kqlog.store.additions import Additions


@dataclass(frozen=True)
class Check:
    """What is known of a query without running it: its `errors`, and if there are none the `columns` of its last result.

    A text that only declares things has no columns.
    """

    errors: list[QueryError] = field(default_factory=list)
    columns: list[Column] | None = None


class Workspace:
    """Tables to query. Made by `kqlog.connect`; may be used from several threads."""

    def __init__(self, engine: Engine, source: Path | None = None, frames: Mapping[str, object] | None = None) -> None:
        self._engine = engine
        self.store = Store(source) if source is not None and is_workspace(source) else None
        """What holds the tables of a folder that `kqlog init` made; None for any other."""
        self.saved = SavedQueries(source if source is not None and source.is_dir() else None)
        """The saved queries of the folder, which are its stored functions as well."""
        self._catalog = Catalog(engine, source if self.store is None else None, frames)
        self._rights: tuple[Rights, ...] = ()

    def limited_to(self, *rights: Rights) -> Workspace:
        """The same workspace for a caller who may read no more than these rights say, all together, and no files."""
        limited = copy.copy(self)
        limited._rights = (*self._rights, *rights)
        return limited

    @property
    def _names(self) -> frozenset[str]:
        """What queries may call it."""
        return frozenset() if self.store is None else frozenset({self.store.workspace_id.lower(), self.store.root.name.lower()})

    def _readable(self) -> Mapping[str, Schema]:
        """The tables that may be read, as they are now."""
        return Readable(self._tables(), self._rights) if self._rights else self._tables()

    def _tables(self, only: Mapping[str, Additions] | None = None) -> Catalog | StoredCatalog:
        """The tables as they are now."""
        return self._catalog if self.store is None else StoredCatalog(self.store, self._catalog, only)

    def _functions(self) -> StoredFunctions:
        return StoredFunctions(self.saved, system_functions(self.store is not None))

    @property
    def tables(self) -> list[str]:
        """The names of all tables, sorted. Opens no file."""
        return list(self._readable())

    @property
    def schemas(self) -> Mapping[str, Schema]:
        """The columns of the tables as they are now, for `kqlog.assist`. A table is opened when its columns are asked for."""
        return self._readable()

    @property
    def functions(self) -> Mapping[str, StoredFunction]:
        """The stored functions: the saved queries of the folder, and those of the workspace itself."""
        return self._functions()

    @property
    def unusable(self) -> dict[str, QueryError]:
        """Why some of the tables cannot be used, such as one of CSV and Parquet files at once. Opens no file."""
        return {name: error for name, error in self._catalog.unusable.items() if name in self._readable()}

    def schema(self, table: str) -> list[Column]:
        """The columns of a table.

        Raises:
            QueryError: SEM001 for an unknown table, ENG003 for a file that cannot be read.
        """
        tables = self._readable()
        if table not in tables:
            raise QueryError("SEM001", f"no table named '{table}'", meant=closest(table, list(tables)))
        return list(tables[table])

    def query(self, text: str, timespan: Timespan | None = None, parameters: Mapping[str, object] | None = None) -> Result:
        """Run a query and get its last result; `Result.tables` has all of them.

        `timespan` limits every table with a TimeGenerated column to a time range: '1d' or 'P1D' up to now, 'start/end',
        (start, end) or a timedelta. `parameters` are the values of `declare query_parameters`.

        Raises:
            QueryError: whatever is wrong, with a code, a place in the text and a hint.
        """
        return self.start(text, timespan, parameters).result()

    def start(
        self,
        text: str,
        timespan: Timespan | None = None,
        parameters: Mapping[str, object] | None = None,
        seconds: float | None = None,
        limits: Limits = EVERYTHING,
        *,
        now: int | None = None,
    ) -> Execution:
        """A query to watch and cancel. Its `result()` runs it: to the end or the limits, for so many seconds at most.

        `now` is the moment that it takes for this one, in ticks.
        """
        return Execution(self._engine, text, partial(self._plan, text, timespan, parameters, now=now), seconds, limits)

    def run(self, name: str, timespan: Timespan | None = None, parameters: Mapping[str, object] | None = None) -> Result:
        """Run a saved query.

        Raises:
            QueryError: SEM001 when there is none of this name, or as `query` does.
        """
        return self.query(self.saved.find(name).runnable, timespan, parameters)

    def prepare(self, text: str) -> Callable[[Mapping[str, object]], Result]:
        """A query that is read once and runs many times: called with data frames of the columns that its tables have now.

        What the text says of this moment, as `now()` does, stays as it was when it was read.

        Raises:
            QueryError: as `query` does before it runs.
        """
        relation = only_query_errors(text, lambda: self._plan(text, None, None, self._engine.run)).outputs[-1].relation
        run = only_query_errors(text, lambda: self._engine.prepare(relation))
        return lambda tables: only_query_errors(text, lambda: Result(run(tables)))

    def stream(
        self,
        text: str,
        timespan: Timespan | None = None,
        parameters: Mapping[str, object] | None = None,
        *,
        only: Mapping[str, Additions] | None = None,
    ) -> Stream:
        """A query whose rows are handed over as they come and are not kept: for answers larger than memory.

        Of the tables in `only` it sees what was added, and nothing else.

        Raises:
            QueryError: as `query` does before it runs, EXP001 for a text with no result or several.
        """
        outputs = only_query_errors(text, lambda: self._plan(text, timespan, parameters, self._engine.run, only)).outputs
        if len(outputs) != 1 or not outputs[0].relation.columns:
            message = f"the query has {len(outputs)} results" if len(outputs) != 1 else "the query's result has no columns"
            raise QueryError("EXP001", f"{message}, and one table is exported")
        run = only_query_errors(text, lambda: self._engine.start(outputs[0].relation))
        return Stream(outputs[0].relation.columns, run, text)

    def planned(self, text: str) -> plan.Plan:
        """The typed plan of a query, over the tables as they are now.

        Raises:
            QueryError: as `query` does before it runs.
        """
        return only_query_errors(text, lambda: self._plan(text, None, None, self._engine.run))

    def check(self, text: str, parameters: Mapping[str, object] | None = None) -> Check:
        """The errors of a query and the columns of its result, without running anything."""
        return check_against(self._readable(), text, parameters, self._functions(), self._rights)

    def explain(self, text: str, timespan: Timespan | None = None, parameters: Mapping[str, object] | None = None) -> str:
        """The plan of a query and the SQL it becomes.

        Raises:
            QueryError: as `query` does before it runs.
        """
        return only_query_errors(text, lambda: self._explain(text, timespan, parameters))

    def cancel(self) -> None:
        """Stop every query that runs now, from another thread: each ends with the QueryError ENG004."""
        self._engine.cancel()

    def _explain(self, text: str, timespan: Timespan | None, parameters: Mapping[str, object] | None) -> str:
        outputs = self._plan(text, timespan, parameters, self._engine.run).outputs
        return "\n\n".join(f"{show(output.relation)}\n\n{self._engine.compile(output.relation)}" for output in outputs)

    def _plan(
        self,
        text: str,
        timespan: Timespan | None,
        parameters: Mapping[str, object] | None,
        answer: Callable[[plan.Node], Answer],
        only: Mapping[str, Additions] | None = None,
        now: int | None = None,
    ) -> plan.Plan:
        now, tables = _now() if now is None else now, self._tables(only)

        def fetch(relation: plan.Node) -> list[tuple[plan.Constant, ...]]:
            """The rows that later columns depend on, as those of `evaluate pivot()` do."""
            return answer(relation).rows()

        def evaluate(value: plan.Value) -> plan.Constant:
            """A constant that only the engine can work out."""
            one_row = plan.Values((), ((),))
            ((constant,),) = fetch(plan.Project(one_row, (plan.Item("value", value),)))
            return constant

        environment = Environment(
            Readable(tables, self._rights) if self._rights else tables,
            now,
            parameters or {},
            self._functions(),
            timespan=time_range(timespan, now),
            evaluate=evaluate,
            fetch=fetch,
            infer=self._catalog.infer,
            snapshot=tables.snapshot if isinstance(tables, StoredCatalog) else None,
            names=self._names,
            rights=self._rights,
        )
        return bind(parse(text), environment)


def connect(source: str | Path | None = None, tables: Mapping[str, object] | None = None) -> Workspace:
    """A workspace over a folder of Parquet, CSV, JSON and JSON Lines files, over one such file, or with no files at all.

    `tables` adds Arrow tables, pandas or polars data frames, and lists of dicts by name. Queries can read nothing outside of
    the folder.

    Raises:
        QueryError: ING001 when there is no such file or folder.
    """
    root = None if source is None else Path(source).expanduser().resolve()
    return Workspace(DuckDBEngine(root), root, tables)


def query(
    text: str,
    tables: Mapping[str, object] | None = None,
    timespan: Timespan | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Result:
    """Run one query over data frames, without a workspace.

    Raises:
        QueryError: as `Workspace.query`.
    """
    return connect(tables=tables).query(text, timespan, parameters)


def check(text: str, tables: Mapping[str, Iterable[tuple[str, str]]] | None = None) -> Check:
    """The errors of a query and the columns of its result, given the (name, type) pairs of the tables it may use."""
    schemas = {name: tuple([_column(*pair) for pair in pairs]) for name, pairs in (tables or {}).items()}
    return check_against(schemas, text)


def _column(name: str, type_name: str) -> Column:
    if (type_ := ALIASES.get(type_name)) is None:
        raise QueryError("SEM002", f"column '{name}' has no KQL type: '{type_name}'")
    return Column(name, type_)


def check_against(
    tables: Mapping[str, Schema],
    text: str,
    parameters: Mapping[str, object] | None = None,
    functions: Mapping[str, StoredFunction] | None = None,
    rights: tuple[Rights, ...] = (),
) -> Check:
    """The errors of a query over tables of these schemas and stored functions, and the columns of its result."""
    environment = Environment(tables, _now(), parameters or {}, functions or {}, rights=rights)
    found: list[QueryError] = []
    try:
        outputs = only_query_errors(text, lambda: bind(parse(text), environment, found).outputs)
    except QueryError as error:
        found.append(error)
    # A function that is wrong is found where it is written, and again where it is called.
    by_place: dict[Span | None, QueryError] = {}
    for mistake in found:
        by_place.setdefault(mistake.span, mistake.within(text))
    if by_place:
        return Check(list(by_place.values()))
    return Check(columns=list(outputs[-1].relation.columns) if outputs else [])


def _now() -> int:
    return time.time_ns() // 100 + UNIX_EPOCH_TICKS
