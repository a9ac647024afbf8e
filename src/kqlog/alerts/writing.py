"""A query as the file of a rule, for a person to go on with."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from kqlog.alerts.rules import read_rule, rules_of
from kqlog.errors import QueryError
from kqlog.store.durable import write_whole
from kqlog.workspace import Workspace

_NAME = re.compile(r"[\w-]+")


def save_rule(workspace: Workspace, name: str, query: str, minutes: int = 5) -> Path:
    """A rule that fires when the query has rows, in each of so many minutes. A file that is there stays.

    Raises:
        QueryError: ALR001 for a name that is none or is taken, or where there is no folder; what makes the query no rule's.
    """
    folder = rules_of(workspace).folder
    if _NAME.fullmatch(name) is None:
        raise QueryError("ALR001", f"'{name}' is no name for a rule", hint="use letters, digits, _ and -")
    file = folder / f"{name}.yaml"
    if file.exists():
        raise QueryError("ALR001", f"there is a rule '{name}' already, in {file}")
    condition = {"query": f"{query.strip()}\n", "timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0}
    every = f"PT{minutes}M"
    rule = {"severity": 3, "evaluationFrequency": every, "windowSize": every, "criteria": {"allOf": [condition]}}
    text = yaml.dump(rule, Dumper=_Readable, sort_keys=False, allow_unicode=True)
    read_rule(text, name, str(file), workspace)
    write_whole(file, text)
    return file


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)
