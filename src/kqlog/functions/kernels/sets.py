"""Arrays as sets. Values keep the order of their first appearance."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read, text, write

Set = dict[Hashable, Json]
"""The distinct values of an array by what tells them apart."""


def union(*arrays: pa.Array) -> pa.Array:
    """set_union()."""
    return _combined(arrays, lambda first, others: _distinct(pair for values in (first, *others) for pair in values.items()))


def intersect(*arrays: pa.Array) -> pa.Array:
    """set_intersect()."""

    def common(first: Set, others: list[Set]) -> Set:
        wanted = set(first).intersection(*others)
        return {key: value for key, value in first.items() if key in wanted}

    return _combined(arrays, common)


def difference(*arrays: pa.Array) -> pa.Array:
    """set_difference()."""

    def left(first: Set, others: list[Set]) -> Set:
        removed = set[Hashable]().union(*others)
        return {key: value for key, value in first.items() if key not in removed}

    return _combined(arrays, left)


def equals(left: pa.Array, right: pa.Array) -> pa.Array:
    """set_equals()."""
    return pa.array([None if sets is None else sets[0].keys() == sets[1].keys() for sets in _rows((left, right))], pa.bool_())


def jaccard_index(left: pa.Array, right: pa.Array) -> pa.Array:
    """Null for two empty sets."""
    return write(None if sets is None else _jaccard(*sets) for sets in _rows((left, right)))


def _jaccard(left: Set, right: Set) -> float | None:
    every = left.keys() | right.keys()
    return len(left.keys() & right.keys()) / len(every) if every else None


def _combined(arrays: tuple[pa.Array, ...], combine: Callable[[Set, list[Set]], Set]) -> pa.Array:
    return write(None if sets is None else list(combine(sets[0], sets[1:]).values()) for sets in _rows(arrays))


def _rows(arrays: tuple[pa.Array, ...]) -> list[list[Set] | None]:
    """The sets of each row, None for a row in which one is no array."""
    return [None if None in row else list(row) for row in zip(*map(_column, arrays), strict=True)]


def _column(arrays: pa.Array) -> list[Set | None]:
    """The sets of a column, of which each text is read once: one of them is often a constant."""
    encoded = arrays.dictionary_encode()
    sets = [
        _distinct((_key(item), item) for item in found) if isinstance(found, list) else None for found in read(encoded.dictionary)
    ]
    return [None if place is None else sets[place] for place in encoded.indices.to_pylist()]


def _distinct(pairs: Iterable[tuple[Hashable, Json]]) -> Set:
    """The first value of each key: 1 and 1.0 are one value, which stays as it was first written."""
    values: Set = {}
    for key, value in pairs:
        values.setdefault(key, value)
    return values


def _key(item: Json) -> Hashable:
    """Python takes True for 1: all but numbers and strings stand for themselves by their JSON text."""
    return item if isinstance(item, (int, float, str)) and not isinstance(item, bool) else (text(item),)
