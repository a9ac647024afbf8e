"""Top values within top values: the plan of top-nested."""

from __future__ import annotations

from dataclasses import dataclass

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.calls import call, column, every
from kqlog.plan.grouping import Grouping
from kqlog.plan.names import ColumnNames
from kqlog.plan.rows import groupable
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Type


@dataclass(frozen=True)
class _Level:
    """One level, bound: its key, its aggregate, how many values it keeps, and in which direction."""

    key: plan.Item
    aggregate: plan.Item
    rows: plan.Value | None
    descending: bool


def nested(source: plan.Node, levels: tuple[syntax.TopNestedLevel, ...], scope: Scope) -> plan.Node:
    """A row for each path of kept values: at each level the key and its aggregate.

    Raises:
        QueryError: ENG001 for `with others`, which is not offered yet.
    """
    shared = plan.Named(scope.session.unique("$nested"), source)
    names = ColumnNames()
    bound = [_level(shared, level, names, scope) for level in levels]
    node = _kept(_grouped(shared, bound[:1]), bound[0])
    for depth in range(1, len(bound)):
        node = _within(node, shared, bound[: depth + 1])
    return node


def _level(source: plan.Node, level: syntax.TopNestedLevel, names: ColumnNames, scope: Scope) -> _Level:
    if level.others is not None:
        raise QueryError("ENG001", "'with others' is not offered yet", level.others.span)
    row = scope.over(source)
    row.windows = None
    if isinstance(level.of, syntax.Name):
        key = plan.Item(names.derive(level.of.name), row.value(level.of))
    else:
        key = row.item(level.of, names)[0]
    groupable((key,), level.of.span)
    grouping = Grouping(scope.grouped(source), (key,), ColumnNames())
    value = grouping.items(level.by)[0].value
    wanted = level.by.names[0] if isinstance(level.by, syntax.Named) else f"aggregated_{key.name}"
    rows = scope.constant(level.rows, Type.LONG) if level.rows is not None else None
    return _Level(key, plan.Item(names.derive(wanted), value), rows, level.order != "asc")


def _grouped(source: plan.Node, levels: list[_Level]) -> plan.Node:
    return plan.Aggregate(source, tuple(level.key for level in levels), (levels[-1].aggregate,))


def _kept(groups: plan.Node, level: _Level) -> plan.Node:
    """The groups in the level's order, only the first ones if it says how many."""
    key = plan.SortKey(column(level.aggregate.column), level.descending, not level.descending)
    ordered = plan.Sort(groups, (key,))
    return ordered if level.rows is None else plan.Limit(ordered, level.rows)


def _within(outer: plan.Node, source: plan.Node, levels: list[_Level]) -> plan.Node:
    """For each row of the levels so far, the kept values of the next."""
    parents, level = levels[:-1], levels[-1]
    same = [_same(column(parent.key.column), plan.OuterRef(*parent.key.column)) for parent in parents]
    body = _kept(plan.Filter(_grouped(source, levels), every(same)), level)
    shown = tuple(plan.Item(item.name, column(item.column)) for item in (level.key, level.aggregate))
    return plan.Apply(outer, plan.Project(body, shown), tuple(found.name for found in outer.columns))


def _same(inner: plan.Value, outer: plan.Value) -> plan.Value:
    """Whether both are equal, or both null: a null is a value of its own when rows are grouped."""
    return call("or", call("==", inner, outer), call("and", call("isnull", inner), call("isnull", outer)))
