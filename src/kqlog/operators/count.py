"""The operator `count`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.functions.declare import FUNCTIONS
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator


@dataclass(frozen=True)
class Count(Operator):
    """Count the rows."""

    rule: ClassVar[str] = "count"
    syntax: ClassVar[str] = "T | count [as Name]"
    examples: ClassVar[tuple[str, ...]] = (
        "range x from 1 to 10 step 1 | where x > 6 | count",
        "range x from 1 to 10 step 1 | count as Numbers",
    )

    name: str | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        counted = overloads.call(FUNCTIONS["count"], (), self.span)
        return plan.Aggregate(source, (), (plan.Item(self.name or "Count", counted),))
