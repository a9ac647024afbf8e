"""The operator `facet`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column
from kqlog.lowering.rows import groupable
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Pipeline


@dataclass(frozen=True)
class Facet(Operator):
    """Count the values of each column, a result for each."""

    rule: ClassVar[str] = "facet"
    syntax: ClassVar[str] = "T | facet by Column, ... [with (Query)]"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, App: string) ["web-01", "nginx", "web-01", "cron", "db-01", "cron"] | facet by Host, App',
    )

    columns: tuple[Expr, ...]
    body: Pipeline | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        raise QueryError("SEM005", "'facet' gives several results, so it can only end a query", self.span)

    def results(self, source: plan.Node | None, scope: Scope) -> tuple[plan.Output, ...]:
        source = self.required(source)
        outputs = []
        if self.body is not None:
            relation = scope.starting_from(source).relation(self.body)
            outputs.append(plan.Output(relation, scope.session.render, open=scope.session.open))
        row = scope.over(source)
        for expr in self.columns:
            found = row.require_column(expr)
            key = plan.Item(found.name, column(found))
            groupable((key,), expr.span, scope)
            counted = plan.Aggregate(source, (key,), (plan.Item(f"count_{found.name}", call("count")),))
            outputs.append(plan.Output(counted, name=found.name, open=scope.session.open))
        return tuple(outputs)
