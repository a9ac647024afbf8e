"""The operator `parse`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.parse_patterns import parsed
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Parse(Operator):
    """Read columns out of a string by a pattern."""

    rule: ClassVar[str] = "parse"
    syntax: ClassVar[str] = 'T | parse [kind=simple|regex|relaxed [flags=Flags]] Expression with * | "text" | Name[:Type] ...'
    differs: ClassVar[str] = "A column that the table already has is replaced. Microsoft's binder shows it twice."
    examples: ClassVar[tuple[str, ...]] = (
        'print Message = "Failed password for root from 10.0.0.1 port 22" '
        '| parse Message with * "for " User " from " Address " port " Port:int',
        "print Message = \"took 35 ms\" | parse kind=regex Message with @'took\\s+' Duration:long @'\\s+ms'",
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("simple", "regex", "relaxed"), "flags": ()}

    parameters: tuple[Parameter, ...]
    value: Expr
    pattern: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return parsed(self.required(source), self.parameters, self.value, self.pattern, scope).relation
