"""What a sender is told when its request is not taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kqlog.errors import QueryError
from kqlog.ingest.ingestor import BusyError


class RequestError(Exception):
    """A request that is not taken: the HTTP status, Azure's word for the kind of error, and the reason."""

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after

    @property
    def headers(self) -> dict[str, str]:
        """When to come back, and how to say who one is."""
        if self.status == 401:
            return {"WWW-Authenticate": "Bearer"}
        return {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:.0f}"}


Handler = Callable[[Request], Awaitable[Response]]
ErrorBody = Callable[[RequestError], object]


def answering(handler: Handler, body: ErrorBody) -> Handler:
    """A handler whose refusals are answers, with the body that its protocol wants."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RequestError as error:
            return JSONResponse(body(error), error.status, error.headers)

    return answer


async def not_found(request: Request, error: Exception) -> Response:
    """What is said of an address that is none, or is not asked in this way."""
    body = {"error": {"message": "The requested path does not exist", "code": "PathNotFoundError"}}
    return JSONResponse(body, getattr(error, "status_code", 404), getattr(error, "headers", None))


def request_error(error: Exception) -> RequestError:
    """What to say of an error on the way in."""
    match error:
        case RequestError():
            return error
        case BusyError():
            return RequestError(429, "TooManyRequests", str(error), error.seconds)
        case QueryError(code="ING004"):
            return RequestError(404, "NotFound", _told(error))
        case QueryError() if error.code != "ING002":
            return RequestError(400, "InvalidPayload", _told(error))
        case _:
            # A full disk (ING002), a folder that cannot be written: nothing is stored, and the sender keeps its rows.
            return RequestError(503, "ServiceUnavailable", f"the rows could not be stored: {error}", 30)


def _told(error: QueryError) -> str:
    return error.message if error.hint is None else f"{error.message} ({error.hint})"
