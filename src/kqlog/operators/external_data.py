"""The operator `externaldata`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.files import check_properties, read_files
from kqlog.lowering.parameters import parameter_flag, parameter_word
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, NameAndType, Operator, Parameter

PROPERTIES = frozenset({"format", "ignoreFirstRecord"})


@dataclass(frozen=True)
class ExternalData(Operator):
    """A table read from a file of another place."""

    rule: ClassVar[str] = "external_data"
    syntax: ClassVar[str] = "externaldata(Name:Type, ...) [Address, ...] [with (Property = Value, ...)]"
    differs: ClassVar[str] = (
        "Reads files of the connected folder only: a query fetches nothing from an address. Properties that would change "
        "what is read, such as ingestionMapping, are refused."
    )
    examples: ClassVar[tuple[str, ...]] = ()

    schema: tuple[NameAndType, ...]
    uris: tuple[Expr, ...]
    parameters: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        check_properties(self, self.parameters, PROPERTIES, scope)
        header = parameter_flag(self.parameters, "ignoreFirstRecord")
        return read_files(self, self.schema, self.uris, parameter_word(self.parameters, "format"), header, scope)
