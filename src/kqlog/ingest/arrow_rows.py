"""Rows of dicts as Arrow tables in which a column has one type in all of a file, whatever a part of its rows shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from kqlog.ingest.readers.format import Row

_MOST = 2**63
_TYPES: dict[type, pa.DataType] = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


class Kinds:
    """What is known of the columns of a file after some of its rows."""

    def __init__(self) -> None:
        self._kinds: dict[str, set[type]] = {}

    def see(self, rows: Iterable[Row]) -> None:
        """Take note of rows."""
        kinds = self._kinds
        for row in rows:
            for name, value in row.items():
                if name not in kinds:
                    kinds[name] = set()
                # An integer that 64 bits do not hold is kept as text.
                big = value.__class__ is int and not -_MOST <= value < _MOST
                kinds[name].add(str if big else value.__class__)

    def table(self, rows: Sequence[Row]) -> pa.Table:
        """Rows that were seen. A column that never has a value is left out."""
        arrays = {}
        for name, kinds in self._kinds.items():
            if kinds := kinds - {type(None)}:
                arrays[name] = _array([row.get(name) for row in rows], kinds)
        return pa.table(arrays)


def _array(values: list[Any], kinds: set[type]) -> pa.Array:
    if kinds & {dict, list}:
        texts = [None if value is None else _json(value) for value in values]
        return pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))
    if kinds == {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if len(kinds) == 1 and kinds <= _TYPES.keys():
        (kind,) = kinds
        if kind is not str:
            return pa.array(values, _TYPES[kind])
    return pa.array(
        [None if value is None else value if value.__class__ is str else _json(value) for value in values], pa.string()
    )


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        # JSON has no NaN: like Kusto, a text stands for it.
        return json.dumps(json.loads(json.dumps(value), parse_constant=str), ensure_ascii=False, separators=(",", ":"))
