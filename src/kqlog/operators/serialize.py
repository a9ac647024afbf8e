"""The operator `serialize`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import extended
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator


@dataclass(frozen=True)
class Serialize(Operator):
    """Fix the order of the rows, so that functions over neighbouring rows can be used."""

    rule: ClassVar[str] = "serialize"
    syntax: ClassVar[str] = "T | serialize [[Name =] Expression, ...]"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Step: string) ["build", "test", "release"] | serialize Number = row_number(), Before = prev(Step)',
    )

    items: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        names = ColumnNames()
        names.reserve(source.columns)
        return extended(source, self.items, scope, names)
