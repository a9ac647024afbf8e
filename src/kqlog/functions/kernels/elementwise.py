"""Arithmetic on series that are held as lists of reals, element by element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.series_lists import Floats, is_list, lengths, lists_of, nulls

Kernel = Callable[..., pa.Array]


def _each(function: Callable[[Floats], Floats]) -> Kernel:
    def kernel(series: pa.ListArray) -> pa.ListArray:
        values = series.flatten()
        with np.errstate(all="ignore"):
            result = function(values.to_numpy(zero_copy_only=False))
        return lists_of(pa.array(result, mask=nulls(values)), lengths(series), nulls(series))

    return kernel


def _pairs(function: Callable[[Floats, Floats], Floats]) -> Kernel:
    """Of two series, or of a series and one number a row. The longer series goes on with nulls."""

    def kernel(left: pa.Array, right: pa.Array) -> pa.ListArray:
        missing = _either(*(nulls(side) if is_list(side) else None for side in (left, right)))
        sizes = np.maximum(*(lengths(side) if is_list(side) else np.zeros(len(side), int) for side in (left, right)))
        if missing is not None:
            sizes[missing] = 0
        (first, no_first), (second, no_second) = _spread(left, sizes), _spread(right, sizes)
        with np.errstate(all="ignore"):
            result = function(first, second)
        return lists_of(pa.array(result, mask=_either(no_first, no_second)), sizes, missing)

    return kernel


def _either(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    return second if first is None else first if second is None else first | second


def _spread(side: pa.Array, sizes: np.ndarray) -> tuple[Floats, np.ndarray | None]:
    """The values of one side one after the other, so many for each row, and which of them are null."""
    if not is_list(side):
        return _repeated(side, sizes)
    flat, own = side.flatten(), lengths(side)
    values, missing = flat.to_numpy(zero_copy_only=False), nulls(flat)
    if np.array_equal(own, sizes):
        return values, missing
    places = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    beyond = places >= np.repeat(own, sizes)
    taken = (np.repeat(np.cumsum(own) - own, sizes) + places)[~beyond]
    spread = np.zeros(len(places))
    spread[~beyond] = values[taken]
    if missing is not None:
        beyond[~beyond] = missing[taken]
    return spread, beyond


def _repeated(side: pa.Array, sizes: np.ndarray) -> tuple[Floats, np.ndarray | None]:
    """One number for every place of a row; alone where it is the same in all rows."""
    numbers, missing = side.cast(pa.float64()).to_numpy(zero_copy_only=False), nulls(side)
    if missing is None and len(numbers) and (numbers == numbers[0]).all():
        return numbers[:1], None
    return np.repeat(numbers, sizes), None if missing is None else np.repeat(missing, sizes)


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
