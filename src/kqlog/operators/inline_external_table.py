"""The operator `inline_external_table`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, NameAndType, Operator, Parameter
from kqlog.types import Column


@dataclass(frozen=True)
class InlineExternalTable(Operator):
    """A table over files of a storage service. It can be checked, and is refused where it would run."""

    rule: ClassVar[str] = "inline_external_table"
    syntax: ClassVar[str] = "inline_external_table [(Name:Type, ...)] kind=storage|delta [dataformat=Format] (Address, ...)"
    examples: ClassVar[tuple[str, ...]] = ()

    schema: tuple[NameAndType, ...] | None
    kind: Parameter
    partition: tuple[Any, ...]
    options: tuple[Any, ...]
    addresses: tuple[Expr, ...]
    parameters: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        columns = tuple(Column(column.name, column.type) for column in self.schema or ())
        if self.schema is None:
            scope.session.open = True
        hint = "download the files into the connected folder, and read them with externaldata"
        return plan.Refused(columns, "inline_external_table reads a storage service, which is not offered", hint, self.span)
