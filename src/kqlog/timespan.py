"""The time range that a caller gives beside a query: '1d', 'P1D', 'start/end', (start, end) or a timedelta.

One of start and end may be a length, such as P1D or a timedelta.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta

from kqlog.errors import QueryError
from kqlog.syntax.literals import LiteralError, parse_datetime, parse_timespan
from kqlog.text import from_python

Timespan = str | timedelta | tuple["str | datetime | timedelta", "str | datetime | timedelta"]

_ISO = re.compile(
    r"P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)


def time_range(timespan: Timespan | None, now: int) -> tuple[int | None, int | None] | None:
    """First (inclusive) and last (exclusive) tick of a time range; a bare length ends `now`.

    Raises:
        QueryError: SYN003 for a text that is no range.
    """
    match timespan:
        case None:
            return None
        case (start, end):
            return _between(start, end)
        case str() if "/" in timespan:
            start, _, end = timespan.partition("/")
            return _between(start, end)
        case _:
            return (max(0, now - _length(timespan)), now)


def _between(start: str | datetime | timedelta, end: str | datetime | timedelta) -> tuple[int, int]:
    if _is_length(start) and not _is_length(end):
        last = _moment(end)
        first = max(0, last - _length(start))
    else:
        first = _moment(start)
        last = first + _length(end) if _is_length(end) else _moment(end)
    if last < first:
        raise QueryError("SYN003", f"the time range ends at {end} before it starts at {start}")
    return first, last


def _is_length(value: object) -> bool:
    return isinstance(value, timedelta) or (isinstance(value, str) and value.strip()[:1] in {"P", "p"})


def _length(value: object) -> int:
    ticks: int | None = None
    if isinstance(value, timedelta):
        ticks = from_python(value)
    elif isinstance(value, str) and (iso := _ISO.fullmatch(value.strip())):
        parts = {unit: float(number) for unit, number in iso.groupdict().items() if number}
        ticks = from_python(timedelta(**parts))
    elif isinstance(value, str):
        with suppress(LiteralError):
            ticks = parse_timespan(value)
    if ticks is None or ticks < 0:
        raise QueryError("SYN003", f"{value!r} is not a length of time", hint="such as 1d, 90m, PT1H30M, or start/end")
    return ticks


def _moment(value: object) -> int:
    if isinstance(value, datetime):
        return from_python(value)
    try:
        return parse_datetime(str(value))
    except LiteralError:
        raise QueryError("SYN003", f"{value!r} is not a moment", hint="such as 2024-05-01 or 2024-05-01T12:00:00Z") from None
