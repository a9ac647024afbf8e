"""collectd's plugin write_http, in its JSON format."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kqlog.ingest import collectd
from kqlog.ingest.shaping import Shaped, shape
from kqlog.server.errors import answering
from kqlog.server.intake import Intake
from kqlog.server.logs_ingestion import error_body


def routes(intake: Intake) -> list[Route]:
    """The address that is the URL of a Node of write_http."""

    def shaping(content: bytes) -> list[Shaped]:
        return [shape(intake.store, table, rows) for table, rows in collectd.tables(content).items()]

    async def write(request: Request) -> Response:
        intake.access.sender(request)
        async with intake.reader.reading(request) as body:
            await intake.take(request, body, shaping)
        return Response(status_code=204)

    return [Route("/collectd", answering(write, error_body), methods=["POST"])]
