"""Metric alerts as queries over AzureMetrics, where Azure exports platform metrics to and kqlog rolls up what agents measure.

Some of the host's metrics are counters of agents as well, and metrics "for logs" are tables: these are read there. A threshold
that is learned is a query, too (`learned.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from kqlog.alerts.fields import Field
from kqlog.alerts.importing import kql
from kqlog.alerts.importing.imported import Imported
from kqlog.alerts.importing.learned import Learned, Sensitivity, Side, learned_query
from kqlog.alerts.importing.settings import actions, dimensions, identity, severity
from kqlog.alerts.importing.template import Members, count, flag, number
from kqlog.alerts.model import Aggregation, Comparison, Condition, Dimension, Metric, Rule, Signal

RESOURCE = "ResourceId"
VALUE = "Value"
_PROPERTIES = (
    *("description", "severity", "enabled", "scopes", "evaluationFrequency", "windowSize", "targetResourceType"),
    *("targetResourceRegion", "criteria", "autoMitigate", "actions", "actionProperties", "customProperties"),
)
_CRITERION = (
    *("criterionType", "name", "metricName", "metricNamespace", "operator", "threshold", "timeAggregation", "dimensions"),
    *("skipMetricValidation", "alertSensitivity", "failingPeriods", "ignoreDataBefore"),
)
_CHECKS_TO_RESOLVE = 3
_AGGREGATES = {
    Aggregation.AVERAGE: "sum(Total) / sum(Count)",
    Aggregation.TOTAL: "sum(Total)",
    Aggregation.COUNT: "sum(Count)",
    Aggregation.MAXIMUM: "max(Maximum)",
    Aggregation.MINIMUM: "min(Minimum)",
}
_KINDS = ("singleresourcemultiplemetriccriteria", "multipleresourcemultiplemetriccriteria")
_WORKSPACES = "microsoft.operationalinsights/workspaces"
_COUNTERS = {
    "percentage cpu": "CounterName == '% Processor Time' and ObjectName startswith 'Processor' and InstanceName == '_Total'",
    "available memory bytes": "ObjectName == 'Memory' and CounterName == 'Available Bytes'",
}
"""Metrics that Azure's host has of a machine, and where agents inside of it have them."""
_COUNTED = (
    "TimeGenerated, ResourceId = _ResourceId, Total = CounterValue, Count = 1.0, Maximum = CounterValue, Minimum = CounterValue"
)


class _Criterion(StrEnum):
    STATIC = "StaticThresholdCriterion"
    DYNAMIC = "DynamicThresholdCriterion"


class _Operator(StrEnum):
    EQUALS = "Equals"
    GREATER = "GreaterThan"
    GREATER_OR_EQUAL = "GreaterThanOrEqual"
    LESS = "LessThan"
    LESS_OR_EQUAL = "LessThanOrEqual"


def metric_rule(evaluated: Mapping[str, Field], place: str) -> Imported:
    """The rule of a metricAlert.

    Raises:
        QueryError: ALR001 with the place of what cannot be read, or is not offered.
    """
    properties = Members(evaluated["properties"])
    properties.check(_PROPERTIES)
    name, tags = identity(evaluated)
    frequency = properties["evaluationFrequency"].length() if "evaluationFrequency" in properties else timedelta(minutes=1)
    window = properties["windowSize"].length() if "windowSize" in properties else timedelta(minutes=5)
    scopes = properties["scopes"].strings()
    criteria = _criteria(properties["criteria"])
    conditions = tuple(_condition(one, scopes, properties.text("targetResourceType"), window, len(criteria)) for one in criteria)
    learned = [condition for condition in conditions if condition.metric and condition.metric.sensitivity]
    if learned and len(conditions) > 1:
        raise properties["criteria"].wrong("a learned threshold is the only condition of its rule")
    groups, custom, told = actions(properties)
    rule = Rule(
        name,
        conditions,
        frequency,
        window,
        name,
        properties.text("description"),
        severity(properties),
        flag(properties["enabled"]) if "enabled" in properties else True,
        Signal.METRIC,
        scopes,
        Learned.history(window, conditions[0].periods) if learned else None,
        flag(properties["autoMitigate"]) if "autoMitigate" in properties else True,
        _CHECKS_TO_RESOLVE * frequency,
        action_groups=groups,
        custom_properties=custom,
        tags=tags | told,
        place=place,
    )
    return Imported(rule, tuple(one.whole for one in criteria))


def _criteria(field: Field) -> list[Members]:
    members = Members(field)
    kind = members.text("odata.type").rpartition(".")[2].lower()
    if kind not in _KINDS:
        raise members["odata.type"].wrong(f"criteria of the type {members.text('odata.type')} are not offered")
    found = [Members(one) for one in members["allOf"].items()]
    if not found:
        raise members["allOf"].wrong("a rule has a condition at least")
    return found


