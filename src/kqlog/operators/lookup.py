"""The operator `lookup`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.joining import join_kind, join_pairs, joined_columns
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Lookup(Operator):
    """Add the columns of a small table to the rows of a large one that match it."""

    rule: ClassVar[str] = "lookup"
    syntax: ClassVar[str] = "T | lookup [kind=leftouter|inner] (Right) on Column, ..."
    examples: ClassVar[tuple[str, ...]] = (
        'let Owners = datatable(Host: string, Owner: string) ["web-01", "alice"]; '
        'datatable(Host: string, Errors: long) ["web-01", 3, "web-02", 5] | lookup Owners on Host | sort by Host asc',
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("leftouter", "inner")}

    parameters: tuple[Parameter, ...]
    right: Expr
    on: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        left = self.required(source)
        right = scope.relation(self.right)
        kind = join_kind(self.parameters, plan.JoinKind.LEFTOUTER)
        pairs = join_pairs(self.on, left, right, scope, self.span)
        keys = {value.name for _, value in pairs if isinstance(value, plan.ColumnRef)}
        return plan.Join(left, right, kind, tuple(pairs), joined_columns(left, right, kind, keys))
