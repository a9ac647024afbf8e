"""How a server is: alive, ready, counted, and described."""

from __future__ import annotations

import asyncio
import os
import shutil

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from kqlog.server.errors import answering
from kqlog.server.intake import Intake
from kqlog.server.logs_ingestion import error_body
from kqlog.server.monitoring import Metrics
from kqlog.server.openapi import document, page
from kqlog.store.store import TABLES

_LEAST_FREE = 64 * 2**20


def routes(intake: Intake, metrics: Metrics) -> list[Route]:
    """/healthz, /readyz, /metrics, /openapi.json and /docs."""

    async def health(request: Request) -> JSONResponse:
        broken = {file.name: error.message for file, error in intake.rules.broken.items()}
        return JSONResponse({"status": "ok", "brokenRules": broken})

    async def ready(request: Request) -> JSONResponse:
        problem = await asyncio.to_thread(_problem, intake)
        return JSONResponse({"status": problem or "ready"}, 503 if problem else 200)

    async def numbers(request: Request) -> Response:
        intake.access.anyone(request)
        return metrics.text()

    async def described(request: Request) -> Response:
        return JSONResponse(document())

    async def shown(request: Request) -> Response:
        return HTMLResponse(page(), headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})

    return [
        Route("/healthz", health),
        Route("/readyz", ready),
        Route("/metrics", answering(numbers, error_body)),
        Route("/openapi.json", described),
        Route("/docs", shown),
    ]


def _problem(intake: Intake) -> str | None:
    """Why rows could not be stored now."""
    folder = intake.store.root / TABLES
    if not os.access(folder, os.W_OK):
        return "the folder of the workspace cannot be written"
    if shutil.disk_usage(folder).free < _LEAST_FREE:
        return "the disk is full"
    return None
