"""The operator `take`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import row_count
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Take(Operator):
    """Keep at most so many rows, whichever come first."""

    rule: ClassVar[str] = "take"
    syntax: ClassVar[str] = "T | take NumberOfRows"
    differs: ClassVar[str] = "Which rows they are may be others than in Kusto, where no order is promised either."
    examples: ClassVar[tuple[str, ...]] = ("range x from 1 to 1000 step 1 | take 5 | count",)

    parameters: tuple[Parameter, ...]
    rows: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return plan.Limit(self.required(source), row_count(self.rows, scope))
