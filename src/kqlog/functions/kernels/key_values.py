"""Keys and values out of text: one pass of a regular expression over each row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pyarrow as pa


def key_values(source: pa.Array, pattern: pa.Array, escapes: pa.Array) -> pa.Array:
    """A bag of text values for each text. Groups of the pattern named key_... and value_... hold them, or else the first
    two; those named quoted may have escaped characters.
    """
    if not len(source):
        return pa.array([], pa.string())
    expression = re.compile(pattern[0].as_py())
    escaped = re.compile(f"[{re.escape(escapes[0].as_py())}](.)", re.DOTALL) if escapes[0].as_py() else None
    found = _of_two_groups(expression) if expression.groups == 2 else _of_named_groups(expression, escaped)
    return pa.array([json.dumps(found(text), ensure_ascii=False) for text in source.to_pylist()])


def _of_two_groups(expression: re.Pattern[str]) -> Callable[[str], dict[str, str]]:
    """For patterns with nothing to choose from: a key and a value."""

    def found(text: str) -> dict[str, str]:
        # The first of several counts.
        return {name: value.strip() for key, value in reversed(expression.findall(text)) if (name := key.strip())}

    return found


def _of_named_groups(expression: re.Pattern[str], escaped: re.Pattern[str] | None) -> Callable[[str], dict[str, str]]:
    """For patterns whose keys and values may be in quotes, of several kinds."""
    keys = [name for name in expression.groupindex if name.startswith("key_")]
    values = [name for name in expression.groupindex if name.startswith("value_")]

    def found(text: str) -> dict[str, str]:
        parts: dict[str, str] = {}
        for match in expression.finditer(text):
            key = _part(match, keys, escaped)
            if key and key not in parts:
                parts[key] = _part(match, values, escaped)
        return parts

    return found


def _part(match: re.Match[str], names: list[str], escaped: re.Pattern[str] | None) -> str:
    """What the one group that matched holds: without spaces around it, or unescaped if it was quoted."""
    for name in names:
        part = match[name]
        if part is not None:
            if "_quoted" not in name:
                return part.strip()
            return escaped.sub(r"\1", part) if escaped else part
    return ""
