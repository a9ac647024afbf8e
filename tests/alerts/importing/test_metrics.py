"""Metric alerts and activity log alerts as queries, over rows that they have to find and others that they must not."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

import kqlog
from kqlog.alerts.importing import read_rules
from kqlog.alerts.model import Aggregation, Signal
from kqlog.alerts.rules import bind_rule
from kqlog.errors import QueryError

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
GROUP = "/subscriptions/s/resourceGroups/rg"
ONE, TWO = (f"{GROUP}/providers/Microsoft.Web/sites/{name}" for name in ("one", "two"))


def metric_alert(*criteria: dict, scopes=(ONE,), **properties) -> dict:
    return {
        "type": "Microsoft.Insights/metricAlerts",
        "name": "slow",
        "location": "global",
        "properties": {
            "severity": 1,
            "enabled": True,
            "scopes": list(scopes),
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": {"odata.type": "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria", "allOf": list(criteria)},
            "actions": [
                {"actionGroupId": f"{GROUP}/providers/Microsoft.Insights/actionGroups/ops", "webHookProperties": {"a": "b"}}
            ],
            **properties,
        },
    }


def criterion(**more) -> dict:
    return {
        "name": "1st",
        "metricName": "ResponseTime",
        "metricNamespace": "Microsoft.Web/sites",
        "operator": "GreaterThan",
        "threshold": 4,
        "timeAggregation": "Average",
        "dimensions": [],
        "criterionType": "StaticThresholdCriterion",
        **more,
    }


def read(resource: dict):
    (one,) = read_rules(json.dumps(resource), "file", "alerts/file.json")
    return one.rule


def metrics(rows: list[tuple[datetime, str, str, float, float]], **columns: list) -> kqlog.Workspace:
    """A workspace with AzureMetrics: time, resource, metric, total and count."""
    times, resources, names, totals, counts = zip(*rows, strict=True)
    averages = [total / count for total, count in zip(totals, counts, strict=True)]
    table = {
        "TimeGenerated": pa.array(times, pa.timestamp("us", "UTC")),
        "ResourceId": [one.upper() for one in resources],
        "MetricName": list(names),
        "Total": list(totals),
        "Count": list(counts),
        "Maximum": averages,
        "Minimum": averages,
        **columns,
    }
    return kqlog.connect(tables={"AzureMetrics": pa.table(table)})


def answer(rule, workspace: kqlog.Workspace, now: datetime = NOW, range_: timedelta | None = None) -> list[tuple]:
    """What the query of a rule says of the window that ends now."""
    text = f"set query_now = datetime({now:%Y-%m-%dT%H:%M:%S});\n{rule.conditions[0].query}"
    return workspace.query(text, (now - (range_ or rule.query_range or rule.window), now)).rows


def test_a_metric_alert():
    rule = read(metric_alert(criterion(), description="too slow"))
    assert (rule.name, rule.signal, rule.severity, rule.stateful) == ("slow", Signal.METRIC, 1, True)
    assert rule.resolve_after == timedelta(minutes=3)
    assert (rule.action_groups, rule.custom_properties) == (("ops",), {"a": "b"})
    (condition,) = rule.conditions
    assert (condition.threshold, condition.measure) == (4.0, "Value")
    assert (condition.metric.name, condition.metric.namespace, condition.metric.aggregation) == (
        "ResponseTime",
        "Microsoft.Web/sites",
        Aggregation.AVERAGE,
    )


def test_an_average_weighs_minutes_by_what_was_measured():
    rows = [
        (NOW - timedelta(minutes=1), ONE, "ResponseTime", 100.0, 100.0),
        (NOW - timedelta(minutes=2), ONE, "responsetime", 10.0, 1.0),
    ]
    rows += [(NOW - timedelta(minutes=1), ONE, "Other", 1e6, 1.0), (NOW - timedelta(minutes=1), TWO, "ResponseTime", 1e6, 1.0)]
    rows += [(NOW - timedelta(minutes=9), ONE, "ResponseTime", 1e6, 1.0)]
    workspace = metrics(rows)
    ((resource, value),) = answer(read(metric_alert(criterion())), workspace)
    assert (resource, value) == (ONE.upper(), pytest.approx(110 / 101))
    values = {
        aggregation: answer(read(metric_alert(criterion(timeAggregation=aggregation))), workspace)[0][1]
        for aggregation in ("Total", "Count", "Maximum", "Minimum")
    }
    assert values == {"Total": 110.0, "Count": 101.0, "Maximum": 10.0, "Minimum": 1.0}


@pytest.mark.parametrize("scope", [GROUP, "/subscriptions/s", ONE.upper()])
def test_scopes_are_resources_groups_and_subscriptions(scope):
    workspace = metrics(
        [
            (NOW - timedelta(minutes=1), ONE, "ResponseTime", 5.0, 1.0),
            (NOW - timedelta(minutes=1), "/subscriptions/sx/r", "ResponseTime", 5.0, 1.0),
        ]
    )
    assert [row[0] for row in answer(read(metric_alert(criterion(), scopes=[scope])), workspace)] == [ONE.upper()]


def test_dimensions_are_those_that_rollups_keep():
    workspace = metrics(
        [
            (NOW - timedelta(minutes=1), ONE, "ResponseTime", 5.0, 1.0),
            (NOW - timedelta(minutes=1), ONE, "ResponseTime", 7.0, 1.0),
        ],
        Dimensions_CF=['{"Instance": "a"}', '{"Instance": "b"}'],
    )
    rule = read(metric_alert(criterion(dimensions=[{"name": "Instance", "operator": "Include", "values": ["*"]}])))
    assert sorted(answer(rule, workspace)) == [(ONE.upper(), "a", 5.0), (ONE.upper(), "b", 7.0)]
    assert [one.name for one in rule.conditions[0].dimensions] == ["ResourceId", "Instance"]
    several = read(
        metric_alert(criterion(dimensions=[{"name": "Instance", "operator": "Include", "values": ["b"]}]), criterion(name="2nd"))
    )
    assert answer(several, workspace) == [(ONE.upper(), 7.0)]
    assert {tuple(one.name for one in condition.dimensions) for condition in several.conditions} == {("ResourceId",)}


def test_the_load_of_a_machine_is_what_its_agent_measures():
    perf = pa.table(
        {
            "TimeGenerated": pa.array([NOW - timedelta(minutes=1)] * 2, pa.timestamp("us", "UTC")),
            "_ResourceId": [f"{GROUP}/providers/microsoft.compute/virtualmachines/web"] * 2,
            "ObjectName": ["Processor", "Memory"],
            "CounterName": ["% Processor Time", "Available Bytes"],
            "InstanceName": ["_Total", ""],
            "CounterValue": [97.0, 5.0],
        }
    )
    workspace = kqlog.connect(
        tables={"Perf": perf, "AzureMetrics": metrics([(NOW, ONE, "x", 1.0, 1.0)]).query("AzureMetrics").to_arrow()}
    )
    rule = read(
        metric_alert(
            criterion(metricName="Percentage CPU"), scopes=[GROUP], targetResourceType="Microsoft.Compute/virtualMachines"
        )
    )
    assert [row[1] for row in answer(rule, workspace)] == [97.0]
    logs = criterion(metricName="Average_% Processor Time", metricNamespace="Microsoft.OperationalInsights/workspaces")
    assert [row[1] for row in answer(read(metric_alert(logs)), workspace)] == [97.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"criterionType": "OtherCriterion"}, "'criterionType' cannot be 'OtherCriterion'"),
        ({"threshold": "much"}, "'threshold' is a number"),
        ({"timeAggregation": "Median"}, "'timeAggregation' cannot be 'Median'"),
        ({"alertSensitivity": "Huge", "criterionType": "DynamicThresholdCriterion"}, "'alertSensitivity' cannot be 'Huge'"),
        (
            {"criterionType": "DynamicThresholdCriterion", "operator": "Equals", "alertSensitivity": "Low"},
            "'operator' cannot be 'Equals'",
        ),
        ({"dimension": []}, "'dimension' is not offered here"),
    ],
)
def test_criteria_that_are_wrong(change, message):
    with pytest.raises(QueryError, match=message):
        read(metric_alert(criterion(**change)))


def test_criteria_of_other_kinds_are_refused():
    resource = metric_alert(criterion())
    resource["properties"]["criteria"]["odata.type"] = "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria"
    with pytest.raises(QueryError, match="WebtestLocationAvailabilityCriteria are not offered"):
        read(resource)


# ---------------------------------------------------------------------------------------------------------------- learned


def learned(sensitivity="Medium", operator="GreaterOrLessThan", **more):
    dynamic = {
        "criterionType": "DynamicThresholdCriterion",
        "alertSensitivity": sensitivity,
        "operator": operator,
        "failingPeriods": {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
    }
    given = {name: value for name, value in criterion(**dynamic, **more).items() if name != "threshold"}
    return read(metric_alert(given, windowSize="PT1H", evaluationFrequency="PT1H"))


def history(days: float, last: float | None, resource: str = ONE) -> list[tuple]:
    """Hours with a daily pattern and a little noise; the last one as it is given."""
    rows = []
    for hour in range(int(days * 24), 0, -1):
        at = NOW - timedelta(hours=hour)
        value = 100 + 40 * math.sin(2 * math.pi * at.hour / 24) + 3 * math.sin(hour * 1.7)
        if hour == 1 and last is not None:
            value = last
        rows.append((at + timedelta(minutes=30), resource, "ResponseTime", value, 1.0))
    return rows


USUAL = 100 + 40 * math.sin(2 * math.pi * 11 / 24) + 3 * math.sin(1.7)
"""What the last hour would be like."""


@pytest.mark.parametrize("sensitivity", ["High", "Medium", "Low"])
def test_what_is_as_on_other_days_is_not_told(sensitivity):
    assert answer(learned(sensitivity), metrics(history(10, None))) == []


@pytest.mark.parametrize("sensitivity", ["High", "Medium", "Low"])
def test_what_is_unusual_for_the_hour_is_told_though_it_is_usual_at_noon(sensitivity):
    """140 is what the value is at six o'clock every day."""
    ((_, resource, value, threshold, operator),) = answer(learned(sensitivity), metrics(history(10, 140.0)))
    assert (resource, value, operator) == (ONE.upper(), 140.0, "GreaterThan")
    assert USUAL < threshold < 140
    ((*_, threshold, operator),) = answer(learned(sensitivity), metrics(history(10, 70.0)))
    assert operator == "LessThan" and 70 < threshold < USUAL


