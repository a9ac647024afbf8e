"""Files that a query names itself: the plan of externaldata and inline_external_table."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
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


def read_files(
    operator: syntax.Operator,
    schema: tuple[syntax.NameAndType, ...],
    uris: tuple[syntax.Expr, ...],
    format_: str | None,
    header: bool,
    scope: Scope,
) -> plan.Node:
    """The rows of some files of the connected folder; their format is by their names if none is given.

    Raises:
        QueryError: ENG001 for a place or a format that is not read.
    """
    columns = tuple(Column(column.name, column.type) for column in schema)
    files = tuple(_file(operator, uri, scope) for uri in uris)
    format_ = (format_ or _format_of(files[0])).lower()
    if format_ not in FORMATS:
        message = f"{_name(operator)} does not read '{format_}' files"
        raise QueryError("ENG001", message, operator.span, f"the formats are {', '.join(FORMATS)}")
    if format_ in _TEXTS and [column.type for column in columns] != [Type.STRING]:
        message = f"{format_} files have one column, a string for each {_TEXTS[format_]}"
        raise QueryError("ENG001", message, operator.span, f"declare it as in {_name(operator)}(Text: string)")
    return plan.External(columns, files, FORMATS[format_], (("header", header),), uris[0].span)


def check_properties(operator: syntax.Operator, parameters: tuple[syntax.Parameter, ...], known: frozenset[str]) -> None:
    """Refuse properties that would change what is read.

    Raises:
        QueryError: ENG001
    """
    for parameter in parameters:
        if parameter.name not in known:
            message = f"the property '{parameter.name}' of {_name(operator)} is not offered"
            raise QueryError("ENG001", message, parameter.span, f"it has {', '.join(sorted(known))}")


def _file(operator: syntax.Operator, uri: syntax.Expr, scope: Scope) -> str:
    """A path in the connected folder; anything on the network is refused."""
    path = str(scope.constant(uri, Type.STRING).value).split(";", 1)[0]
    if "://" in path:
        message = f"{_name(operator)} reads files of the connected folder only"
        raise QueryError("ENG001", message, uri.span, "download the file into the folder first")
    return path


def _format_of(path: str) -> str:
    ending = path.removesuffix(".gz").rpartition(".")[2].lower()
    return ending if ending in FORMATS else "csv"


def _name(operator: syntax.Operator) -> str:
    """How queries spell the operator."""
    return operator.syntax.partition("(")[0]
