"""The operator `project-keep`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import chosen, kept
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator


@dataclass(frozen=True)
class ProjectKeep(Operator):
    """Keep only some columns, by name or pattern, in the order they already have."""

    rule: ClassVar[str] = "project_keep"
    syntax: ClassVar[str] = "T | project-keep NameOrPattern, ..."
    examples: ClassVar[tuple[str, ...]] = ("print Time = 1, A_raw = 2, B_raw = 3 | project-keep *_raw",)

    patterns: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        keep = {column.name for column in chosen(self.patterns, scope.over(source))}
        return kept(source, [column for column in source.columns if column.name in keep])
