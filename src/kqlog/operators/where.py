"""The operator `where`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import without_windows
from kqlog.plan import nodes as plan
from kqlog.plan.bounds import filtered
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Where(Operator):
    """Keep the rows for which a condition is true."""

    rule: ClassVar[str] = "where"
    syntax: ClassVar[str] = "T | where Condition"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(User: string, Tries: long) ["alice", 1, "bob", 7] | where Tries > 3 or User startswith "al"',
        "range x from 1 to 10 step 1 | where x between (3 .. 5)",
    )

    parameters: tuple[Parameter, ...]
    predicate: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        predicate = row.boolean(self.predicate)
        return without_windows(filtered(row.lifted(source), predicate), source.columns)
