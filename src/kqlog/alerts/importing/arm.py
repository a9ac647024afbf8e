"""Alert rules in Azure's resource templates: written by people, exported by the portal, or compiled from Bicep.

Source: azure-rest-api-specs, Microsoft.Insights scheduledQueryRules 2023-12-01, metricAlerts 2018-03-01,
activityLogAlerts 2020-10-01.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum

import yaml

from kqlog.alerts.fields import Field
from kqlog.alerts.importing.activity import activity_rule
from kqlog.alerts.importing.imported import Imported
from kqlog.alerts.importing.metric import metric_rule
from kqlog.alerts.importing.settings import actions, dimensions, identity, severity
from kqlog.alerts.importing.template import Members, Template, count, flag, number
from kqlog.alerts.model import Aggregation, Comparison, Condition, Rule
from kqlog.errors import QueryError, Span

_PROPERTIES = (
    *(
        "displayName",
        "description",
        "severity",
        "enabled",
        "scopes",
        "evaluationFrequency",
        "windowSize",
        "overrideQueryTimeRange",
    ),
    *("targetResourceTypes", "criteria", "muteActionsDuration", "autoMitigate", "ruleResolveConfiguration", "actions"),
    *("checkWorkspaceAlertsStorageConfigured", "skipQueryValidation", "resolveConfiguration"),
    *("createdWithApiVersion", "isLegacyLogAnalyticsRule", "isWorkspaceAlertsStorageConfigured"),
)
_CONDITION = (
    *("query", "timeAggregation", "metricMeasureColumn", "resourceIdColumn", "dimensions", "operator", "threshold"),
    *("failingPeriods", "metricName", "criterionType", "name"),
)
_LEGACY = ("source", "schedule")
"""What rules had up to 2018-04-16."""
_SIMPLE = "SimpleLogAlert"
_MARKS = ("$schema", "resources")


class _Operator(StrEnum):
    EQUALS = "Equals"
    EQUAL = "Equal"
    GREATER = "GreaterThan"
    GREATER_OR_EQUAL = "GreaterThanOrEqual"
    GREATER_OR_EQUAL_OLD = "GreaterOrEqual"
    LESS = "LessThan"
    LESS_OR_EQUAL = "LessThanOrEqual"
    LESS_OR_EQUAL_OLD = "LessOrEqual"


_OPERATORS = {
    _Operator.EQUAL: Comparison.EQUALS,
    _Operator.GREATER_OR_EQUAL_OLD: Comparison.GREATER_OR_EQUAL,
    _Operator.LESS_OR_EQUAL_OLD: Comparison.LESS_OR_EQUAL,
}


def is_template(whole: Field) -> bool:
    """Whether a file is a template, or one resource of Azure's."""
    if not isinstance(whole.node, yaml.MappingNode):
        return False
    names = {str(key.value) for key, _ in whole.node.value}
    return all(mark in names for mark in _MARKS) or {"type", "properties"} <= names


def rules_of_template(whole: Field, place: str, parameters: Mapping[str, object]) -> list[Imported]:
    """The alert rules of a template, or of one resource; other resources of a template are passed over.

    Raises:
        QueryError: ALR001 with the place of what cannot be read, or is not offered.
    """
    template = Template(_as_template(whole), parameters)
    rules = []
    for resource in template.resources():
        if (read := _READERS.get(resource.text("type").lower())) is None:
            continue
        if "condition" in resource and not flag(template.evaluated(resource["condition"])):
            continue
        if "copy" in resource:
            hint = "let Bicep write the rules out, or write one for each"
            raise resource["copy"].wrong("a resource that stands for many is not offered", hint)
        wanted = [name for name in ("name", "location", "kind", "tags", "properties", "apiVersion") if name in resource]
        evaluated = {name: template.evaluated(resource[name]) for name in wanted}
        rules.append(read(evaluated, place))
    if not rules:
        raise QueryError("ALR001", "there is no alert rule in this template", Span(0, 1), None, whole.text)
    return rules


