"""What the common alert schema says of an event of the activity log.

Source: the samples of monitoringService Activity Log, ServiceHealth and Resource Health in alerts-payload-samples.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
SERVICE_HEALTH, RESOURCE_HEALTH = "ServiceHealth", "ResourceHealth"
_SERVICES = {SERVICE_HEALTH: "ServiceHealth", RESOURCE_HEALTH: "Resource Health"}
_LEVELS = {"critical": 1, "error": 2, "warning": 3, "informational": 4}
"""The samples of service health have numbers, those of the others words."""
_BY_PEOPLE = frozenset({"Administrative", "Policy"})
"""Events that someone caused, who had to be authorized."""
_ALL_CHANNELS = frozenset({RESOURCE_HEALTH, "Autoscale"})


def monitoring_service(event: Mapping[str, str]) -> str:
    """The service that an event comes from."""
    category = _category(event)
    return _SERVICES.get(category, f"Activity Log - {category}")


def activity_context(event: Mapping[str, str]) -> Json:
    """The context of an event, which has the columns of AzureActivity."""
    if _category(event) == SERVICE_HEALTH:
        return _service_health(event)
    return {**_people(event), **_common(event)}


def properties_of(event: Mapping[str, str]) -> Json:
    """What an event says in particular."""
    for column in ("Properties_d", "Properties"):
        found = _parsed(event.get(column, ""))
        if isinstance(found, dict):
            return found
    return {}


def _category(event: Mapping[str, str]) -> str:
    return event.get("CategoryValue") or event.get("Category") or "Administrative"


def _common(event: Mapping[str, str]) -> Json:
    category = _category(event)
    return {
        "channels": "Admin, Operation" if category in _ALL_CHANNELS else "Operation",
        "correlationId": event.get("CorrelationId", ""),
        "eventSource": category,
        "eventTimestamp": event.get("TimeGenerated", ""),
        "eventDataId": event.get("EventDataId", ""),
        "level": event.get("Level", ""),
        "operationName": _operation(event),
        "operationId": event.get("OperationId") or event.get("CorrelationId", ""),
        "properties": properties_of(event),
        "status": event.get("ActivityStatusValue", ""),
        "subStatus": event.get("ActivitySubstatusValue", ""),
        "submissionTimestamp": event.get("EventSubmissionTimestamp") or event.get("TimeGenerated", ""),
    }


def _people(event: Mapping[str, str]) -> Json:
    if _category(event) not in _BY_PEOPLE:
        return {}
    return {
        "authorization": _parsed(event.get("Authorization_d") or event.get("Authorization", "")),
        "claims": event.get("Claims", ""),
        "caller": event.get("Caller", ""),
    }


def _service_health(event: Mapping[str, str]) -> Json:
    common = _common(event)
    return {
        "authorization": None,
        "channels": 1,
        "claims": None,
        "caller": None,
        "correlationId": common["correlationId"],
        "eventSource": 2,
        "eventTimestamp": common["eventTimestamp"],
        "httpRequest": None,
        "eventDataId": common["eventDataId"],
        "level": _LEVELS.get(str(common["level"]).lower(), _LEVELS["informational"]),
        "operationName": common["operationName"],
        "operationId": common["operationId"],
        "properties": common["properties"],
        "status": common["status"],
        "subStatus": common["subStatus"] or None,
        "submissionTimestamp": common["submissionTimestamp"],
        "ResourceType": None,
    }


def _operation(event: Mapping[str, str]) -> str:
    """The operation as its event writes it: the column has it in capitals."""
    message = properties_of(event).get("message")
    name = event.get("OperationNameValue", "")
    return message if isinstance(message, str) and message.lower() == name.lower() else name


def _parsed(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
