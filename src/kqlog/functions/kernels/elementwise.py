"""Arithmetic on series that are held as lists of reals, element by element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.series_lists import Floats, lengths, lists_of, nulls

Kernel = Callable[..., pa.Array]


def _pairs(function: Callable[[Floats, Floats], Floats]) -> Kernel:
    """Of two series. The longer one goes on with nulls."""

    def kernel(left: pa.ListArray, right: pa.ListArray) -> pa.ListArray:
        missing = _either(nulls(left), nulls(right))
        sizes = np.maximum(lengths(left), lengths(right))
        if missing is not None:
            sizes[missing] = 0
        (first, no_first), (second, no_second) = _spread(left, sizes), _spread(right, sizes)
        with np.errstate(all="ignore"):
            result = function(first, second)
        return lists_of(pa.array(result, mask=_either(no_first, no_second)), sizes, missing)

    return kernel


def _either(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    return second if first is None else first if second is None else first | second


def _spread(side: pa.ListArray, sizes: np.ndarray) -> tuple[Floats, np.ndarray | None]:
    """The values of one side one after the other, so many for each row, and which of them are null."""
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


add, subtract, multiply = _pairs(np.add), _pairs(np.subtract), _pairs(np.multiply)
divide, power = _pairs(np.divide), _pairs(np.power)
equals, not_equals = _pairs(np.equal), _pairs(np.not_equal)
less, less_equals = _pairs(np.less), _pairs(np.less_equal)
greater, greater_equals = _pairs(np.greater), _pairs(np.greater_equal)
