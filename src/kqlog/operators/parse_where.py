"""The operator `parse-where`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.parse_patterns import parsed
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class ParseWhere(Operator):
    """Read columns out of a string by a pattern, and drop the rows that do not match."""

    rule: ClassVar[str] = "parse_where"
    syntax: ClassVar[str] = 'T | parse-where [kind=simple|regex [flags=Flags]] Expression with * | "text" | Name[:Type] ...'
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Message: string) ["took 35 ms", "started"] | parse-where Message with "took " Duration:long " ms"',
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("simple", "regex", "relaxed"), "flags": ()}

    parameters: tuple[Parameter, ...]
    value: Expr
    pattern: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        found = parsed(self.required(source), self.parameters, self.value, self.pattern, scope, mark=True)
        return kept(plan.Filter(found.relation, found.matched), found.columns)
