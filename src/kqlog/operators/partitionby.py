"""The operator `__partitionby`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.partitioning import partitioned
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class PartitionBy(Operator):
    """Run a query over the rows of each key: an older spelling of partition."""

    rule: ClassVar[str] = "partitionby"
    syntax: ClassVar[str] = "T | __partitionby Column (Query)"
    differs: ClassVar[str] = "Its id is refused: no documentation says what it does."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, Ms: long) ["web-01", 30, "web-01", 50, "db-01", 8] '
        "| __partitionby Host (summarize max(Ms)) | sort by max_Ms asc",
    )

    parameters: tuple[Parameter, ...]
    by: Expr
    id: str | Expr | None
    body: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if self.id is not None:
            raise QueryError("ENG001", "'id' of __partitionby is not offered", self.span)
        return partitioned(self.required(source), self.by, self.body, scope)
