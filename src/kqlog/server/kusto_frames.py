"""An answer as Kusto writes it: frames of version 2, or tables of version 1, written while the rows come.

Clients that stream want FrameType as the first key of a frame and Rows as the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kqlog.errors import QueryError
from kqlog.plan.nodes import Render
from kqlog.result import Part
from kqlog.server.kusto_errors import one_api_errors, too_large
from kqlog.server.queries import Query
from kqlog.server.values import rows_of
from kqlog.text import timespan_text
from kqlog.types import CLR_NAMES, TICKS_PER_SECOND, Column, Schema, Type

_EXTENDED = (Column("TableId", Type.INT), Column("Key", Type.STRING), Column("Value", Type.DYNAMIC))
_STATUS = tuple(
    Column(name, Type(type_))
    for name, type_ in (
        ("Timestamp", "datetime"),
        ("ClientRequestId", "string"),
        ("ActivityId", "guid"),
        ("SubActivityId", "guid"),
        ("ParentActivityId", "guid"),
        ("Level", "int"),
        ("LevelName", "string"),
        ("StatusCode", "int"),
        ("StatusCodeName", "string"),
        ("EventType", "int"),
        ("EventTypeName", "string"),
        ("Payload", "string"),
    )
)
_V1_STATUS = tuple(
    Column(name, Type(type_))
    for name, type_ in (
        ("Timestamp", "datetime"),
        ("Severity", "int"),
        ("SeverityName", "string"),
        ("StatusCode", "int"),
        ("StatusDescription", "string"),
        ("Count", "int"),
        ("RequestId", "guid"),
        ("ActivityId", "guid"),
        ("SubActivityId", "guid"),
        ("ClientActivityId", "string"),
    )
)
_CONTENTS = tuple(
    Column(name, Type(type_))
    for name, type_ in (("Ordinal", "long"), ("Kind", "string"), ("Name", "string"), ("Id", "string"), ("PrettyName", "string"))
)
_TEXTS = {
    "title": "Title",
    "xcolumn": "XColumn",
    "series": "Series",
    "ycolumns": "YColumns",
    "anomalycolumns": "AnomalyColumns",
    "xtitle": "XTitle",
    "ytitle": "YTitle",
    "xaxis": "XAxis",
    "yaxis": "YAxis",
    "legend": "Legend",
    "ysplit": "YSplit",
    "kind": "Kind",
    "ymin": "Ymin",
    "ymax": "Ymax",
    "xmin": "Xmin",
    "xmax": "Xmax",
}
"""The properties of a chart, and what Kusto's clients call them."""
_ERROR, _INFO, _STATS = (2, "Error"), (4, "Info"), (6, "Stats")
_FAILED = (-2147467259, "E_FAIL (80004005)")
_CODES = {
    "LIM001": (-2133196797, "E_QUERY_RESULT_SET_TOO_LARGE (80DA0003)"),
    "LIM003": (-2133196799, "E_LOW_MEMORY_CONDITION (80DA0001)"),
}

Rows = list[list[Any]]


def visualization(render: Render | None) -> str:
    """What a query asks to be drawn, as clients read it."""
    asked = dict(render.properties) if render is not None else {}
    shown: dict[str, object] = {"Visualization": render.kind if render is not None else None}
    shown |= {name: asked.get(key) for key, name in _TEXTS.items()}
    shown |= {"Accumulate": asked.get("accumulate") == "true", "IsQuerySorted": False}
    return json.dumps(shown, ensure_ascii=False)


