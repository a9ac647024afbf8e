"""OpenTelemetry's protocol over HTTP: logs, traces and metrics, as Protobuf or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kqlog.ingest import otlp
from kqlog.ingest.shaping import Shaped, shape
from kqlog.server.errors import Handler, RequestError, answering
from kqlog.server.intake import Intake

if TYPE_CHECKING:
    import pyarrow

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"


class _Reading(Protocol):
    def __call__(self, content: bytes, *, is_json: bool) -> pyarrow.Table: ...


def routes(intake: Intake) -> list[Route]:
    """The addresses that OpenTelemetry's exporters send to."""
    signals: tuple[tuple[str, str, _Reading], ...] = (
        ("logs", "OTelLogs", otlp.logs),
        ("traces", "OTelSpans", otlp.spans),
        ("metrics", "InsightsMetrics", otlp.metrics),
    )
    return [
        Route(f"/v1/{signal}", answering(_export(intake, table, reading), _error_body), methods=["POST"])
        for signal, table, reading in signals
    ]


def _export(intake: Intake, table: str, reading: _Reading) -> Handler:
    async def export(request: Request) -> Response:
        intake.access.sender(request)
        kind = _content_type(request)

        def shaping(content: bytes) -> list[Shaped]:
            return [shape(intake.store, table, reading(content, is_json=kind == _JSON))]

        async with intake.reader.reading(request) as body:
            await intake.take(request, body, shaping)
        # An answer without fields says that all was taken.
        return Response(b"{}" if kind == _JSON else b"", media_type=kind)

    return export


def _content_type(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {_PROTOBUF, _JSON}:
        raise RequestError(415, "UnsupportedMediaType", f"the content type '{kind}' is not OTLP's: {_PROTOBUF} or {_JSON}")
    return kind


def _error_body(error: RequestError) -> object:
    return {"message": error.message}
