"""Tuesday 09:42: the shop's database in West Europe stops answering, and fails over at 10:21.

The region has lost a storage unit. Requests that need the database fail after a long wait, in the shop and in the orders API
behind the gateway; the others work on. Someone orders the failover to North Europe; after it everything is a little slower, until
the database moves back in the night.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from ..company import OPERATIONS_TEAM, ORDERS, SHOP, SQL_FAILOVER_GROUP, SQL_PRIMARY, SQL_SECONDARY, WEB_SERVERS, Resource, at
from ..control_plane import activity, alert, change
from ..log import Log, chances, every
from ..machines import windows_event
from ..traffic import CRITICAL, ERROR, WARNING, Request, Trace

DOWN = at(2, "09:42")
FAILOVER_ORDERED = at(2, "10:17:30")
FAILED_OVER = at(2, "10:21")
MOVED_BACK = at(3, "02:30")

UNAVAILABLE = (
    "Database 'shopdb' on server 'contoso-sql-weu' is not currently available. Please retry the connection later. "
    "If the problem persists, contact customer support, and provide them the session tracing ID."
)


def change_request(request: Request, random: Random) -> Request:
    """What the outage did to a request."""
    if not request.database or not DOWN <= request.time < MOVED_BACK:
        return request
    if request.time >= FAILED_OVER:
        return replace(request, database=SQL_SECONDARY, milliseconds=request.milliseconds * 1.25 + 22)
    if random.random() < 0.12:  # the cache still has it
        return replace(request, milliseconds=request.milliseconds * 2)
    waited = random.uniform(15_000, 30_000)
    properties: dict[str, object] = {
        "CategoryName": "Microsoft.EntityFrameworkCore.Database.Connection", "server": "contoso-sql-weu", "database": "shopdb",
        "errorNumber": 40613, "attempts": 3,
    }  # fmt: skip
    exception = f"Microsoft.Data.SqlClient.SqlException (0x80131904): {UNAVAILABLE} Error Number:40613,State:1,Class:20"
    traces = [
        Trace(WARNING, "A transient exception occurred. The operation will be retried after 8021ms.", properties),
        Trace(ERROR, exception, properties),
    ]
    if request.operation.path == "/checkout":
        checkout: dict[str, object] = {"CategoryName": "Contoso.Shop.Checkout", "id": request.key}
        traces.append(Trace(CRITICAL, f"Checkout {request.key} lost: the order could not be stored.", checkout))
    return request.with_outcome(500, waited, *traces)


def _sql_errors(log: Log, random: Random) -> None:
    for time in every(timedelta(seconds=9), DOWN + timedelta(seconds=4), FAILED_OVER):
        log.add(
            "AzureDiagnostics", time + timedelta(seconds=random.uniform(0, 8)), SQL_PRIMARY,
            Category="Errors", OperationName="ErrorEvent", LogicalServerName_s="contoso-sql-weu", DatabaseName_s="shopdb",
            Message=UNAVAILABLE, error_number_d=40613.0, state_d=1.0, Level="Error",
        )  # fmt: skip


def _web_server_events(log: Log, random: Random) -> None:
    text = f"Event code: 3005 Event message: An unhandled exception has occurred. SqlException: {UNAVAILABLE}"
    for machine in WEB_SERVERS:
        for time in every(timedelta(seconds=70), DOWN + timedelta(seconds=30), FAILED_OVER):
            time += timedelta(seconds=random.uniform(0, 60))
            windows_event(log, machine, time, "Application/ASP.NET 4.0.30319.0", 1309, "Warning", text)


def _service_health(log: Log, random: Random, time: datetime, stage: str, text: str) -> None:
    properties: dict[str, object] = {
        "title": "SQL Database - West Europe - Connectivity issues", "service": "SQL Database", "region": "West Europe",
        "incidentType": "Incident", "trackingId": "CX7K-9Q8", "stage": stage, "communication": text,
        "impactStartTime": DOWN.isoformat(), "defaultLanguageTitle": "SQL Database - West Europe - Connectivity issues",
        "impactedServices": json.dumps([{"ServiceName": "SQL Database", "ImpactedRegions": [{"RegionName": "West Europe"}]}]),
    }  # fmt: skip
    if stage == "Resolved":
        properties["impactMitigationTime"] = at(2, "11:05").isoformat()
    operation = "Microsoft.ServiceHealth/incident/action"
    activity(
        log, random, time, operation, operation, None, category="ServiceHealth", status=stage, level="Warning",
        correlation="CX7K-9Q8", properties=properties,
    )  # fmt: skip


def _resource_health(log: Log, random: Random, time: datetime, verb: str, now: str, before: str) -> None:
    properties: dict[str, object] = {
        "title": f"Database is {now.lower()}", "currentHealthStatus": now, "previousHealthStatus": before,
        "type": "Downtime", "cause": "PlatformInitiated",
    }  # fmt: skip
    operation = f"Microsoft.Resourcehealth/healthevent/{verb}/action"
    status, level = ("Active", "Critical") if verb == "Activated" else ("Resolved", "Informational")
    activity(
        log, random, time, operation, f"Health Event {verb}", SQL_PRIMARY, category="ResourceHealth",
        status=status, level=level, properties=properties,
    )  # fmt: skip


def _failover(log: Log, random: Random, time: datetime, server: Resource) -> None:
    person = OPERATIONS_TEAM[0]
    change(
        log, random, time, "Microsoft.Sql/servers/failoverGroups/failover/action", "Fail over failover group", SQL_FAILOVER_GROUP,
        person.principal_name, person.address, seconds=(FAILED_OVER - FAILOVER_ORDERED).seconds,
        properties={"newPrimary": server.name},
    )  # fmt: skip


def tell(log: Log) -> None:
    """Write what the outage left outside the applications' own telemetry."""
    random = chances("database failover")
    _sql_errors(log, random)
    _web_server_events(log, random)
    _resource_health(log, random, at(2, "09:44:10"), "Activated", "Unavailable", "Available")
    _service_health(log, random, at(2, "09:58"), "Active", "We are investigating failing connections to SQL Database.")
    _service_health(log, random, at(2, "10:31"), "Active", "A storage scale unit lost power. Mitigation is under way.")
    _service_health(log, random, at(2, "11:12"), "Resolved", "Power was restored and all databases are available.")
    _resource_health(log, random, at(2, "11:06:20"), "Resolved", "Available", "Unavailable")
    for app in (SHOP, ORDERS):
        for clock, fired in (("09:49", True), ("10:27", False)):
            rule, description = f"{app.name} failed requests", "More than 10 failed requests in 5 minutes"
            alert(log, random, at(2, clock), app.component, rule, description, fired=fired)
    _failover(log, random, FAILOVER_ORDERED, SQL_SECONDARY)
    _failover(log, random, MOVED_BACK - timedelta(minutes=3), SQL_PRIMARY)
