"""The operator `extend`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import extended
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator


@dataclass(frozen=True)
class Extend(Operator):
    """Add computed columns, or replace columns of the same name."""

    rule: ClassVar[str] = "extend"
    syntax: ClassVar[str] = "T | extend [Name =] Expression, ..."
    examples: ClassVar[tuple[str, ...]] = ("print Bytes = 4096 | extend Kilobytes = Bytes / 1024, Large = Bytes > 10000",)

    items: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return extended(self.required(source), self.items, scope)
