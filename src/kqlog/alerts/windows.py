"""When windows begin and end: at multiples of a rule's frequency since 1970 UTC, so that they are the same after a restart.

All moments are microseconds since 1970 UTC, all lengths microseconds: a window has no seventh digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kqlog.alerts.model import Rule
from kqlog.types import UNIX_EPOCH_TICKS

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = 10


def microseconds(length: timedelta) -> int:
    """A length of time in microseconds."""
    return length // timedelta(microseconds=1)


def moment(at: datetime) -> int:
    """An aware datetime in microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def as_datetime(at: int) -> datetime:
    """Microseconds since 1970 as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def from_ticks(ticks: int) -> int:
    """A datetime as queries answer it, in microseconds since 1970."""
    return (ticks - UNIX_EPOCH_TICKS) // _TICKS


def literal(at: int) -> str:
    """A moment as KQL writes it."""
    return f"datetime({as_datetime(at):%Y-%m-%dT%H:%M:%S.%fZ})"


def shown(at: int) -> str:
    """A moment for people: as short as it is exact."""
    made = as_datetime(at)
    return f"{made:%Y-%m-%d %H:%M}" if at % MINUTE == 0 else f"{made:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a rule in microseconds."""

    frequency: int
    window: int
    delay: int
    lateness: int
    resolve: int
    """So long after the last violating window an alert resolves, if none in between violates."""
    mute: int

    @property
    def grain(self) -> int:
        """The longest length that all windows begin and end at multiples of."""
        return math.gcd(self.frequency, self.window)

    def newest(self, now: int) -> int:
        """The end of the last window that is over and may be looked at."""
        return (now - self.delay) // self.frequency * self.frequency

    def first_with(self, at: int) -> int:
        """The end of the first window that holds a moment: ends are exclusive."""
        return at // self.frequency * self.frequency + self.frequency

    def oldest(self, now: int) -> int:
        """The end of the first window that is still looked at again."""
        return -((self.delay + self.lateness - now) // self.frequency) * self.frequency

    def ends(self, after: int, until: int) -> range:
        """The ends of windows from one (exclusive) to another (inclusive)."""
        return range(after + self.frequency, until + 1, self.frequency)


def timing(rule: Rule) -> Timing:
    """The times of a rule."""
    return Timing(
        microseconds(rule.frequency),
        microseconds(rule.window),
        microseconds(rule.delay),
        microseconds(rule.lateness),
        microseconds(resolve_after(rule)),
        microseconds(rule.mute),
    )


def resolve_after(rule: Rule) -> timedelta:
    """How long the condition must not be met before an alert resolves: as the rule says, or Azure's rule for log alerts."""
    if rule.resolve_after is not None:
        return rule.resolve_after
    if rule.frequency < timedelta(minutes=5):
        return timedelta(minutes=10)
    if rule.frequency < timedelta(minutes=15):
        return 3 * rule.frequency
    return (2 if rule.frequency < timedelta(hours=11) else 1) * rule.frequency
