"""Arrays of dynamic values: sorting, splitting, zipping, ranges of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from operator import itemgetter

import pyarrow as pa

from kqlog.functions.arrays import MOST_VALUES
from kqlog.functions.kernels.json_text import Json, read, text, write
from kqlog.text import datetime_text, timespan_text


def sort_asc(*arguments: pa.Array) -> pa.Array:
    """array_sort_asc() of one array."""
    return write(rows[0] for rows in _sort(arguments, descending=False))


def sort_desc(*arguments: pa.Array) -> pa.Array:
    """array_sort_desc() of one array."""
    return write(rows[0] for rows in _sort(arguments, descending=True))


def sort_several_asc(*arguments: pa.Array) -> pa.Array:
    """array_sort_asc() of several arrays, as an array of them."""
    return write(_sort(arguments, descending=False))


def sort_several_desc(*arguments: pa.Array) -> pa.Array:
    """array_sort_desc() of several arrays, as an array of them."""
    return write(_sort(arguments, descending=True))


def _sort(arguments: tuple[pa.Array, ...], *, descending: bool) -> Iterator[list[Json]]:
    """The arrays of each row in the order of the first; a boolean at the end says whether nulls are last."""
    arrays, nulls_last = arguments, True
    if pa.types.is_boolean(arguments[-1].type):
        arrays, nulls_last = arguments[:-1], arguments[-1].to_pylist()[:1] != [False]
    return (_sorted(row, descending, nulls_last) for row in zip(*map(read, arrays), strict=True))


def _sorted(row: tuple[Json, ...], descending: bool, nulls_last: bool) -> list[Json]:
    """Every array in the order of the first; null for one of another length."""
    first = row[0]
    if not isinstance(first, list):
        return [None] * len(row)
    order = _order(first, descending, nulls_last)
    return [[array[place] for place in order] if isinstance(array, list) and len(array) == len(first) else None for array in row]


def _order(items: list[Json], descending: bool, nulls_last: bool) -> list[int]:
    """Positions in sorted order: numbers, strings, the rest, whatever the direction; equal ones stay in order."""
    numbers = [(item, place) for place, item in enumerate(items) if isinstance(item, (int, float)) and not isinstance(item, bool)]
    strings = [(item, place) for place, item in enumerate(items) if isinstance(item, str)]
    others = [(text(item), place) for place, item in enumerate(items) if isinstance(item, (bool, dict, list))]
    nulls = [place for place, item in enumerate(items) if item is None]
    order = [place for group in (numbers, strings, others) for _, place in sorted(group, key=itemgetter(0), reverse=descending)]
    return order + nulls if nulls_last else nulls + order


def split_at(arrays: pa.Array, positions: pa.Array) -> pa.Array:
    """array_split() at one position."""
    return write(_split(array, [position]) for array, position in zip(read(arrays), positions.to_pylist(), strict=True))


def split_at_all(arrays: pa.Array, positions: pa.Array) -> pa.Array:
    """array_split() at an array of positions."""
    return write(_split(array, places) for array, places in zip(read(arrays), read(positions), strict=True))


def _split(array: Json, positions: Json) -> Json:
    if not isinstance(array, list) or not isinstance(positions, list):
        return None
    cuts = [0]
    for position in positions:
        if not isinstance(position, int):
            return None
        cuts.append(max(position + len(array), 0) if position < 0 else min(position, len(array)))
    return [array[start:end] for start, end in pairwise([*cuts, len(array)])]


def datetime_range(starts: pa.Array, stops: pa.Array, steps: pa.Array) -> pa.Array:
    """range() of datetimes, given as ticks."""
    return _range(starts, stops, steps, datetime_text)


def timespan_range(starts: pa.Array, stops: pa.Array, steps: pa.Array) -> pa.Array:
    """range() of timespans, given as ticks."""
    return _range(starts, stops, steps, timespan_text)


def _range(starts: pa.Array, stops: pa.Array, steps: pa.Array, write_one: Callable[[int], str]) -> pa.Array:
    rows = zip(starts.to_pylist(), stops.to_pylist(), steps.to_pylist(), strict=True)
    return write(_texts(*row, write_one) for row in rows)


def _texts(start: int | None, stop: int | None, step: int | None, write_one: Callable[[int], str]) -> Json:
    if start is None or stop is None or not step:
        return None
    end = stop + (1 if step > 0 else -1)
    return [write_one(ticks) for ticks in range(start, end, step)[:MOST_VALUES]]
