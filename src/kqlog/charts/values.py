"""Columns of a result as a chart needs them: numbers as floats, everything else as labels; arrays of make-series unnested."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from kqlog.charts.chart import Floats
from kqlog.text import write
from kqlog.types import NUMBERS, TICKS_PER_SECOND, UNIX_EPOCH_TICKS, Column, Schema, Type

MEASURES = NUMBERS | {Type.DATETIME, Type.TIMESPAN}
"""What has a place on an axis."""
LARGEST = 1e300
"""Beyond it numbers are as infinities are: their differences and sums would be."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Names in order of appearance, and for each row the position of its name."""

    names: list[str]
    codes: NDArray[np.intp]


class Data:
    """The rows of a result, by the positions of their columns."""

    def __init__(self, columns: Schema, table: pa.Table) -> None:
        self.columns = columns
        self.table = table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def numbers(self, position: int) -> Floats:
        """The column as floats: datetime as seconds since 1970, timespan as seconds. Null and beyond `LARGEST` is NaN."""
        array = self.table.column(position)
        type_ = self.columns[position].type
        if type_ is Type.DATETIME:
            # Subtracted while they are whole numbers: a float has no room for all digits of ticks since year 1.
            array = compute.subtract(array, UNIX_EPOCH_TICKS)
        values: Floats = compute.fill_null(array.cast(pa.float64(), safe=False), math.nan).to_numpy()
        if type_ in {Type.DATETIME, Type.TIMESPAN}:
            values = values / TICKS_PER_SECOND
        return np.where(np.abs(values) < 1 / LARGEST, 0.0, np.where(np.abs(values) <= LARGEST, values, np.nan))

    def labels(self, positions: list[int]) -> Labels:
        """What the columns say together in each row, as `web-01, errors`."""
        if not positions:
            return Labels([""], np.zeros(len(self), dtype=np.intp))
        first, *rest = (self._labels(position) for position in positions)
        for other in rest:
            pairs, starts, codes = np.unique(first.codes * len(other.names) + other.codes, return_index=True, return_inverse=True)
            order = np.argsort(starts)
            rank = np.empty_like(order)
            rank[order] = np.arange(len(order))
            names = [f"{first.names[pair // len(other.names)]}, {other.names[pair % len(other.names)]}" for pair in pairs[order]]
            first = Labels(names, rank[codes])
        return first

    def _labels(self, position: int) -> Labels:
        encoded = self.table.column(position).combine_chunks().dictionary_encode(null_encoding="encode")
        type_, values = self.columns[position].type, encoded.dictionary.to_pylist()
        plain = type_ is Type.STRING and all(value and not value.isspace() for value in values)
        return Labels(values if plain else [label(value, type_) for value in values], np.asarray(encoded.indices).astype(np.intp))


def label(value: Any, type_: Type) -> str:
    """A value as the name of a series or of a place on an axis: times without the zeros at their end."""
    if value is None:
        return "(null)"
    text = write(value, type_)
    if type_ is Type.DATETIME:
        text = text.removesuffix("Z").rstrip("0").rstrip(".").replace("T", " ")
        text = text.removesuffix(" 00:00:00").removesuffix(":00") if text.endswith(":00") else text
    return text if text.strip() else "(empty)"


def array_types(data: Data) -> dict[int, Type]:
    """The columns that hold arrays, as make-series gives them, with the type of what is in them: datetime or real."""
    found = {}
    for position, column in enumerate(data.columns):
        if column.type is Type.DYNAMIC and (type_ := _array_type(data.table.column(position))) is not None:
            found[position] = type_
    return found


def _array_type(texts: pa.ChunkedArray) -> Type | None:
    """By the first array that has a value; a column with anything but arrays and nulls is none."""
    known = texts.drop_null()
    if not len(known) or not compute.all(compute.starts_with(known, "[")).as_py():
        return None
    for text in known.slice(0, 100).to_pylist():
        for item in json.loads(text):
            match item:
                case None:
                    continue
                case bool():
                    return None
                case int() | float():
                    return Type.REAL
                case str() if item[:4].isdecimal() and item.endswith("Z"):
                    return Type.DATETIME
                case _:
                    return None
    return None


def unnest(data: Data, arrays: dict[int, Type]) -> Data:
    """A row for each item of the arrays, which stand beside each other; shorter ones end in nulls."""
    lists = {position: _lists(data.table.column(position)) for position in arrays}
    lengths = [max(map(len, row)) for row in zip(*lists.values(), strict=True)]
    # Without the arrays, whose text would be there once for each of their items.
    bare = data.table
    for position in arrays:
        bare = bare.set_column(position, data.columns[position].name, pa.nulls(len(data)))
    table = bare.take(pa.array(np.repeat(np.arange(len(data)), lengths)))
    columns = list(data.columns)
    for position, rows in lists.items():
        name, type_ = data.columns[position].name, arrays[position]
        items = [item for row, length in zip(rows, lengths, strict=True) for item in row + [None] * (length - len(row))]
        values = _ticks(items) if type_ is Type.DATETIME else pa.array(map(_number, items), pa.float64())
        columns[position] = Column(name, type_)
        table = table.set_column(position, name, values)
    return Data(tuple(columns), table)


def _lists(texts: pa.ChunkedArray) -> list[list[Any]]:
    return [[] if text is None else json.loads(text) for text in texts.to_pylist()]


def _number(item: object) -> float | None:
    """NaN and infinities are strings in JSON, and have no place on an axis."""
    return float(item) if isinstance(item, int | float) else None


def _ticks(items: list[Any]) -> pa.Array:
    """Texts such as 2024-05-01T12:00:00.0000000Z as ticks; anything else is null."""
    return pa.array([_tick(item) for item in items], pa.int64())


def _tick(item: object) -> int | None:
    if not isinstance(item, str):
        return None
    try:
        moment = np.datetime64(item.removesuffix("Z")[:26], "us")
    except ValueError:
        return None
    return None if np.isnat(moment) else int(moment.astype(np.int64)) * 10 + UNIX_EPOCH_TICKS
