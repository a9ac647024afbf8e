"""Analytics rules of Microsoft Sentinel, as YAML files have them: scheduled ones, and those that run near real time.

A rule is looked at every `queryFrequency` over the last `queryPeriod`, and alerts when its number of rows compares with a number.
Source: MicrosoftDocs/azure-docs, sentinel/sentinel-analytic-rules-creation and scheduled-rules-overview.
"""

from __future__ import annotations

import json
from datetime import timedelta
from enum import StrEnum

import yaml

from kqlog.alerts.fields import Field, Fields, word
from kqlog.alerts.importing.imported import Imported
from kqlog.alerts.importing.template import plain
from kqlog.alerts.model import Comparison, Condition, Rule

_FIELDS = (
    *("id", "name", "displayName", "description", "severity", "status", "kind", "enabled", "version", "tags", "metadata"),
    *(
        "query",
        "queryFrequency",
        "queryPeriod",
        "triggerOperator",
        "triggerThreshold",
        "suppressionEnabled",
        "suppressionDuration",
    ),
    *("tactics", "relevantTechniques", "subTechniques", "requiredDataConnectors", "entityMappings", "sentinelEntitiesMappings"),
    *("customDetails", "alertDetailsOverride", "eventGroupingSettings", "incidentConfiguration", "techniques"),
    *("alertRuleTemplateName", "templateVersion", "createdByUser", "author", "references"),
)
_TOLD = ("entityMappings", "sentinelEntitiesMappings", "customDetails", "alertDetailsOverride", "eventGroupingSettings")
"""What is known of a rule beside its condition, which messages may use."""
_MINUTE = timedelta(minutes=1)
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(days=14)


class _Kind(StrEnum):
    SCHEDULED = "Scheduled"
    NRT = "NRT"


class _Severity(StrEnum):
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    INFORMATIONAL = "Informational"


class _Operator(StrEnum):
    """The words of files, and those of the API."""

    GT = "gt"
    LT = "lt"
    EQ = "eq"
    NE = "ne"
    GREATER_THAN = "GreaterThan"
    LESS_THAN = "LessThan"
    EQUAL = "Equal"
    NOT_EQUAL = "NotEqual"


_COMPARISONS = {
    _Operator.GT: Comparison.GREATER,
    _Operator.GREATER_THAN: Comparison.GREATER,
    _Operator.LT: Comparison.LESS,
    _Operator.LESS_THAN: Comparison.LESS,
    _Operator.EQ: Comparison.EQUALS,
    _Operator.EQUAL: Comparison.EQUALS,
}
_SEVERITIES = {_Severity.HIGH: 1, _Severity.MEDIUM: 2, _Severity.LOW: 3, _Severity.INFORMATIONAL: 4}
_OTHER_KINDS = ("Fusion", "MLBehaviorAnalytics", "ThreatIntelligence", "MicrosoftSecurityIncidentCreation", "Anomaly")


def is_analytics_rule(whole: Field) -> bool:
    """Whether a file is a rule of Sentinel."""
    if not isinstance(whole.node, yaml.MappingNode):
        return False
    names = {str(key.value) for key, _ in whole.node.value}
    # Azure's own rules have criteria, and Sentinel's their query at the top.
    return "criteria" not in names and (bool({"queryFrequency", "triggerOperator"} & names) or {"kind", "severity"} <= names)


def sentinel_rule(whole: Field, name: str, place: str) -> Imported:
    """The rule of a file.

    Raises:
        QueryError: ALR001 with the place of what cannot be read, or is not offered.
    """
    fields = whole.fields(_FIELDS)
    kind = _kind(fields)
    frequency, period = _times(fields, kind)
    display_name = fields.get("name", Field.string, "") or fields.get("displayName", Field.string, "") or name
    muted = fields.get("suppressionEnabled", Field.flag, False)
    rule = Rule(
        name,
        (_condition(fields, kind),),
        frequency,
        period,
        display_name.strip().strip("'\""),
        # The description of a file often has quotes of its own.
        fields.get("description", Field.string, "").strip().strip("'\"").strip(),
        _SEVERITIES[fields["severity"].one_of(_Severity)],
        fields.get("enabled", Field.flag, True),
        stateful=False,
        mute=fields.get("suppressionDuration", Field.length, timedelta(0)) if muted else timedelta(0),
        tags=_tags(fields),
        place=place,
    )
    return Imported(rule, (fields["query"],))


def _kind(fields: Fields) -> _Kind:
    if "kind" not in fields:
        return _Kind.SCHEDULED
    if (given := fields["kind"].string()) in _OTHER_KINDS:
        hint = "Scheduled and NRT rules have a query"
        raise fields["kind"].wrong(f"{given} rules are made by Microsoft's service, and have no query to run", hint)
    return fields["kind"].one_of(_Kind)


def _times(fields: Fields, kind: _Kind) -> tuple[timedelta, timedelta]:
    if kind is _Kind.NRT:
        return _MINUTE, _MINUTE
    frequency, period = fields["queryFrequency"], fields["queryPeriod"]
    for field in (frequency, period):
        if not _SHORTEST <= field.length() <= _LONGEST or field.length() % _MINUTE:
            raise field.wrong(f"'{field.name}' is 5 minutes at least, and 14 days at most")
    if period.length() < frequency.length():
        raise period.wrong(
            "a rule looks back as far as to its last look at least", "let queryPeriod be no less than queryFrequency"
        )
    return frequency.length(), period.length()


def _condition(fields: Fields, kind: _Kind) -> Condition:
    query = fields["query"].string()
    if kind is _Kind.NRT and "triggerOperator" not in fields:
        return Condition(query)
    operator, threshold = (
        fields.get("triggerOperator", word(_Operator), _Operator.GT),
        fields.get("triggerThreshold", Field.number, 0.0),
    )
    if (comparison := _COMPARISONS.get(operator)) is not None:
        return Condition(query, comparison, threshold)
    if threshold:
        message = f"'{operator}' is offered with the threshold 0 alone"
        raise fields["triggerOperator"].wrong(message, "write two rules, one with gt and one with lt")
    return Condition(query, Comparison.GREATER, 0.0)


def _tags(fields: Fields) -> dict[str, str]:
    lists = {name: ", ".join(map(str, plain(fields[name]) or ())) for name in ("tactics", "relevantTechniques") if name in fields}
    told = {name: json.dumps(plain(fields[name]), default=str) for name in _TOLD if name in fields}
    known = {name: fields[name].string() for name in ("id", "version") if name in fields}
    return {name: value for name, value in (lists | told | known).items() if value}
