"""The operator `as`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator, Parameter


@dataclass(frozen=True)
class As(Operator):
    """Give a name to what stands before, for use later in the same query."""

    rule: ClassVar[str] = "as_"
    syntax: ClassVar[str] = "T | as Name"
    examples: ClassVar[tuple[str, ...]] = (
        "range x from 1 to 4 step 1 | as T | extend share = x * 100 / toscalar(T | summarize sum(x))",
    )

    parameters: tuple[Parameter, ...]
    name: str

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        named = plan.Named(scope.session.unique(self.name), self.required(source))
        scope.define(self.name, named)
        scope.outermost.define(self.name, named)
        return named
