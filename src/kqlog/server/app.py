"""The ASGI application of a workspace, and the server that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import logging
import threading
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kqlog.alerts.schedule import Scheduler, scheduler_of
from kqlog.errors import QueryError
from kqlog.export.running import Exports
from kqlog.ingest.tls import Certificates, server_context
from kqlog.server import collectd, data_collector, kusto_ingest, logs_ingestion, otlp, remote_write
from kqlog.server.access import Access, read_access
from kqlog.server.intake import Intake
from kqlog.store.store import Store


def application(store: Store, access: Access, alerts: Scheduler | None = None) -> Starlette:
    """What answers requests for a workspace, and evaluates its alerts."""
    intake = Intake(store, access)
    exports = Exports(store)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        intake.rules.look()
        # Else the first sender would wait for these. What is here now stays, and is not looked through for garbage again.
        for module in ("deltalake", "kqlog.store.table", "pyarrow.json"):
            import_module(module)
        gc.collect()
        gc.freeze()
        exporting = threading.Thread(target=exports.run, args=((), logging.getLogger("uvicorn.error").warning), daemon=True)
        exporting.start()
        if alerts is not None:
            alerts.start()
        yield
        exports.end()
        intake.close()
        if alerts is not None:
            await asyncio.to_thread(alerts.close)
        await asyncio.to_thread(exporting.join)

    async def health(request: Request) -> JSONResponse:
        broken = {file.name: error.message for file, error in intake.rules.broken.items()}
        return JSONResponse({"status": "ok", "brokenRules": broken})

    protocols = (logs_ingestion, data_collector, kusto_ingest, otlp, collectd, remote_write)
    own = [route for protocol in protocols for route in protocol.routes(intake)]
    return Starlette(routes=[Route("/healthz", health), *own], lifespan=lifespan)


def serve(store: Store, host: str, port: int, *, auth: bool = True, certificates: Certificates | None = None) -> None:
    """Serve a workspace until the process is told to end. Requests that were taken are answered first.

    Raises:
        QueryError: ING001 when nobody could get in, or everybody from anywhere, and for certificates that cannot be used; ALR002
            when another process evaluates the alerts of the workspace.
    """
    if not auth and not _is_loopback(host):
        hint = "write the workspace's tokens.json, or set KQLOG_TOKENS"
        raise QueryError("ING001", f"without tokens, kqlog listens on this machine only, not on {host}", hint=hint)
    app = application(store, read_access(store.root) if auth else Access(open=True), scheduler_of(store.root))
    tls: dict[str, Any] = {}
    if certificates is not None:
        # Read twice: uvicorn would answer a wrong file with a traceback.
        context = server_context(certificates)
        certificate, key, clients = certificates
        tls = {"ssl_certfile": certificate, "ssl_keyfile": key, "ssl_ca_certs": clients, "ssl_cert_reqs": context.verify_mode}
    uvicorn.run(app, host=host, port=port, log_level="info", access_log=False, **tls)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
