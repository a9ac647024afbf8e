"""Series between Arrow and numpy: JSON text or lists of reals in, lists of reals and structs with such lists out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.functions.kernels.json_text import Json, read

Floats = np.ndarray

REAL, LONG = pa.float64(), pa.int64()
REALS, LONGS = pa.list_(REAL), pa.list_(LONG)
"""Kinds of the fields of a struct."""

_PLAIN = r"^\[[-+0-9.eE,]+\]$"
"""Arrays that hold numbers only, as they are written without spaces."""


def is_list(column: pa.Array) -> bool:
    """Whether a series came as a list of reals, not as JSON."""
    return bool(pa.types.is_list(column.type))


def read_series(column: pa.Array) -> list[Json | Floats]:
    """The values of a column of series: reals for an array of numbers only, as far as it is written plainly."""
    return _listed(column) if is_list(column) else _parsed(column)


def _listed(column: pa.ListArray) -> list[Json | Floats]:
    if (rows := matrix(column)) is not None:
        return list(rows)
    if column.null_count or column.values.null_count:
        return [items if items is None or None in items else np.array(items, float) for items in column.to_pylist()]
    return list(_split(column.flatten().to_numpy(zero_copy_only=False), lengths(column)))


def _parsed(column: pa.Array) -> list[Json | Floats]:
    plain = pc.fill_null(pc.match_substring_regex(column, _PLAIN), False)
    numbers = pc.split_pattern(pc.utf8_slice_codeunits(column.filter(plain), 1, -1), ",")
    try:
        reals = numbers.flatten().cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        # A number that no real can hold.
        return list(read(column))
    arrays = iter(_split(reals, lengths(numbers)))
    others = iter(read(column.filter(pc.invert(plain))))
    return [next(arrays if is_plain else others) for is_plain in plain.to_pylist()]


def matrix(column: pa.Array) -> Floats | None:
    """All series as rows of one array, where they are lists of one length without any null."""
    if not is_list(column) or column.null_count or column.values.null_count or not len(column):
        return None
    sizes = lengths(column)
    if (sizes != sizes[0]).any():
        return None
    return np.asarray(column.flatten().to_numpy().reshape(len(column), sizes[0]))


def nulls(column: pa.Array) -> np.ndarray | None:
    """Which values are null, or None when none is."""
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False)) if column.null_count else None


def lengths(column: pa.ListArray) -> np.ndarray:
    """How long each list is; 0 for null."""
    return np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False))


def _split(values: Floats, sizes: np.ndarray) -> list[Floats]:
    ends = np.cumsum(sizes).tolist()
    return [values[end - size : end] for end, size in zip(ends, sizes.tolist(), strict=True)]


def write_series(values: Iterable[object]) -> pa.Array:
    """A dynamic column of some values, which may be numpy's arrays, lists and bags of them, as JSON text."""
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=np.ndarray.tolist)


def write_lists(values: Iterable[Sequence[float] | Floats | None], elements: pa.DataType = REAL) -> pa.ListArray:
    """A column of lists of reals, or of longs."""
    rows = [None if row is None else np.asarray(row, elements.to_pandas_dtype()) for row in values]
    sizes = np.array([0 if row is None else len(row) for row in rows], np.int64)
    filled = [row for row in rows if row is not None]
    flat = pa.array(np.concatenate(filled) if filled else [], elements)
    return lists_of(flat, sizes, np.array([row is None for row in rows], bool) if len(filled) < len(rows) else None)


def lists_of(values: pa.Array, sizes: np.ndarray, missing: np.ndarray | None) -> pa.ListArray:
    """Lists of given sizes over their values one after the other, of which some are null."""
    ends = pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
    return pa.ListArray.from_arrays(ends, values, mask=None if missing is None else pa.array(missing))


def write_records(rows: Iterable[Sequence[object] | None], fields: Mapping[str, pa.DataType]) -> pa.StructArray:
    """A column of structs, each from the values of its fields in order; null for None."""
    known = list(rows)
    nulls = pa.array([row is None for row in known], pa.bool_())
    arrays = []
    for position, kind in enumerate(fields.values()):
        values: list[Any] = [None if row is None else row[position] for row in known]
        arrays.append(write_lists(values, kind.value_type) if pa.types.is_list(kind) else pa.array(values, kind))
    return pa.StructArray.from_arrays(arrays, names=list(fields), mask=nulls)
