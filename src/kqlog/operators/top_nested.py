"""The operator `top-nested`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.calls import call, column, every, missing, number
from kqlog.lowering.grouping import Grouping
from kqlog.lowering.rows import groupable, row_count
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Name, Named, Operator, TopNestedLevel
from kqlog.types import Type


@dataclass(frozen=True)
class TopNested(Operator):
    """Keep the top values of a column, and within each the top values of the next."""

    rule: ClassVar[str] = "top_nested"
    syntax: ClassVar[str] = "T | top-nested [N] of Column [with others = Name] by Aggregate [asc|desc], ..."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, App: string) ["web-01", "nginx", "web-01", "nginx", "web-01", "cron", "db-01", "sql"] '
        "| top-nested 1 of Host by count(), top-nested 1 of App by count()",
    )

    levels: tuple[TopNestedLevel, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        shared = plan.Named(scope.session.unique("$nested"), self.required(source))
        names = ColumnNames()
        bound = [_level(shared, level, names, scope) for level in self.levels]
        with_others = any(level.others is not None for level in bound)
        paths: list[plan.Node] = []
        for depth in range(1, len(bound) + 1):
            node = _within(paths[-1], shared, bound[:depth]) if paths else _kept(_grouped(shared, bound[:1]), bound[0])
            paths.append(plan.Named(scope.session.unique("$kept"), node) if with_others else node)
        if not with_others:
            return paths[-1]
        rest = [_others(shared, bound, depth, paths) for depth, level in enumerate(bound) if level.others is not None]
        return plan.Union((paths[-1], *rest), paths[-1].columns)


@dataclass(frozen=True)
class _Level:
    """One level, bound: its key, its aggregate, how many values it keeps, in which direction, and who stands for the rest."""

    key: plan.Item
    aggregate: plan.Item
    rows: plan.Value | None
    descending: bool
    others: plan.Value | None


def _level(source: plan.Node, level: TopNestedLevel, names: ColumnNames, scope: Scope) -> _Level:
    row = scope.over(source)
    row.windows = None
    if isinstance(level.of, Name):
        key = plan.Item(names.derive(level.of.name), row.value(level.of))
    else:
        key = row.item(level.of, names)[0]
    groupable((key,), level.of.span, scope)
    grouping = Grouping(scope.grouped(source), (key,), ColumnNames())
    value = grouping.items(level.by)[0].value
    wanted = level.by.names[0] if isinstance(level.by, Named) else f"aggregated_{key.name}"
    rows = row_count(level.rows, scope) if level.rows is not None else None
    others = scope.constant(level.others, key.value.type) if level.others is not None else None
    return _Level(key, plan.Item(names.derive(wanted), value), rows, level.order != "asc", others)


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


def _others(source: plan.Node, levels: list[_Level], depth: int, paths: list[plan.Node]) -> plan.Node:
    """For each path above the level at `depth`, a row that aggregates what the level left out, on the levels below as well."""
    keys = [plan.Item(f"$key{place}", level.key.value) for place, level in enumerate(levels[: depth + 1])]
    left: plan.Node = plan.Extend(source, tuple(keys))
    above = paths[depth - 1] if depth else None
    if above is not None:
        left = _matched(left, above, levels[:depth], plan.JoinKind.LEFTSEMI)
    left = _matched(left, paths[depth], levels[: depth + 1], plan.JoinKind.LEFTANTI)
    counted = [level.aggregate for level in levels[depth:] if level.others is not None]
    grouped: plan.Node = plan.Aggregate(
        left,
        tuple(plan.Item(key.name, column(key.column)) for key in keys[:depth]),
        (*counted, plan.Item("$rows", call("count"))),
    )
    # Without a level above there is a group of nothing, when nothing was left out.
    grouped = plan.Filter(grouped, call(">", plan.ColumnRef("$rows", Type.LONG), number(0)))
    if above is not None:
        grouped = _completed(grouped, above, levels[:depth])
    items = [plan.Item(found.name, column(found)) for found in (above.columns if above is not None else ())]
    for level in levels[depth:]:
        kept = level.others is not None
        items.append(plan.Item(level.key.name, level.others or missing(level.key.value.type)))
        aggregate = level.aggregate
        items.append(plan.Item(aggregate.name, column(aggregate.column) if kept else missing(aggregate.value.type)))
    return plan.Project(grouped, tuple(items))


def _matched(rows: plan.Node, paths: plan.Node, levels: list[_Level], kind: plan.JoinKind) -> plan.Node:
    """The rows that have, or have not, the keys of some path."""
    outputs = tuple(plan.JoinColumn(*found, False, found.name) for found in rows.columns)
    return plan.Join(rows, paths, kind, _on(levels), outputs)


def _completed(groups: plan.Node, paths: plan.Node, levels: list[_Level]) -> plan.Node:
    """The groups with the columns of the paths that they belong to."""
    own = [found for found in groups.columns if not found.name.startswith("$")]
    outputs = [plan.JoinColumn(*found, False, found.name) for found in own]
    outputs += [plan.JoinColumn(*found, True, found.name) for found in paths.columns]
    return plan.Join(groups, paths, plan.JoinKind.INNER, _on(levels), tuple(outputs))


def _on(levels: list[_Level]) -> tuple[tuple[plan.Value, plan.Value], ...]:
    keys = [level.key.column for level in levels]
    return tuple((plan.ColumnRef(f"$key{place}", key.type), column(key)) for place, key in enumerate(keys))


def _same(inner: plan.Value, outer: plan.Value) -> plan.Value:
    """Whether both are equal, or both null: a null is a value of its own when rows are grouped."""
    return call("or", call("==", inner, outer), call("and", call("isnull", inner), call("isnull", outer)))
