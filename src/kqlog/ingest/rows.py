"""JSON of unknown senders as an Arrow table: whatever the values are, each column gets one type.

The text is read in pieces, so that memory holds the objects of a piece only, never those of a whole body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from kqlog.errors import QueryError
from kqlog.ingest.flat_rows import flat_table

if TYPE_CHECKING:
    import pyarrow

Row = dict[str, Any]
_PIECE = 5_000
"""So many rows are objects at once."""
_FEW = 1_000
"""Fewer rows are read sooner than Arrow's reader is ready."""
_TIME = "TimeGenerated"


def from_array(text: bytes, change: Callable[[Row], Row] | None = None) -> pyarrow.Table:
    """The objects of a JSON array, or one object.

    Raises:
        QueryError: ING003 for what is no JSON, or is not made of objects.
    """
    if text[:64].lstrip()[:1] == b"[":
        return _table(_read(lambda: _ARRAY.decode(text)), change)
    return _table(_read(lambda: [_ONE.decode(text)]), change)


def from_lines(text: bytes) -> pyarrow.Table:
    """The objects of JSON Lines.

    Raises:
        QueryError: ING003 as for an array.
    """
    return _table(_read(lambda: _ONE.decode_lines(text)), None)


def from_sequence(text: bytes) -> pyarrow.Table:
    """Objects one after the other, however they are laid out; or an array of them.

    Raises:
        QueryError: ING003 as for an array.
    """
    if text[:64].lstrip()[:1] == b"[":
        return from_array(text)
    try:
        lines = _ONE.decode_lines(text)
    except (msgspec.DecodeError, RecursionError):
        lines = _read(lambda: [part.encode() for part in _objects(text.decode())])
    return _table(lines, None)


def from_objects(rows: list[Row]) -> pyarrow.Table:
    """Objects that were read already."""
    import pyarrow

    return pyarrow.table(_columns(rows))


def from_delimited(text: bytes, names: Sequence[str], delimiter: str = ",") -> pyarrow.Table:
    """Lines of values, as text: the first value is that of the first name. There may be fewer columns than names.

    Raises:
        QueryError: ING003 for lines of different lengths, or with more values than there are names.
    """
    import pyarrow
    from pyarrow import csv

    reading = csv.ReadOptions(autogenerate_column_names=True)
    layout = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    if not text.strip():
        return pyarrow.table({name: pyarrow.nulls(0, pyarrow.string()) for name in names})
    types = csv.ConvertOptions(column_types={f"f{at}": pyarrow.string() for at in range(len(names))})
    table = _read(partial(csv.read_csv, pyarrow.BufferReader(text), reading, layout, types))
    if table.num_columns > len(names):
        raise QueryError("ING003", f"the lines have {table.num_columns} values, and the table {len(names)} columns")
    return table.rename_columns(names[: table.num_columns])


def column_name(field: str) -> str:
    """The column that a field of JSON is kept in: other characters than those of words become `_`."""
    return re.sub(r"\W", "_", field) or "_"


_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(msgspec.Raw)
_TEXT = msgspec.json.Encoder()
_ROWS = msgspec.json.Decoder(list[Row])


def _read(reading: Callable[[], Any]) -> Any:
    """What is read, or an error that says why it cannot be."""
    try:
        return reading()
    except UnicodeError as error:
        raise QueryError("ING003", f"the text is not UTF-8: {error}") from None
    except RecursionError:
        raise QueryError("ING003", "the JSON is nested too deeply") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise QueryError("ING003", f"the text is not JSON as it is wanted: {error}") from None


def _objects(text: str) -> Iterator[str]:
    decoder, at = json.JSONDecoder(), 0
    while (at := len(text) - len(text[at:].lstrip())) < len(text):
        _, end = decoder.raw_decode(text, at)
        yield text[at:end]
        at = end


def _table(texts: Sequence[bytes], change: Callable[[Row], Row] | None) -> pyarrow.Table:
    import pyarrow

    if change is None and len(texts) >= _FEW and (table := flat_table(texts)) is not None:
        return table.rename_columns(_names(table.column_names))
    pieces = []
    for start in range(0, max(len(texts), 1), _PIECE):
        piece = b"[%b]" % b",".join(texts[start : start + _PIECE])
        rows = _read(partial(_ROWS.decode, piece))
        pieces.append(_columns([change(row) for row in rows] if change else rows))
    if len(pieces) == 1:
        return pyarrow.table(pieces[0]) if pieces[0] else pyarrow.table({_TIME: pyarrow.nulls(0, pyarrow.string())})
    return _joined(pieces)


def _columns(rows: list[Row]) -> dict[str, pyarrow.Array]:
    """The columns that have values. There is one at least: a table without columns would have no rows."""
    import pyarrow

    columns = {sent: _array([row.get(sent) for row in rows]) for sent in dict.fromkeys(chain.from_iterable(rows))}
    found = {sent: array for sent, array in columns.items() if array is not None}
    return dict(zip(_names(found), found.values(), strict=True)) or {_TIME: pyarrow.nulls(len(rows), pyarrow.string())}


def _names(fields: Iterable[str]) -> list[str]:
    """The columns that fields are kept in."""
    names: dict[str, None] = {}
    for sent in fields:
        name = column_name(sent)
        if name in names:
            raise QueryError("ING003", f"'{sent}' and another field would both be the column '{name}'")
        names[name] = None
    return list(names)


def _array(values: list[Any]) -> pyarrow.Array | None:
    """The values in the narrowest type that has them all; None when all are null."""
    import pyarrow

    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return None
    if kinds & {dict, list}:
        return _json([None if value is None else _TEXT.encode(value) for value in values])
    try:
        if kinds == {int, float}:
            return pyarrow.array(list(map(_real, values)), pyarrow.float64())
        if len(kinds) == 1:
            return pyarrow.array(values)
    except (OverflowError, pyarrow.ArrowException):
        return pyarrow.array(list(map(_real, values)), pyarrow.float64())
    return pyarrow.array([one if one is None or isinstance(one, str) else json.dumps(one) for one in values], pyarrow.string())


def _real(value: Any) -> float | None:
    """A number that may be an integer of hundreds of digits."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        raise QueryError("ING003", "a number is too large for any column") from None


def _json(texts: list[bytes | None]) -> pyarrow.Array:
    """JSON texts as the engine knows them: as dynamic values."""
    import pyarrow

    return pyarrow.ExtensionArray.from_storage(pyarrow.json_(), pyarrow.array(texts, pyarrow.string()))


def _joined(pieces: list[dict[str, pyarrow.Array]]) -> pyarrow.Table:
    """Pieces whose columns may differ in their types, as one table."""
    import pyarrow

    lengths = [len(next(iter(piece.values()))) for piece in pieces]
    columns = {}
    for name in dict.fromkeys(chain.from_iterable(pieces)):
        parts = [piece.get(name) for piece in pieces]
        types = {part.type for part in parts if part is not None}
        if len(types) == 1:
            (type_,) = types
            empty = [pyarrow.nulls(length, type_) if part is None else part for part, length in zip(parts, lengths, strict=True)]
            columns[name] = pyarrow.chunked_array(empty, type_)
        else:
            columns[name] = _array(list(chain.from_iterable(map(_values, parts, lengths))))
    return pyarrow.table(columns)


def _values(part: pyarrow.Array | None, length: int) -> list[Any]:
    import pyarrow

    if part is None:
        return [None] * length
    if part.type == pyarrow.json_():
        return [None if text is None else json.loads(text) for text in part.storage.to_pylist()]
    return list(part.to_pylist())
