"""The operator `datatable`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.rows import declared_columns
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Call, Expr, Literal, NameAndType, Operator
from kqlog.types import Type


@dataclass(frozen=True)
class Datatable(Operator):
    """A table written down in the query."""

    rule: ClassVar[str] = "datatable"
    syntax: ClassVar[str] = "datatable(Name:Type, ...) [Value, ...]"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(User: string, Tries: long) ["alice", 1, "bob", 7] | where Tries > 3',
        'datatable(Time: datetime, Tags: dynamic) [datetime(2026-03-10 09:30), dynamic(["web", "eu"]), datetime(null), '
        "dynamic(null)]",
    )

    schema: tuple[NameAndType, ...]
    values: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        columns = declared_columns(self.schema)
        width = len(columns)
        if width == 0 or len(self.values) % width:
            raise QueryError("SEM003", f"{len(self.values)} values do not fill rows of {width} columns", self.span)
        cells = [self._cell(value, columns[position % width].type, scope) for position, value in enumerate(self.values)]
        return plan.Values(columns, tuple(tuple(cells[start : start + width]) for start in range(0, len(cells), width)))

    def _cell(self, expr: Expr, type_: Type, scope: Scope) -> plan.Value:
        value = scope.value(expr)
        if not isinstance(expr, Literal) and expr != Call("now", ()):
            raise QueryError("SEM004", "a literal is wanted here", expr.span, "compute it in an extend after the datatable")
        return overloads.convert(value, type_)
