"""Values that a caller passes for query parameters: Python values, or text from a command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.types import TICKS_PER_DAY, TICKS_PER_SECOND, Type

_FIRST_DAY = datetime(1, 1, 1, tzinfo=UTC)


def parameter_literal(value: object, type_: Type, name: str) -> plan.Literal:
    """The literal of a declared type for a caller's value.

    Raises:
        QueryError: SEM002 when the value cannot be read as the type.
    """
    if value is None:
        return plan.Literal(type_, "" if type_ is Type.STRING else None)
    try:
        return plan.Literal(type_, _constant(value, type_))
    except (ValueError, TypeError, InvalidOperation, QueryError):
        raise QueryError("SEM002", f"the query parameter '{name}' is {type_.one}, and {value!r} is not") from None


def _constant(value: object, type_: Type) -> plan.Constant:
    match type_:
        case Type.BOOL:
            return _boolean(value)
        case Type.INT | Type.LONG:
            return int(str(value))
        case Type.REAL:
            return float(str(value))
        case Type.DECIMAL:
            return Decimal(str(value))
        case Type.STRING:
            return str(value)
        case Type.DATETIME:
            return _datetime_ticks(value)
        case Type.TIMESPAN:
            return _timespan_ticks(value)
        case Type.GUID:
            return str(UUID(str(value)))
        case Type.DYNAMIC:
            return value if isinstance(value, str) and _is_json(value) else json.dumps(value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).lower() not in known:
        raise ValueError("neither true nor false")
    return known[str(value).lower()]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _datetime_ticks(value: object) -> int:
    from kqlog.syntax.literals import parse_datetime

    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return _timespan_ticks(moment - _FIRST_DAY)
    return _present(parse_datetime(str(value)))


def _timespan_ticks(value: object) -> int:
    from kqlog.syntax.literals import parse_timespan

    if isinstance(value, timedelta):
        return value.days * TICKS_PER_DAY + value.seconds * TICKS_PER_SECOND + value.microseconds * 10
    return _present(parse_timespan(str(value)))


def _present(ticks: int | None) -> int:
    if ticks is None:
        raise ValueError("not a date or time")
    return ticks
