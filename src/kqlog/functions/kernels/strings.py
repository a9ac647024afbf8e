"""Text functions over Arrow arrays."""

from __future__ import annotations

import json
from functools import lru_cache

import pyarrow as pa


def replace_strings(text: pa.Array, lookups: pa.Array, rewrites: pa.Array) -> pa.Array:
    """Each text with all occurrences of some texts replaced, the earlier texts first."""
    rows = zip(text.to_pylist(), lookups.to_pylist(), rewrites.to_pylist(), strict=True)
    return pa.array([_replaced(*row) for row in rows], pa.string())


def _replaced(text: str, lookups: str | None, rewrites: str | None) -> str:
    rest, done = [text], [""]
    for lookup, rewrite in _replacements(lookups or "[]", rewrites or "[]"):
        if lookup not in text:
            continue
        # What is done stands between the parts of the rest, so that it is not searched again.
        for place in range(len(rest) - 1, -1, -1):
            parts = rest[place].split(lookup)
            rest[place : place + 1] = parts
            done[place + 1 : place + 1] = [rewrite] * (len(parts) - 1)
    return "".join(part for pair in zip(done, rest, strict=True) for part in pair)


@lru_cache(maxsize=64)
def _replacements(lookups: str, rewrites: str) -> list[tuple[str, str]]:
    """What to look for, and what it becomes: itself, where the counterpart is no text."""
    wanted, new = json.loads(lookups), json.loads(rewrites)
    if not isinstance(wanted, list) or not isinstance(new, list):
        return []
    pairs = [(lookup, rewrite) for lookup, rewrite in zip(wanted, new, strict=False) if isinstance(lookup, str) and lookup]
    return [(lookup, rewrite if isinstance(rewrite, str) else lookup) for lookup, rewrite in pairs]
