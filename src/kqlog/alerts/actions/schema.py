"""Azure Monitor's common alert schema: the one JSON body that all of Azure's alerts are told in.

Source: MicrosoftDocs/azure-monitor-docs, articles/azure-monitor/alerts/alerts-common-schema.md and alerts-payload-samples.md.
"""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from kqlog.alerts.actions.activity import activity_context, monitoring_service
from kqlog.alerts.actions.resource import NO_SUBSCRIPTION, ResourceId, parts_of
from kqlog.alerts.model import Alert, Comparison, Condition, MonitorCondition, Signal

Json = dict[str, Any]

LIMIT = 256 * 1024
"""A body has so many bytes at most."""
ADDRESS = "KQLOG_URL"
"""The variable of the environment with the address that people reach the server by, for links."""
_CONFIGURATION_ITEMS = ("_ResourceId", "ResourceId", "Resource", "Computer")
"""The dimensions that name what is affected, the first that there is."""
_LOG_OPERATORS = {Comparison.LESS: "LowerThan", Comparison.LESS_OR_EQUAL: "LowerThanOrEqual"}
"""Log alerts have words of their own for these."""
_RULE_TYPES = {
    Signal.LOG: "microsoft.insights/scheduledqueryrules",
    Signal.METRIC: "microsoft.insights/metricAlerts",
    Signal.ACTIVITY_LOG: "microsoft.insights/activityLogAlerts",
}
_SHORTEST = 16
_EXACT = 2**53


def common_alert(alert: Alert) -> Json:
    """The body of an alert."""
    body: Json = {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": _essentials(alert), "alertContext": _context(alert)},
    }
    if alert.rule.custom_properties:
        body["data"]["customProperties"] = dict(alert.rule.custom_properties)
    return body


def as_bytes(body: object) -> bytes:
    """A body as JSON. The longest texts of one that is too large are cut until it is not."""
    encoded = _encoded(body)
    longest = LIMIT // 4
    while len(encoded) > LIMIT and longest >= _SHORTEST:
        body = _cut(body, longest)
        encoded, longest = _encoded(body), longest // 2
    return encoded


def targets(alert: Alert) -> list[str]:
    """The ids of what an alert is about: those of its rule's scopes, or of the event."""
    if alert.rule.signal is Signal.ACTIVITY_LOG and (event := first_row(alert)):
        found = event.get("_ResourceId") or event.get("ResourceId") or ""
        if found:
            return [found]
    named = dict(alert.dimensions).get("_ResourceId") or dict(alert.dimensions).get("ResourceId")
    return [named] if named else list(alert.rule.scopes)


def affected(alert: Alert) -> list[str]:
    """The names of what is affected, as ITSM systems look them up."""
    dimensions = dict(alert.dimensions)
    for name in _CONFIGURATION_ITEMS:
        if value := dimensions.get(name):
            return [value]
    if alert.rule.signal is Signal.LOG:
        return []
    return [part.name for part in map(parts_of, targets(alert)) if part.type]


def first_row(alert: Alert) -> dict[str, str]:
    """The first row behind an alert, by column."""
    return dict(zip(alert.columns, alert.rows[0], strict=True)) if alert.rows else {}


def moment(time: datetime) -> str:
    """A time as Azure writes it: with what there is of the second, in digits of three or seven."""
    text = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if not time.microsecond:
        return f"{text}Z"
    return f"{text}.{time.microsecond // 1000:03}Z" if time.microsecond % 1000 == 0 else f"{text}.{time.microsecond:06}0Z"


