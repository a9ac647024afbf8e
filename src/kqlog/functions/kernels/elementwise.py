"""Arithmetic on series that are held as lists of reals, element by element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.series_lists import Floats, is_list, lengths, lists_of

Kernel = Callable[..., pa.Array]


def _each(function: Callable[[Floats], Floats]) -> Kernel:
    def kernel(series: pa.ListArray) -> pa.ListArray:
        values = series.flatten()
        with np.errstate(all="ignore"):
            result = function(values.to_numpy(zero_copy_only=False))
        return lists_of(pa.array(result, mask=_nulls(values)), lengths(series), _nulls(series))

    return kernel


def _pairs(function: Callable[[Floats, Floats], Floats]) -> Kernel:
    """Of two series, or of a series and one number a row. The longer series goes on with nulls."""

    def kernel(left: pa.Array, right: pa.Array) -> pa.ListArray:
        nulls = np.zeros(len(left), bool)
        for side in filter(is_list, (left, right)):
            nulls |= _nulls(side)
        sizes = np.maximum(*(lengths(side) if is_list(side) else np.zeros(len(side), int) for side in (left, right)))
        sizes[nulls] = 0
        (first, no_first), (second, no_second) = _spread(left, sizes), _spread(right, sizes)
        with np.errstate(all="ignore"):
            result = function(first, second)
        return lists_of(pa.array(result, mask=no_first | no_second), sizes, nulls)

    return kernel


def _spread(side: pa.Array, sizes: np.ndarray) -> tuple[Floats, np.ndarray]:
    """The values of one side one after the other, so many for each row, and which of them are null."""
    if not is_list(side):
        return np.repeat(side.cast(pa.float64()).to_numpy(zero_copy_only=False), sizes), np.repeat(_nulls(side), sizes)
    flat, own = side.flatten(), lengths(side)
    values, nulls = flat.to_numpy(zero_copy_only=False), _nulls(flat)
    if np.array_equal(own, sizes):
        return values, nulls
    places = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    inside = places < np.repeat(own, sizes)
    taken = (np.repeat(np.cumsum(own) - own, sizes) + places)[inside]
    spread, missing = np.zeros(len(places)), ~inside
    spread[inside], missing[inside] = values[taken], nulls[taken]
    return spread, missing


def _nulls(column: pa.Array) -> np.ndarray:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))


absolute, sign = _each(np.abs), _each(lambda values: np.nan_to_num(np.sign(values)).astype(np.int64))
floor, ceiling = _each(np.floor), _each(np.ceil)
exp, log = _each(np.exp), _each(np.log)
sin, cos, tan = _each(np.sin), _each(np.cos), _each(np.tan)
asin, acos, atan = _each(np.arcsin), _each(np.arccos), _each(np.arctan)
add, subtract, multiply = _pairs(np.add), _pairs(np.subtract), _pairs(np.multiply)
divide, power = _pairs(np.divide), _pairs(np.power)
equals, not_equals = _pairs(np.equal), _pairs(np.not_equal)
less, less_equals = _pairs(np.less), _pairs(np.less_equal)
greater, greater_equals = _pairs(np.greater), _pairs(np.greater_equal)