def test_a_higher_sensitivity_has_a_narrower_band():
    bands = [answer(learned(sensitivity), metrics(history(10, 500.0)))[0][3] for sensitivity in ("High", "Medium", "Low")]
    assert bands == sorted(bands) and len(set(bands)) == 3


def test_only_the_side_that_is_asked_for():
    high, low = metrics(history(10, 500.0)), metrics(history(10, -500.0))
    assert [len(answer(learned(operator="GreaterThan"), one)) for one in (high, low)] == [1, 0]
    assert [len(answer(learned(operator="LessThan"), one)) for one in (high, low)] == [0, 1]


@pytest.mark.parametrize(("days", "told"), [(2.9, 0), (3.2, 1), (1.0, 0)])
def test_nothing_is_told_before_there_are_three_days(days, told):
    assert len(answer(learned(), metrics(history(days, 500.0)))) == told


def test_nothing_is_told_of_few_values():
    rows = history(10, 500.0)
    assert answer(learned(), metrics([*rows[:-1:10], rows[-1]])) == []


def test_a_moment_before_which_nothing_is_learned():
    assert len(answer(learned(ignoreDataBefore="2026-03-11T00:00:00Z"), metrics(history(10, 500.0)))) == 1
    assert answer(learned(ignoreDataBefore="2026-03-18T12:00:00Z"), metrics(history(10, 500.0))) == []


