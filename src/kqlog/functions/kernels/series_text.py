"""Series between JSON text and numpy: numbers are read many at once, which Python would do one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.functions.kernels.json_text import Json, read

Floats = np.ndarray

_PLAIN = r"^\[[-+0-9.eE,]+\]$"
"""Arrays that hold numbers only, as they are written without spaces."""


def read_series(column: pa.Array) -> list[Json | Floats]:
    """The values of a dynamic column: an array of numbers only as reals, where it is written plainly."""
    plain = pc.fill_null(pc.match_substring_regex(column, _PLAIN), False)
    numbers = pc.split_pattern(pc.utf8_slice_codeunits(column.filter(plain), 1, -1), ",")
    try:
        reals = numbers.flatten().cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        # A number that no real can hold.
        return list(read(column))
    arrays = iter(np.split(reals, numbers.offsets.to_numpy()[1:-1]))
    others = iter(read(column.filter(pc.invert(plain))))
    return [next(arrays if is_plain else others) for is_plain in plain.to_pylist()]


def write_series(values: Iterable[object]) -> pa.Array:
    """A dynamic column of some values, which may be numpy's arrays, lists and bags of them."""
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=np.ndarray.tolist)
