"""Where an axis has its marks, and what they say: numbers as 1.5k, times in UTC, timespans in one unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
_TIME_STEPS = (1, 2, 5, 10, 15, 30, *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)), *(HOUR * n for n in (1, 2, 3, 6, 12)))
_DAY_STEPS = (1, 2, 3, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0
"""The seconds of the years that datetimes have."""
_SPAN_UNITS = (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6))
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


class Tick(NamedTuple):
    """A mark of an axis."""

    value: float
    text: str


def short(value: float) -> str:
    """A number in four digits or so: 1.5k, 0.002, 12.3M."""
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.1e}"
    if size >= 10_000 or (size >= 1000 and value == round(value, -2)):
        factor, prefix = next((factor, prefix) for factor, prefix in _PREFIXES if size >= factor)
        return f"{value / factor:.4g}{prefix}"
    return f"{value:.4g}" if size < 1000 else f"{value:,.0f}"


def exact(value: float) -> str:
    """A number beside its bar: whole ones in full, others in four digits."""
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e9 else short(value)


def span_unit(low: float, high: float) -> tuple[str, float]:
    """The unit that timespans between these seconds read best in, and its seconds."""
    size = max(abs(low), abs(high))
    return next(((name, seconds) for name, seconds in _SPAN_UNITS if size >= 2 * seconds), _SPAN_UNITS[-1])


def number_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Round numbers within the ends, at most so many."""
    if not high > low:
        return [Tick(low, short(low))]
    step = nice_step(low, high, most)
    count = math.floor((high - low) / step) + 2
    values = [(math.ceil(low / step - 1e-9) + at) * step for at in range(count)]
    return [Tick(value, short(value)) for value in values if value <= high + step * 1e-9]


def nice_step(low: float, high: float, most: int) -> float:
    """The round step of at most so many marks between the ends."""
    return _round_up((high - low) / max(1, most))


def _round_up(step: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next((nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= step * (1 - 1e-9)), 10 * power)


def log_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Powers of ten within the ends, at most so many."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / max(1, most)))
    return [Tick(10.0**power, short(10.0**power)) for power in range(first, last + 1, every)] or [Tick(low, short(low))]


def time_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Whole minutes, hours, days, months or years within the ends (seconds since 1970), at most so many."""
    low, high, most = max(low, _FIRST), min(high, _LAST), max(1, most)
    room = (high - low) / most
    if (step := next((step for step in _TIME_STEPS if step >= room), None)) is not None and high - low >= 2:
        return [Tick(value, _clock(value, step)) for value in _multiples(low, high, step)]
    if high - low < 2:
        return [Tick(value, f"{value % 60:06.3f}s") for value, _ in number_ticks(low, high, most)]
    if (days := next((days for days in _DAY_STEPS if days * DAY >= room), None)) is not None:
        return [Tick(value, f"{_moment(value):%b %d}") for value in _multiples(low, high, days * DAY)]
    return _calendar(low, high, room)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step)
    return [at * step for at in range(first, math.floor(high / step) + 1)]


def _clock(value: float, step: float) -> str:
    moment = _moment(value)
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment:%b %d}"
    return f"{moment:%H:%M:%S}" if step < MINUTE else f"{moment:%H:%M}"


def _calendar(low: float, high: float, room: float) -> list[Tick]:
    months = next((months for months in _MONTH_STEPS if months * 30 * DAY >= room), None)
    years = 1 if months else max(1, math.ceil(_round_up(room / (365.25 * DAY))))
    first, last = _moment(low), _moment(high)
    ticks: list[Tick] = []
    for year in (year for year in range(first.year - first.year % years, last.year + 1, years) if year):
        starts = (datetime(year, month, 1, tzinfo=UTC) for month in (range(1, 13, months) if months else (1,)))
        ticks += [Tick((start - _EPOCH).total_seconds(), f"{year}" if start.month == 1 else f"{start:%b}") for start in starts]
    ticks = [tick for tick in ticks if low <= tick.value <= high]
    return ticks or [Tick(low, f"{first:%Y-%m-%d}")]


def _moment(seconds: float) -> datetime:
    return _EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))


def moment_text(seconds: float) -> str:
    """A moment as short as it can be said: 2026-03-09 10:30."""
    text = f"{_moment(round(seconds, 3)).replace(tzinfo=None).isoformat(' ', 'milliseconds')}".removesuffix(".000")
    return text.removesuffix(" 00:00:00").removesuffix(":00") if text.endswith(":00") else text
