"""What Azure records of the requests: AppRequests, AppTraces, gateway log, and metrics that agree with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from .company import END, GATEWAY, ORDERS, PAYMENTS, SHOP, SQL_PRIMARY, SQL_SECONDARY, App, Resource, guid
from .log import Log, chances, every
from .traffic import Request

MINUTE = timedelta(minutes=1)
_CLIENT_ADDRESS = "0.0.0.0"  # Application Insights blanks it


def sample_size(request: Request) -> int:
    """How many requests the row stands for: the shop keeps one of four while it is busy."""
    return 4 if request.app is SHOP and 7 <= request.time.hour < 22 else 1


def _shared_columns(request: Request, operation_id: str) -> dict[str, object]:
    app, visitor = request.app, request.visitor
    return {
        "OperationName": request.operation.name,
        "OperationId": operation_id,
        "SessionId": visitor.session,
        "UserId": visitor.user,
        "UserAuthenticatedId": visitor.principal_name,
        "AppVersion": request.version,
        "AppRoleName": app.name,
        "AppRoleInstance": request.instance,
        "ClientType": "Browser" if visitor.browser else "PC",
        "ClientOS": visitor.system,
        "ClientIP": _CLIENT_ADDRESS,
        "ClientCity": visitor.city.name,
        "ClientStateOrProvince": visitor.city.state,
        "ClientCountryOrRegion": visitor.city.country_name,
        "ClientBrowser": visitor.browser,
        "ResourceGUID": guid(f"{app.name} component"),
        "IKey": guid(f"{app.name} key"),
        "SDKVersion": "aspnet5c:2.22.0+8d2f1e4",
        "ItemCount": sample_size(request),
    }


def _record_request(log: Log, request: Request, random: Random) -> None:
    operation_id, request_id = f"{random.getrandbits(128):032x}", f"{random.getrandbits(64):016x}"
    shared = _shared_columns(request, operation_id)
    app = request.app
    path = request.operation.path.replace("{id}", str(request.key))
    properties: dict[str, object] = {"AspNetCoreEnvironment": "Production", "slot": "production"}
    measurements: dict[str, object] = {"responseBytes": random.randrange(300, 40_000)}
    if request.database:
        properties["sqlServer"] = request.database.name.partition("/")[0]
        measurements["sqlMs"] = round(request.milliseconds * random.uniform(0.5, 0.9), 1)
    log.add(
        "AppRequests", request.time, app.component, **shared,
        Id=request_id, Name=request.operation.name, Url=f"https://{app.host}{path}", Success=request.status < 400,
        ResultCode=str(request.status), DurationMs=round(request.milliseconds, 3), Properties=properties,
        Measurements=measurements,
    )  # fmt: skip
    for number, trace in enumerate(request.traces, 1):
        written = request.time + timedelta(milliseconds=request.milliseconds * number / (len(request.traces) + 1))
        log.add(
            "AppTraces", written, app.component, **shared,
            ParentId=request_id, Message=trace.message, SeverityLevel=trace.level, Properties=trace.properties,
        )  # fmt: skip


def _record_gateway(log: Log, request: Request, random: Random) -> None:
    """The gateway in front of the orders API: it gives up on a request after 20 seconds."""
    timed_out = request.milliseconds > 20_000
    client = f"198.51.100.{20 + request.key % 9}"
    path = request.operation.path.replace("{id}", str(request.key))
    log.add(
        "AzureDiagnostics", request.time, GATEWAY,
        Category="ApplicationGatewayAccessLog", OperationName="ApplicationGatewayAccess", Region_s=GATEWAY.region,
        instanceId_s=f"appgw_{request.key % 2}", clientIP_s=client, clientPort_d=float(random.randrange(1024, 65_535)),
        httpMethod_s=request.operation.name.partition(" ")[0], requestUri_s=path, httpVersion_s="HTTP/1.1", host_s=ORDERS.host,
        httpStatus_d=float(504 if timed_out else request.status), receivedBytes_d=float(random.randrange(400, 2_000)),
        sentBytes_d=float(random.randrange(300, 9_000)), backendHostname_s=request.instance,
    )  # fmt: skip


def _metric(log: Log, time: datetime, resource: Resource, name: str, unit: str, values: Sequence[float]) -> None:
    log.add(
        "AzureMetrics", time, resource,
        MetricName=name, UnitName=unit, TimeGrain="PT1M", Count=float(len(values)), Total=round(sum(values), 3),
        Minimum=round(min(values), 3), Maximum=round(max(values), 3), Average=round(sum(values) / len(values), 4),
    )  # fmt: skip


def _record_site_metrics(log: Log, app: App, requests: Sequence[Request]) -> None:
    by_minute: defaultdict[datetime, list[Request]] = defaultdict(list)
    for request in requests:
        by_minute[request.time.replace(second=0, microsecond=0)].append(request)
    for minute in every(MINUTE):
        served = by_minute[minute]
        for family in (2, 4, 5):
            total = sum(sample_size(request) for request in served if request.status // 100 == family)
            _metric(log, minute, app.site, f"Http{family}xx", "Count", [total])
        if served:
            _metric(log, minute, app.site, "HttpResponseTime", "Seconds", [request.milliseconds / 1000 for request in served])


def _record_database_metrics(log: Log, database: Resource, requests: Sequence[Request], random: Random) -> None:
    good: defaultdict[datetime, int] = defaultdict(int)
    bad: defaultdict[datetime, int] = defaultdict(int)
    for request in requests:
        if request.database == database:
            outcome = bad if request.status >= 500 else good
            outcome[request.time.replace(second=0, microsecond=0)] += sample_size(request)
    for minute in every(MINUTE):
        processor = min(100.0, 3 + 1.1 * good[minute] + abs(random.gauss(0, 2)))
        samples = [round(processor * random.uniform(0.8, 1.2), 1) for _ in range(4)]
        _metric(log, minute, database, "cpu_percent", "Percent", samples)
        _metric(log, minute, database, "connection_successful", "Count", [good[minute]])
        _metric(log, minute, database, "connection_failed", "Count", [bad[minute]])


def _record_query_statistics(log: Log, requests: Sequence[Request], random: Random) -> None:
    """The query store of the primary: every 15 minutes, how often each query ran and how long."""
    queries = {f"{random.getrandbits(64):#018X}": operation for operation in SHOP.operations if operation.uses_database}
    on_primary = [request for request in requests if request.database == SQL_PRIMARY]
    step = timedelta(minutes=15)
    for start in every(step, end=END - step):
        ran = [request for request in on_primary if start <= request.time < start + step]
        for number, (query, operation) in enumerate(queries.items(), 1):
            count = sum(sample_size(request) for request in ran if request.operation is operation and request.status < 500)
            if not count:
                continue
            microseconds = round(count * operation.milliseconds * 300 * random.uniform(0.8, 1.3))
            log.add(
                "AzureDiagnostics", start + step, SQL_PRIMARY,
                Category="QueryStoreRuntimeStatistics", OperationName="QueryStoreRuntimeStatisticsEvent",
                LogicalServerName_s="contoso-sql-weu", DatabaseName_s="shopdb", query_hash_s=query,
                query_id_d=float(100 + number), plan_id_d=float(200 + number), count_executions_d=float(count),
                duration_d=float(microseconds), cpu_time_d=float(round(microseconds * 0.6)),
                max_duration_d=float(round(microseconds / count * 3)),
                logical_io_reads_d=float(count * random.randrange(8, 40)), rowcount_d=float(count * random.randrange(1, 12)),
            )  # fmt: skip


def record(log: Log, requests: Sequence[Request]) -> None:
    """Write the requests of all applications into every table that knows of them."""
    random = chances("telemetry")
    for request in requests:
        _record_request(log, request, random)
        if request.app is ORDERS:
            _record_gateway(log, request, random)
    for app in (SHOP, PAYMENTS):
        _record_site_metrics(log, app, [request for request in requests if request.app is app])
    for database in (SQL_PRIMARY, SQL_SECONDARY):
        _record_database_metrics(log, database, requests, random)
    _record_query_statistics(log, requests, random)
