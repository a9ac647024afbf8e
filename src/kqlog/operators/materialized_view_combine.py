"""The operator `materialized-view-combine`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Pipeline


@dataclass(frozen=True)
class MaterializedViewCombine(Operator):
    """What a materialized view and the rows since then come to."""

    rule: ClassVar[str] = "materialized_view_combine"
    syntax: ClassVar[str] = "materialized-view-combine (View) base (Table) delta (Table) aggregations (summarize ...)"
    service: ClassVar[str | None] = "union to put the rows together, and summarize"

    view: Expr
    base: Expr
    delta: Expr
    aggregations: Pipeline

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        scope.relation(self.base)
        combined = scope.starting_from(scope.relation(self.delta)).relation(self.aggregations)
        if scope.environment.fetch is not None:
            raise QueryError("ENG001", "materialized views are not offered", self.span, f"use {self.service}")
        return plan.Values(combined.columns, ())
