"""The operator `mv-expand`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.unnesting import unnested
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, MvItem, Operator, Parameter


@dataclass(frozen=True)
class MvExpand(Operator):
    """Make one row of each element of an array or property bag."""

    rule: ClassVar[str] = "mv_expand"
    syntax: ClassVar[str] = (
        "T | mv-expand [kind=bag|array] [with_itemindex=Name] [Name =] Expression [to typeof(Type)], ... [limit N]"
    )
    examples: ClassVar[tuple[str, ...]] = (
        'print User = "alice", Roles = dynamic(["reader", "owner"]) | mv-expand Role = Roles to typeof(string)',
        'print Letters = dynamic(["a", "b"]) | mv-expand with_itemindex=Position Letters',
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "kind": ("bag", "array"),
        "bagexpansion": ("bag", "array"),
        "with_itemindex": (),
    }

    parameters: tuple[Parameter, ...]
    items: tuple[MvItem, ...]
    limit: Expr | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return unnested(self.required(source), self.items, self.parameters, self.limit, scope)
