"""The operator `consume`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator, Parameter
from kqlog.types import Type


@dataclass(frozen=True)
class Consume(Operator):
    """Read all rows and give none."""

    rule: ClassVar[str] = "consume"
    syntax: ClassVar[str] = "T | consume"
    examples: ClassVar[tuple[str, ...]] = ("range x from 1 to 1000 step 1 | consume",)

    parameters: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return plan.Limit(self.required(source), plan.Literal(Type.LONG, 0))
