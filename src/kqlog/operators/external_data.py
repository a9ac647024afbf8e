"""The operator `externaldata`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plan.uniting import parameter_flag, parameter_word
from kqlog.syntax.nodes import Expr, NameAndType, Operator, Parameter
from kqlog.types import Column, Type

FORMATS = {
    "csv": "csv",
    "tsv": "tsv",
    "psv": "psv",
    "scsv": "scsv",
    "sohsv": "sohsv",
    "json": "json",
    "multijson": "json",
    "parquet": "parquet",
    "txt": "txt",
    "raw": "raw",
}
"""Kusto's names of file formats, and what the engine calls each."""
_TEXTS = {"txt": "line", "raw": "file"}
"""The formats of one text column, and what is a row of each."""


@dataclass(frozen=True)
class ExternalData(Operator):
    """A table read from a file of another place."""

    rule: ClassVar[str] = "external_data"
    syntax: ClassVar[str] = "externaldata(Name:Type, ...) [Address, ...] [with (Property = Value, ...)]"
    examples: ClassVar[tuple[str, ...]] = ()

    schema: tuple[NameAndType, ...]
    uris: tuple[Expr, ...]
    parameters: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        columns = tuple(Column(column.name, column.type) for column in self.schema)
        files = tuple(str(scope.constant(uri, Type.STRING).value).split(";", 1)[0] for uri in self.uris)
        format_ = (parameter_word(self.parameters, "format") or _format_of(files[0])).lower()
        if any("://" in file for file in files):
            hint = "download the file into the folder first"
            return plan.Refused(columns, "externaldata reads files of the connected folder only", hint, self.uris[0].span)
        if format_ not in FORMATS:
            hint = f"the formats are {', '.join(FORMATS)}"
            return plan.Refused(columns, f"externaldata does not read '{format_}' files", hint, self.span)
        if format_ in _TEXTS and [column.type for column in columns] != [Type.STRING]:
            message = f"{format_} files have one column, a string for each {_TEXTS[format_]}"
            return plan.Refused(columns, message, "declare it as in externaldata(Text: string)", self.span)
        header = parameter_flag(self.parameters, "ignoreFirstRecord")
        return plan.External(columns, files, FORMATS[format_], (("header", header),), self.uris[0].span)


def _format_of(path: str) -> str:
    ending = path.removesuffix(".gz").rpartition(".")[2].lower()
    return ending if ending in FORMATS else "csv"