def test_each_resource_has_a_band_of_its_own():
    rows = [*history(10, 500.0), *[(at, TWO, name, 10 * total, count) for at, _, name, total, count in history(10, None)]]
    rule = learned()
    resource = metric_alert(scopes=[GROUP])
    resource["properties"]["criteria"]["allOf"] = [
        {
            **criterion(criterionType="DynamicThresholdCriterion", alertSensitivity="Low", operator="GreaterThan"),
            "threshold": None,
        }
    ]
    resource["properties"] |= {"windowSize": "PT1H"}
    rule = read(resource)
    assert [row[1] for row in answer(rule, metrics(rows))] == [ONE.upper()]
    assert (rule.conditions[0].periods, rule.conditions[0].failing) == (4, 4)


def test_a_learned_rule_is_bound_and_looks_far_enough_back():
    rule = learned()
    assert rule.query_range == timedelta(days=10, hours=1)
    bound = bind_rule(rule, metrics(history(1, None)))
    assert not bound.row_wise


# --------------------------------------------------------------------------------------------------------------- activity


def activity_alert(*conditions: dict, scopes=("/subscriptions/s",)) -> dict:
    return {
        "type": "Microsoft.Insights/activityLogAlerts",
        "name": "told",
        "location": "Global",
        "properties": {
            "enabled": True,
            "scopes": list(scopes),
            "condition": {"allOf": list(conditions)},
            "actions": {"actionGroups": [{"actionGroupId": f"{GROUP}/providers/microsoft.insights/actiongroups/ops"}]},
        },
    }


