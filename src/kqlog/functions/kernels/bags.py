"""What reaches into property bags."""

from __future__ import annotations

import json
import re

import pyarrow as pa

from kqlog.errors import QueryError
from kqlog.functions.dynamic import path_names
from kqlog.functions.kernels.json_text import Json, read, write


def canonical_text(values: pa.Array) -> pa.Array:
    """dynamic_to_json(): keys sorted at every level; a string by itself has no quotes."""
    return pa.array([_canonical(value) for value in read(values)], pa.string())


def _canonical(value: Json) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def has_key(bags: pa.Array, keys: pa.Array) -> pa.Array:
    """bag_has_key() for keys that differ from row to row; null for no bag."""
    rows = zip(read(bags), keys.to_pylist(), strict=True)
    return pa.array([None if bag is None else _holder(bag, key)[0] is not None for bag, key in rows], pa.bool_())


def _holder(bag: Json, key: str) -> tuple[dict[str, Json] | None, str]:
    """The bag that really has the last name of a key, and that name."""
    *outer, last = path_names(key)
    for name in outer:
        bag = bag.get(name) if isinstance(bag, dict) else None
    return (bag if isinstance(bag, dict) and last in bag else None), last


def remove_keys(bags: pa.Array, keys: pa.Array) -> pa.Array:
    """bag_remove_keys(): null for no bag."""
    return write(_without(bag, names) for bag, names in zip(read(bags), read(keys), strict=True))


def _without(bag: Json, keys: Json) -> Json:
    if not isinstance(bag, dict):
        return None
    for key in keys if isinstance(keys, list) else ():
        holder, name = _holder(bag, key) if isinstance(key, str) else (None, "")
        if holder is not None:
            del holder[name]
    return bag


def set_key(bags: pa.Array, keys: pa.Array, values: pa.Array) -> pa.Array:
    """bag_set_key(): null for no bag."""
    return write(_with(bag, key, value) for bag, key, value in zip(read(bags), keys.to_pylist(), read(values), strict=True))


def _with(bag: Json, key: str, value: Json) -> Json:
    if not isinstance(bag, dict):
        return None
    *outer, last = names = path_names(key)
    if names == [key] and re.match(r"\$(?:$|[.\[])", key):
        raise QueryError("SEM002", f"bag_set_key() cannot set '{key}': a path is like $.user.name, without positions in arrays")
    holder = bag
    for name in outer:
        inner = holder.get(name)
        if not isinstance(inner, dict):
            inner = holder[name] = {}
        holder = inner
    holder[last] = value
    return bag


def zipped(keys: pa.Array, values: pa.Array) -> pa.Array:
    """bag_zip(): null when the keys are no array."""
    return write(_zipped(names, items) for names, items in zip(read(keys), read(values), strict=True))


def _zipped(keys: Json, values: Json) -> Json:
    if not isinstance(keys, list):
        return None
    known = values if isinstance(values, list) else []
    padded = known + [None] * (len(keys) - len(known))
    return {key: value for key, value in zip(keys, padded, strict=False) if isinstance(key, str)}


def paths(values: pa.Array) -> pa.Array:
    """treepath(): each path once, in the order of the text; null for a value without parts."""
    return write(list(dict.fromkeys(_paths(value, ""))) if isinstance(value, (dict, list)) else None for value in read(values))


def _paths(value: Json, above: str) -> list[str]:
    found: list[str] = []
    if isinstance(value, dict):
        for name, inner in value.items():
            path = f"{above}['{name}']"
            found += [path, *_paths(inner, path)]
    elif isinstance(value, list):
        for inner in value:
            found += [f"{above}[0]", *_paths(inner, f"{above}[0]")]
    return found