def iso_length(length: timedelta) -> str:
    """A length of time in ISO 8601: PT5M, PT1H, P1D, PT1H30M."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    date = f"{days}D" if days else ""
    clock = "".join(f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if value)
    return f"P{date}{'T' if clock else ''}{clock}" if date or clock else "PT0S"


def number(value: float) -> str:
    """A number as a text, whole where it is: '1', '0.3'."""
    return str(int(value)) if float(value).is_integer() and abs(value) < _EXACT else repr(float(value))


# ------------------------------------------------------------------------------------------------------------ essentials


def _essentials(alert: Alert) -> Json:
    rule = alert.rule
    ids = targets(alert)
    target = parts_of(ids[0]) if ids else ResourceId()
    subscription = target.subscription or NO_SUBSCRIPTION
    essentials: Json = {
        "alertId": f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts/{alert.id}",
        "alertRule": rule.name,
        "targetResourceType": target.type.lower(),
        "alertRuleID": f"/subscriptions/{subscription}/resourceGroups/{target.group or 'kqlog'}/providers/"
        f"{_RULE_TYPES[rule.signal]}/{rule.name}",
        "severity": f"Sev{rule.severity}",
        "signalType": str(rule.signal),
        "monitorCondition": str(alert.condition),
        "targetResourceGroup": target.group,
        "monitoringService": _monitoring_service(alert),
        "alertTargetIDs": ids,
        "configurationItems": affected(alert),
        "originAlertId": alert.id,
        "firedDateTime": moment(alert.fired),
        "description": rule.description,
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    }
    for name in ("targetResourceType", "targetResourceGroup"):
        if not essentials[name]:
            del essentials[name]
    if alert.condition is MonitorCondition.RESOLVED and alert.resolved is not None:
        essentials["resolvedDateTime"] = moment(alert.resolved)
    return essentials


def _monitoring_service(alert: Alert) -> str:
    match alert.rule.signal:
        case Signal.LOG:
            return "Log Alerts V2"
        case Signal.METRIC:
            return "Platform"
        case _:
            return monitoring_service(first_row(alert))


# ---------------------------------------------------------------------------------------------------------------- context


def _context(alert: Alert) -> Json:
    if alert.rule.signal is Signal.ACTIVITY_LOG:
        return activity_context(first_row(alert))
    conditions = alert.rule.conditions
    write = _metric_condition if alert.rule.signal is Signal.METRIC else _log_condition
    start, end = map(moment, alert.window)
    return {
        "properties": dict(alert.rule.custom_properties) or None,
        "conditionType": _condition_type(alert),
        "condition": {
            "windowSize": iso_length(alert.rule.window),
            # What was compared is known of the alert as a whole, which has one value.
            "allOf": [write(alert, condition, alert.value if at == 0 else None) for at, condition in enumerate(conditions)],
            "windowStartTime": start,
            "windowEndTime": end,
        },
    }


def _condition_type(alert: Alert) -> str:
    if alert.rule.signal is Signal.LOG:
        return "LogQueryCriteria"
    if any(condition.metric is not None and condition.metric.sensitivity for condition in alert.rule.conditions):
        return "DynamicThresholdCriteria"
    return f"{'Multiple' if len(alert.rule.scopes) > 1 else 'Single'}ResourceMultipleMetricCriteria"


def _dimensions(alert: Alert) -> list[Json]:
    return [{"name": name, "value": value} for name, value in alert.dimensions]


def _failing_periods(condition: Condition) -> Json:
    return {"numberOfEvaluationPeriods": condition.periods, "minFailingPeriodsToAlert": condition.failing}


def _log_condition(alert: Alert, condition: Condition, value: float | None) -> Json:
    types = sorted({type_ for id_ in alert.rule.scopes if (type_ := parts_of(id_).type)})
    return {
        "searchQuery": condition.query,
        "metricMeasureColumn": condition.measure,
        "targetResourceTypes": str(types),
        "operator": _LOG_OPERATORS.get(condition.operator, str(condition.operator)),
        "threshold": number(condition.threshold),
        "timeAggregation": str(condition.aggregation),
        "dimensions": _dimensions(alert),
        "metricValue": _finite(value),
        "failingPeriods": _failing_periods(condition),
        **_links(alert, condition),
    }


def _metric_condition(alert: Alert, condition: Condition, value: float | None) -> Json:
    metric = condition.metric
    about: Json = {
        "metricName": metric.name if metric else condition.measure,
        "metricNamespace": (metric.namespace if metric else "") or None,
        "operator": str(condition.operator),
        "threshold": number(condition.threshold),
        "timeAggregation": str(metric.aggregation if metric else condition.aggregation),
        "dimensions": _dimensions(alert),
        "metricValue": _finite(value),
        "webTestName": None,
    }
    if metric is None or not metric.sensitivity:
        return about
    learned = first_row(alert)
    # The query of a learned threshold tells both in its rows: what is compared is only whether there are any.
    about |= {"operator": learned.get("Operator", about["operator"]), "threshold": learned.get("Threshold", about["threshold"])}
    if (measured := learned.get("Value")) is not None:
        about["metricValue"] = _finite(float(measured))
    return {
        "alertSensitivity": metric.sensitivity,
        "failingPeriods": _failing_periods(condition),
        "ignoreDataBefore": None,
        **about,
    }


def _links(alert: Alert, condition: Condition) -> Json:
    """Where the rows are: the query over the window, and once more with the dimensions."""
    base = os.environ.get(ADDRESS, "").rstrip("/")
    if not base:
        return dict.fromkeys(
            (
                "linkToSearchResultsUI",
                "linkToFilteredSearchResultsUI",
                "linkToSearchResultsAPI",
                "linkToFilteredSearchResultsAPI",
            ),
            "",
        )
    filters = "".join(f"\n| where tostring(['{name}']) == {json.dumps(value)}" for name, value in alert.dimensions)
    timespan = quote("/".join(map(moment, alert.window)), safe="")
    workspace = parts_of(alert.rule.scopes[0]).name if alert.rule.scopes else "kqlog"

    def link(page: str, text: str) -> str:
        return f"{base}{page}?query={quote(text, safe='')}&timespan={timespan}"

    api = f"/v1/workspaces/{workspace}/query"
    return {
        "linkToSearchResultsUI": link("/", condition.query),
        "linkToFilteredSearchResultsUI": link("/", condition.query + filters),
        "linkToSearchResultsAPI": link(api, condition.query),
        "linkToFilteredSearchResultsAPI": link(api, condition.query + filters),
    }


def _finite(value: float | None) -> float | None:
    """A number as JSON has them."""
    return float(value) if value is not None and math.isfinite(value) else None


def _encoded(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def _cut(value: object, longest: int) -> object:
    match value:
        case str():
            return value if len(value) <= longest else f"{value[: longest - 1]}…"
        case dict():
            return {name: _cut(one, longest) for name, one in value.items()}
        case list():
            return [_cut(one, longest) for one in value[: max(_SHORTEST, longest)]]
        case _:
            return value
