"""Summaries of values that can be stored and merged: for distinct counts (hll) and for percentiles (tdigest).

An hll is `[[size], [hashes]]`, the `size` least hashes of the values. With fewer hashes than that the count is exact, and
beyond it is as exact as Kusto's, which keeps as many registers. A tdigest is `[kind, [values], [weights]]`.
"""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.functions.declare import aggregate, scalar, sig

_SIZES = {0: 2**12, 1: 2**14, 2: 2**16, 3: 2**17, 4: 2**18}
"""Hashes kept for each accuracy: the error is one by the root of their number."""

# 53 bits, since a reader of JSON may take numbers for doubles. MD5, since an hll may outlive the version of the engine.
_HASHES = "list_sort(list_transform(list(DISTINCT {expr}){filter}, lambda value: (md5_number_lower(value::VARCHAR) >> 11)::BIGINT))"
_MERGED = (
    "list_transform([{states}], lambda states: [[list_min(list_transform(states, lambda state: state[1][1]))], "
    "list_sort(list_distinct(flatten(list_transform(states, lambda state: state[2]))))])[1]"
)


def _size(accuracy: int) -> int:
    if accuracy not in _SIZES:
        raise QueryError("SEM002", f"{accuracy} is no accuracy", hint="give a number from 0 to 4")
    return _SIZES[accuracy]


def _state(condition: str, size: int) -> str:
    hashes = _HASHES.replace("{filter}", f" FILTER (WHERE {condition})")
    return f"nullif(to_json([[{size}], {hashes}[:{size}]]), '[[{size}],null]')"


def _hll(accuracy: int = 1) -> str:
    return _state("{expr} IS NOT NULL", _size(accuracy))


def _hll_if(accuracy: int = 1) -> str:
    return _state("{expr} IS NOT NULL AND {predicate}", _size(accuracy))
