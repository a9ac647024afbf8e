"""Times as senders write them: those that syslog messages begin with, and seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?"

_ISO = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[Tt ]{_CLOCK} ?(?P<zone>[Zz]|[+-]\d\d:?\d\d|)(?=[\s:]|$)")
_BSD = re.compile(
    r"[*.]?(?:(?P<year>\d{4}) )?"
    rf"(?P<month>{'|'.join(_MONTHS)}) +(?P<day>\d\d?) (?:(?P<year2>\d{{4}}) )?{_CLOCK}(?: (?P<year3>\d{{4}})(?= |: ))?"
    r"(?-i: (?P<zone>UTC|GMT)(?=[\s:])| (?P<unknown>[A-Z]{3,5})(?=: %))?",
    re.IGNORECASE | re.ASCII,
)
_EPOCH = re.compile(r"(?:1 )?(?P<seconds>\d{10})(?:\.(?P<fraction>\d+))?(?= )")

_HALF_A_YEAR = timedelta(days=182)
_YEARS_AWAY = sorted(range(-8, 9), key=abs)
"""Around 1900 and 2100 eight years lie between one 29th of February and the next."""


def stamp(text: str, received: datetime, zone: tzinfo | None = None) -> tuple[datetime | None, str] | None:
    """The time that a text begins with, and the text after it; None when it does not begin with one.

    A time without a zone is of `zone`, else of this machine's. Of a time without a year it is the one nearest to `received`.
    What looks like a time and is none, as the 30th of February, is None with the text after it; so is the time of a zone that
    is only named, as EST is in America and Australia.
    """
    for pattern, moment in _KINDS:
        if (found := pattern.match(text)) is not None:
            rest = text[found.end() :]
            try:
                return moment(found, received, zone), rest
            except (ValueError, OverflowError):
                return None, rest
    return None


def unix_time(seconds: int, nanoseconds: int) -> str | None:
    """A time since 1970 as text with all the digits that a tick has; None for one that no calendar has."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds // 100:07}Z".rjust(28, "0")


def _iso(found: re.Match[str], _received: datetime, zone: tzinfo | None) -> datetime:
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    return _at(datetime(year, month, day), found, _zone(found["zone"]) or zone)


def _bsd(found: re.Match[str], received: datetime, zone: tzinfo | None) -> datetime:
    month, day = _MONTHS.index(found["month"].lower()) + 1, int(found["day"])
    if found["unknown"]:
        raise ValueError(found[0])
    zone = UTC if found["zone"] else zone
    said = found["year"] or found["year2"] or found["year3"]
    possible = []
    for year in [int(said)] if said else [received.year + away for away in _YEARS_AWAY]:
        with suppress(ValueError):  # the 29th of February is only in some years
            possible.append(_at(datetime(year, month, day), found, zone))
            if abs(possible[-1] - received) < _HALF_A_YEAR:
                break
    return min(possible, key=lambda moment: abs(moment - received))


def _epoch(found: re.Match[str], _received: datetime, _zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(int(found["seconds"]), UTC) + _fraction(found)


def _at(day: datetime, found: re.Match[str], zone: tzinfo | None) -> datetime:
    """A clock's time on a day, in UTC. The 60th second, which a leap second is, is the first of the next minute."""
    clock = timedelta(hours=int(found["hour"]), minutes=int(found["minute"]), seconds=int(found["second"]))
    if int(found["hour"]) > 23 or int(found["minute"]) > 59 or int(found["second"]) > 60:
        raise ValueError(found[0])
    return _in_utc(day + clock, zone) + _fraction(found)


@lru_cache(maxsize=256)
def _in_utc(moment: datetime, zone: tzinfo | None) -> datetime:
    """A second in UTC. Asking the machine for its offset costs more than all the rest, and messages of a second come together."""
    return (moment.astimezone() if zone is None else moment.replace(tzinfo=zone)).astimezone(UTC)


def _fraction(found: re.Match[str]) -> timedelta:
    return timedelta(microseconds=int((found["fraction"] or "0").ljust(6, "0")[:6]))


def _zone(text: str) -> tzinfo | None:
    if not text:
        return None
    if text in "Zz":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime, tzinfo | None], datetime]], ...] = (
    (_ISO, _iso),
    (_BSD, _bsd),
    (_EPOCH, _epoch),
)
