"""Azure Monitor's Logs Ingestion API: rows for a stream of a data collection rule."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kqlog.errors import QueryError
from kqlog.ingest.rows import from_array
from kqlog.ingest.shaping import Shaped
from kqlog.server.errors import RequestError, answering, request_error
from kqlog.server.intake import Intake


def routes(intake: Intake) -> list[Route]:
    """The one address of the API."""

    async def upload(request: Request) -> Response:
        intake.access.sender(request)
        rule, stream = request.path_params["rule"], request.path_params["stream"]
        try:
            flows = intake.rules.flows(rule, stream)
        except QueryError as error:
            raise request_error(error) from None

        def shaping(content: bytes) -> list[Shaped]:
            rows = from_array(content)
            return [flow.shape(intake.store, rows) for flow in flows]

        async with intake.reader.reading(request) as body:
            await intake.take(request, body, shaping)
        return Response(status_code=204)

    handler = answering(upload, error_body)
    return [Route("/dataCollectionRules/{rule}/streams/{stream}", handler, methods=["POST"])]


def error_body(error: RequestError) -> object:
    """An error as Azure's resources tell it."""
    return {"error": {"code": error.code, "message": error.message}}
