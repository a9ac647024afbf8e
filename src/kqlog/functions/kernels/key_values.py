"""Keys and values out of text: one pass of a regular expression over each row."""

from __future__ import annotations

import json
import re

import pyarrow as pa

Groups = list[str | int]


def key_values(source: pa.Array, pattern: pa.Array, escapes: pa.Array) -> pa.Array:
    """A bag of text values for each text. Groups of the pattern named key_... and value_... hold them, or else the first
    two; those named quoted may have escaped characters.
    """
    if not len(source):
        return pa.array([], pa.string())
    expression = re.compile(pattern[0].as_py())
    escaped = re.compile(f"[{re.escape(escapes[0].as_py())}](.)", re.DOTALL) if escapes[0].as_py() else None
    keys: Groups = [name for name in expression.groupindex if name.startswith("key_")] or [1]
    values: Groups = [name for name in expression.groupindex if name.startswith("value_")] or [2]
    return pa.array(
        [json.dumps(_found(expression, keys, values, escaped, text), ensure_ascii=False) for text in source.to_pylist()]
    )


def _found(
    expression: re.Pattern[str], keys: Groups, values: Groups, escaped: re.Pattern[str] | None, text: str
) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in expression.finditer(text):
        key = _part(match, keys, escaped)
        if key and key not in found:
            found[key] = _part(match, values, escaped)
    return found


def _part(match: re.Match[str], names: Groups, escaped: re.Pattern[str] | None) -> str:
    """What the one group that matched holds: without spaces around it, or unescaped if it was quoted."""
    for name in names:
        part = match[name]
        if part is not None:
            if "_quoted" not in str(name):
                return part.strip()
            return escaped.sub(r"\1", part) if escaped else part
    return ""
