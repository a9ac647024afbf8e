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
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from kqlog.alerts.schedule import Scheduler, scheduler_of
from kqlog.engines.duckdb.engine import DuckDBEngine
from kqlog.errors import QueryError
from kqlog.export.running import Exports
from kqlog.ingest.tls import Certificates, server_context
from kqlog.plan.rights import Rights
from kqlog.server import (
    arm,
    arm_alerts,
    collectd,
    data_collector,
    kusto,
    kusto_ingest,
    log_analytics,
    logs_ingestion,
    otlp,
    remote_write,
    status,
)
from kqlog.server.access import Access, Identification, read_access
from kqlog.server.audit import Audit
from kqlog.server.errors import not_found
from kqlog.server.intake import Intake
from kqlog.server.monitoring import JSON_LOGS, Metrics, Monitoring
from kqlog.server.queries import Queries
from kqlog.store.store import Store
from kqlog.workspace import Workspace

LOG = logging.getLogger("uvicorn.error")
_GRACE, _NOTED = 30, 5
"""Seconds that queries may go on when the server is told to end, and that they have to stop when they are cut off."""
_KEPT_ALIVE = 75
"""Seconds that a connection may be idle. One that is closed at the moment when it is used again is an error for its client."""


def application(store: Store, access: Access, alerts: Scheduler | None = None) -> Starlette:
    """What answers requests for a workspace, and evaluates its alerts."""
    intake = Intake(store, access)
    # The folder holds secrets beside the tables: a caller reads no files.
    workspace = Workspace(DuckDBEngine(store.root, named_files=False), store.root).limited_to(Rights())
    queries = Queries(workspace)
    metrics, audit = Metrics(intake, queries), Audit(intake)
    queries.on_end.append(audit.note)
    exports = Exports(store)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        intake.rules.look()
        # Else the first sender would wait for these. What is here now stays, and is not looked through for garbage again.
        for module in ("deltalake", "kqlog.store.table", "pyarrow.json"):
            import_module(module)
        gc.collect()
        gc.freeze()
        exporting = threading.Thread(target=exports.run, args=((), LOG.warning), daemon=True)
        exporting.start()
        if alerts is not None:
            alerts.start()
        yield
        exports.end()
        if alerts is not None:
            await asyncio.to_thread(alerts.close)
        await asyncio.to_thread(_end, queries, audit, intake, exporting)

    protocols = (logs_ingestion, data_collector, kusto_ingest, otlp, collectd, remote_write)
    own = [route for protocol in protocols for route in protocol.routes(intake)]
    return Starlette(
        routes=[
            *status.routes(intake, metrics),
            *own,
            *kusto.routes(intake, queries),
            *arm.routes(intake),
            *arm_alerts.routes(intake, workspace),
            *log_analytics.routes(intake, queries),
        ],
        middleware=_steps(access, metrics),
        exception_handlers={404: not_found, 405: not_found},
        lifespan=lifespan,
    )


def _steps(access: Access, metrics: Metrics) -> list[Middleware]:
    """What every request goes through, from the outside in."""
    pages, methods = access.settings.cors, ["GET", "POST"]
    cors = [Middleware(CORSMiddleware, allow_origins=pages, allow_methods=methods, allow_headers=["*"])] if pages else []
    return [Middleware(Monitoring, metrics=metrics), *cors, Middleware(Identification, access=access)]


def _end(queries: Queries, audit: Audit, intake: Intake, exporting: threading.Thread) -> None:
    """Stop what runs, and store what was noted and accepted."""
    queries.close(_NOTED)
    audit.close()
    intake.close()
    exporting.join()


def serve(
    store: Store,
    host: str,
    port: int,
    *,
    auth: bool = True,
    certificates: Certificates | None = None,
    json_logs: bool = False,
) -> None:
    """Serve a workspace until the process is told to end. Requests that were taken are answered first.

    Raises:
        QueryError: ING001 when nobody could get in, or everybody from anywhere, and for certificates that cannot be used; ALR002
            when another process evaluates the alerts of the workspace.
    """
    if not auth and not _is_loopback(host):
        hint = "make a token with kqlog token create, or set KQLOG_TOKENS"
        raise QueryError("ING001", f"without tokens, kqlog listens on this machine only, not on {host}", hint=hint)
    app = application(store, read_access(store) if auth else Access(store, open=True), scheduler_of(store.root))
    more: dict[str, Any] = {"log_config": JSON_LOGS} if json_logs else {}
    if certificates is not None:
        # Read twice: uvicorn would answer a wrong file with a traceback.
        context = server_context(certificates)
        certificate, key, clients = certificates
        more |= {"ssl_certfile": certificate, "ssl_keyfile": key, "ssl_ca_certs": clients, "ssl_cert_reqs": context.verify_mode}
    more |= {"timeout_graceful_shutdown": _GRACE, "timeout_keep_alive": _KEPT_ALIVE}
    uvicorn.run(app, host=host, port=port, log_level="info", access_log=False, **more)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
