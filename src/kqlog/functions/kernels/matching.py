"""Regular expressions that are known only row by row, over Arrow arrays."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from kqlog.errors import QueryError
from kqlog.regex import translated


def matches_regex(left: pa.Array, right: pa.Array) -> pa.Array:
    """Whether the pattern in each row matches somewhere in the text beside it."""
    patterns = right.dictionary_encode()
    if len(patterns.dictionary) == 1:
        return pc.match_substring_regex(left, _pattern(patterns.dictionary[0].as_py()))
    found = pa.array([False] * len(left))
    for number, pattern in enumerate(patterns.dictionary.to_pylist()):
        rows = pc.equal(patterns.indices, number)
        found = pc.replace_with_mask(found, rows, pc.match_substring_regex(left.filter(rows), _pattern(pattern)))
    return found


def _pattern(text: str) -> str:
    try:
        return translated(text).text
    except ValueError as error:
        raise QueryError("SEM002", f"matches regex: {error}, in the pattern '{text}'") from None
