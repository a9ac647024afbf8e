"""Rows of JSON whose fields each hold one kind of value, by Arrow's reader: the columns that `rows` makes of them, but sooner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import pyarrow

_LOOKED_AT = 100
"""Of so many rows the fields are known before Arrow reads them all."""
_PIECE = 20_000
"""So many rows are read at once."""


def flat_table(texts: Sequence[bytes]) -> pyarrow.Table | None:
    """The columns of rows, by the names of their fields; None if only their values tell what a column becomes.

    `texts` must be JSON, one value each, as msgspec finds them: Arrow's reader fails on deep nesting and takes NaN for a number.
    """
    import pyarrow as pa

    try:
        fields = _fields([msgspec.json.decode(text) for text in texts[:: max(1, len(texts) // _LOOKED_AT)]])
        if fields is None:
            return None
        pieces = []
        for start in range(0, len(texts), _PIECE):
            piece = _piece(b"\n".join(texts[start : start + _PIECE]), fields)
            if piece is None:
                return None
            pieces.append(piece)
        table = pa.concat_tables(pieces, promote_options="permissive")
    # ValueError is also that of msgspec, and of a name that is not UTF-8.
    except (pa.ArrowException, ValueError, RecursionError):
        return None
    order = [*fields, *(name for name in table.column_names if name not in fields)]
    kept = [name for name in order if name in table.column_names and not pa.types.is_null(table.field(name).type)]
    return table.select(kept) if kept else None


def _fields(rows: Sequence[object]) -> dict[str, type] | None:
    """The fields of some rows and what they hold; None where one holds objects, whose text must stay as it is."""
    fields: dict[str, type] = {}
    for row in rows:
        if not isinstance(row, dict):
            return None
        for name, value in row.items():
            if isinstance(value, dict | list):
                return None
            if value is not None or name not in fields:
                fields[name] = type(value)
    return fields


def _piece(lines: bytes, fields: Mapping[str, type]) -> pyarrow.Table | None:
    import pyarrow as pa
    from pyarrow import json

    texts = [name for name, kind in fields.items() if kind is str]
    while True:
        parse = json.ParseOptions(explicit_schema=pa.schema([(name, pa.string()) for name in texts]), newlines_in_values=True)
        # Other threads read other bodies meanwhile.
        read = json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
        table = json.read_json(pa.BufferReader(lines), read, parse)
        table.validate(full=True)
        # Texts that look like moments became such, and how they were written is lost.
        moments = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if not moments:
            return None if _is_unclear(table) else table
        texts += moments


def _is_unclear(table: pyarrow.Table) -> bool:
    """Whether Arrow's reader does not tell what was sent: objects, -0 that may be whole or real, null in the place of a row."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in table.columns:
        if pa.types.is_nested(column.type):
            return True
        if pa.types.is_floating(column.type):
            values = column.to_numpy()
            if bool(np.any(np.signbit(values) & (values == 0))):
                return True
    if not table.columns:
        return True
    return all(column.null_count for column in table.columns) and bool(
        pc.any(reduce(pc.and_, map(pc.is_null, table.columns))).as_py()
    )
