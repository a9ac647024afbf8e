"""What a server tells of itself: counts for Prometheus, a line of its log for each request, errors without what callers wrote."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kqlog.server.access import caller_of
from kqlog.server.intake import Intake
from kqlog.server.queries import Queries, Query

REQUESTS = logging.getLogger("kqlog.requests")
ERRORS = logging.getLogger("uvicorn.error")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_OTHER = "other"
_BUCKETS = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300)


class _Now(Collector):
    """What is read when somebody asks for it."""

    def __init__(self, intake: Intake, queries: Queries) -> None:
        self._intake, self._queries = intake, queries

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The values of this moment."""
        yield CounterMetricFamily("kqlog_ingested_rows", "Rows that were stored and acknowledged.", self._intake.stored)
        yield GaugeMetricFamily("kqlog_ingestion_waiting_rows", "Rows that wait to be stored.", self._intake.waiting)
        yield GaugeMetricFamily("kqlog_queries_running", "Queries that run or wait for their turn.", len(self._queries.running()))


class Metrics:
    """Counts of one server, in Prometheus' terms."""

    def __init__(self, intake: Intake, queries: Queries) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Now(intake, queries))
        labels = ("route", "method")
        self._requests = Counter(
            "kqlog_http_requests", "Requests that were answered.", (*labels, "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "kqlog_http_request_seconds", "How long answers took.", labels, buckets=_BUCKETS, registry=self._registry
        )
        self._queries = Counter("kqlog_queries", "Queries that are over.", ("state",), registry=self._registry)
        self._query_seconds = Histogram(
            "kqlog_query_seconds", "How long queries took.", buckets=_BUCKETS, registry=self._registry
        )
        self._rows = Counter("kqlog_returned_rows", "Rows that queries returned.", registry=self._registry)
        self._cpu = Counter("kqlog_query_cpu_seconds", "Processor time of the threads of queries.", registry=self._registry)
        queries.on_end.append(self._ended)

    def _ended(self, query: Query) -> None:
        self._queries.labels(str(query.state)).inc()
        self._query_seconds.observe(query.seconds)
        self._rows.inc(query.rows)
        self._cpu.inc(query.cpu)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)

    def text(self) -> Response:
        """All of it, as Prometheus reads it."""
        return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})


class Monitoring:
    """The step around all others: it counts and logs requests, and answers what went wrong inside without its details."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001  (it is told, without its message, which may have the text of a query)
            ERRORS.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            if not status:
                await _unexpected()(scope, receive, noting)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _OTHER)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        self._metrics.answered(route, method, status, seconds)
        if REQUESTS.isEnabledFor(logging.INFO):
            # The path without its query string, which may have a query, and by its route, as paths may have anything.
            told = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
            client = scope["client"][0] if scope.get("client") else ""
            REQUESTS.info("request", extra={"told": told | {"client": client, "caller": caller_of(Request(scope))}})


def _unexpected() -> JSONResponse:
    return JSONResponse({"error": {"code": "InternalServerError", "message": "the server failed; its log says where"}}, 500)


class JsonFormatter(logging.Formatter):
    """A line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "told", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["stack"] = "".join(traceback.format_tb(record.exc_info[2]))
        return json.dumps(line, ensure_ascii=False)


JSON_LOGS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "loggers": {name: {"handlers": ["stderr"], "level": "INFO", "propagate": False} for name in ("uvicorn", "kqlog.requests")},
}
"""What the standard library is told for `--log json`."""
