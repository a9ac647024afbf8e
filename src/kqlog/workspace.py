"""The one door: tables and an engine behind `query`, `check` and `explain`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

from kqlog.catalog.catalog import Catalog
from kqlog.engines.engine import Engine
from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.result import Result
from kqlog.timespan import Timespan, time_range
from kqlog.types import UNIX_EPOCH_TICKS, Column, Schema, Type

_FRAMES = 5_000
"""Python frames that reading a query may nest. More would outgrow the stack of the thread where frames are nested in C."""


@dataclass(frozen=True)
class Check:
    """What is known of a query without running it: its `errors`, and the `columns` of its last result if there are none."""

    errors: list[QueryError] = field(default_factory=list)
    columns: list[Column] | None = None


P = ParamSpec("P")
R = TypeVar("R")


def _only_query_errors(text: str, step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The step's answer, and its errors knowing the query text."""
    if sys.getrecursionlimit() < _FRAMES:
        # Never lowered again: another thread may be deep in a query of its own.
        sys.setrecursionlimit(_FRAMES)
    try:
        return step(*args, **kwargs)
    except QueryError as error:
        raise error.within(text) from error.__cause__
    except RecursionError:
        raise QueryError("LIM001", "the query is nested more deeply than kqlog reads", text=text) from None


class Workspace:
    """Tables to query. Made by `kqlog.connect`; may be used from several threads."""

    def __init__(self, engine: Engine, source: Path | None = None, frames: Mapping[str, object] | None = None) -> None:
        self._engine = engine
        self._catalog = Catalog(engine, source, frames)

    @property
    def tables(self) -> list[str]:
        """The names of all tables, sorted. Opens no file."""
        return list(self._catalog)

    def schema(self, table: str) -> list[Column]:
        """The columns of a table.

        Raises:
            QueryError: SEM001 for an unknown table, ENG003 for a file that cannot be read.
        """
        if table not in self._catalog:
            close = closest(table, list(self._catalog))
            raise QueryError("SEM001", f"no table named '{table}'", hint=f"did you mean '{close}'?" if close else None)
        return list(self._catalog[table])

    def query(self, text: str, timespan: Timespan | None = None, parameters: Mapping[str, object] | None = None) -> Result:
        """Run a query and get its last result; `Result.tables` has all of them.

        `timespan` limits every table with a TimeGenerated column to a time range: '1d' or 'P1D' up to now, 'start/end',
        (start, end) or a timedelta. `parameters` are the values of `declare query_parameters`.

        Raises:
            QueryError: whatever is wrong, with a code, a place in the text and a hint.
        """
        return _only_query_errors(text, self._query, text, timespan, parameters)

    def check(self, text: str, parameters: Mapping[str, object] | None = None) -> Check:
        """The errors of a query and the columns of its result, without running anything."""
        return _check(text, self._catalog, parameters)

    def explain(self, text: str, timespan: Timespan | None = None, parameters: Mapping[str, object] | None = None) -> str:
        """The plan of a query and the SQL it becomes.

        Raises:
            QueryError: as `query` does before it runs.
        """
        return _only_query_errors(text, self._explain, text, timespan, parameters)

    def _query(self, text: str, timespan: Timespan | None, parameters: Mapping[str, object] | None) -> Result:
        started = time.perf_counter()
        result: Result | None = None
        for output in self._plan(text, timespan, parameters).outputs:
            answer = self._engine.run(output.relation)
            earlier = result.tables if result else ()
            result = Result(answer, output.render, started, earlier)
        assert result is not None  # the binder refuses a text without a query
        return result

    def _explain(self, text: str, timespan: Timespan | None, parameters: Mapping[str, object] | None) -> str:
        from kqlog.plan.show import show

        outputs = self._plan(text, timespan, parameters).outputs
        return "\n\n".join(f"{show(output.relation)}\n\n{self._engine.compile(output.relation)}" for output in outputs)

    def _plan(self, text: str, timespan: Timespan | None, parameters: Mapping[str, object] | None) -> plan.Plan:

        now = _now()
        environment = Environment(
            self._catalog,
            now,
            parameters or {},
            timespan=time_range(timespan, now),
            evaluate=self._evaluate,
            fetch=self._fetch,
        )
        return bind(parse(text), environment)


def connect(source: str | Path | None = None, tables: Mapping[str, object] | None = None) -> Workspace:
    """A workspace over a folder of Parquet, CSV, JSON and JSON Lines files, over one such file, or with no files at all.

    `tables` adds Arrow, pandas or polars data frames by name. Queries can read nothing outside of the folder.

    Raises:
        QueryError: ING001 when there is no such file or folder.
    """


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


def check(text: str, tables: Mapping[str, object] | None = None) -> Check:
    """The errors of a query and the columns of its result, given the (name, type) pairs of the tables it may use."""
