"""How each type is written as text, and read back into Python: datetime and timespan with all seven digits."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from kqlog.types import TICKS_PER_DAY, TICKS_PER_SECOND, Type

Storage = Any
"""A value as engines hand it over: ticks for datetime and timespan, JSON text for dynamic, None for null."""

_QUOTE = json.JSONEncoder(ensure_ascii=False).encode
_FIRST_DAY = datetime(1, 1, 1, tzinfo=UTC)


def write(value: Storage, type_: Type) -> str:
    """The text of one value, as tostring() gives it; '' for null."""
    return "" if value is None else _WRITERS[type_](value)


def write_all(values: Iterable[Storage], type_: Type) -> list[str]:
    """The texts of the values of a column, as `write` gives each."""
    writer = _WRITERS[type_]
    return ["" if value is None else writer(value) for value in values]


def write_json_all(values: Iterable[Storage], type_: Type) -> list[str]:
    """The JSON texts of the values of a column, as `write_json` gives each."""
    match type_:
        case Type.STRING:
            return ["null" if value is None else _QUOTE(value) for value in values]
        case Type.DATETIME | Type.TIMESPAN | Type.GUID:
            # Nothing in these has to be escaped.
            writer = _WRITERS[type_]
            return ["null" if value is None else f'"{writer(value)}"' for value in values]
        case _:
            return [write_json(value, type_) for value in values]


def write_json(value: Storage, type_: Type) -> str:
    """The JSON text of one value: numbers and dynamic exactly as they are, NaN and infinities as strings."""
    if value is None:
        return "null"
    match type_:
        case Type.DYNAMIC:
            return str(value)
        case Type.BOOL | Type.INT | Type.LONG:
            return write(value, type_)
        case Type.REAL if math.isfinite(value):
            return write(value, type_)
        case _:
            return _QUOTE(write(value, type_))


def to_python(value: Storage, type_: Type) -> object:
    """The Python value: aware UTC datetime and timedelta (microseconds), Decimal, UUID; dict, list or scalar for dynamic."""
    return value if value is None or type_ not in _READERS else _READERS[type_](value)


def from_python(value: datetime | timedelta) -> int:
    """The ticks of a moment (UTC when it has no zone) or of a length of time."""
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)) - _FIRST_DAY
    return value // timedelta(microseconds=1) * 10


def datetime_text(ticks: int) -> str:
    """A datetime such as 2024-05-01T12:00:00.0000000Z."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    return f"{_second_text(seconds)}.{fraction:07d}Z"


@lru_cache(4096)
def _second_text(seconds: int) -> str:
    """What the datetimes of one second begin with. Logs have many."""
    return (_FIRST_DAY + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def timespan_text(ticks: int) -> str:
    """A timespan such as 1.02:03:04 or -00:00:00.0000001."""
    days, rest = divmod(abs(ticks), TICKS_PER_DAY)
    seconds, fraction = divmod(rest, TICKS_PER_SECOND)
    sign = "-" if ticks < 0 else ""
    day = f"{days}." if days else ""
    tail = f".{fraction:07d}" if fraction else ""
    return f"{sign}{day}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{tail}"


def decimal_text(value: Decimal) -> str:
    """A decimal in plain digits, without the zeros that storage pads it with."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def real_text(value: float) -> str:
    """A real in the fewest digits that read back as the same number."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _to_datetime(ticks: int) -> datetime:
    return _FIRST_DAY + timedelta(microseconds=ticks // 10)


def _to_timedelta(ticks: int) -> timedelta:
    return timedelta(microseconds=ticks // 10 if ticks >= 0 else -(-ticks // 10))


def _to_decimal(value: Decimal) -> Decimal:
    return Decimal(decimal_text(value))


def dynamic_text(value: str) -> str:
    """A dynamic value: JSON, and a text by itself without quotes."""
    return str(json.loads(value)) if value.startswith('"') else value


def _to_uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


_WRITERS: dict[Type, Callable[..., str]] = {
    Type.BOOL: lambda value: "true" if value else "false",
    Type.INT: str,
    Type.LONG: str,
    Type.REAL: real_text,
    Type.DECIMAL: decimal_text,
    Type.STRING: str,
    Type.DATETIME: datetime_text,
    Type.TIMESPAN: timespan_text,
    Type.GUID: str,
    Type.DYNAMIC: dynamic_text,
}

_READERS: dict[Type, Callable[..., object]] = {
    Type.DECIMAL: _to_decimal,
    Type.DATETIME: _to_datetime,
    Type.TIMESPAN: _to_timedelta,
    Type.GUID: _to_uuid,
    Type.DYNAMIC: json.loads,
}
