"""Gaps in series, filled: null, or a placeholder for it.

Lists of reals are filled all at once: their values stand one after the other, and a fill stays inside of its row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read, write
from kqlog.functions.kernels.series import is_number, scalars
from kqlog.functions.kernels.series_lists import Floats, is_list, lengths, lists_of


def fill_forward(series: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_forward(): a gap takes the value to its left."""
    if is_list(series):
        gaps = _Gaps.of(series, *placeholder)
        return gaps.filled(gaps.before())
    rows = _filled_rows(series, placeholder, 1)
    return write(_carried(items, gap) if isinstance(items, list) else None for items, gap in rows)


def fill_backward(series: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_backward(): a gap takes the value to its right."""
    if is_list(series):
        gaps = _Gaps.of(series, *placeholder)
        return gaps.filled(gaps.after())
    rows = _filled_rows(series, placeholder, 1)
    return write(_carried(items[::-1], gap)[::-1] if isinstance(items, list) else None for items, gap in rows)


def fill_const(series: pa.Array, constant: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_const()."""
    if is_list(series):
        gaps = _Gaps.of(series, *placeholder)
        return gaps.replaced(gaps.each(constant))
    return write(
        [value if _is_missing(item, gap) else item for item in items] if isinstance(items, list) else None
        for items, value, gap in _filled_rows(series, (constant, *placeholder), 2)
    )


def fill_linear(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_fill_linear(): options are the placeholder, whether to fill the edges, and the value for a series of gaps."""
    if is_list(series):
        return _lines(_Gaps.of(series, *options[:1]), *options[1:])
    rows = _filled_rows(series, options[:2], 2)
    constants = scalars(options[2]) if len(options) == 3 else [0.0] * len(series)
    return write(
        _interpolated(items, gap, edges is not False, value) for (items, gap, edges), value in zip(rows, constants, strict=True)
    )


# ----------------------------------------------------------------------------------------------------------- lists of reals


@dataclass
class _Gaps:
    """A column of lists, its values one after the other, and where they are missing."""

    series: pa.ListArray
    values: Floats
    nulls: np.ndarray
    missing: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, series: pa.ListArray, *placeholder: pa.Array) -> _Gaps:
        """The values, of which null ones are missing, or those equal to the row's placeholder."""
        flat, sizes = series.flatten(), lengths(series)
        values, nulls = flat.to_numpy(zero_copy_only=False), flat.is_null().to_numpy(zero_copy_only=False)
        missing = nulls
        for column in placeholder:
            known = np.repeat(column.is_valid().to_numpy(zero_copy_only=False), sizes)
            wanted = np.repeat(column.cast(pa.float64()).to_numpy(zero_copy_only=False), sizes)
            missing = np.where(known, values == wanted, nulls)
        return cls(series, values, nulls, missing, sizes)

    def starts(self) -> np.ndarray:
        """Where the row of each value starts."""
        return np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)

    def before(self) -> np.ndarray:
        """The place of the last value that is there, up to each place of the same row; -1 for none."""
        last = np.maximum.accumulate(np.where(self.missing, -1, np.arange(len(self.values))))
        return np.where(last >= self.starts(), last, -1)

    def after(self) -> np.ndarray:
        """The place of the next value that is there, from each place of the same row; -1 for none."""
        end = len(self.values)
        following = np.minimum.accumulate(np.where(self.missing, end, np.arange(end))[::-1])[::-1]
        return np.where(following < self.starts() + np.repeat(self.sizes, self.sizes), following, -1)

    def filled(self, places: np.ndarray) -> pa.ListArray:
        """Every gap with the value of a place; those without one stay as they are."""
        known = places >= 0
        return self._lists(np.where(known, self.values[places], self.values), self.nulls & ~known)

    def replaced(self, values: Floats) -> pa.ListArray:
        """Every gap with the value at its own place among others, null for NaN."""
        return self._lists(np.where(self.missing, values, self.values), np.where(self.missing, np.isnan(values), self.nulls))

    def each(self, column: pa.Array) -> Floats:
        """A number for each row, repeated for its values; NaN for null."""
        return np.repeat(column.cast(pa.float64()).to_numpy(zero_copy_only=False), self.sizes)

    def _lists(self, values: Floats, nulls: np.ndarray) -> pa.ListArray:
        return lists_of(pa.array(values, mask=nulls), self.sizes, self.series.is_null().to_numpy(zero_copy_only=False))


def _lines(gaps: _Gaps, *options: pa.Array) -> pa.ListArray:
    """Gaps on the line between their neighbours; options are whether to fill the edges and the value where all is missing."""
    before, after, places = gaps.before(), gaps.after(), np.arange(len(gaps.values))
    inner = (before >= 0) & (after > before)
    with np.errstate(all="ignore"):
        share = (places - before) / (after - before)
        filled = np.where(inner, gaps.values[before] + (gaps.values[after] - gaps.values[before]) * share, np.nan)
    edges = np.repeat(options[0].to_numpy(zero_copy_only=False) != False, gaps.sizes) if options else np.full(len(places), True)  # noqa: E712
    nearest = np.where(before >= 0, gaps.values[before], gaps.values[after])
    filled = np.where(~inner & edges & ((before >= 0) | (after >= 0)), nearest, filled)
    constant = gaps.each(options[1]) if len(options) > 1 else np.zeros(len(places))
    filled = np.where((before < 0) & (after < 0), constant, filled)
    kept = gaps.missing & np.isnan(filled) & ~gaps.nulls
    return gaps.replaced(np.where(kept, gaps.values, filled))


# --------------------------------------------------------------------------------------------------------------- JSON text


def _is_missing(item: Json, placeholder: Json) -> bool:
    return item is None if placeholder is None else is_number(item) and item == placeholder


def _filled_rows(series: pa.Array, options: tuple[pa.Array, ...], count: int) -> list[tuple[Json, ...]]:
    """Each row's series and its options, null for those that are not given."""
    columns = [scalars(column) for column in options] + [[None] * len(series)] * (count - len(options))
    return list(zip(read(series), *columns, strict=True))


def _carried(items: list[Json], placeholder: Json) -> list[Json]:
    filled: list[Json] = []
    for item in items:
        filled.append(filled[-1] if filled and _is_missing(item, placeholder) else item)
    return filled


def _interpolated(items: Json, placeholder: Json, edges: bool, constant: Json) -> Json:
    if not isinstance(items, list):
        return None
    known = [place for place, item in enumerate(items) if not _is_missing(item, placeholder) and is_number(item)]
    gaps = [place for place, item in enumerate(items) if _is_missing(item, placeholder)]
    if not known:
        return [constant if _is_missing(item, placeholder) else item for item in items]
    values = np.interp(gaps, known, [items[place] for place in known]).tolist()  # type: ignore[arg-type]
    whole = all(isinstance(items[place], int) for place in known)
    filled = list(items)
    for place, value in zip(gaps, values, strict=True):
        if edges or known[0] < place < known[-1]:
            filled[place] = int(value) if whole else value
    return filled
