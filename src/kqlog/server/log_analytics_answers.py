"""Answers and errors as Azure Monitor's query API for logs has them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kqlog.errors import QueryError
from kqlog.plan.nodes import Render
from kqlog.result import Part
from kqlog.server.errors import RequestError
from kqlog.server.kusto_frames import version_1
from kqlog.server.queries import Encoder, Query
from kqlog.server.values import rows_of
from kqlog.text import timespan_text
from kqlog.types import TICKS_PER_SECOND

_TOO_LARGE = "-2133196797"
"""Kusto's number for an answer that is larger than it may be."""
_BAD = "The request had some invalid properties"
_SYNTAX = ("SyntaxError", "A syntax error has been identified in the query.")
_SEMANTIC = ("SemanticError", "A semantic error occurred.")
_ENGINE = ("EngineError", "Something went wrong processing your query on the server.")
_REFUSED = {
    "Unauthorized": (401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."),
    "InvalidToken": (403, "InvalidAuthenticationToken", "The access token is invalid."),
    "ExpiredToken": (403, "InvalidAuthenticationToken", "The access token has expired."),
    "InvalidAudience": (403, "InvalidAuthenticationTokenAudience", "The access token is for another audience."),
    "Forbidden": (
        403,
        "InsufficientAccessError",
        "The provided credentials have insufficient access to perform the requested operation",
    ),
    "TooManyRequests": (429, "ThrottledError", "Too many requests run or wait: try again later."),
}
"""The words for requests that are not taken, by kqlog's own."""


@dataclass(frozen=True)
class Options:
    """What a request prefers: seconds to wait, and what stands beside the rows."""

    seconds: float
    statistics: bool = False
    render: bool = False
    kusto: bool = False
    """The tables of Kusto's protocol instead, as older tools want them."""


def encoder(options: Options) -> Encoder:
    """Writes an answer: its tables while they come, and behind them what was asked for and what went wrong."""
    if options.kusto:
        return version_1

    def encode(query: Query) -> Iterator[bytes]:
        found, renders = list[QueryError](), list[Render | None]()
        try:
            for part in query.parts():
                yield (b"]}," if renders else b'{"tables":[') + _head(part, len(renders))
                renders.append(part.render)
                yield from _rows(part)
        except QueryError as error:
            if not renders:
                raise
            query.error = error
            found.append(error)
        if not renders:
            raise QueryError("SYN001", "the text declares things, and asks for nothing")
        yield b"]}]"
        if options.statistics:
            yield b',"statistics":' + _json(_statistics(query))
        if options.render:
            yield b',"render":' + _json(_render(renders[0]))
        if query.truncated:
            found.append(_truncated(query))
        if found:
            yield b',"error":' + _json(_partial(found))
        yield b"}"

    return encode


def _head(part: Part, number: int) -> bytes:
    """A table up to its rows."""
    columns = [{"name": column.name, "type": str(column.type)} for column in part.columns]
    name = f"Table_{number}" if number else "PrimaryResult"
    return _json({"name": name, "columns": columns, "rows": []}).removesuffix(b"]}")


def _rows(part: Part) -> Iterator[bytes]:
    comma = b""
    for batch in part.batches:
        for chunk in rows_of(batch, part.columns, dynamic_as_text=True):
            yield comma + chunk
            comma = b",\n"


def _statistics(query: Query) -> dict[str, Any]:
    cpu = timespan_text(round(query.cpu_so_far() * TICKS_PER_SECOND))
    nothing = timespan_text(0)
    usage = {
        "cache": {"memory": {"hits": 0, "misses": 0, "total": 0}, "disk": {"hits": 0, "misses": 0, "total": 0}},
        "cpu": {"user": cpu, "kernel": nothing, "totalCpu": cpu},
        "memory": {"peakPerNode": 0},
    }
    read = {"extents": {"total": query.files, "scanned": query.files}, "rows": {"total": 0, "scanned": 0}}
    given = [{"tableRowCount": query.rows, "tableSize": query.bytes}]
    return {
        "query": {
            "executionTime": query.elapsed,
            "resourceUsage": usage,
            "inputDatasetStatistics": read,
            "datasetStatistics": given,
        }
    }


def _render(render: Render | None) -> dict[str, Any]:
    asked = dict(render.properties) if render is not None else {}
    return {
        "visualization": render.kind if render is not None else None,
        "title": asked.get("title"),
        "accumulate": asked.get("accumulate") == "true",
        "isQuerySorted": False,
        "kind": asked.get("kind"),
        "annotation": "",
        "by": None,
    }


def _truncated(query: Query) -> QueryError:
    limits = query.ask.limits
    message = f"The results of this query exceed the set limit of {limits.rows:,} records or {limits.bytes:,} bytes."
    return QueryError("LIM001", message, hint="ask for fewer rows, or for a shorter time range")


def _partial(found: list[QueryError]) -> dict[str, Any]:
    code, message = _ENGINE
    details = []
    for error in found:
        number = _TOO_LARGE if error.code == "LIM001" else error.code
        inner = {"code": number, "message": told(error), "severity": 2, "severityName": "Error"}
        details.append({"code": code, "message": message, "innererror": inner})
    return {"code": "PartialError", "message": "There were some errors when processing your query.", "details": details}


def told(error: QueryError) -> str:
    """An error in one line, with its place and what to do."""
    place = "" if error.line is None else f" (line {error.line}, column {error.column})"
    return f"{error.message}{place}" + (f". {error.hint}" if error.hint else "")


def query_error(error: QueryError) -> tuple[int, dict[str, Any]]:
    """The status and the body for a query that is wrong or fails."""
    match error.code:
        case "LIM002":
            return 504, _error("GatewayTimeout", "Gateway timeout", {"code": "GatewayTimeout", "message": told(error)})
        case "ENG003" | "ING002":
            return 503, _error("ServiceUnavailable", error.message, None)
        case "ENG004":
            return 400, _error("QueryCancelled", told(error), None)
    kind = _SYNTAX if error.code.startswith("SYN") or error.code == "LIM001" else _SEMANTIC
    code, message = _ENGINE if error.code in ("ENG002", "LIM003") else kind
    inner: dict[str, Any] = {"code": error.code, "message": told(error)}
    if error.line is not None:
        inner |= {"line": error.line, "pos": error.column}
    return 400, bad_argument({"code": code, "message": message, "innererror": inner})


def refused(error: RequestError) -> tuple[int, dict[str, Any]]:
    """The status and the body for a request that is not taken."""
    status, code, message = _REFUSED.get(error.code, (error.status, error.code, error.message))
    return status, _error(code, message, None)


def bad_argument(inner: dict[str, Any]) -> dict[str, Any]:
    """The body for a request with something wrong in it."""
    return _error("BadArgumentError", _BAD, inner)


def not_json(message: str) -> dict[str, Any]:
    """The body for a request that cannot be read."""
    details = [{"code": "InvalidJsonBody", "message": message, "target": None}]
    return bad_argument({"code": "QueryValidationError", "message": "Failed parsing the query", "details": details})


def _error(code: str, message: str, inner: dict[str, Any] | None) -> dict[str, Any]:
    about = {"message": message, "code": code, "correlationId": str(uuid.uuid4())}
    return {"error": about if inner is None else about | {"innererror": inner}}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
