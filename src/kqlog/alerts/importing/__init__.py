"""Rules that were written for others, read as they are: Azure's resource templates, and Microsoft Sentinel's analytics rules."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from kqlog.alerts.fields import read_yaml
from kqlog.alerts.importing.arm import is_template, rules_of_template
from kqlog.alerts.importing.imported import Imported
from kqlog.alerts.importing.sentinel import is_analytics_rule, sentinel_rule

PARAMETERS = ".parameters.json"
"""The ending of Azure's files of parameters: cpu.parameters.json gives those of cpu.json."""


def read_rules(text: str, name: str, place: str, parameters: Mapping[str, object] | None = None) -> list[Imported] | None:
    """The rules of a file that is Azure's or Sentinel's; None for one that is neither.

    `name` is that of a rule which has none, `place` the file's. The queries are not bound.

    Raises:
        QueryError: ALR001 with the place of what cannot be read, or is not offered.
    """
    # JSON is YAML but for tabs between its values, of which none is inside of a text.
    whole = read_yaml(text.replace("\t", " ") if text.lstrip()[:1] in ("{", "[") else text)
    if is_template(whole):
        return rules_of_template(whole, place, parameters or {})
    if is_analytics_rule(whole):
        return [sentinel_rule(whole, name, place)]
    return None


def read_parameters(text: str) -> dict[str, object]:
    """The values of a file of parameters.

    Raises:
        QueryError: ALR001 for a file that is none.
    """
    whole = read_yaml(text.replace("\t", " "))
    value = yaml.safe_load(text.replace("\t", " "))
    found = value.get("parameters") if isinstance(value, dict) else None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise whole.wrong("this is no file of parameters", '{"parameters": {"name": {"value": ...}}}')
    return {name: one["value"] for name, one in found.items() if "value" in one}
