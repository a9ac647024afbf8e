"""Kusto's streaming ingestion: rows for a table, in a format that the address names."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kqlog.ingest.rows import from_array, from_delimited, from_lines, from_sequence
from kqlog.ingest.shaping import Shaped, shape
from kqlog.server.errors import RequestError, answering
from kqlog.server.intake import Intake
from kqlog.store.store import STANDARD, Store

if TYPE_CHECKING:
    import pyarrow

_JSON: dict[str, Callable[[bytes], pyarrow.Table]] = {
    "json": from_lines,
    "multijson": from_sequence,
    "singlejson": from_array,
}
_DELIMITERS = {"csv": ",", "tsv": "\t", "scsv": ";", "psv": "|", "sohsv": "\x01"}
_FILLED = {column.name for column in STANDARD} - {"TimeGenerated"}
"""The columns that no value is sent for by its position."""
_STATUS = (
    ("ConsumedRecordsCount", "Int64"),
    ("UpdatePolicyStatus", "String"),
    ("UpdatePolicyFailureCode", "String"),
    ("UpdatePolicyFailureReason", "String"),
)


def routes(intake: Intake) -> list[Route]:
    """The address that streams rows in."""

    async def ingest(request: Request) -> Response:
        intake.access.sender(request)
        table, format_ = request.path_params["table"], _format(request)

        def shaping(content: bytes) -> list[Shaped]:
            return [shape(intake.store, table, read_rows(content, format_, intake.store, table))]

        async with intake.reader.reading(request) as body:
            count = await intake.take(request, body, shaping)
        return JSONResponse(_answer(count), headers=_ids(request))

    handler = answering(ingest, _error_body)
    return [Route("/v1/rest/ingest/{database}/{table}", handler, methods=["POST"])]


def _format(request: Request) -> str:
    """The format that a request names."""
    asked = request.query_params
    if "sourceKind" in asked or "mappingName" in asked:
        message = "rows come in the body, with JSON fields or CSV columns as the table has them; there are no mappings"
        raise RequestError(400, "BadRequest_NotSupported", message)
    return known_format(asked.get("streamFormat", "csv"))


def known_format(name: str) -> str:
    """The format that a name means.

    Raises:
        RequestError: 400 for one that is not known.
    """
    format_ = name.lower()
    if format_ not in _JSON and format_ not in _DELIMITERS:
        known = ", ".join([*_JSON, *_DELIMITERS])
        raise RequestError(400, "BadRequest_FormatNotSupported", f"the format '{format_}' is not known: send {known}")
    return format_


def read_rows(content: bytes, format_: str, store: Store, table: str) -> pyarrow.Table:
    """The rows of a body, by the names or the positions that the table's columns have.

    Raises:
        RequestError: 400 for a table that is not known, or has no columns yet.
    """
    # Kusto's clients take a 404 for a server without streaming ingestion.
    if table not in store and not table.endswith("_CL"):
        message = f"there is no table '{table}'; a table of your own ends in _CL"
        raise RequestError(400, "BadRequest_EntityNotFound", message)
    if format_ in _JSON:
        return _JSON[format_](content)
    if table not in store:
        message = f"the table '{table}' has no columns yet, so that {format_} cannot fill them"
        raise RequestError(400, "BadRequest_EntityNotFound", message)
    names = [column.name for column in store.columns(table) if column.name not in _FILLED]
    return from_delimited(content, names, _DELIMITERS[format_])


def _answer(count: int) -> object:
    columns = [{"ColumnName": name, "DataType": kind} for name, kind in _STATUS]
    return {"Tables": [{"TableName": "Table_0", "Columns": columns, "Rows": [[count, "Inactive", "Unknown", None]]}]}


def _ids(request: Request) -> dict[str, str]:
    sent = request.headers.get("x-ms-client-request-id")
    return {"x-ms-activity-id": str(uuid.uuid4())} | ({"x-ms-client-request-id": sent} if sent else {})


def _error_body(error: RequestError) -> object:
    """An error as Kusto tells it."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "@type": "Kusto.DataNode.Exceptions.StreamingIngestionRequestException",
            "@message": error.message,
            "@permanent": error.retry_after is None,
        }
    }
