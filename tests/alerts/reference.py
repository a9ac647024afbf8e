"""A slow, obviously right evaluator: it knows every row that came in, looks at every window again at every step, and keeps no index.

It reads the same rules, and nothing of KQL: what a rule's query does is a Python predicate, which the test gives beside it.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from kqlog.alerts.model import Aggregation, Comparison, Outcome, Rule

COMPARE = {
    Comparison.EQUALS: operator.eq,
    Comparison.GREATER: operator.gt,
    Comparison.GREATER_OR_EQUAL: operator.ge,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}
Told = tuple[int, str, str, str, tuple[str, ...], int, int | None]
"""When it was told, by which rule, what (Fired, Resolved), of what kind, of whom, its first window, the window that resolved it."""


@dataclass(frozen=True)
class Row:
    """A row of the simulation; times in minutes."""

    at: float
    computer: str
    level: int
    value: float


@dataclass
class Alert:
    kind: str
    first: int
    last: int
    until: int | None = None

    def covers(self, end: int) -> bool:
        return self.first <= end and (self.until is None or end <= self.until)


def minutes(length: timedelta) -> int:
    return length // timedelta(minutes=1)


def resolve_minutes(rule: Rule) -> int:
    """Azure's table."""
    frequency = minutes(rule.frequency)
    if rule.resolve_after is not None:
        return minutes(rule.resolve_after)
    if frequency < 5:
        return 10
    if frequency < 15:
        return 3 * frequency
    return 2 * frequency if frequency < 660 else frequency


@dataclass
class Reference:
    """One rule with its memory."""

    rule: Rule
    wanted: Callable[[Row], bool]
    by_minute: dict[int, list[Row]]
    """All that came in so far, of all rules."""
    cursor: int | None = None
    began: int = 0
    alerts: dict[tuple[str, ...], list[Alert]] = field(default_factory=lambda: defaultdict(list))
    absent: dict[tuple[str, ...], int] = field(default_factory=dict)
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def step(self, now: int) -> None:
        """Look at everything that may be looked at."""
        rule, frequency = self.rule, minutes(self.rule.frequency)
        newest = (now - minutes(rule.delay)) // frequency * frequency
        if self.cursor is None:
            self.began, self.cursor = newest, newest - frequency
        due = list(range(self.cursor + frequency, newest + 1, frequency))
        if len(due) > 1 and not rule.catch_up:
            due = due[-1:]
            self.began = due[0]
            for alert in (alert for alerts in self.alerts.values() for alert in alerts):
                if alert.until is None and alert.kind == "condition":
                    alert.last = max(alert.last, due[0] - frequency)
        oldest = now - minutes(rule.delay) - minutes(rule.lateness)
        first = max(oldest, self.began)
        again = list(range(first + -first % frequency, self.cursor + 1, frequency))
        if not minutes(rule.lateness):
            again = []
        for end in again + due:
            self.window(now, end)
        self.cursor = max(self.cursor, newest)

    def window(self, now: int, end: int) -> None:
        """One window, as the rows are now."""
        span = minutes(self.rule.window) * self.rule.conditions[0].periods
        rows = [row for minute in range(end - span, end) for row in self.by_minute.get(minute, ()) if self.wanted(row)]
        names = [dimension.name for dimension in self.rule.conditions[0].dimensions]
        by_key: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in rows:
            by_key[tuple(str(getattr(row, name.lower())) for name in names)].append(row)
        keys = set(by_key) | {key for key, first in self.seen.items() if first < end}
        keys |= {key for key, alerts in self.alerts.items() if any(a.until is None and a.first < end for a in alerts)}
        if not names:
            keys = {()}
        for key in sorted(keys):
            self.verdict(now, end, key, by_key.get(key, []))

    def verdict(self, now: int, end: int, key: tuple[str, ...], rows: list[Row]) -> None:
        rule = self.rule
        if not rows and rule.no_data.outcome is not Outcome.CLEAR:
            self.silence(now, end, key)
            return
        if self.absent.get(key, end + 1) <= end:
            del self.absent[key]
        if rule.no_data.outcome is Outcome.ALERT:
            self.seen[key] = min(end, self.seen.get(key, end))
        for alert in self.alerts[key]:
            if alert.kind == "noData" and alert.until is None and alert.first < end:
                self.resolve(now, end, key, alert)
        if self.violated(end, rows):
            self.violation(now, end, key)
            return
        for alert in self.alerts[key]:
            over = end > alert.first and end - alert.last >= resolve_minutes(rule)
            if alert.kind == "condition" and alert.until is None and over:
                self.resolve(now, end, key, alert)

    def violated(self, end: int, rows: Iterable[Row]) -> bool:
        (condition,), window = self.rule.conditions, minutes(self.rule.window)
        failing = 0
        for period in range(condition.periods):
            last = end - period * window
            values = [row.value for row in rows if last - window <= row.at < last]
            number: float | None
            match condition.aggregation:
                case Aggregation.COUNT:
                    number = len(values)
                case Aggregation.TOTAL:
                    number = sum(values) if values else None
                case Aggregation.AVERAGE:
                    number = sum(values) / len(values) if values else None
                case Aggregation.MINIMUM:
                    number = min(values, default=None)
                case Aggregation.MAXIMUM:
                    number = max(values, default=None)
            failing += number is not None and COMPARE[condition.operator](number, condition.threshold)
        return failing >= condition.failing

    def violation(self, now: int, end: int, key: tuple[str, ...]) -> None:
        own = [alert for alert in self.alerts[key] if alert.kind == "condition"]
        if not self.rule.stateful:
            if all(abs(alert.first - end) >= max(minutes(self.rule.mute), 1) for alert in own):
                self.fire(now, end, key, "condition", end)
            return
        for alert in own:
            if alert.covers(end):
                if alert.until is None:
                    alert.last = max(alert.last, end)
                return
        later = [alert for alert in own if alert.first > end]
        if later:
            following = min(later, key=lambda alert: alert.first)
            if following.first - end <= max(resolve_minutes(self.rule), minutes(self.rule.frequency)):
                following.first = end
                return
        self.fire(now, end, key, "condition", None)

    def silence(self, now: int, end: int, key: tuple[str, ...]) -> None:
        absence = self.rule.no_data
        self.absent[key] = since = min(end, self.absent.get(key, end))
        long_enough = end - since >= minutes(absence.pending)
        for alert in self.alerts[key]:
            if alert.kind == "condition" and alert.until is None and end > alert.first:
                if absence.outcome is Outcome.RESOLVE and long_enough:
                    self.resolve(now, end, key, alert)
                else:
                    alert.last = max(alert.last, end)
        silent = [alert for alert in self.alerts[key] if alert.kind == "noData"]
        if absence.outcome is Outcome.ALERT and long_enough and not any(alert.covers(end) for alert in silent):
            self.fire(now, end, key, "noData", None)

    def fire(self, now: int, end: int, key: tuple[str, ...], kind: str, until: int | None) -> None:
        self.alerts[key].append(Alert(kind, end, end, until))
        self.told.append((now, self.rule.name, "Fired", kind, key, end, None))

    def resolve(self, now: int, end: int, key: tuple[str, ...], alert: Alert) -> None:
        alert.until = end
        self.told.append((now, self.rule.name, "Resolved", alert.kind, key, alert.first, end))