def _as_template(whole: Field) -> Field:
    """A template around a resource that has none."""
    names = {str(key.value) for key, _ in whole.node.value}
    if "resources" in names and not {"type", "properties"} <= names:
        return whole
    marks = whole.node.start_mark, whole.node.end_mark
    key = yaml.ScalarNode("tag:yaml.org,2002:str", "resources", *marks)
    items = yaml.SequenceNode("tag:yaml.org,2002:seq", [whole.node], *marks)
    return Field(yaml.MappingNode("tag:yaml.org,2002:map", [(key, items)], *marks), whole.text)


def _log_rule(evaluated: Mapping[str, Field], place: str) -> Imported:
    """A scheduledQueryRule."""
    if "kind" in evaluated and evaluated["kind"].string().lower() not in ("logalert", ""):
        kind = evaluated["kind"]
        raise kind.wrong(
            f"rules of the kind {kind.string()} are not offered", "LogAlert is: to make metrics of logs, export a query"
        )
    properties = Members(evaluated["properties"])
    for name in _LEGACY:
        if name in properties:
            hint = "let Azure export it with a newer apiVersion, which has criteria"
            raise properties[name].wrong("rules of apiVersion 2018-04-16 are not offered", hint)
    properties.check(_PROPERTIES)
    name, tags = identity(evaluated)
    frequency = properties["evaluationFrequency"].length()
    criteria = Members(properties["criteria"])["allOf"]
    conditions = tuple(_condition(one) for one in criteria.items())
    if not conditions:
        raise criteria.wrong("a rule has a condition at least")
    groups, custom, told = actions(properties)
    resolve = Members(properties[key]) if (key := "ruleResolveConfiguration") in properties else None
    mute = properties["muteActionsDuration"].length() if "muteActionsDuration" in properties else timedelta(0)
    stateful = not mute
    if resolve is not None and "autoResolved" in resolve:
        stateful = flag(resolve["autoResolved"])
    elif "autoMitigate" in properties:
        stateful = flag(properties["autoMitigate"])
    rule = Rule(
        name,
        conditions,
        frequency,
        properties["windowSize"].length() if "windowSize" in properties else frequency,
        properties.text("displayName", name),
        properties.text("description"),
        severity(properties),
        flag(properties["enabled"]) if "enabled" in properties else True,
        scopes=properties["scopes"].strings() if "scopes" in properties else (),
        query_range=properties["overrideQueryTimeRange"].length() if "overrideQueryTimeRange" in properties else None,
        stateful=stateful,
        resolve_after=resolve["timeToResolve"].length() if resolve is not None and "timeToResolve" in resolve else None,
        mute=mute,
        action_groups=groups,
        custom_properties=custom,
        tags=tags | told,
        place=place,
    )
    return Imported(rule, tuple(Members(one)["query"] for one in criteria.items()))


def _condition(field: Field) -> Condition:
    members = Members(field)
    if members.text("criterionType") == _SIMPLE:
        raise members["criterionType"].wrong(
            "simple log alerts are not offered", "a stateless rule with Count GreaterThan 0 is the same"
        )
    members.check(_CONDITION)
    periods, failing = 1, 1
    if "failingPeriods" in members:
        given = Members(members["failingPeriods"])
        periods = count(given["numberOfEvaluationPeriods"]) if "numberOfEvaluationPeriods" in given else 1
        failing = count(given["minFailingPeriodsToAlert"]) if "minFailingPeriodsToAlert" in given else 1
        if not 1 <= failing <= periods:
            raise members["failingPeriods"].wrong("so many failing periods there are not")
    operator = members["operator"].one_of(_Operator) if "operator" in members else _Operator.GREATER
    return Condition(
        members["query"].string(),
        _OPERATORS.get(operator) or Comparison(operator),
        number(members["threshold"]) if "threshold" in members else 0.0,
        members["timeAggregation"].one_of(Aggregation) if "timeAggregation" in members else Aggregation.COUNT,
        members.text("metricMeasureColumn") or None,
        dimensions(members),
        members.text("resourceIdColumn") or None,
        periods,
        failing,
    )


_READERS: dict[str, Callable[[Mapping[str, Field], str], Imported]] = {
    "microsoft.insights/scheduledqueryrules": _log_rule,
    "microsoft.insights/metricalerts": metric_rule,
    "microsoft.insights/activitylogalerts": activity_rule,
}
