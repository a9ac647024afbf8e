"""Azure Monitor's HTTP Data Collector API: signed requests, a table for each kind of log, a suffix for each type of value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kqlog.ingest.rows import Row, from_array
from kqlog.ingest.shaping import SOURCE, Shaped, shape
from kqlog.server.errors import RequestError, answering
from kqlog.server.intake import Intake

_LOG_TYPE = re.compile(r"[A-Za-z0-9_]{1,60}")
_TIME = "TimeGenerated"
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_GUID = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")


def routes(intake: Intake) -> list[Route]:
    """The one address of the API."""

    async def post(request: Request) -> Response:
        async with intake.reader.reading(request) as body:
            intake.access.check_signature(request, body.sent)
            table = _table(request)
            change = suffixed(request.headers.get("time-generated-field"), request.headers.get("x-ms-azureresourceid"))

            def shaping(content: bytes) -> list[Shaped]:
                rows = from_array(content, change)
                return [shape(intake.store, table, rows, transform=_typing(rows.column_names), keep=True)]

            await intake.take(request, body, shaping)
        return Response(status_code=200)

    return [Route("/api/logs", answering(post, _error_body), methods=["POST"])]


def _error_body(error: RequestError) -> object:
    return {"Error": error.code, "Message": error.message}


def _table(request: Request) -> str:
    log_type = request.headers.get("log-type", "")
    if _LOG_TYPE.fullmatch(log_type) is None:
        raise RequestError(400, "InvalidLogType" if log_type else "MissingLogType", "Log-Type is letters, digits and underscores")
    return f"{log_type}_CL"


def suffixed(time: str | None, resource: str | None) -> Callable[[Row], Row]:
    """What makes a row of the table out of an object: names end as their values' types want it.

    `time` is the field that says when it happened, `resource` what it happened to.
    """
    standard: Row = {"SourceSystem": "RestAPI"} | ({"_ResourceId": resource} if resource else {})

    def change(sent: Row) -> Row:
        row = dict(standard)
        row[_TIME] = sent.get(time or _TIME)
        for name, value in sent.items():
            if value is not None and name != _TIME:
                suffix, kept = _typed(value)
                row[name + suffix] = kept
        return row

    return change


_TYPES = {"_d": "real", "_t": "datetime", "_g": "guid"}
"""What columns are that JSON has no such type for. The others come as they are."""


def _typing(names: list[str]) -> str:
    """The query that gives columns the types that their names end as."""
    changed = [f"['{name}'] = to{_TYPES[name[-2:]]}(['{name}'])" for name in names if name[-2:] in _TYPES]
    return f"{SOURCE} | extend {', '.join(changed)}" if changed else SOURCE


def _typed(value: object) -> tuple[str, object]:
    match value:
        case bool():
            return "_b", value
        case int() | float():
            return "_d", value
        case str() if _MOMENT.fullmatch(value):
            return "_t", value
        case str() if _GUID.fullmatch(value):
            return "_g", value.strip("{}").lower()
        case str():
            return "_s", value
        case _:
            return "_s", json.dumps(value, ensure_ascii=False, separators=(",", ":"))
