"""The operator `inline_external_table`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.files import check_properties, read_files
from kqlog.lowering.parameters import parameter_word
from kqlog.lowering.rows import declared_columns
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, NameAndType, Operator, Parameter

PROPERTIES = frozenset({"includeHeaders"})


@dataclass(frozen=True)
class InlineExternalTable(Operator):
    """A table read from files that are named in the query: like externaldata, with the words of an external table."""

    rule: ClassVar[str] = "inline_external_table"
    syntax: ClassVar[str] = (
        "inline_external_table(Name:Type, ...) kind=storage dataformat=Format (Address, ...) [with (Property = Value, ...)]"
    )
    differs: ClassVar[str] = (
        "Reads files of the connected folder only. Refused are Delta tables, and columns that come from the names of folders."
    )
    examples: ClassVar[tuple[str, ...]] = ()

    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("storage", "delta"), "includeHeaders": ("All", "None")}

    schema: tuple[NameAndType, ...]
    kind: Parameter
    partition: tuple[Any, ...]
    options: tuple[Parameter | tuple[Any, ...], ...]
    uris: tuple[Expr, ...]
    properties: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        self.check_words((self.kind, *(one for one in self.properties if one.name in self.words)))
        if parameter_word((self.kind,), "kind") == "delta":
            if not self.schema:
                scope.session.open = True
            hint = "read their Parquet files with kind=storage"
            return plan.Refused(declared_columns(self.schema), "Delta tables are not offered", hint, self.kind.span)
        options = tuple(option for option in self.options if isinstance(option, Parameter))
        if self.partition or len(options) < len(self.options):
            raise QueryError("ENG001", "columns that come from the names of folders are not offered", self.span)
        check_properties(self, options, frozenset({"dataformat"}), scope)
        check_properties(self, self.properties, PROPERTIES, scope)
        if not options:
            raise QueryError("SEM003", "a table of kind=storage has a dataformat", self.kind.span, "write: dataformat=csv")
        header = parameter_word(self.properties, "includeHeaders") == "All"
        return read_files(self, self.schema, self.uris, parameter_word(options, "dataformat"), header, scope)
