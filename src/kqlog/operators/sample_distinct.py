"""The operator `sample-distinct`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import groupable, row_count
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Named, Operator


@dataclass(frozen=True)
class SampleDistinct(Operator):
    """Keep some of the different values of a column."""

    rule: ClassVar[str] = "sample_distinct"
    syntax: ClassVar[str] = "T | sample-distinct NumberOfValues of Column"
    examples: ClassVar[tuple[str, ...]] = (
        "range x from 1 to 1000 step 1 | extend Group = x % 20 | sample-distinct 5 of Group | count",
    )

    rows: Expr
    of: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        row.require_column(self.of.value if isinstance(self.of, Named) else self.of)
        keys = row.item(self.of, ColumnNames())
        groupable(keys, self.span, scope)
        return plan.Sample(plan.Aggregate(row.lifted(source), tuple(keys), ()), row_count(self.rows, scope))
