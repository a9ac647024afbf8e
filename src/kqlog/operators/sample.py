"""The operator `sample`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import row_count
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator


@dataclass(frozen=True)
class Sample(Operator):
    """Keep some rows, chosen at random."""

    rule: ClassVar[str] = "sample"
    syntax: ClassVar[str] = "T | sample NumberOfRows"
    examples: ClassVar[tuple[str, ...]] = ("range x from 1 to 1000 step 1 | sample 10 | count",)

    rows: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return plan.Sample(self.required(source), row_count(self.rows, scope))
