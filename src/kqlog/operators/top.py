"""The operator `top`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import row_count, sort_key
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter, SortKey


@dataclass(frozen=True)
class Top(Operator):
    """Keep the first rows by some order; largest first unless told otherwise."""

    rule: ClassVar[str] = "top"
    syntax: ClassVar[str] = "T | top NumberOfRows by Column [asc|desc] [nulls first|last]"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, Errors: long) ["web-01", 3, "web-02", 5, "db-01", 4] | top 2 by Errors',
    )

    rows: Expr
    parameters: tuple[Parameter, ...]
    key: SortKey

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        row.windows = None
        return plan.Limit(plan.Sort(source, (sort_key(self.key, row),)), row_count(self.rows, scope))
