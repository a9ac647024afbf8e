"""The plugin `infer_storage_schema`: the columns of files of the connected folder."""

from __future__ import annotations

from functools import reduce
from typing import Any

from kqlog.errors import QueryError
from kqlog.lowering.calls import text
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import FileSearch
from kqlog.plan.names import bracketed
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments
from kqlog.syntax import nodes as syntax
from kqlog.types import NUMBERS, Column, Schema, Type, widest

USAGE = "Options"
DIFFERS = "Reads files of the connected folder only: a query fetches nothing from an address."
COLUMN = Column("CslSchema", Type.STRING)
FORMATS = {
    **dict.fromkeys(("csv", "tsv", "psv", "scsv"), "csv"),
    **dict.fromkeys(("json", "multijson"), "json"),
    "parquet": "parquet",
}
"""Kusto's names of file formats, and what the workspace calls each."""
MODES = ("any", "last", "all")
_TYPES: dict[str, type] = {
    "StorageContainers": list,
    "DataFormat": str,
    "FileExtension": str,
    "FileNamePrefix": str,
    "Mode": str,
    "InferenceOptions": dict,
}
_REQUIRED = ("StorageContainers", "DataFormat")
_HEADER = "UseFirstRowAsHeader"


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The columns and types of files, in one text as a schema is written.

    Options is a bag. StorageContainers are what paths of files begin with, in the connected folder; DataFormat is csv, json,
    parquet ...; FileExtension and FileNamePrefix choose among the files; Mode is last (the file written last), any or all;
    InferenceOptions is {"UseFirstRowAsHeader": true} for delimited files whose first row has the names.
    """
    if source is not None:
        raise QueryError("SEM005", "infer_storage_schema takes no table before it", call.span)
    arguments = Arguments(call, scope, USAGE)
    options = arguments.json("Options")
    infer = scope.environment.infer
    if scope.environment.rights:
        hint = "store the files in a table, as kqlog ingest does"
        raise QueryError("ENG001", "infer_storage_schema reads files, and a caller of a server reads tables", call.span, hint)
    if infer is None:
        return plan.Values((COLUMN,), ())
    try:
        search = _search(options if isinstance(options, dict) else {})
        merged = reduce(_merged, infer(search))
    except QueryError as error:
        error.span = error.span or arguments["Options"].span
        raise
    if search.format == "csv" and not search.header:
        merged = tuple(Column(f"Column{number + 1}", type_) for number, (_, type_) in enumerate(merged))
    written = ", ".join(f"{bracketed(name)}:{type_}" for name, type_ in merged)
    return plan.Values((COLUMN,), ((text(written),),))


def _search(options: dict[str, Any]) -> FileSearch:
    """What the options ask for.

    Raises:
        QueryError: SEM002 for options that are missing or of another type, ENG001 for what is not offered.
    """
    for name in _REQUIRED:
        if not options.get(name):
            raise QueryError("SEM002", f"the options of infer_storage_schema have no {name}")
    for name, value in options.items():
        if name not in _TYPES or not isinstance(value, _TYPES[name]):
            hint = f"the options are {', '.join(_TYPES)}"
            raise QueryError("SEM002", f"'{name}' of infer_storage_schema is unknown or of another type", hint=hint)
    format_, mode = options["DataFormat"].lower(), options.get("Mode", "last").lower()
    if format_ not in FORMATS:
        hint = f"the formats are {', '.join(FORMATS)}"
        raise QueryError("ENG001", f"infer_storage_schema does not read '{format_}' files", hint=hint)
    if mode not in MODES:
        raise QueryError("SEM002", f"'{mode}' is no Mode", hint=f"it is one of {', '.join(MODES)}")
    places = tuple(str(place).split(";", 1)[0] for place in options["StorageContainers"])
    if any("://" in place for place in places):
        hint = "download the files into the folder first"
        raise QueryError("ENG001", "infer_storage_schema reads files of the connected folder only", hint=hint)
    header = options.get("InferenceOptions", {}).get(_HEADER) is True
    return FileSearch(places, FORMATS[format_], options.get("FileNamePrefix", ""), options.get("FileExtension", ""), mode, header)


def _merged(first: Schema, second: Schema) -> Schema:
    """The columns of both; one with two types is as wide as both numbers are, else a string."""
    columns = dict(first)
    for name, type_ in second:
        have = columns.setdefault(name, type_)
        if have is not type_:
            columns[name] = widest([have, type_]) if {have, type_} <= NUMBERS else Type.STRING
    return tuple(Column(name, type_) for name, type_ in columns.items())
