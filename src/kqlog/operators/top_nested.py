"""The operator `top-nested`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.nesting import nested
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator, TopNestedLevel


@dataclass(frozen=True)
class TopNested(Operator):
    """Keep the top values of a column, and within each the top values of the next."""

    rule: ClassVar[str] = "top_nested"
    syntax: ClassVar[str] = "T | top-nested [N] of Column [with others = Name] by Aggregate [asc|desc], ..."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, App: string) ["web-01", "nginx", "web-01", "nginx", "web-01", "cron", "db-01", "sql"] '
        "| top-nested 1 of Host by count(), top-nested 1 of App by count()",
    )

    levels: tuple[TopNestedLevel, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return nested(self.required(source), self.levels, scope)