def version_2(query: Query, *, progressive: bool = False, deferred: bool = False) -> Iterator[bytes]:
    """Frames of version 2. `progressive`: rows come as fragments. `deferred`: later errors stand behind all rows."""
    table, found = 0, list[QueryError]()
    head = _frame("DataSetHeader", IsProgressive=progressive, Version="v2.0")
    try:
        for part in query.parts():
            if not table:
                yield b"[" + head
                yield b",\n" + _data_table(0, "QueryProperties", "@ExtendedProperties", _EXTENDED, _properties(query))
            table += 1
            yield from (_progressive if progressive else _streamed)(query, part, table, found, deferred)
            if found:
                break
    except QueryError as error:
        if not table:
            raise
        found.append(error)
    query.error = found[0] if found else None
    if not table:
        yield b"[" + head
        yield b",\n" + _data_table(0, "QueryProperties", "@ExtendedProperties", _EXTENDED, [])
    yield b",\n" + _data_table(
        table + 1, "QueryCompletionInformation", "QueryCompletionInformation", _STATUS, _status(query, found)
    )
    cancelled = any(error.code == "ENG004" for error in found)
    told = {} if not found or deferred else {"OneApiErrors": one_api_errors(found, _ids(query))}
    yield b",\n" + _frame("DataSetCompletion", HasErrors=bool(found) and not deferred, Cancelled=cancelled, **told) + b"]"


def _streamed(query: Query, part: Part, table: int, found: list[QueryError], deferred: bool) -> Iterator[bytes]:
    """One result as a frame, written row by row; an error stands where the rows end."""
    empty = _data_table(table, "PrimaryResult", "PrimaryResult", part.columns, [])
    yield b",\n" + empty.removesuffix(b"]}")
    comma = b""
    for chunk in _until_error(query, part, found):
        yield comma + chunk
        comma = b",\n"
    if found and not deferred:
        yield comma + _json({"OneApiErrors": one_api_errors(found, _ids(query))})
    yield b"]}"


def _progressive(query: Query, part: Part, table: int, found: list[QueryError], deferred: bool) -> Iterator[bytes]:
    """One result as a header, fragments, and an end."""
    described = {"TableKind": "PrimaryResult", "TableName": "PrimaryResult", "Columns": _columns(part.columns)}
    yield b",\n" + _frame("TableHeader", TableId=table, **described)
    for chunk in _until_error(query, part, found):
        about = {"TableFragmentType": "DataAppend", "TableId": table, "FieldCount": len(part.columns), "Rows": []}
        yield b",\n" + _frame("TableFragment", **about).removesuffix(b"]}") + chunk + b"]}"
        if (share := query.progress()) is not None:
            yield b",\n" + _frame("TableProgress", TableId=table, TableProgress=round(100 * share, 1))
    told = {"OneApiErrors": one_api_errors(found, _ids(query))} if found and not deferred else {}
    yield b",\n" + _frame("TableCompletion", TableId=table, RowCount=query.part_rows, **told)


def _until_error(query: Query, part: Part, found: list[QueryError]) -> Iterator[bytes]:
    """The rows of a result in chunks, until it ends; what ends it too early is added to what was found."""
    try:
        for batch in part.batches:
            yield from rows_of(batch, part.columns)
    except QueryError as error:
        found.append(error)
    if query.truncated:
        found.append(too_large(query.ask.limits))


def version_1(query: Query) -> Iterator[bytes]:
    """Tables of version 1: the results, what to draw, how it ended, and a table of contents."""
    names, found = list[str](), list[QueryError]()
    try:
        for part in query.parts():
            name = f"Table_{len(names)}"
            yield (b",\n" if names else b'{"Tables":[') + _table(name, part.columns, []).removesuffix(b"]}")
            names.append(name)
            comma = b""
            for chunk in _until_error(query, part, found):
                yield comma + chunk
                comma = b",\n"
            if found:
                yield comma + _json(_exceptions(query, found))
            yield b"]}"
            if found:
                break
    except QueryError as error:
        if not names:
            raise
        found.append(error)
    query.error = found[0] if found else None
    properties = [[visualization(render)] for render in query.renders[:1]]
    last = len(names)
    yield (b",\n" if names else b'{"Tables":[') + _table(f"Table_{last}", (Column("Value", Type.STRING),), properties)
    yield b",\n" + _table(f"Table_{last + 1}", _V1_STATUS, _v1_status(query, found))
    yield b",\n" + _table(f"Table_{last + 2}", _CONTENTS, _contents(len(names))) + b"]"
    if found:
        yield b"," + _json(_exceptions(query, found)).removeprefix(b"{").removesuffix(b"}")
    yield b"}"


