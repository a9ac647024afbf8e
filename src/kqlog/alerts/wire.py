"""Rules and alerts as JSON and back: what is to be told outlives the process, and the rule that it came from."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from kqlog.alerts.windows import microseconds

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A value of the model in JSON's types: lengths are microseconds, moments ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return microseconds(value)
        case Mapping():
            return {str(key): to_json(one) for key, one in value.items()}
        case tuple() | list():
            return [to_json(one) for one in value]
        case _:
            return value


def from_json(kind: type[T], data: Any) -> T:
    """The value of a kind that `to_json` made this of. Fields that are not there have their defaults."""
    made: T = _read(kind, data)
    return made


def _read(kind: Any, data: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = next(one for one in arguments if one is not type(None))
        return None if data is None else _read(inner, data)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(_read(arguments[0], one) for one in data)
        return tuple(_read(one, value) for one, value in zip(arguments, data, strict=True))
    if origin is not None:
        return dict(data)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _read(hints[name], value) for name, value in data.items() if name in hints})
    if kind is datetime:
        return datetime.fromisoformat(data)
    if kind is timedelta:
        return timedelta(microseconds=data)
    return kind(data) if isinstance(kind, type) and issubclass(kind, StrEnum) else data


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
