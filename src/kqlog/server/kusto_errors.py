"""Errors in Kusto's form: the body of a refused request, and what stands between rows when something fails after the first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from kqlog.engines.engine import Limits
from kqlog.errors import QueryError
from kqlog.server.errors import RequestError

_BAD_REQUEST = "General_BadRequest"


@dataclass(frozen=True)
class _Kind:
    """What Kusto says of an error: the HTTP status, its code and exception, and the words that its clients look for."""

    status: int
    code: str
    type: str
    message: str
    words: str = ""


_SYNTAX = _Kind(400, _BAD_REQUEST, "Kusto.Data.Exceptions.SyntaxException", "the request cannot be read", "Syntax error: ")
_SEMANTIC = _Kind(
    400, _BAD_REQUEST, "Kusto.Data.Exceptions.SemanticException", "the request means nothing here", "Semantic error: "
)
_LIMITS = _Kind(
    400, "LimitsExceeded", "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException", "a limit was passed"
)
_KINDS: dict[str, _Kind] = {
    "LIM001": _LIMITS,
    "LIM002": _Kind(504, "General_Timeout", "Kusto.Data.Exceptions.KustoServiceTimeoutException", "the time is over"),
    "LIM003": _LIMITS,
    "ENG002": _Kind(400, _BAD_REQUEST, "Kusto.Data.Exceptions.KustoServicePartialQueryFailureException", "the query failed"),
    "ENG003": _Kind(503, "General_ServiceUnavailable", "Kusto.Data.Exceptions.KustoServiceException", "data cannot be read"),
    "ENG004": _Kind(400, "General_Aborted", "Kusto.Data.Exceptions.KustoRequestCanceledException", "the request was cancelled"),
    "ING002": _Kind(503, "General_ServiceUnavailable", "Kusto.Data.Exceptions.KustoServiceException", "rows cannot be stored"),
}
_TRANSIENT = frozenset({"ENG003", "ING002", "LIM002"})


def kusto_error(error: QueryError, ids: tuple[str, str] = ("", "")) -> tuple[int, dict[str, object]]:
    """The HTTP status and the body for an error of a query, with the client's id and the server's id of the request."""
    kind = _KINDS.get(error.code) or (_SYNTAX if error.code.startswith("SYN") else _SEMANTIC)
    told = f"{kind.words}{error.code}: {error.message}" + (f" ({error.hint})" if error.hint else "")
    if error.line is not None:
        told += f" [line:position={error.line}:{error.column}]"
    body = _body(kind.code, kind.message, kind.type, told, permanent=error.code not in _TRANSIENT, ids=ids)
    body["innererror"] = {"code": error.code, "message": error.message, "@permanent": error.code not in _TRANSIENT}
    if error.line is not None:
        body["innererror"] |= {"line": error.line, "pos": error.column}  # type: ignore[operator]
    return kind.status, {"error": body}


def refused(error: RequestError) -> dict[str, object]:
    """The body for a request that is not taken."""
    type_ = (
        "Kusto.DataNode.Exceptions.BadRequestException" if error.status < 500 else "Kusto.Data.Exceptions.KustoServiceException"
    )
    return {"error": _body(error.code, error.message, type_, error.message, permanent=error.retry_after is None)}


def one_api_errors(errors: list[QueryError], ids: tuple[str, str]) -> list[dict[str, object]]:
    """Errors as they stand in a frame."""
    return [kusto_error(error, ids)[1] for error in errors]


def too_large(limits: Limits) -> QueryError:
    """What is said of an answer that has more rows or bytes than it may."""
    most = [f"{limits.rows:,} rows"] if limits.rows is not None else []
    most += [f"{limits.bytes:,} bytes"] if limits.bytes is not None else []
    message = f"the answer has more than {' or '.join(most)}: the rest is left out (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)"
    return QueryError("LIM001", message, hint="ask for fewer rows, or set notruncation")


def _body(
    code: str, message: str, type_: str, told: str, *, permanent: bool, ids: tuple[str, str] = ("", "")
) -> dict[str, object]:
    client, activity = ids
    context = {
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z",
        "serviceAlias": "KQLOG",
        "clientRequestId": client,
        "activityId": activity,
    }
    return {
        "code": code,
        "message": message,
        "@type": type_,
        "@message": told,
        "@context": context,
        "@permanent": permanent,
    }
