"""Prometheus' remote_write 1.0."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kqlog.ingest.remote_write import points
from kqlog.ingest.shaping import Shaped, shape
from kqlog.server.errors import RequestError, answering
from kqlog.server.intake import Intake
from kqlog.server.logs_ingestion import error_body

_TABLE = "InsightsMetrics"
_SNAPPY = "snappy"


def routes(intake: Intake) -> list[Route]:
    """The address that Prometheus itself has as a receiver."""

    def shaping(content: bytes) -> list[Shaped]:
        return [shape(intake.store, _TABLE, points(content))]

    async def write(request: Request) -> Response:
        intake.access.sender(request)
        _check(request)
        async with intake.reader.reading(request, left_packed=_SNAPPY) as body:
            try:
                # What is sent again is the same to the bit: samples have their time.
                await intake.take(request, body, shaping, name="remote_write")
            except RequestError as error:
                if error.status == 429:
                    # Prometheus drops what it gets a 429 for, and sends again what it gets a 503 for.
                    raise RequestError(503, error.code, error.message, error.retry_after) from error
                raise
        return Response(status_code=204)

    return [Route("/api/v1/write", answering(write, error_body), methods=["POST"])]


def _check(request: Request) -> None:
    kind = request.headers.get("content-type", "").replace(" ", "").lower()
    known = kind.partition(";")[0] == "application/x-protobuf" and "proto=io." not in kind
    if not known or request.headers.get("content-encoding", "").lower() != _SNAPPY:
        message = "remote_write 1.0 is wanted: application/x-protobuf, compressed with snappy"
        raise RequestError(415, "UnsupportedMediaType", message)
