"""Series between JSON text and numpy: numbers are read and written many at once, which Python would do one by one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.functions.kernels.json_text import Json, read, text

Floats = np.ndarray

_PLAIN = r"^\[[-+0-9.eE,]+\]$"
"""Arrays that hold numbers only, as they are written without spaces."""
_SHORT = 50
"""Up to here Python writes an array faster."""
_PLAIN_SIZES = (1e-4, 1e10)
"""Between these sizes Arrow and Python write a real alike, but for the `.0` of a whole one."""


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
    match value:
        case np.ndarray():
            return _array_text(value)
        case list() if any(isinstance(item, np.ndarray) for item in value):
            return f"[{','.join(map(_text, value))}]"
        case dict():
            return "{" + ",".join(f"{text(name)}:{_text(item)}" for name, item in value.items()) + "}"
        case _:
            return text(value)  # type: ignore[arg-type]


def _array_text(values: Floats) -> str:
    if len(values) <= _SHORT or values.dtype.kind != "f":
        return text(values.tolist())
    texts = pa.array(values).cast(pa.string())
    sizes = np.abs(values)
    whole = values == np.floor(values)
    texts = pc.if_else(pa.array(whole), pc.binary_join_element_wise(texts, "0", "."), texts)
    smallest, largest = _PLAIN_SIZES
    others = ~((values == 0) | ((sizes >= smallest) & (sizes < largest)))
    texts = pc.replace_with_mask(
        texts, pa.array(others), pa.array([text(value) for value in values[others].tolist()], pa.string())
    )
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), texts), ",")
    return f"[{joined[0].as_py()}]"
