"""Activity log alerts as queries over AzureActivity, those of service and resource health as well."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import yaml

from kqlog.alerts.fields import Field
from kqlog.alerts.importing import kql
from kqlog.alerts.importing.imported import Imported
from kqlog.alerts.importing.settings import actions, identity
from kqlog.alerts.importing.template import Members, flag
from kqlog.alerts.model import Condition, Dimension, Rule, Signal
from kqlog.plan.lookup import closest

EVENT = "EventDataId"
"""Each event is told by itself."""
_PROPERTIES = ("description", "enabled", "scopes", "condition", "actions", "tenantScope")
_SEVERITY = 4
"""Events of the activity log have no severity of their own: Azure tells them as Sev4."""
_EVERY = timedelta(minutes=1)
_COLUMNS = {
    "category": "CategoryValue",
    "level": "Level",
    "status": "ActivityStatusValue",
    "substatus": "ActivitySubstatusValue",
    "caller": "Caller",
    "operationname": "OperationNameValue",
    "resourceid": "_ResourceId",
    "resourcegroup": "ResourceGroup",
    "resourceprovider": "ResourceProviderValue",
    "correlationid": "CorrelationId",
    "eventdataid": "EventDataId",
    "subscriptionid": "SubscriptionId",
    "resourcetype": "extract(@'(?i)/providers/([^/]+/[^/]+)', 1, _ResourceId)",
}
"""The fields of events, in lower case, and where the table has them."""
_STATUSES = {"succeeded": "Success", "failed": "Failure", "started": "Start", "accepted": "Accept"}
"""What the table calls the status of an event otherwise than Azure's rules do."""
_PROPERTY = "properties."
_NAME = re.compile(r"[A-Za-z_][\w$]*")
_OF_EACH = re.compile(r"(\w+)(?:\[\*\]\.\w+)*\[\*\]\.(\w+)")
"""A name inside of lists, as in impactedServices[*].ImpactedRegions[*].RegionName."""


def activity_rule(evaluated: Mapping[str, Field], place: str) -> Imported:
    """The rule of an activityLogAlert.

    Raises:
        QueryError: ALR001 with the place of what cannot be read, or is not offered.
    """
    properties = Members(evaluated["properties"])
    properties.check(_PROPERTIES)
    name, tags = identity(evaluated)
    scopes = properties["scopes"].strings() if "scopes" in properties else ()
    groups, custom, told = actions(properties)
    rule = Rule(
        name,
        (Condition(_query(scopes, properties["condition"]), dimensions=(Dimension(EVENT),)),),
        _EVERY,
        _EVERY,
        name,
        properties.text("description"),
        _SEVERITY,
        flag(properties["enabled"]) if "enabled" in properties else True,
        Signal.ACTIVITY_LOG,
        scopes,
        stateful=False,
        action_groups=groups,
        custom_properties=custom,
        tags=tags | told,
        place=place,
    )
    return Imported(rule, (properties["condition"],))


def _query(scopes: tuple[str, ...], condition: Field) -> str:
    members = Members(condition)
    members.check(("allOf", "odata.type"))
    conditions = [_condition(one) for one in members["allOf"].items()]
    if not conditions:
        raise members["allOf"].wrong("a rule has a condition at least")
    within = kql.within("Scope", scopes)
    if within:
        # Events about a subscription have no resource.
        scope = "extend Scope = iff(isempty(_ResourceId), strcat('/subscriptions/', SubscriptionId), _ResourceId)"
        conditions = [within, *conditions]
    return "\n| ".join(["AzureActivity", *([scope] if within else []), *(f"where {one}" for one in conditions)])


def _condition(field: Field) -> str:
    members = Members(field)
    if "anyOf" in members:
        return " or ".join(f"({_condition(one)})" for one in members["anyOf"].items())
    if "allOf" in members:
        return " and ".join(f"({_condition(one)})" for one in members["allOf"].items())
    members.check(("field", "equals", "containsAny"))
    values = _values(members)
    name = members["field"].string()
    if name.lower().startswith(_PROPERTY):
        return _of_property(members["field"], name[len(_PROPERTY) :], values)
    if (column := _COLUMNS.get(name.lower())) is None:
        close = closest(name, list(_COLUMNS))
        hint = f"did you mean '{close}'?" if close else "properties of the event are properties.NAME"
        raise members["field"].wrong(f"events have no field '{name}'", hint)
    if name.lower() in ("status", "substatus"):
        values = tuple(dict.fromkeys(one for value in values for one in (value, _STATUSES.get(value.lower(), value))))
    return _is_one_of(column, values)


def _values(members: Members) -> tuple[str, ...]:
    if "containsAny" in members:
        return members["containsAny"].strings()
    field = members["equals"]
    if not isinstance(field.node, yaml.ScalarNode):
        raise field.wrong("'equals' is one value", "'containsAny' has several")
    return (field.string(),)


def _of_property(field: Field, path: str, values: tuple[str, ...]) -> str:
    if (each := _OF_EACH.fullmatch(path)) is not None:
        # The list is JSON in a text, in which the names are found wherever they are.
        pattern = kql.text(f'"{each[2].lower()}"\\s*:\\s*"([^"]*)"')
        found = f"extract_all({pattern}, tolower(tostring(Properties_d[{kql.text(each[1])}])))"
        return f"array_length(set_intersect({found}, dynamic([{kql.texts(value.lower() for value in values)}]))) > 0"
    words = path.split(".")
    if not all(_NAME.fullmatch(word) for word in words):
        raise field.wrong(f"'{field.string()}' is no field of an event")
    steps = "".join(f"[{kql.text(word)}]" for word in words)
    return _is_one_of(f"tostring(Properties_d{steps})", values)


def _is_one_of(value: str, values: tuple[str, ...]) -> str:
    return f"{value} =~ {kql.text(values[0])}" if len(values) == 1 else f"{value} in~ ({kql.texts(values)})"
