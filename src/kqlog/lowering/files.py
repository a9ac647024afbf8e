"""Files that a query names itself: the plan of externaldata and inline_external_table."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.rows import declared_columns
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Type

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
    """The rows of some files of the connected folder; their format is by their names if none is given."""
    columns = declared_columns(schema)
    files = tuple(str(scope.constant(uri, Type.STRING).value).split(";", 1)[0] for uri in uris)
    if scope.environment.rights:
        hint = "store the file in a table, as kqlog ingest does"
        return plan.Refused(columns, f"{_name(operator)} reads files, and a caller of a server reads tables", hint, uris[0].span)
    for file, uri in zip(files, uris, strict=True):
        if "://" in file:
            message = f"{_name(operator)} reads files of the connected folder only"
            return plan.Refused(columns, message, "download the file into the folder first", uri.span)
    format_ = (format_ or _format_of(files[0])).lower()
    if format_ not in FORMATS:
        message = f"{_name(operator)} does not read '{format_}' files"
        return plan.Refused(columns, message, f"the formats are {', '.join(FORMATS)}", operator.span)
    if format_ in _TEXTS and [column.type for column in columns] != [Type.STRING]:
        message = f"{format_} files have one column, a string for each {_TEXTS[format_]}"
        return plan.Refused(columns, message, f"declare it as in {_name(operator)}(Text: string)", operator.span)
    return plan.External(columns, files, FORMATS[format_], (("header", header),), uris[0].span)


def check_properties(
    operator: syntax.Operator, parameters: tuple[syntax.Parameter, ...], known: frozenset[str], scope: Scope
) -> None:
    """Refuse properties that would change what is read.

    Raises:
        QueryError: ENG001 where the query would run.
    """
    for parameter in parameters:
        if parameter.name not in known and scope.environment.fetch is not None:
            message = f"the property '{parameter.name}' of {_name(operator)} is not offered"
            raise QueryError("ENG001", message, parameter.span, f"it has {', '.join(sorted(known))}")


def _format_of(path: str) -> str:
    ending = path.removesuffix(".gz").rpartition(".")[2].lower()
    return ending if ending in FORMATS else "csv"


def _name(operator: syntax.Operator) -> str:
    """How queries spell the operator."""
    return operator.syntax.partition("(")[0]
