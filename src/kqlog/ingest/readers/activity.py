"""The activity log as Azure's REST API answers: `{"value": [...]}`, into AzureActivity."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from kqlog.ingest.readers.format import Format, Row
from kqlog.ingest.readers.json_lines import JsonLines, first_object

_STATUS = {"Succeeded": "Success", "Started": "Start", "Failed": "Failure", "Accepted": "Accept"}


def convert(event: Row) -> Row:
    """A row of AzureActivity."""
    resource_id = str(event.get("resourceId") or "")
    operation, status = _value(event, "operationName"), _value(event, "status")
    request, properties = event.get("httpRequest"), event.get("properties")
    return {
        "TimeGenerated": event.get("eventTimestamp"),
        "EventSubmissionTimestamp": event.get("submissionTimestamp"),
        "OperationName": _value(event, "operationName", "localizedValue") or operation,
        "OperationNameValue": operation.upper(),
        "Level": event.get("level"),
        "ActivityStatus": status,
        "ActivityStatusValue": _STATUS.get(status, status),
        "ActivitySubstatus": _value(event, "subStatus", "localizedValue"),
        "ActivitySubstatusValue": _value(event, "subStatus"),
        "ResourceGroup": event.get("resourceGroupName"),
        "SubscriptionId": event.get("subscriptionId"),
        "CorrelationId": event.get("correlationId"),
        "OperationId": event.get("operationId"),
        "EventDataId": event.get("eventDataId"),
        "Caller": event.get("caller"),
        "CallerIpAddress": request.get("clientIpAddress") if isinstance(request, dict) else None,
        "HTTPRequest": _text(request),
        "Category": _value(event, "category", "localizedValue") or _value(event, "category"),
        "CategoryValue": _value(event, "category"),
        "ResourceProvider": _value(event, "resourceProviderName", "localizedValue"),
        "ResourceProviderValue": _value(event, "resourceProviderName").upper(),
        "ResourceId": resource_id,
        "Resource": resource_id.rpartition("/")[2],
        "_ResourceId": resource_id.lower(),
        "_SubscriptionId": event.get("subscriptionId"),
        "Hierarchy": properties.get("hierarchy") if isinstance(properties, dict) else None,
        "Authorization": _text(event.get("authorization")),
        "Authorization_d": event.get("authorization"),
        "Claims": _text(event.get("claims")),
        "Claims_d": event.get("claims"),
        "Properties": _text(properties),
        "Properties_d": properties,
        "SourceSystem": "Azure",
    }


def _value(event: Row, name: str, part: str = "value") -> str:
    """What an event calls something. The API gives a name and its translation."""
    found: Any = event.get(name)
    if isinstance(found, dict):
        found = found.get(part)
    return found if isinstance(found, str) else ""


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""


def _recognises(beginning: str) -> bool:
    first = first_object(beginning)
    if first is None:
        return re.match(r'\s*\{\s*"value"\s*:\s*\[', beginning) is not None and '"eventTimestamp"' in beginning
    events = first.get("value")
    return isinstance(events, list) and all(isinstance(one, dict) and "eventTimestamp" in one for one in events)


FORMAT = Format(
    "activity",
    'the activity log of Azure, {"value": [...]} of its REST API',
    recognises=_recognises,
    parser=partial(JsonLines, convert, "value"),
    items="value.item",
    convert=convert,
    table=lambda row: "AzureActivity",
)