def _condition(members: Members, scopes: tuple[str, ...], type_: str, window: timedelta, count: int) -> Condition:
    members.check(_CRITERION)
    kind = members["criterionType"].one_of(_Criterion) if "criterionType" in members else _Criterion.STATIC
    aggregation = members["timeAggregation"].one_of(Aggregation)
    metric, namespace = members["metricName"].string(), members.text("metricNamespace")
    given = dimensions(members)
    # Conditions of one rule are met together by a resource, so that only that tells alerts apart.
    split = given if count == 1 else ()
    source = _source(metric, namespace, scopes, type_, given, [] if count == 1 else [_filter(one) for one in given])
    by = ", ".join([RESOURCE, *(kql.column(one.name) for one in split if one.name != RESOURCE)])
    names = (Dimension(RESOURCE), *(one for one in split if one.name != RESOURCE))
    value = f"{VALUE} = {_AGGREGATES[aggregation]}"
    if kind is _Criterion.DYNAMIC:
        return _learned(members, source, value, by, names, Metric(metric, namespace, aggregation), window)
    return Condition(
        f"{source}\n| summarize {value} by {by}",
        Comparison(members["operator"].one_of(_Operator)),
        number(members["threshold"]),
        # A combination has one value: each aggregate of it is the value itself.
        Aggregation.MAXIMUM,
        VALUE,
        names,
        metric=Metric(metric, namespace, aggregation),
    )


def _learned(
    members: Members, source: str, value: str, by: str, names: tuple[Dimension, ...], metric: Metric, window: timedelta
) -> Condition:
    sensitivity = members["alertSensitivity"].one_of(Sensitivity)
    periods, failing = 4, 4
    if "failingPeriods" in members:
        given = Members(members["failingPeriods"])
        periods = count(given["numberOfEvaluationPeriods"])
        failing = count(given["minFailingPeriodsToAlert"])
        if not 1 <= failing <= periods:
            raise members["failingPeriods"].wrong("so many failing periods there are not")
    ignored = members.text("ignoreDataBefore") or None
    learned = Learned(sensitivity, members["operator"].one_of(Side), window, periods, ignored)
    return Condition(
        learned_query(source, value, by, learned),
        Comparison.GREATER,
        0.0,
        dimensions=names,
        periods=periods,
        failing=failing,
        metric=Metric(metric.name, metric.namespace, metric.aggregation, str(sensitivity)),
    )


def _source(
    metric: str, namespace: str, scopes: tuple[str, ...], type_: str, given: tuple[Dimension, ...], filters: list[str]
) -> str:
    """The values of a metric: their sums, numbers and extremes, with columns for its dimensions."""
    if namespace.lower() == _WORKSPACES:
        return "\n| ".join([_of_logs(metric), *filters])
    where = [
        condition
        for condition in (kql.within(RESOURCE, scopes), f"{RESOURCE} has {kql.text(type_)}" if type_ else "")
        if condition
    ]
    exported = [
        "AzureMetrics",
        f"where MetricName =~ {kql.text(metric)}",
        *(f"where {condition}" for condition in where),
        *_parsed(given),
        *filters,
    ]
    counter = _COUNTERS.get(metric.lower())
    if counter is None or given:
        return "\n| ".join(exported)
    measured = ["Perf", f"where {counter}", f"project {_COUNTED}", *(f"where {condition}" for condition in where)]
    tables = ", ".join("(" + "\n| ".join(one) + ")" for one in (exported, measured))
    return f"union {tables}"


def _parsed(given: tuple[Dimension, ...]) -> list[str]:
    """Columns of dimensions, of which Azure's table has none: kqlog keeps them beside."""
    columns = [f"{kql.column(one.name)} = tostring(Dimensions[{kql.text(one.name)}])" for one in given if one.name != RESOURCE]
    if not columns:
        return []
    return ["extend Dimensions = parse_json(tostring(column_ifexists('Dimensions_CF', '')))", f"extend {', '.join(columns)}"]


def _of_logs(metric: str) -> str:
    """A metric that Azure makes of a workspace's logs: Heartbeat, and counters with their aggregate before the name."""
    if metric.lower() == "heartbeat":
        return "Heartbeat\n| extend ResourceId = _ResourceId, Total = 1.0, Count = 1.0, Maximum = 1.0, Minimum = 1.0"
    counter = metric.partition("_")[2] or metric
    return (
        f"Perf\n| where CounterName =~ {kql.text(counter)}\n"
        "| extend ResourceId = _ResourceId, Total = CounterValue, Count = 1.0, Maximum = CounterValue, Minimum = CounterValue"
    )


def _filter(one: Dimension) -> str:
    if "*" in one.values:
        return "where true"
    return f"where {kql.column(one.name)} {'in' if one.include else '!in'} ({kql.texts(one.values)})"
