"""The ASGI application of a workspace, and the server that runs it."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import logging
from collections.abc import AsyncIterator
from importlib import import_module

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kqlog.errors import QueryError
from kqlog.server import data_collector, kusto_ingest, logs_ingestion, otlp
from kqlog.server.access import Access, read_access
from kqlog.server.intake import Intake
from kqlog.store.store import Store


def application(store: Store, access: Access) -> Starlette:
    """What answers requests for a workspace."""
    intake = Intake(store, access)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        for file, error in intake.rules.broken.items():
            logging.getLogger("uvicorn.error").warning("the data collection rule %s cannot be used: %s", file, error.message)
        # Else the first sender would wait for these. What is here now stays, and is not looked through for garbage again.
        for module in ("deltalake", "kqlog.store.table", "pyarrow.json"):
            import_module(module)
        gc.collect()
        gc.freeze()
        yield
        intake.close()

    async def health(request: Request) -> JSONResponse:
        broken = {file.name: error.message for file, error in intake.rules.broken.items()}
        return JSONResponse({"status": "ok", "brokenRules": broken})

    protocols = (logs_ingestion, data_collector, kusto_ingest, otlp)
    own = [route for protocol in protocols for route in protocol.routes(intake)]
    return Starlette(routes=[Route("/healthz", health), *own], lifespan=lifespan)


def serve(store: Store, host: str, port: int, *, auth: bool = True) -> None:
    """Serve a workspace until the process is told to end. Requests that were taken are answered first.

    Raises:
        QueryError: ING001 when nobody could get in, or everybody from anywhere.
    """
    if not auth and not _is_loopback(host):
        hint = "write the workspace's tokens.json, or set KQLOG_TOKENS"
        raise QueryError("ING001", f"without tokens, kqlog listens on this machine only, not on {host}", hint=hint)
    app = application(store, read_access(store.root) if auth else Access(open=True))
    uvicorn.run(app, host=host, port=port, log_level="info", access_log=False)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
