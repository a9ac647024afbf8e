"""The operator `project`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator


@dataclass(frozen=True)
class Project(Operator):
    """Choose, rename and compute columns; all others are dropped."""

    rule: ClassVar[str] = "project"
    syntax: ClassVar[str] = "T | project [Name =] Expression, ..."
    examples: ClassVar[tuple[str, ...]] = (
        'print First = "Ada", Last = "Lovelace", Born = 1815 | project Name = strcat(First, " ", Last), Born',
    )

    items: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        items = row.items(self.items, ColumnNames())
        return plan.Project(row.lifted(source), tuple(items))