@pytest.fixture(scope="module")
def activity():
    """Five events: a restart, a service issue, planned maintenance, a machine that is down, and one of another subscription."""
    services = json.dumps([{"ImpactedRegions": [{"RegionName": "West Europe"}], "ServiceName": "SQL Database"}])
    events = [
        ("Administrative", "MICROSOFT.COMPUTE/VIRTUALMACHINES/RESTART/ACTION", "Success", ONE, {}),
        ("ServiceHealth", "MICROSOFT.SERVICEHEALTH/INCIDENT/ACTION", "Active", "", {"incidentType": "Incident", "impactedServices": services}),
        ("ServiceHealth", "MICROSOFT.SERVICEHEALTH/MAINTENANCE/ACTION", "Active", "", {"incidentType": "Maintenance", "impactedServices": "[]"}),
        ("ResourceHealth", "MICROSOFT.RESOURCEHEALTH/HEALTHEVENT/ACTIVATED/ACTION", "Active", ONE, {"currentHealthStatus": "Unavailable", "cause": "PlatformInitiated"}),
        ("Administrative", "MICROSOFT.COMPUTE/VIRTUALMACHINES/RESTART/ACTION", "Success", "/subscriptions/other/resourceGroups/rg", {}),
    ]  # fmt: skip
    empty = [""] * len(events)
    columns = ("Level", "ActivitySubstatusValue", "Caller", "ResourceGroup", "ResourceProviderValue", "CorrelationId")
    table = pa.table(
        {
            "TimeGenerated": pa.array([NOW - timedelta(seconds=30)] * len(events), pa.timestamp("us", "UTC")),
            "CategoryValue": [one[0] for one in events],
            "OperationNameValue": [one[1] for one in events],
            "ActivityStatusValue": [one[2] for one in events],
            "_ResourceId": [one[3] for one in events],
            "Properties_d": pa.array([one[4] for one in events]).cast(
                pa.struct({key: pa.string() for one in events for key in one[4]})
            ),
            "SubscriptionId": ["s", "s", "s", "s", "other"],
            "EventDataId": [str(at) for at in range(len(events))],
            **dict.fromkeys(columns, empty),
        }
    )
    return kqlog.connect(tables={"AzureActivity": table})


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ([{"field": "category", "equals": "ServiceHealth"}], ["1", "2"]),
        ([{"field": "category", "equals": "servicehealth"}, {"field": "properties.incidentType", "equals": "Maintenance"}], ["2"]),
        ([{"anyOf": [{"field": "properties.incidentType", "equals": "Incident"}, {"field": "category", "equals": "ResourceHealth"}]}], ["1", "3"]),
        ([{"field": "properties.impactedServices[*].ServiceName", "containsAny": ["Storage", "SQL Database"]}], ["1"]),
        ([{"field": "properties.impactedServices[*].ServiceName", "containsAny": ["Database"]}], []),
        ([{"field": "properties.impactedServices[*].ImpactedRegions[*].RegionName", "containsAny": ["west europe"]}], ["1"]),
        ([{"field": "properties.currentHealthStatus", "containsAny": ["Degraded", "Unavailable"]}], ["3"]),
        ([{"field": "operationName", "equals": "Microsoft.Compute/virtualMachines/restart/action"}, {"field": "status", "equals": "Succeeded"}], ["0"]),
        ([{"field": "resourceType", "equals": "Microsoft.Web/sites"}], ["0", "3"]),
    ],
)  # fmt: skip
def test_events_that_activity_log_alerts_find(activity, conditions, found):
    rule = read(activity_alert(*conditions))
    assert (rule.signal, rule.severity, rule.stateful, rule.action_groups) == (Signal.ACTIVITY_LOG, 4, False, ("ops",))
    bound = bind_rule(rule, activity)
    assert bound.row_wise
    ids = activity.query(f"{rule.conditions[0].query}\n| order by EventDataId asc | project EventDataId").rows
    assert [one for (one,) in ids] == found


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"field": "weather", "equals": "rain"}, "events have no field 'weather'"),
        ({"field": "category"}, "the field 'equals' is missing"),
        ({"field": "category", "equals": ["a"]}, "'equals' is one value"),
        ({"field": "properties.a-b", "equals": "x"}, "'properties.a-b' is no field of an event"),
        ({"field": "category", "like": "x"}, "'like' is not offered here"),
    ],
)
def test_conditions_that_are_wrong(condition, message):
    with pytest.raises(QueryError, match=message):
        read(activity_alert(condition))
