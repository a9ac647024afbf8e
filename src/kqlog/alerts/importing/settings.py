"""What the alert rules of Azure have in common: a name, tags, severity, dimensions, and whom they tell."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import yaml

from kqlog.alerts.fields import Field
from kqlog.alerts.importing.template import Members, number, texts
from kqlog.alerts.model import Dimension

_MILDEST = 4


class _Side(StrEnum):
    INCLUDE = "Include"
    EXCLUDE = "Exclude"


def identity(evaluated: Mapping[str, Field]) -> tuple[str, dict[str, str]]:
    """The name and the tags of a resource. Tags that begin with hidden- are the portal's."""
    if "name" not in evaluated:
        raise next(iter(evaluated.values())).wrong("the resource has no name")
    tags = texts(evaluated["tags"]) if "tags" in evaluated else {}
    return evaluated["name"].string(), {name: value for name, value in tags.items() if not name.startswith("hidden-")}


def severity(properties: Members, default: int = 3) -> int:
    """How bad it is: 0 is the worst.

    Raises:
        QueryError: ALR001 for what is no whole number from 0 to 4.
    """
    if "severity" not in properties:
        return default
    value = number(properties["severity"])
    if value not in range(_MILDEST + 1):
        raise properties["severity"].wrong(f"'severity' is a whole number from 0 to {_MILDEST}")
    return int(value)


def actions(properties: Members) -> tuple[tuple[str, ...], dict[str, str], dict[str, str]]:
    """The groups that are told, the custom properties, and the action properties such as Email.Subject.

    Each kind of rule has them in a shape of its own: ids, or objects with an actionGroupId.
    """
    if (field := properties.get("actions")) is None:
        return (), {}, {}
    if isinstance(field.node, yaml.SequenceNode):
        return _groups(field.items())
    members = Members(field)
    found = members["actionGroups"].items() if "actionGroups" in members else []
    groups, custom, told = _groups(found)
    custom |= texts(members["customProperties"]) if "customProperties" in members else {}
    told |= texts(members["actionProperties"]) if "actionProperties" in members else {}
    return groups, custom, told


def dimensions(members: Members) -> tuple[Dimension, ...]:
    """The dimensions of a condition.

    Raises:
        QueryError: ALR001 for what is none.
    """
    if "dimensions" not in members:
        return ()
    found = []
    for one in members["dimensions"].items():
        given = Members(one)
        given.check(("name", "operator", "values"))
        side = given["operator"].one_of(_Side) if "operator" in given else _Side.INCLUDE
        values = given["values"].strings() if "values" in given else ("*",)
        found.append(Dimension(given["name"].string(), values, side is _Side.INCLUDE))
    return tuple(found)


def _groups(items: list[Field]) -> tuple[tuple[str, ...], dict[str, str], dict[str, str]]:
    groups, custom, told = [], dict[str, str](), dict[str, str]()
    for one in items:
        if isinstance(one.node, yaml.ScalarNode):
            groups.append(_name(one.string()))
            continue
        members = Members(one)
        groups.append(_name(members["actionGroupId"].string()))
        custom |= texts(members["webhookProperties"]) if "webhookProperties" in members else {}
        told |= texts(members["actionProperties"]) if "actionProperties" in members else {}
    return tuple(groups), custom, told


def _name(id_: str) -> str:
    """The name of a group, by its id."""
    return id_.rstrip("/").rpartition("/")[2]
