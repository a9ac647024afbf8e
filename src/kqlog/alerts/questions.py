"""What a condition asks of the tables: its query, bound against them, with what makes numbers of windows out of its rows.

The rows of a *row-wise* query are those of its table, each on its own (where, extend, project, parse ...; no summarize, no join,
no `now()`): a row belongs to the windows that its TimeGenerated is in, and one question answers any number of windows. The result
of any other query belongs to one window, which it is asked for alone: its tables end with the window, which is `now()` as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import NamedTuple

from kqlog.alerts.model import Aggregation, Condition, Dimension
from kqlog.alerts.windows import MINUTE, from_ticks, literal
from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import closest
from kqlog.result import Result
from kqlog.types import NUMBERS, Column, Type
from kqlog.workspace import Workspace

TIME = "TimeGenerated"
MOST_DIMENSIONS = 6
_SHOWN = 8
_DEPENDS_ON_CHANCE = frozenset({"rand", "new_guid"})
_SOME_MOMENTS = (0, 11 * MINUTE)
"""A query that reads the same at both does not ask what time it is."""

Key = tuple[str, ...]
"""The values of the dimensions, as texts."""
Ask = Callable[[str, int, int], Result]
"""Runs a text over what lies between two moments (the second exclusive), which is its now() as well."""


class Cell(NamedTuple):
    """What is known of some rows of one combination: how many, and of their measure how many, the sum and extremes."""

    rows: int
    measured: int = 0
    total: float | None = None
    least: float | None = None
    most: float | None = None


Cells = dict[Key, dict[int, Cell]]
"""For each combination the cells by the moment that they begin at."""


class Need(NamedTuple):
    """The cells that a row-wise question wants: from a moment to another, at most so long."""

    start: int
    end: int
    grain: int

    def __or__(self, other: Need) -> Need:
        """What serves both."""
        return Need(min(self.start, other.start), max(self.end, other.end), math.gcd(self.grain, other.grain))


@dataclass(frozen=True)
class Question:
    """A condition whose query fits the tables."""

    condition: Condition
    row_wise: bool
    tables: frozenset[str]
    columns: tuple[Column, ...]

    def rows(self, ask: Ask, start: int, end: int, key: Key, most: int) -> Result:
        """The first rows behind an alert."""
        conditions = [
            f"tostring({quoted(one.name)}) == {_text(value)}" for one, value in zip(self._dimensions, key, strict=False)
        ]
        where = f"\n| where {' and '.join(conditions)}" if conditions else ""
        return ask(f"{self._filtered}{where}\n| take {most}", start, end)

    @property
    def subject(self) -> str:
        """What the cells are of, whatever becomes of them: questions of the same subject are answered together."""
        return self.text(0, 0)

    def cells(self, ask: Ask, start: int, end: int, grain: int) -> Cells:
        """The cells between two moments. Without a grain the whole result is one cell, which begins at the start.

        Raises:
            QueryError: whatever goes wrong with the query.
        """
        result = ask(self.text(grain, end), start, end)
        count = len(self._dimensions)
        cells: Cells = {}
        for row in result.first(len(result)):
            at = from_ticks(row[count]) if grain else start
            cells.setdefault(row[:count], {})[at] = Cell(*row[count + (1 if grain else 0) :])
        return cells

    def text(self, grain: int, origin: int) -> str:
        """The query that answers with cells of a length, which are counted from an origin."""
        by = [f"D{at} = tostring({quoted(one.name)})" for at, one in enumerate(self._dimensions)]
        if grain:
            by.append(f"At = bin_at({TIME}, {grain}microsecond, {literal(origin % grain)})")
        values = "Rows = count()"
        if self.condition.measure is not None:
            measure = f"todouble({quoted(self.condition.measure)})"
            values += f", Measured = countif(isnotnull({measure})), Total = sum({measure})"
            values += f", Least = min({measure}), Most = max({measure})"
        return f"{self._filtered}\n| summarize {values}" + (f" by {', '.join(by)}" if by else "")

    def value(self, cells: list[Cell]) -> float | None:
        """The number that is compared with the threshold; None where the rows give none."""
        match self.condition.aggregation:
            case Aggregation.COUNT:
                return float(sum(cell.measured if self.condition.measure is not None else cell.rows for cell in cells))
            case Aggregation.TOTAL | Aggregation.AVERAGE:
                count = sum(cell.measured for cell in cells)
                total = sum(cell.total for cell in cells if cell.total is not None and cell.measured)
                average = self.condition.aggregation is Aggregation.AVERAGE
                return (total / count if average else total) if count else None
            case Aggregation.MINIMUM:
                return min((cell.least for cell in cells if cell.least is not None), default=None)
            case Aggregation.MAXIMUM:
                return max((cell.most for cell in cells if cell.most is not None), default=None)

    @property
    def _dimensions(self) -> tuple[Dimension, ...]:
        return self.condition.dimensions

    @property
    def _filtered(self) -> str:
        """The query with those values of dimensions that count."""
        kept = [condition for one in self._dimensions if (condition := _kept(one))]
        return self.condition.query.rstrip().rstrip(";") + (f"\n| where {' and '.join(kept)}" if kept else "")


def bound(condition: Condition, workspace: Workspace, blame: Callable[[str], Callable[[QueryError], QueryError]]) -> Question:
    """A condition whose query and columns are those of the tables. `blame` gives errors the place of a field.

    Raises:
        QueryError: what is wrong with the query, ALR001 for a column that is not there or of the wrong type.
    """
    checked = workspace.check(condition.query)
    if checked.errors:
        raise blame("query")(checked.errors[0])
    if not checked.columns:
        raise blame("query")(QueryError("ALR001", "this has no result to watch"))
    columns = {column.name: column.type for column in checked.columns}
    _check_columns(condition, columns, blame)
    relation = [
        workspace.planned(f"set query_now = {literal(at)};\n{condition.query}").outputs[-1].relation for at in _SOME_MOMENTS
    ]
    row_wise = relation[0] == relation[1] and _keeps_rows(relation[0])
    question = Question(condition, row_wise, frozenset(_tables(relation[0])), tuple(checked.columns))
    grain = MINUTE if row_wise or condition.periods > 1 else 0
    if errors := workspace.check(question.text(grain, 0)).errors:
        # Where it stands for itself it is right: what follows does not fit its end.
        raise blame("query")(QueryError("ALR001", f"no operator can follow this query: {errors[0].message}"))
    return question


def _check_columns(
    condition: Condition, columns: dict[str, Type], blame: Callable[[str], Callable[[QueryError], QueryError]]
) -> None:
    measure = condition.measure
    if measure is not None and measure not in columns:
        raise blame("metricMeasureColumn")(_no_column(measure, columns))
    if measure is not None and columns[measure] not in NUMBERS:
        message = f"'{measure}' is {columns[measure].one}, and a measure is a number"
        raise blame("metricMeasureColumn")(QueryError("ALR001", message))
    if measure is None and condition.aggregation is not Aggregation.COUNT:
        hint = "name a column of numbers in metricMeasureColumn"
        raise blame("timeAggregation")(QueryError("ALR001", f"{condition.aggregation} of what?", hint=hint))
    for one in condition.dimensions:
        if one.name not in columns:
            raise blame("dimensions")(_no_column(one.name, columns))
        if columns[one.name] is Type.DYNAMIC:
            hint = f"make it a text: extend {one.name} = tostring({one.name})"
            raise blame("dimensions")(QueryError("ALR001", f"'{one.name}' is dynamic, which is no dimension", hint=hint))
    if condition.periods > 1 and columns.get(TIME) is not Type.DATETIME:
        hint = f"keep it, as in summarize ... by bin({TIME}, 5m)"
        message = f"{condition.periods} evaluation periods are told apart by {TIME}, which this query does not have"
        raise blame("query")(QueryError("ALR001", message, hint=hint))


def _no_column(name: str, columns: dict[str, Type]) -> QueryError:
    close = closest(name, list(columns))
    more = ", ..." if len(columns) > _SHOWN else ""
    hint = f"did you mean '{close}'?" if close else f"it has {', '.join(list(columns)[:_SHOWN])}{more}"
    return QueryError("ALR001", f"the query has no column '{name}'", hint=hint)


def _keeps_rows(node: plan.Node) -> bool:
    """Whether each row of a relation is one of a table, with its TimeGenerated."""
    match node:
        case plan.Scan():
            return Column(TIME, Type.DATETIME) in node.columns
        case plan.Filter():
            return _plain(node.predicate) and _keeps_rows(node.source)
        case plan.Extend():
            return all(item.name != TIME and _plain(item.value) for item in node.items) and _keeps_rows(node.source)
        case plan.Project():
            kept = any(item.name == TIME and item.value == plan.ColumnRef(TIME, Type.DATETIME) for item in node.items)
            return kept and all(_plain(item.value) for item in node.items) and _keeps_rows(node.source)
        case plan.Unnest():
            mine = all(item.name != TIME and _plain(item.value) for item in node.items)
            return mine and node.limit is None and _keeps_rows(node.source)
        case plan.Union():
            return Column(TIME, Type.DATETIME) in node.columns and all(map(_keeps_rows, node.sources))
        case plan.Named():
            return _keeps_rows(node.source)
        case _:
            return False


def _plain(value: plan.Value) -> bool:
    """Whether a value follows from its row alone."""
    match value:
        case plan.Call():
            return value.name not in _DEPENDS_ON_CHANCE and all(map(_plain, value.arguments))
        case plan.Cast():
            return _plain(value.value)
        case plan.Path():
            return _plain(value.value) and all(_plain(step) for step in value.steps if not isinstance(step, str | int))
        case plan.ColumnRef() | plan.Literal():
            return True
        case _:
            return False


def _tables(part: object) -> Iterator[str]:
    """The stored tables that a plan reads, wherever in it."""
    if isinstance(part, plan.Scan):
        yield part.table
    elif isinstance(part, tuple):
        for one in part:
            yield from _tables(one)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _tables(getattr(part, field.name))


def _kept(dimension: Dimension) -> str:
    """The condition that the values of a dimension are among those that are asked for; '' where all are."""
    values = ", ".join(_text(value) for value in dimension.values if value != "*")
    everything = "*" in dimension.values
    if dimension.include:
        return "" if everything else f"tostring({quoted(dimension.name)}) in ({values})"
    if everything:
        return "false"
    return f"tostring({quoted(dimension.name)}) !in ({values})" if values else ""


def quoted(name: str) -> str:
    """A column's name as KQL writes it."""
    return f"[{_text(name)}]"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{escaped}"'
