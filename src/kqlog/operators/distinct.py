"""The operator `distinct`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import groupable
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Distinct(Operator):
    """Keep one row of each combination of values."""

    rule: ClassVar[str] = "distinct"
    syntax: ClassVar[str] = "T | distinct * | Expression, ..."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(User: string, Host: string) ["alice", "web-01", "bob", "web-01", "alice", "web-01"] '
        "| distinct User, Host | sort by User asc",
        "range x from 1 to 6 step 1 | distinct Odd = x % 2 == 1 | sort by Odd asc",
    )

    parameters: tuple[Parameter, ...]
    items: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        keys = row.items(self.items, ColumnNames())
        groupable(keys, self.span, scope)
        return plan.Aggregate(row.lifted(source), tuple(keys), ())
