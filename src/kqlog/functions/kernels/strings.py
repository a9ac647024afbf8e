"""Text functions over Arrow arrays."""

from __future__ import annotations

import json
import re
from functools import lru_cache

import pyarrow as pa


def replace_strings(text: pa.Array, lookups: pa.Array, rewrites: pa.Array) -> pa.Array:
    """Each text with all occurrences of some texts replaced in one pass."""
    rows = zip(text.to_pylist(), lookups.to_pylist(), rewrites.to_pylist(), strict=True)
    return pa.array([_replaced(*row) for row in rows], pa.string())


def _replaced(text: str, lookups: str | None, rewrites: str | None) -> str:
    found, replacements = _replacements(lookups or "[]", rewrites or "[]")
    return text if found is None else found.sub(lambda match: replacements[match[0]], text)


@lru_cache(maxsize=64)
def _replacements(lookups: str, rewrites: str) -> tuple[re.Pattern[str] | None, dict[str, str]]:
    """A pattern for the texts in question, the earlier ones first, and what each becomes."""
    wanted, new = json.loads(lookups), json.loads(rewrites)
    if not isinstance(wanted, list) or not isinstance(new, list):
        return None, {}
    replacements: dict[str, str] = {}
    for lookup, rewrite in zip(wanted, new, strict=False):
        if isinstance(lookup, str) and lookup:
            replacements.setdefault(lookup, rewrite if isinstance(rewrite, str) else lookup)
    pattern = re.compile("|".join(map(re.escape, replacements))) if replacements else None
    return pattern, replacements
