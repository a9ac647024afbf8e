"""The operator `make-series`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column, every, number
from kqlog.lowering.grouping import Grouping
from kqlog.lowering.parameters import parameter_word
from kqlog.lowering.rows import groupable, kept
from kqlog.lowering.unnesting import counted_item
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames, derived_name
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Name, Named, Operator, Parameter, SeriesItem
from kqlog.types import SUMMABLE, Column, Type

MOST_POINTS = 1 << 20
BIN, POINT, FIRST, LAST, ROWS = "$bin", "$point", "$first", "$last", "$rows"


@dataclass(frozen=True)
class MakeSeries(Operator):
    """Aggregate into arrays of equal steps along an axis, one row for each group."""

    rule: ClassVar[str] = "make_series"
    syntax: ClassVar[str] = (
        "T | make-series [Name =] Aggregate [default = Value], ... on Axis [from Start] [to End] step Step [by Expression, ...]"
    )
    differs: ClassVar[str] = (
        "A group of which no row lies between from and to gives no series; the documentation only speaks of empty tables."
    )
    examples: ClassVar[tuple[str, ...]] = (
        "datatable(Time: datetime, Bytes: long) [datetime(2026-03-10 00:30), 10, datetime(2026-03-10 02:10), 5] "
        "| make-series Total = sum(Bytes) on Time from datetime(2026-03-10) to datetime(2026-03-10 03:00) step 1h",
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("nonempty",)}

    parameters: tuple[Parameter, ...]
    items: tuple[SeriesItem, ...]
    on: Expr
    start: Expr | None
    stop: Expr | None
    step: Expr | None
    in_range: bool
    by: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        names = ColumnNames()
        row = scope.over(source)
        row.windows = None
        keys = tuple(row.items(self.by, names))
        groupable(keys, self.on.span, scope)
        grouping = Grouping(scope.grouped(source), keys, names)
        found = [(item, default) for written in self.items for item, default in _series_items(written, grouping, scope)]
        bins = _bins(self, row, scope)
        on = self.on
        axis_name = names.declare(on.name, on.span) if isinstance(on, Name) else names.derive(derived_name(on))

        conditions = bins.within(bins.value, also_start=True)
        rows = plan.Filter(source, every(conditions)) if conditions else source
        aggregates = (*(item for item, _ in found), plan.Item(ROWS, call("count")))
        by_bin = plan.Aggregate(rows, (*keys, plan.Item(BIN, bins.bin())), aggregates)
        counted = plan.Named(
            scope.session.unique("$series"), plan.Filter(by_bin, call("isnotnull", plan.ColumnRef(BIN, bins.type)))
        )
        nonempty = parameter_word(self.parameters, "kind") is not None
        filled = _filled(_grid(counted, keys, bins, nonempty), counted, keys, bins, aggregates)
        lists = [_listed(item, default) for item, default in found]
        lists.append(plan.Item(axis_name, call("make_list_with_nulls", plan.ColumnRef(POINT, bins.type))))
        ordered = plan.Sort(filled, (plan.SortKey(plan.ColumnRef(POINT, bins.type), descending=False),))
        if keys or nonempty:
            return plan.Aggregate(ordered, _references(keys), tuple(lists))
        made = plan.Aggregate(ordered, (), (*lists, plan.Item(ROWS, call("count"))))
        return kept(_of_some_rows(made), [item.column for item in lists])


@dataclass(frozen=True)
class _Bins:
    """The axis, bound. Points run from `start` up to `stop`: excluded, but included `in range`."""

    value: plan.Value
    start: plan.Value | None
    stop: plan.Value | None
    step: plan.Value
    inclusive: bool

    @property
    def type(self) -> Type:
        return self.value.type

    def bin(self) -> plan.Value:
        """The point that a row belongs to."""
        if self.start is None or self.inclusive:
            return call("bin", self.value, self.step)
        return call("bin_at", self.value, self.step, self.start)

    def first(self) -> plan.Value | None:
        """The first point, if the query gives it."""
        return call("bin", self.start, self.step) if self.start is not None and self.inclusive else self.start

    def within(self, value: plan.Value, *, also_start: bool) -> list[plan.Value]:
        """What must hold of a value or point of the series."""
        conditions = []
        if self.start is not None and also_start:
            conditions.append(call(">=", value, self.start))
        if self.stop is not None:
            conditions.append(call("<=" if self.inclusive else "<", value, self.stop))
        return conditions


def _series_items(written: SeriesItem, grouping: Grouping, scope: Scope) -> list[tuple[plan.Item, plan.Value]]:
    """The aggregates of one item, each with what stands where a point has no rows."""
    found = []
    for item in grouping.items(written.value):
        type_ = item.value.type
        default: plan.Value = plan.Literal(Type.LONG, 0)
        if written.default is not None:
            default = scope.value(written.default)
        elif type_ not in (Type.INT, Type.LONG, Type.REAL, Type.DECIMAL):
            default = plan.Literal(type_, None)
        found.append((item, overloads.convert(default, type_)))
    return found


def _bins(axis: MakeSeries, row: Scope, scope: Scope) -> _Bins:
    on = axis.on.value if isinstance(axis.on, Named) else axis.on
    value = row.value(on)
    if overloads.is_open(value):
        value = overloads.convert(value, Type.DATETIME)
    if value.type not in SUMMABLE:
        raise QueryError("SEM002", f"an axis is a number, datetime or timespan, and this is {value.type.one}", axis.on.span)
    if axis.step is None:
        raise QueryError("SEM003", "make-series needs a step", axis.on.span, "write: step 1h")
    bounds = [_constant(expr, value.type, scope) for expr in (axis.start, axis.stop)]
    step_type = Type.TIMESPAN if value.type in (Type.DATETIME, Type.TIMESPAN) else value.type
    step = _constant(axis.step, step_type, scope)
    assert step is not None
    _check_step(axis.step, step, bounds)
    return _Bins(value, bounds[0], bounds[1], step, axis.in_range)


def _check_step(expr: Expr, step: plan.Literal, bounds: list[plan.Literal | None]) -> None:
    """Refuse a step that goes nowhere, and one that would make too long a series.

    Raises:
        QueryError: SEM002, LIM001
    """
    if not isinstance(step.value, (int, float, Decimal)):
        return
    if not step.value > 0:
        raise QueryError("SEM002", "the step of a series is larger than zero", expr.span)
    start, stop = (bound.value if bound is not None else None for bound in bounds)
    if isinstance(start, (int, float, Decimal)) and isinstance(stop, (int, float, Decimal)):
        length = (float(stop) - float(start)) / float(step.value)
        if length > MOST_POINTS:
            raise QueryError("LIM001", f"a series has at most {MOST_POINTS:,} points", expr.span, "take a larger step")


def _constant(expr: Expr | None, type_: Type, scope: Scope) -> plan.Literal | None:
    return None if expr is None else scope.constant(expr, type_)


def _grid(counted: plan.Node, keys: tuple[plan.Item, ...], bins: _Bins, nonempty: bool) -> plan.Node:
    """Every group with every point of its series."""
    bin_ = plan.ColumnRef(BIN, bins.type)
    extremes = (
        plan.Item(FIRST, call("min", bin_)),
        plan.Item(LAST, call("max", bin_)),
        plan.Item(ROWS, call("count")),
    )
    groups: plan.Node = plan.Aggregate(counted, _references(keys), extremes)
    if not keys and not nonempty:
        groups = _of_some_rows(groups)
    first = bins.first()
    outputs = tuple(plan.JoinColumn(item.name, item.value.type, False, item.name) for item in keys)
    if first is not None and bins.stop is not None:
        points: plan.Node = plan.Range(Column(POINT, bins.type), first, bins.stop, bins.step)
        every_pair = (*outputs, plan.JoinColumn(POINT, bins.type, True, POINT))
        grid: plan.Node = plan.Join(groups, points, plan.JoinKind.INNER, (), every_pair)
    else:
        start = first or plan.ColumnRef(FIRST, bins.type)
        stop = bins.stop or plan.ColumnRef(LAST, bins.type)
        item = counted_item(plan.UnnestItem(POINT, call("range", start, stop, bins.step), bins.type))
        grid = plan.Unnest(groups, (item,), None, None, (*groups.columns, Column(POINT, bins.type)))
    point = plan.ColumnRef(POINT, bins.type)
    return plan.Filter(grid, every([call("isnotnull", point), *bins.within(point, also_start=False)]))


def _filled(
    grid: plan.Node, counted: plan.Node, keys: tuple[plan.Item, ...], bins: _Bins, aggregates: tuple[plan.Item, ...]
) -> plan.Node:
    """The grid with the aggregates of each point, null where it has no rows."""
    pairs: list[tuple[plan.Value, plan.Value]] = [(column(item.column), column(item.column)) for item in keys]
    pairs.append((plan.ColumnRef(POINT, bins.type), plan.ColumnRef(BIN, bins.type)))
    outputs = [plan.JoinColumn(item.name, item.value.type, False, item.name) for item in keys]
    outputs.append(plan.JoinColumn(POINT, bins.type, False, POINT))
    outputs += [plan.JoinColumn(item.name, item.value.type, True, item.name) for item in aggregates]
    return plan.Join(grid, counted, plan.JoinKind.LEFTOUTER, tuple(pairs), tuple(outputs))


def _listed(item: plan.Item, default: plan.Value) -> plan.Item:
    value: plan.Value = column(item.column)
    if not (isinstance(default, plan.Literal) and default.value is None):
        # An aggregate may be null over rows as well, and then it stays so.
        value = call("iff", call("isnull", plan.ColumnRef(ROWS, Type.LONG)), default, value)
    return plan.Item(item.name, call("make_list_with_nulls", value))


def _of_some_rows(groups: plan.Node) -> plan.Node:
    """Without a key there is a group even of no rows."""
    return plan.Filter(groups, call(">", plan.ColumnRef(ROWS, Type.LONG), number(0)))


def _references(keys: tuple[plan.Item, ...]) -> tuple[plan.Item, ...]:
    return tuple(plan.Item(item.name, column(item.column)) for item in keys)
