"""Columns between KQL and Delta: real timestamps for other readers, every tick for kqlog.

A timestamp of Delta ends at microseconds. The seventh digit stands in a column of its own beside it, which is no column of the
Delta table, so that other readers do not see it. It is written only into files that need it, and those are named so.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.types import UNIX_EPOCH_TICKS, Column, Schema, Type

DAY = "_day"
"""The column by which tables are partitioned: the day of TimeGenerated."""
TIME = "TimeGenerated"
_KIND = b"kql"
"""Where the metadata of a field names a KQL type that Delta has no word for."""
_MICROSECOND = 10
_ARROW: dict[Type, pa.DataType] = {
    Type.BOOL: pa.bool_(),
    Type.INT: pa.int32(),
    Type.LONG: pa.int64(),
    Type.REAL: pa.float64(),
    Type.DECIMAL: pa.decimal128(38, 18),
    Type.STRING: pa.string(),
    Type.DATETIME: pa.timestamp("us", "UTC"),
    Type.TIMESPAN: pa.int64(),
    Type.GUID: pa.string(),
    Type.DYNAMIC: pa.string(),
}
_NAMED = frozenset({Type.TIMESPAN, Type.GUID, Type.DYNAMIC})
_READ = {str(kind): type_ for type_, kind in reversed(_ARROW.items()) if type_ not in _NAMED}


def digit_column(name: str) -> str:
    """The column that holds the seventh digit of a datetime column."""
    return f"{name}#7"


def is_reserved(name: str) -> bool:
    """Whether no column of logs may have this name: the store has it for itself."""
    return name.casefold() == DAY or name.endswith(digit_column(""))


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """The columns as they are stored, without the partition."""
    return pa.schema([_field(column) for column in columns])


def _field(column: Column) -> pa.Field:
    metadata = {_KIND: str(column.type).encode()} if column.type in _NAMED else None
    return pa.field(column.name, _ARROW[column.type], metadata=metadata)


def kql_schema(stored: pa.Schema) -> Schema:
    """The columns of a Delta table that kqlog or another writer made, without the partition."""
    return tuple(Column(field.name, _type(field)) for field in stored if field.name != DAY)


def _type(field: pa.Field) -> Type:
    if (name := (field.metadata or {}).get(_KIND)) is not None:
        return Type(name.decode())
    return _READ.get(str(field.type).replace("large_string", "string").replace("string_view", "string"), Type.DYNAMIC)


def stored(rows: pa.Table, columns: Schema) -> tuple[pa.Table, bool]:
    """Rows in kqlog's own form (ticks, JSON text) as they are stored, and whether the seventh digits of datetimes are with them.

    A file that needs the digits of one datetime column has those of all.
    """
    moments = {one.name: _split(rows.column(one.name).combine_chunks()) for one in columns if one.type is Type.DATETIME}
    digits = any(pc.any(pc.not_equal(seventh, 0)).as_py() for _, seventh in moments.values())
    arrays, fields = [], []
    for column in columns:
        field = _field(column)
        values = moments[column.name][0] if column.name in moments else rows.column(column.name).combine_chunks()
        arrays.append(values.cast(field.type))
        fields.append(field)
        if digits and column.name in moments:
            arrays.append(moments[column.name][1])
            fields.append(pa.field(digit_column(column.name), pa.int8()))
    return pa.table(arrays, schema=pa.schema(fields)), digits


def _split(ticks: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Microseconds since 1970, and the ticks beyond them."""
    values = pc.fill_null(ticks, UNIX_EPOCH_TICKS).to_numpy(zero_copy_only=False) - UNIX_EPOCH_TICKS
    microseconds, seventh = np.divmod(values, _MICROSECOND)
    nulls = ticks.is_null().to_numpy(zero_copy_only=False)
    return pa.array(microseconds, mask=nulls), pa.array(seventh.astype(np.int8), mask=nulls)
