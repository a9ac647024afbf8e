"""The operator `assert-schema`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import NameAndType, Operator
from kqlog.types import Column


@dataclass(frozen=True)
class AssertSchema(Operator):
    """Refuse the query unless the table has exactly these columns."""

    rule: ClassVar[str] = "assert_schema"
    syntax: ClassVar[str] = "T | assert-schema (Column: Type, ...)"
    examples: ClassVar[tuple[str, ...]] = ('print Host = "web-01", Errors = 3 | assert-schema (Host: string, Errors: long)',)

    columns: tuple[NameAndType, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        wanted = tuple(Column(column.name, column.type) for column in self.columns)
        if source.columns != wanted and not scope.session.open:
            found = ", ".join(f"{column.name}: {column.type}" for column in source.columns)
            raise QueryError("SEM002", "the table has other columns than asserted here", self.span, f"it has {found}")
        return source
