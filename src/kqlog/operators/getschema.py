"""The operator `getschema`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.parameters import parameter_word
from kqlog.plan import nodes as plan
from kqlog.plan.names import bracketed
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator, Parameter
from kqlog.types import CLR_NAMES, Column, Type


@dataclass(frozen=True)
class GetSchema(Operator):
    """The columns of a table and their types, as rows."""

    rule: ClassVar[str] = "getschema"
    syntax: ClassVar[str] = "T | getschema [kind=csl]"
    examples: ClassVar[tuple[str, ...]] = (
        "print Time = datetime(2026-03-10), Count = 5 | getschema",
        "print Time = datetime(2026-03-10), Count = 5 | getschema kind=csl",
    )

    parameters: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        found = self.required(source).columns
        if parameter_word(self.parameters, "kind") == "csl":
            schema = ",".join(f"{bracketed(name)}:{type_}" for name, type_ in found)
            return plan.Values((Column("Schema", Type.STRING),), ((plan.Literal(Type.STRING, schema),),))
        columns = (
            Column("ColumnName", Type.STRING),
            Column("ColumnOrdinal", Type.LONG),
            Column("DataType", Type.STRING),
            Column("ColumnType", Type.STRING),
        )
        rows: list[tuple[plan.Constant, ...]] = [
            (name, position, CLR_NAMES[type_], str(type_)) for position, (name, type_) in enumerate(found)
        ]
        return plan.Values(
            columns,
            tuple(tuple(plan.Literal(column.type, cell) for column, cell in zip(columns, row, strict=True)) for row in rows),
        )
