"""The operator `join`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.joining import KINDS, join_kind, join_pairs, joined_columns
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Join(Operator):
    """Put together the rows of two tables that match on some columns."""

    rule: ClassVar[str] = "join"
    syntax: ClassVar[str] = "T | join [kind=Kind] (Right) on Column, ... | $left.A == $right.B, ..."
    differs: ClassVar[str] = "Of equal keys on the left, innerunique keeps any one row: it may be another one than in Kusto."
    examples: ClassVar[tuple[str, ...]] = (
        'let Owners = datatable(Host: string, Owner: string) ["web-01", "alice", "db-01", "bob"]; '
        'datatable(Host: string, Errors: long) ["web-01", 3, "web-02", 5] | join kind=inner Owners on Host',
        'let Owners = datatable(Name: string, Owner: string) ["web-01", "alice"]; '
        'datatable(Host: string, Errors: long) ["web-01", 3, "web-02", 5] '
        "| join kind=leftanti Owners on $left.Host == $right.Name",
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": KINDS}

    parameters: tuple[Parameter, ...]
    right: Expr
    on: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        left = self.required(source)
        right = scope.relation(self.right)
        kind = join_kind(self.parameters)
        pairs = join_pairs(self.on, left, right, scope, self.span)
        return plan.Join(left, right, kind, tuple(pairs), joined_columns(left, right, kind))
