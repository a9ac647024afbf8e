"""Arrow as engines store it (ticks, JSON text) into Arrow as readers of a result know it (timestamps, durations)."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow
from pyarrow import compute

from kqlog.errors import QueryError
from kqlog.types import UNIX_EPOCH_TICKS, Schema, Type

_NANOSECOND_TICKS = (2**63 - 1) // 100
"""So many ticks to either side of zero fit into 64 bits as nanoseconds."""

_SAME: dict[Type, pyarrow.DataType] = {
    Type.BOOL: pyarrow.bool_(),
    Type.INT: pyarrow.int32(),
    Type.LONG: pyarrow.int64(),
    Type.REAL: pyarrow.float64(),
    Type.STRING: pyarrow.string(),
    Type.GUID: pyarrow.string(),
    Type.DYNAMIC: pyarrow.string(),
}


class FarAwayError(Exception):
    """A time beyond the years 1677 to 2262 in a column, `name`, that is to be nanoseconds."""

    def __init__(self, name: str) -> None:
        super().__init__(f"column '{name}' has times that nanoseconds do not reach")
        self.name = name


def to_public(table: pyarrow.Table, columns: Schema, units: Mapping[str, str] | None = None) -> pyarrow.Table:
    """The table with the types of `Result.to_arrow`. `units` are those of times, "ns" or "us", where values do not decide.

    Raises:
        QueryError: ENG001 for a seventh digit where a column becomes microseconds.
        FarAwayError: for a column whose unit is "ns".
    """
    given = units or {}
    arrays = [
        _column(array, column.name, column.type, given.get(column.name))
        for array, column in zip(table.columns, columns, strict=True)
    ]
    return pyarrow.table(arrays, names=[column.name for column in columns])


def to_parquet(table: pyarrow.Table, columns: Schema) -> pyarrow.Table:
    """A public table with the types by which Parquet says what a text is: UUID for guid, JSON for dynamic."""
    for position, column in enumerate(columns):
        if column.type in {Type.GUID, Type.DYNAMIC}:
            array = table.column(position).combine_chunks()
            marked = _uuids(array) if column.type is Type.GUID else pyarrow.ExtensionArray.from_storage(pyarrow.json_(), array)
            table = table.set_column(position, column.name, marked)
    return table


def _uuids(texts: pyarrow.Array) -> pyarrow.Array:
    values = [None if text is None else bytes.fromhex(text.replace("-", "")) for text in texts.to_pylist()]
    return pyarrow.ExtensionArray.from_storage(pyarrow.uuid(), pyarrow.array(values, pyarrow.binary(16)))


def _column(array: pyarrow.ChunkedArray, name: str, type_: Type, unit: str | None) -> pyarrow.ChunkedArray:
    match type_:
        case Type.DATETIME:
            return _ticks(compute.subtract(array, UNIX_EPOCH_TICKS), name, "datetime", unit)
        case Type.TIMESPAN:
            return _ticks(array, name, "timespan", unit)
        case Type.DECIMAL:
            return array
        case _:
            return array if array.type == _SAME[type_] else array.cast(_SAME[type_])


def _ticks(array: pyarrow.ChunkedArray, name: str, kind: str, unit: str | None) -> pyarrow.ChunkedArray:
    """Ticks around zero as nanoseconds, or as microseconds where those are out of range."""
    extremes = compute.min_max(array).as_py()
    low, high = extremes["min"] or 0, extremes["max"] or 0
    near = low >= -_NANOSECOND_TICKS and high <= _NANOSECOND_TICKS
    if unit == "ns" and not near:
        raise FarAwayError(name)
    if near and unit != "us":
        return compute.multiply(array, 100).cast(_clock(kind, "ns"))
    # Arrow divides toward zero, which is exact where nothing remains.
    micros = compute.divide(array, 10)
    if compute.all(compute.equal(compute.multiply(micros, 10), array)).as_py() is False:
        message = f"column '{name}' needs a seventh digit in years that Arrow counts in microseconds"
        raise QueryError("ENG001", message, hint=f"tostring({name}) keeps every digit, bin({name}, 1microsecond) drops the last")
    return micros.cast(_clock(kind, "us"))


def _clock(kind: str, unit: str) -> pyarrow.DataType:
    return pyarrow.timestamp(unit, tz="UTC") if kind == "datetime" else pyarrow.duration(unit)