def v1_table(columns: Schema, rows: Iterator[bytes]) -> Iterator[bytes]:
    """The answer of a command: one table of version 1."""
    yield b'{"Tables":[' + _table("Table_0", columns, []).removesuffix(b"]}")
    comma = b""
    for chunk in rows:
        yield comma + chunk
        comma = b",\n"
    yield b"]}]}"


def _contents(results: int) -> Rows:
    named = [("QueryResult", "PrimaryResult")] * results + [
        ("QueryProperties", "@ExtendedProperties"),
        ("QueryStatus", "QueryStatus"),
    ]
    return [[at, kind, name, str(at), ""] for at, (kind, name) in enumerate(named)]


def _exceptions(query: Query, found: list[QueryError]) -> dict[str, object]:
    """Errors for clients of both ages."""
    errors = one_api_errors(found, _ids(query))
    return {"Exceptions": [f"{error.code}: {error.message}" for error in found], "OneApiErrors": errors}


def _properties(query: Query) -> Rows:
    return [[at + 1, "Visualization", visualization(render)] for at, render in enumerate(query.renders)]


def _status(query: Query, found: list[QueryError]) -> Rows:
    """How it ended, in the rows that clients look for errors in, and what it took."""
    about = [_now(), query.ask.id, query.activity, query.activity, query.activity]
    rows: Rows = [
        [*about, *_ERROR, *_CODES.get(error.code, _FAILED), 4, "QueryInfo", f"{error.code}: {error.message}"] for error in found
    ]
    if not found:
        payload = json.dumps({"Count": 1, "Text": "Query completed successfully"})
        rows.append([*about, *_INFO, 0, "S_OK (0)", 4, "QueryInfo", payload])
    return [*rows, [*about, *_STATS, 0, "S_OK (0)", 0, "QueryResourceConsumption", json.dumps(_consumed(query))]]


def _consumed(query: Query) -> dict[str, object]:
    cpu = timespan_text(round(query.cpu_so_far() * TICKS_PER_SECOND))
    return {
        "ExecutionTime": round(query.elapsed, 6),
        "resource_usage": {"cpu": {"user": cpu, "kernel": "00:00:00", "total cpu": cpu}},
        "input_dataset_statistics": {"extents": {"scanned": query.files, "total": query.files}},
        "dataset_statistics": [{"table_row_count": query.rows, "table_size": query.bytes}],
    }


def _v1_status(query: Query, found: list[QueryError]) -> Rows:
    activity = query.activity
    told = [(*_ERROR, _CODES.get(error.code, _FAILED)[0], f"{error.code}: {error.message}") for error in found]
    told = told or [(*_INFO, 0, "Query completed successfully")]
    told.append((*_STATS, 0, json.dumps(_consumed(query))))
    return [[_now(), *about, 1, activity, activity, activity, query.ask.id] for about in told]


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"


def _ids(query: Query) -> tuple[str, str]:
    return query.ask.id, query.activity


def _frame(kind: str, **fields: object) -> bytes:
    return _json({"FrameType": kind, **fields})


def _data_table(id_: int, kind: str, name: str, columns: Schema, rows: Rows) -> bytes:
    return _frame("DataTable", TableId=id_, TableKind=kind, TableName=name, Columns=_columns(columns), Rows=rows)


def _columns(columns: Schema) -> list[dict[str, str]]:
    return [{"ColumnName": column.name, "ColumnType": str(column.type)} for column in columns]


def _table(name: str, columns: Schema, rows: Rows) -> bytes:
    described = [
        {"ColumnName": column.name, "DataType": CLR_NAMES[column.type].rpartition(".")[2], "ColumnType": str(column.type)}
        for column in columns
    ]
    return _json({"TableName": name, "Columns": described, "Rows": rows})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
