"""The operator `partition`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.partitioning import partitioned
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Partition(Operator):
    """Run a query over the rows of each key, and put the results together."""

    rule: ClassVar[str] = "partition"
    syntax: ClassVar[str] = "T | partition [hint.strategy=native|shuffle|legacy] by Column (Query)"
    differs: ClassVar[str] = (
        "The strategy is a hint: any number of keys is taken, and a query may name other tables, where Kusto's legacy "
        "strategy stops at 64 keys and the others are bound to the rows of the key."
    )
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, Ms: long) ["web-01", 30, "web-01", 50, "db-01", 8, "db-01", 7] '
        "| partition by Host (top 1 by Ms) | sort by Host asc",
    )

    parameters: tuple[Parameter, ...]
    by: Expr
    body: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        return partitioned(self.required(source), self.by, self.body, scope)
