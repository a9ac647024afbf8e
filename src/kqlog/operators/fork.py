"""The operator `fork`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.uniting import given_name
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Named, Operator


@dataclass(frozen=True)
class Fork(Operator):
    """Give several results of the same rows."""

    rule: ClassVar[str] = "fork"
    syntax: ClassVar[str] = "T | fork [Name =] (Query) [Name =] (Query) ..."
    examples: ClassVar[tuple[str, ...]] = (
        "range x from 1 to 5 step 1 | fork Even = (where x % 2 == 0) Total = (summarize sum(x))",
    )

    branches: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        raise QueryError("SEM005", "'fork' gives several results, so it can only end a query", self.span)

    def results(self, source: plan.Node | None, scope: Scope) -> tuple[plan.Output, ...]:
        source = self.required(source)
        return tuple(_output(branch, scope.starting_from(source)) for branch in self.branches)


def _output(branch: Expr, scope: Scope) -> plan.Output:
    scope.session.render = None
    relation = scope.relation(branch)
    name = branch.names[0] if isinstance(branch, Named) else given_name(relation)
    return plan.Output(relation, scope.session.render, name, scope.session.open)
