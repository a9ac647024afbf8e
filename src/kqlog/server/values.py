"""Rows as JSON arrays: exact, and a column at a time, since a value at a time costs ten times as much."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from kqlog.text import write_json_all
from kqlog.types import UNIX_EPOCH_TICKS, Schema, Type

_CHUNK = 1 << 20
"""So many bytes in memory become text together, or one row."""
_MUST_BE_ESCAPED = r'["\\\x00-\x1f]'
_WHOLE = r"^(-?\d+)$"
_TEXT = pa.large_string()
"""A chunk may pass 2 GB when it is one text."""

_NULL, _COMMA, _NOTHING, _QUOTE, _BETWEEN_ROWS, _ZONE, _NAN, _INFINITY, _MINUS_INFINITY = (
    pa.scalar(text, _TEXT) for text in (None, ",", "", '"', "],\n[", 'Z"', '"NaN"', '"Infinity"', '"-Infinity"')
)


def rows_of(batch: pa.Table, columns: Schema, *, dynamic_as_text: bool = False) -> Iterator[bytes]:
    """The rows of a part of an answer, in the form of `Result.stored`, as JSON arrays with commas between: chunk by chunk.

    datetime has seven digits, long all of its digits; timespan, decimal and guid are texts, as are NaN and the infinities;
    dynamic is JSON as it is, or a text of it.
    """
    step = max(1, _CHUNK * batch.num_rows // max(1, batch.nbytes))
    for start in range(0, batch.num_rows, step):
        part = batch.slice(start, step)
        texts = [
            _texts(column.combine_chunks(), Type.STRING if dynamic_as_text and type_ is Type.DYNAMIC else type_)
            for column, (_, type_) in zip(part.columns, columns, strict=True)
        ]
        rows = pc.binary_join_element_wise(*texts, _COMMA, null_handling="replace", null_replacement="null")
        every = pa.ListArray.from_arrays([0, len(rows)], rows)
        yield b"".join((b"[", pc.binary_join(every, _BETWEEN_ROWS)[0].as_buffer(), b"]"))


def _texts(values: pa.Array, type_: Type) -> pa.Array:
    """The JSON text of each value; null for null."""
    match type_:
        case Type.STRING:
            return _quoted(_escaped(values))
        case Type.GUID:
            return _quoted(values.cast(_TEXT))
        case Type.DATETIME:
            return _moments(values)
        case Type.REAL:
            return _reals(values)
        case Type.TIMESPAN | Type.DECIMAL:
            texts = write_json_all(values.to_pylist(), type_)
            return pc.replace_with_mask(pa.array(texts, _TEXT), pc.is_null(values), _NULL)
        case _:
            return values.cast(_TEXT)


def _quoted(values: pa.Array) -> pa.Array:
    return _joined(_QUOTE, values, _QUOTE)


def _joined(*texts: pa.Array | pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*texts, _NOTHING)


def _escaped(values: pa.Array) -> pa.Array:
    """Texts without what cannot stand between quotes as it is. Most have nothing of that kind."""
    values = values.cast(_TEXT)
    found = pc.fill_null(pc.match_substring_regex(values, _MUST_BE_ESCAPED), False)
    if not pc.any(found).as_py():
        return values
    changed = [json.dumps(text, ensure_ascii=False)[1:-1] for text in values.filter(found).to_pylist()]
    return pc.replace_with_mask(values, found, pa.array(changed, _TEXT))


def _reals(values: pa.Array) -> pa.Array:
    """The fewest digits that read back as the same number, and a point, as a real has one."""
    texts = values.cast(_TEXT)
    texts = pc.replace_substring_regex(texts, _WHOLE, r"\1.0")
    if pc.all(pc.is_finite(values)).as_py() is not False:
        return texts
    for found, text in ((math.nan, _NAN), (math.inf, _INFINITY), (-math.inf, _MINUS_INFINITY)):
        texts = pc.if_else(pc.is_nan(values) if math.isnan(found) else pc.equal(values, found), text, texts)
    return texts


def _moments(values: pa.Array) -> pa.Array:
    """Datetimes with seven digits. Arrow counts microseconds in all of Kusto's years, so the seventh digit is put behind."""
    since = pc.subtract(values, UNIX_EPOCH_TICKS)
    # Arrow divides toward zero: ticks since year 1 are never below it.
    micros = pc.subtract(pc.divide(values, 10), UNIX_EPOCH_TICKS // 10)
    digit = pc.subtract(since, pc.multiply(micros, 10)).cast(_TEXT)
    texts = pc.replace_substring(micros.cast(pa.timestamp("us")).cast(_TEXT), " ", "T")
    return _joined(_QUOTE, texts, digit, _ZONE)
