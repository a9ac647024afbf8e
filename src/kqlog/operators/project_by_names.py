"""The operator `project-by-names`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.rows import chosen, kept
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Name, Operator, Wildcard
from kqlog.types import Column


@dataclass(frozen=True)
class ProjectByNames(Operator):
    """Keep the columns whose names are given as strings or arrays of strings."""

    rule: ClassVar[str] = "project_by_names"
    syntax: ClassVar[str] = "T | project-by-names Names, ..."
    examples: ClassVar[tuple[str, ...]] = ('print A = 1, B = 2, C = 3 | project-by-names dynamic(["C", "A"])',)

    items: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        found: dict[str, Column] = {}
        for item in self.items:
            if isinstance(item, (Name, Wildcard)):
                columns = chosen((item,), row)
            else:
                names = _names(row.constant(item).value, item)
                columns = [column for name in names for column in source.columns if column.name == name]
            found.update({column.name: column for column in columns})
        return kept(source, list(found.values()))


def _names(value: plan.Constant, item: Expr) -> list[str]:
    """A name, or a dynamic array of names."""
    text = str(value)
    if text.startswith("["):
        return [str(name) for name in json.loads(text)]
    if value is None:
        raise QueryError("SEM002", "names of columns are wanted here", item.span)
    return [text]
