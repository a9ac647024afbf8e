"""Gaps in series, filled: null, or a placeholder for it.

Lists of reals are filled all at once: their values stand one after the other, and a fill stays inside of its row.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read, write
from kqlog.functions.kernels.series import is_number, scalars
from kqlog.functions.kernels.series_lists import Floats, is_list, lengths, lists_of
from kqlog.functions.kernels.series_lists import nulls as nulls_of


def fill_forward(series: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_forward(): a gap takes the value to its left."""
    if is_list(series):
        gaps = _Gaps(series, *placeholder)
        return gaps.filled(gaps.value(gaps.left, gaps.has_left), gaps.has_left)
    rows = _filled_rows(series, placeholder, 1)
    return write(_carried(items, gap) if isinstance(items, list) else None for items, gap in rows)


def fill_backward(series: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_backward(): a gap takes the value to its right."""
    if is_list(series):
        gaps = _Gaps(series, *placeholder)
        return gaps.filled(gaps.value(gaps.right, gaps.has_right), gaps.has_right)
    rows = _filled_rows(series, placeholder, 1)
    return write(_carried(items[::-1], gap)[::-1] if isinstance(items, list) else None for items, gap in rows)


def fill_const(series: pa.Array, constant: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_const()."""
    if is_list(series):
        gaps = _Gaps(series, *placeholder)
        values = constant.cast(pa.float64()).to_numpy(zero_copy_only=False)[gaps.rows]
        return gaps.filled(values, ~np.isnan(values))
    rows = _filled_rows(series, (constant, *placeholder), 2)
    return write(_replaced(items, gap, value) if isinstance(items, list) else None for items, value, gap in rows)


def fill_linear(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_fill_linear(): options are the placeholder, whether to fill the edges, and the value for a series of gaps."""
    if is_list(series):
        return _lines(_Gaps(series, *options[:1]), *options[1:])
    rows = _filled_rows(series, options[:2], 2)
    constants = scalars(options[2]) if len(options) == 3 else [0.0] * len(series)
    return write(
        _interpolated(items, gap, edges is not False, value) for (items, gap, edges), value in zip(rows, constants, strict=True)
    )


# ----------------------------------------------------------------------------------------------------------- lists of reals


class _Gaps:
    """The gaps in a column of lists, whose values stand one after the other."""

    def __init__(self, series: pa.ListArray, *placeholder: pa.Array) -> None:
        flat = series.flatten()
        self._series = series
        self._sizes = lengths(series)
        self._values = flat.to_numpy(zero_copy_only=False)
        missing = self._nulls = np.asarray(flat.is_null().to_numpy(zero_copy_only=False))
        for column in placeholder:
            missing = np.where(self._each(column.is_valid()), self._values == self._each(column.cast(pa.float64())), missing)
        self.places = np.flatnonzero(missing)
        self.rows = np.searchsorted(np.cumsum(self._sizes), self.places, side="right")
        self._neighbours(np.flatnonzero(~(missing | self._nulls)))

    def _each(self, column: pa.Array) -> np.ndarray:
        return np.repeat(column.to_numpy(zero_copy_only=False), self._sizes)

    def _neighbours(self, known: np.ndarray) -> None:
        """Around each gap the places of values in the same row; `has_left` and `has_right` tell whether there is one."""
        ends = np.cumsum(self._sizes)
        at = np.searchsorted(known, self.places)
        around = np.concatenate([[-1], known, [len(self._values)]])
        self.left, self.right = around[at], around[at + 1]
        self.has_left = self.left >= (ends - self._sizes)[self.rows]
        self.has_right = self.right < ends[self.rows]

    def value(self, places: np.ndarray, there: np.ndarray) -> Floats:
        """The values at some places, NaN where there is none."""
        return np.where(there, self._values.take(places, mode="clip"), np.nan) if len(self._values) else np.zeros(0)

    def filled(self, values: Floats, there: np.ndarray) -> pa.ListArray:
        """The lists with a value in each gap that gets one."""
        filled, nulls = self._values.copy(), self._nulls.copy()
        places = self.places[there]
        filled[places], nulls[places] = values[there], False
        return lists_of(pa.array(filled, mask=nulls if nulls.any() else None), self._sizes, nulls_of(self._series))


def _lines(gaps: _Gaps, *options: pa.Array) -> pa.ListArray:
    """Gaps on the line between their neighbours; options are whether to fill the edges and the value where all is missing."""
    left, right = gaps.value(gaps.left, gaps.has_left), gaps.value(gaps.right, gaps.has_right)
    inside, alone = gaps.has_left & gaps.has_right, ~gaps.has_left & ~gaps.has_right
    line = left + (right - left) * (gaps.places - gaps.left) / (gaps.right - gaps.left)
    values = np.where(inside, line, np.where(gaps.has_left, left, right))
    edges = np.array([value is not False for value in options[0].to_pylist()])[gaps.rows] if options else True
    constants = options[1].cast(pa.float64()).to_numpy(zero_copy_only=False)[gaps.rows] if len(options) > 1 else 0.0
    return gaps.filled(np.where(alone, constants, values), inside | alone | edges)


# --------------------------------------------------------------------------------------------------------------- JSON text


def _is_missing(item: Json, placeholder: Json) -> bool:
    return item is None if placeholder is None else is_number(item) and item == placeholder


def _filled_rows(series: pa.Array, options: tuple[pa.Array, ...], count: int) -> list[tuple[Json, ...]]:
    """Each row's series and its options, null for those that are not given."""
    columns = [scalars(column) for column in options] + [[None] * len(series)] * (count - len(options))
    return list(zip(read(series), *columns, strict=True))


def _carried(items: list[Json], placeholder: Json) -> list[Json]:
    filled: list[Json] = []
    last: Json = None
    for item in items:
        missing = _is_missing(item, placeholder)
        last = last if missing or item is None else item
        filled.append(last if missing and last is not None else item)
    return filled


def _replaced(items: list[Json], placeholder: Json, value: Json) -> list[Json]:
    """Among reals a whole number becomes a real."""
    if is_number(value) and any(isinstance(item, float) for item in items):
        value = float(value)  # type: ignore[arg-type]
    return [value if _is_missing(item, placeholder) else item for item in items]


def _interpolated(items: Json, placeholder: Json, edges: bool, constant: Json) -> Json:
    if not isinstance(items, list):
        return None
    known = [place for place, item in enumerate(items) if not _is_missing(item, placeholder) and is_number(item)]
    gaps = [place for place, item in enumerate(items) if _is_missing(item, placeholder)]
    if not known:
        return _replaced(items, placeholder, constant)
    values = np.interp(gaps, known, [items[place] for place in known]).tolist()  # type: ignore[arg-type]
    whole = all(isinstance(items[place], int) for place in known)
    filled = list(items)
    for place, value in zip(gaps, values, strict=True):
        if edges or known[0] < place < known[-1]:
            filled[place] = int(value) if whole else value
    return filled
