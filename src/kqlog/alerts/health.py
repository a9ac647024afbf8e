"""Resource health as events: each change of a resource's health becomes a row of AzureActivity, as Azure's own do.

What a resource's health is the stored function ResourceHealth() says. Changes to and from Unknown are told as well, which Azure
does not do: a machine that falls silent is what most want to hear of.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from kqlog.alerts.actions.resource import parts_of
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store
from kqlog.workspace import Workspace

TABLE, CALLER = "AzureActivity", "kqlog"
_SPACE = uuid.UUID("1c0c7a52-7b0e-5a59-9e3b-0b6a3d8f4c11")
_PROVIDER = "Microsoft.Resourcehealth"
_AVAILABLE = "Available"
_LEVELS = {"Unavailable": "Critical", "Degraded": "Warning", "Unknown": "Warning", _AVAILABLE: "Informational"}
_NOW = """
declare query_parameters(at: datetime);
ResourceHealth(at)
| join kind=leftouter (
    AzureActivity
    | where CategoryValue == "ResourceHealth" and Caller == "kqlog" and TimeGenerated <= at
    | summarize arg_max(TimeGenerated, EventDataId, Properties_d) by Resource = _ResourceId
    | project Resource, Before = tostring(Properties_d.currentHealthStatus), EventDataId) on Resource
| project Resource, Status, Reason, Before = iff(isempty(Before), "Available", Before), EventDataId
| where Status != Before
"""


def record(workspace: Workspace, now: datetime) -> int:
    """Write what changed since this was last done; how many changes that were.

    A change is known by the one before it: two processes that see the same one write it once.

    Raises:
        QueryError: the disk does not take it, or a saved query that stands in for one of health's is wrong.
    """
    store = workspace.store
    if store is None or not any(store.table(name).exists for name in ("Heartbeat", TABLE)):
        return 0
    changes = workspace.query(_NOW, parameters={"at": now}).rows
    return _append(store, [_event(now, *change) for change in changes]) if changes else 0


def _append(store: Store, events: Iterable[dict[str, Any]]) -> int:
    table = store.table(TABLE)
    with table.writing():
        new = [one for one in events if not table.seen(one["EventDataId"])]
        if new:
            shaped = shape(store, TABLE, new)
            table.append(shaped.rows, shaped.columns, [one["EventDataId"] for one in new])
    return len(new)


def _event(now: datetime, resource: str, status: str, reason: str, before: str, last: str | None) -> dict[str, Any]:
    over, parts = status == _AVAILABLE, parts_of(resource)
    operation = f"{_PROVIDER}/healthevent/{'Resolved' if over else 'Activated'}/action"
    id_ = str(uuid.uuid5(_SPACE, f"{resource} {last or ''} {status}"))
    properties = {
        "eventCategory": "ResourceHealth",
        "entity": resource,
        "message": operation,
        "title": reason or f"The resource is {status.lower()}",
        "details": None,
        "currentHealthStatus": status,
        "previousHealthStatus": before,
        "type": "Downtime",
        "cause": "Unknown",
    }
    return {
        "TimeGenerated": now.astimezone(UTC),
        "OperationName": "Health Event Resolved" if over else "Health Event Activated",
        "OperationNameValue": operation.upper(),
        "Level": _LEVELS.get(status, "Informational"),
        "ActivityStatus": "Resolved" if over else "Active",
        "ActivityStatusValue": "Resolved" if over else "Active",
        "Category": "ResourceHealth",
        "CategoryValue": "ResourceHealth",
        "Caller": CALLER,
        "CorrelationId": id_,
        "EventDataId": id_,
        "OperationId": id_,
        "EventSubmissionTimestamp": now.astimezone(UTC),
        "ResourceProviderValue": _PROVIDER.upper(),
        "Resource": parts.name,
        "ResourceGroup": parts.group,
        "SubscriptionId": parts.subscription,
        "_ResourceId": resource,
        "SourceSystem": "kqlog",
        "Properties": json.dumps(properties),
        "Properties_d": properties,
    }
