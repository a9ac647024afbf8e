"""Dynamic values in kernels: columns of JSON text as Python values, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pyarrow as pa

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
# json.dumps() would make an encoder for each value.
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def read(column: pa.Array) -> list[Json]:
    """The values of a dynamic column; whole numbers of any length stay exact."""
    texts = column.to_pylist()
    return [None if text is None else json.loads(text) for text in texts]


def text(value: Json) -> str:
    """The JSON text of one value."""
    return _encoded(value)


def write(values: Iterable[Json]) -> pa.Array:
    """A dynamic column of some values."""
    return pa.array([None if value is None else text(value) for value in values], pa.string())
