"""Bodies of JSON as rows: the fast way where each field has one type, else the exact one.

A body is an array of objects, or objects one after the other, as in JSON Lines.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kqlog.errors import QueryError

if TYPE_CHECKING:
    import pyarrow

_LOOKED_AT = 100
"""The fields and their types are those of so many rows; what comes later and differs is found while reading."""
_FEW = 16_384
"""Shorter bodies are read faster without looking at them first."""
_BLOCK = 4 * 2**20
_ARRAY = "rows"
_SPACE = b" \t\r\n"


def read_rows(body: bytes) -> pyarrow.Table | list[dict[str, object]]:
    """The rows of a body, as `shape` takes them.

    Raises:
        QueryError: ING001 for what is no JSON, or no objects.
    """
    if len(body) >= _FEW and (table := _table(body)) is not None:
        return table
    try:
        rows = list(_objects(body.decode("utf-8-sig")))
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise QueryError("ING001", f"the rows are no JSON: {error}") from None
    for at, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise QueryError("ING001", f"row {at} is no object but a {type(row).__name__}", hint="send objects, one for each row")
    return rows


def _objects(text: str) -> Iterator[object]:
    if text.lstrip()[:1] == "[":
        yield from json.loads(text)
        return
    decoder, at = json.JSONDecoder(), 0
    while (at := _next(text, at)) < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _table(body: bytes) -> pyarrow.Table | None:
    """The rows by Arrow's reader; None where a field has several types or holds objects, whose text must stay as it is."""
    import pyarrow as pa
    import pyarrow.json

    is_array = body.lstrip(_SPACE)[:1] == b"["
    try:
        fields = _fields(_first(body, is_array))
        # A text that looks like a moment would become one, and lose how it was written: such a field is read again as text.
        while fields is not None:
            table = _read(body, fields, is_array)
            late = [field.name for field in table.schema if pa.types.is_timestamp(field.type) or pa.types.is_null(field.type)]
            if any(pa.types.is_nested(field.type) for field in table.schema):
                return None
            if not late:
                table.validate(full=True)
                return table
            fields |= dict.fromkeys(late, pa.string())
    except (pa.ArrowException, ValueError, RecursionError):
        return None
    return None


def _first(body: bytes, is_array: bool) -> list[object]:
    """The first rows, from the start of the body only."""
    text = body[:_BLOCK].decode("utf-8-sig", "ignore")
    rows: list[object] = []
    decoder, at = json.JSONDecoder(), _next(text, 0) + is_array
    while len(rows) < _LOOKED_AT and (at := _next(text, at)) < len(text) and text[at] != "]":
        try:
            row, at = decoder.raw_decode(text, at + (text[at] == ","))
        except ValueError:
            break
        rows.append(row)
    return rows


def _fields(rows: list[object]) -> dict[str, pyarrow.DataType] | None:
    import pyarrow as pa

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    found: dict[str, pyarrow.DataType] = {}
    for row in rows:
        if not isinstance(row, dict):
            return None
        for name, value in row.items():
            if value is None:
                continue
            kind = types.get(type(value))
            if kind is None:
                return None
            known = found.setdefault(name, kind)
            if known != kind:
                if {known, kind} != {pa.int64(), pa.float64()}:
                    return None
                found[name] = pa.float64()
    return found


def _read(body: bytes, fields: dict[str, pyarrow.DataType], is_array: bool) -> pyarrow.Table:
    import pyarrow as pa
    import pyarrow.json as reader

    schema = pa.schema(list(fields.items()))
    if not is_array:
        parse = reader.ParseOptions(explicit_schema=schema)
        return reader.read_json(io.BytesIO(body), reader.ReadOptions(block_size=_BLOCK), parse)
    # Arrow reads objects only: the array is the one field of one.
    whole = b'{"%s":%s}' % (_ARRAY.encode(), body)
    parse = reader.ParseOptions(explicit_schema=pa.schema([(_ARRAY, pa.list_(pa.struct(list(schema))))]))
    read = reader.read_json(io.BytesIO(whole), reader.ReadOptions(block_size=len(whole) + 1), parse)
    return pa.Table.from_struct_array(read.column(_ARRAY).combine_chunks().flatten())
