"""The operator `mv-apply`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import kept
from kqlog.lowering.unnesting import unnested
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, MvItem, Name, Operator, Parameter, Pipeline
from kqlog.types import Column


@dataclass(frozen=True)
class MvApply(Operator):
    """Run a query over the elements of each row's array, and keep what it gives."""

    rule: ClassVar[str] = "mv_apply"
    syntax: ClassVar[str] = "T | mv-apply [with_itemindex=Name] [Name =] Expression [to typeof(Type)], ... [limit N] on (Query)"
    differs: ClassVar[str] = (
        "The query over the elements cannot hold scan, nor the window functions that run in Python (ranks and sessions, or "
        "sums and numbers that begin anew)."
    )
    examples: ClassVar[tuple[str, ...]] = (
        "print Values = dynamic([3, 9, 5]) | mv-apply Value = Values to typeof(long) on (top 2 by Value)",
        'print User = "alice", Sizes = dynamic([3, 9, 5]) '
        "| mv-apply Size = Sizes to typeof(long) on (summarize Total = sum(Size))",
    )

    parameters: tuple[Parameter, ...]
    items: tuple[MvItem, ...]
    limit: Expr | None
    id: Expr | None
    body: Pipeline

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = plan.Project(
            plan.Values((), ((),)), tuple(plan.Item(column.name, plan.OuterRef(*column)) for column in source.columns)
        )
        rows = unnested(row, self.items, self.parameters, self.limit, scope)
        body = scope.starting_from(rows).relation(self.body)
        # A column that is expanded under its own name is gone, unless the query gives it again.
        expanded = {item.value.name for item in self.items if isinstance(item.value, Name)}
        given = {name: type_ for name, type_ in body.columns if not _is_outer(name, body, row)}
        left = tuple(column.name for column in source.columns if column.name not in expanded | given.keys())
        applied = plan.Apply(source, kept(body, [Column(*column) for column in given.items()]), left)
        there = [Column(name, given.get(name, type_)) for name, type_ in source.columns if name not in expanded]
        return kept(applied, dict.fromkeys([*there, *(Column(*column) for column in given.items())]))


def _is_outer(name: str, node: plan.Node, row: plan.Node) -> bool:
    """Whether a column of the inner query still is that of the outer row, which costs nothing to have."""
    while node is not row:
        match node:
            case plan.Filter(source) | plan.Sort(source) | plan.Limit(source) | plan.Named(_, source):
                node = source
            case plan.Project(source, items) | plan.Extend(source, items) | plan.Aggregate(source, items):
                values = [item.value for item in items if item.name == name]
                if values and not (isinstance(values[0], plan.ColumnRef) and values[0].name == name):
                    return False
                if not values and not isinstance(node, plan.Extend):
                    return False
                node = source
            case plan.Unnest(source, unnested, index):
                if name == index or any(item.name == name for item in unnested):
                    return False
                node = source
            case _:
                return False
    return name in dict(row.columns)
