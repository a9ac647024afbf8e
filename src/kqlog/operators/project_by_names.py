"""The operator `project-by-names`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Wildcard
from kqlog.types import Column


@dataclass(frozen=True)
class ProjectByNames(Operator):
    """Keep the columns whose names, or patterns with stars, are given as strings or arrays of strings."""

    rule: ClassVar[str] = "project_by_names"
    syntax: ClassVar[str] = "T | project-by-names Names, ..."
    examples: ClassVar[tuple[str, ...]] = ('print A = 1, B = 2, C = 3 | project-by-names dynamic(["C", "A"])',)

    items: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        found: dict[str, Column] = {}
        for item in self.items:
            names = scope.constant(item).value
            if names is None and scope.environment.evaluate is None:
                scope.session.open = True
                continue
            for pattern in _names(names, item):
                found.update({column.name: column for column in row.matching(Wildcard(pattern))})
        return kept(source, list(found.values()))


def _names(value: plan.Constant, item: Expr) -> list[str]:
    """A name, or a dynamic array of names."""
    text = str(value)
    if text.startswith("["):
        return [str(name) for name in json.loads(text)]
    if value is None:
        raise QueryError("SEM002", "names of columns are wanted here", item.span)
    return [text]
