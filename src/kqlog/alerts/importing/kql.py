"""Texts and lengths as KQL writes them, for queries that are made of a rule's fields."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta


def text(value: str) -> str:
    """A literal of a text."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{escaped}"'


def texts(values: Iterable[str]) -> str:
    """Literals of texts, as a list in brackets has them."""
    return ", ".join(map(text, values))


def column(name: str) -> str:
    """The name of a column, whatever is in it."""
    return f"[{text(name)}]"


def length(value: timedelta) -> str:
    """A literal of a length of time, in whole seconds."""
    return f"{int(value.total_seconds())}s"


def within(names: str, scopes: Iterable[str]) -> str:
    """The condition that a column is the id of a resource in one of some scopes, or of one itself; '' without scopes."""
    conditions = []
    for scope in scopes:
        id_ = scope.rstrip("/")
        conditions.append(f"{names} =~ {text(id_)} or {names} startswith {text(id_ + '/')}")
    return " or ".join(conditions)
