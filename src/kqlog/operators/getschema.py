"""The operator `getschema`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator
from kqlog.types import CLR_NAMES, Column, Type


@dataclass(frozen=True)
class GetSchema(Operator):
    """The columns of a table and their types, as rows."""

    rule: ClassVar[str] = "getschema"
    syntax: ClassVar[str] = "T | getschema"
    examples: ClassVar[tuple[str, ...]] = ("print Time = datetime(2026-03-10), Count = 5 | getschema",)

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        columns = (
            Column("ColumnName", Type.STRING),
            Column("ColumnOrdinal", Type.LONG),
            Column("DataType", Type.STRING),
            Column("ColumnType", Type.STRING),
        )
        rows: list[tuple[plan.Constant, ...]] = [
            (name, position, CLR_NAMES[type_], str(type_)) for position, (name, type_) in enumerate(self.required(source).columns)
        ]
        return plan.Values(
            columns,
            tuple(tuple(plan.Literal(column.type, cell) for column, cell in zip(columns, row, strict=True)) for row in rows),
        )
