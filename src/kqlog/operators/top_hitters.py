"""The operator `top-hitters`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.functions.declare import FUNCTIONS
from kqlog.lowering.rows import groupable, row_count
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames, derived_name
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator
from kqlog.types import NUMBERS


@dataclass(frozen=True)
class TopHitters(Operator):
    """Keep the most frequent values of a column, or those with the largest sum."""

    rule: ClassVar[str] = "top_hitters"
    syntax: ClassVar[str] = "T | top-hitters N of Column [by Expression]"
    differs: ClassVar[str] = "Always exact, where Kusto counts by an approximate sketch."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(User: string) ["alice", "bob", "alice", "carol", "alice", "bob"] | top-hitters 2 of User',
        'datatable(User: string, Bytes: long) ["alice", 1, "bob", 50, "alice", 2] | top-hitters 1 of User by Bytes',
    )

    rows: Expr
    of: Expr
    by: Expr | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        row.windows = None
        row.require_column(self.of)
        keys = row.item(self.of, ColumnNames())
        groupable(keys, self.span, scope)
        if self.by is None:
            name, measure = f"approximate_count_{keys[0].name}", overloads.call(FUNCTIONS["count"], (), self.span)
        else:
            name = f"approximate_sum_{derived_name(self.by) or ''}"
            weight = row.value(self.by)
            if weight.type not in NUMBERS:
                raise QueryError("SEM002", f"a number is wanted here, and this is {weight.type.one}", self.by.span)
            measure = overloads.call(FUNCTIONS["sum"], (weight,), self.by.span)
        counted = plan.Aggregate(source, tuple(keys), (plan.Item(name, measure),))
        ordered = plan.Sort(counted, (plan.SortKey(plan.ColumnRef(name, measure.type)),))
        return plan.Limit(ordered, row_count(self.rows, scope))
