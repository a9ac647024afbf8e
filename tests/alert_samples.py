"""Alerts to tell somebody about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kqlog.alerts.model import (
    Aggregation,
    Alert,
    Comparison,
    Condition,
    Dimension,
    Metric,
    MonitorCondition,
    Rule,
    Signal,
)

SUBSCRIPTION = "/subscriptions/bce5cc8f-cfe9-5c53-b049-d775b1533117"
MACHINE = f"{SUBSCRIPTION}/resourceGroups/rg-shop/providers/Microsoft.Compute/virtualMachines/web-01"
WORKSPACE = f"{SUBSCRIPTION}/resourceGroups/rg-ops/providers/Microsoft.OperationalInsights/workspaces/logs"
START = datetime(2026, 3, 10, 9, 40, tzinfo=UTC)
END = START + timedelta(minutes=5)

CPU = Condition(
    "Perf\n| where CounterName == '% Processor Time'",
    Comparison.GREATER,
    90.0,
    Aggregation.AVERAGE,
    "CounterValue",
    (Dimension("Computer"),),
    periods=3,
    failing=2,
)
LOG_RULE = Rule(
    "cpu-high",
    (CPU,),
    display_name="CPU is high",
    description="A machine is busy",
    severity=2,
    scopes=(WORKSPACE,),
    custom_properties={"team": "web"},
)
LOG = Alert(
    "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    "6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired",
    LOG_RULE,
    MonitorCondition.FIRED,
    END + timedelta(seconds=4, milliseconds=386),
    (START, END),
    dimensions=(("Computer", "web-01.contoso.example"),),
    value=97.25,
    columns=("TimeGenerated", "Computer", "CounterValue"),
    rows=(
        ("2026-03-10T09:41:00.0000000Z", "web-01.contoso.example", "96.5"),
        ("2026-03-10T09:42:00.0000000Z", "web-01.contoso.example", "<98> & more"),
    ),
    history=tuple((START + timedelta(minutes=5 * step), 60.0 + 4 * step) for step in range(10)),
    reason="average 97.25 > 90 in 09:40 to 09:45",
)
RESOLVED = replace(
    LOG,
    action_id="6f9619ff-8b86-d011-b42d-00cf4fc964ff-resolved",
    condition=MonitorCondition.RESOLVED,
    resolved=END + timedelta(minutes=15),
    value=12.0,
)
FEW = replace(
    LOG,
    rule=replace(LOG_RULE, conditions=(Condition("Heartbeat", Comparison.LESS, 1.0),), custom_properties={}),
    dimensions=(),
    value=0.0,
    rows=(),
    columns=(),
)
METRIC = replace(
    LOG,
    rule=replace(
        LOG_RULE,
        signal=Signal.METRIC,
        scopes=(MACHINE,),
        conditions=(
            Condition(
                "AzureMetrics",
                Comparison.GREATER,
                25.0,
                Aggregation.AVERAGE,
                "Average",
                metric=Metric("Percentage CPU", "Microsoft.Compute/virtualMachines"),
            ),
        ),
    ),
    dimensions=(),
    value=31.1105,
)
LEARNED = replace(
    METRIC,
    rule=replace(
        METRIC.rule,
        conditions=(
            replace(
                METRIC.rule.conditions[0], metric=Metric("Egress", "microsoft.storage/storageaccounts", Aggregation.TOTAL, "High")
            ),
        ),
    ),
    value=1.0,
    columns=("Value", "Threshold", "Operator"),
    rows=(("50101", "47658", "GreaterThan"),),
)


def event(category: str, operation: str, properties: dict[str, object], **columns: str) -> Alert:
    """An alert about an event of the activity log."""
    row = {
        "TimeGenerated": "2026-03-10T09:44:10.0000000Z",
        "CategoryValue": category,
        "OperationNameValue": operation.upper(),
        "Level": "Warning",
        "ActivityStatusValue": "Active",
        "CorrelationId": "79a2c860-df4b-0534-36cb-9f8aae24c789",
        "EventDataId": "84e7c69a-b2e9-95e6-096d-4dcd896d186b",
        "_ResourceId": SUBSCRIPTION,
        "Properties_d": json.dumps({"message": operation, **properties}),
        **columns,
    }
    rule = Rule(
        "told", (Condition("AzureActivity"),), severity=4, signal=Signal.ACTIVITY_LOG, stateful=False, scopes=(SUBSCRIPTION,)
    )
    return replace(
        LOG, rule=rule, dimensions=(), value=1.0, columns=tuple(row), rows=(tuple(row.values()),), history=(), reason="one event"
    )


SERVICE = event(
    "ServiceHealth",
    "Microsoft.ServiceHealth/incident/action",
    {
        "title": "SQL Database - West Europe",
        "service": "SQL Database",
        "region": "West Europe",
        "incidentType": "Incident",
        "trackingId": "CX7K-9Q8",
        "stage": "Active",
    },
)
RESOURCE = event(
    "ResourceHealth",
    "Microsoft.Resourcehealth/healthevent/Activated/action",
    {
        "title": "The machine is down",
        "currentHealthStatus": "Unavailable",
        "previousHealthStatus": "Available",
        "type": "Downtime",
        "cause": "PlatformInitiated",
    },
    _ResourceId=MACHINE,
)
ADMINISTRATIVE = event(
    "Administrative",
    "Microsoft.Compute/virtualMachines/restart/action",
    {},
    _ResourceId=MACHINE,
    Caller="ada@contoso.example",
    Authorization=json.dumps({"action": "Microsoft.Compute/virtualMachines/restart/action", "scope": MACHINE}),
    Claims="{}",
)
ALL = {
    "log": LOG,
    "log_resolved": RESOLVED,
    "log_few": FEW,
    "metric": METRIC,
    "metric_learned": LEARNED,
    "service_health": SERVICE,
    "resource_health": RESOURCE,
    "administrative": ADMINISTRATIVE,
}
"""By the name of the file with the body that each is told in."""
