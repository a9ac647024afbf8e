"""The operator `project-rename`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Named, Operator


@dataclass(frozen=True)
class ProjectRename(Operator):
    """Rename columns; all others stay as they are."""

    rule: ClassVar[str] = "project_rename"
    syntax: ClassVar[str] = "T | project-rename New = Old, ..."
    examples: ClassVar[tuple[str, ...]] = ('print h = "web-01", n = 3 | project-rename Host = h, Errors = n',)

    items: tuple[Named, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        renamed = {row.require_column(item.value).name: item.names[0] for item in reversed(self.items)}
        names = [renamed.get(column.name, column.name) for column in source.columns]
        for item in self.items:
            if names.count(item.names[0]) > 1 or item.names[0] in dict(source.columns):
                raise QueryError("SEM006", f"there is a column '{item.names[0]}' already", item.span)
        return plan.Project(
            source, tuple(plan.Item(name, plan.ColumnRef(*column)) for name, column in zip(names, source.columns, strict=True))
        )
