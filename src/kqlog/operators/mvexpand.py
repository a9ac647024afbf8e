"""The operator `mvexpand`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.operators.mv_expand import MvExpand
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Literal
from kqlog.types import Type

DEFAULT_LIMIT = 128


@dataclass(frozen=True)
class OldMvExpand(MvExpand):
    """Make one row of each element of an array or property bag: the old spelling, of at most 128 rows unless told otherwise."""

    rule: ClassVar[str] = "mvexpand"
    syntax: ClassVar[str] = "T | mvexpand [Name =] Expression [to typeof(Type)], ... [limit N]"
    examples: ClassVar[tuple[str, ...]] = ("print Numbers = range(1, 1000) | mvexpand Numbers | count",)

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        limit = self.limit or Literal(Type.LONG, DEFAULT_LIMIT, span=self.span)
        return MvExpand(self.parameters, self.items, limit, span=self.span).bind(source, scope)
