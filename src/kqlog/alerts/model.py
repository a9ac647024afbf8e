"""What an alert rule is, and what an alert is: the terms of Azure Monitor, as values.

Rules of all kinds (log, metric, activity log, health; of Azure's ARM, of Microsoft Sentinel) become a `Rule` whose conditions are
queries. The source of the fields is Azure's scheduledQueryRules, api-version 2023-12-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Aggregation(StrEnum):
    """How the rows of a window become one number."""

    COUNT = "Count"
    AVERAGE = "Average"
    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    TOTAL = "Total"


class Comparison(StrEnum):
    """How that number is compared with the threshold."""

    EQUALS = "Equals"
    GREATER = "GreaterThan"
    GREATER_OR_EQUAL = "GreaterThanOrEqual"
    LESS = "LessThan"
    LESS_OR_EQUAL = "LessThanOrEqual"


class Signal(StrEnum):
    """What a rule looks at; the common alert schema's signalType."""

    LOG = "Log"
    METRIC = "Metric"
    ACTIVITY_LOG = "Activity Log"


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column by whose values alerts are told apart. `values` holds '*' for all; `include` is False for all but them."""

    name: str
    values: tuple[str, ...] = ("*",)
    include: bool = True


@dataclass(frozen=True, slots=True)
class Metric:
    """The metric that the query of a condition reads. With a `sensitivity` its threshold is learned: High, Medium or Low.

    `aggregation` is the rule's own: the query has the values of a window aggregated already.
    """

    name: str
    namespace: str = ""
    aggregation: Aggregation = Aggregation.AVERAGE
    sensitivity: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the conditions that must all hold. Without a `measure` the rows are counted.

    It is met where at least `failing` of the last `periods` windows violate the threshold.
    """

    query: str
    operator: Comparison = Comparison.GREATER
    threshold: float = 0.0
    aggregation: Aggregation = Aggregation.COUNT
    measure: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    resource_column: str | None = None
    periods: int = 1
    failing: int = 1
    metric: Metric | None = None
    """What messages name instead of the query, where the rule is one over a metric."""


class Outcome(StrEnum):
    """What becomes of an instance while its rule has no data, or its query fails."""

    CLEAR = "clear"
    """As Azure: without rows a count is 0, and no other number violates anything."""
    KEEP = "keep"
    """It stays as it is."""
    RESOLVE = "resolve"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Absence:
    """What a state without an answer (no data, an error) leads to, once it has lasted for `pending`."""

    outcome: Outcome = Outcome.KEEP
    pending: timedelta = timedelta(0)


@dataclass(frozen=True)
class Rule:
    """A rule as it is evaluated. Windows end at multiples of `frequency` since 1970 UTC: they are the same after a restart.

    `lateness`: a window is looked at again when rows of it come in so much later. `delay`: so long after its end a window is
    first looked at. `catch_up`: whether windows that were missed while nothing ran are evaluated later, or skipped.
    """

    name: str
    conditions: tuple[Condition, ...]
    frequency: timedelta = timedelta(minutes=5)
    window: timedelta = timedelta(minutes=5)
    display_name: str = ""
    description: str = ""
    severity: int = 3
    enabled: bool = True
    signal: Signal = Signal.LOG
    scopes: tuple[str, ...] = ()
    query_range: timedelta | None = None
    """overrideQueryTimeRange: what the query sees, where that is more than its windows."""
    stateful: bool = True
    """autoMitigate: one alert until it resolves, rather than one for each violating window."""
    resolve_after: timedelta | None = None
    """timeToResolve; None for Azure's rule, which depends on the frequency."""
    mute: timedelta = timedelta(0)
    action_groups: tuple[str, ...] = ()
    custom_properties: Mapping[str, str] = field(default_factory=dict)
    lateness: timedelta = timedelta(minutes=10)
    delay: timedelta = timedelta(0)
    catch_up: bool = True
    no_data: Absence = Absence(Outcome.CLEAR)
    on_error: Absence = Absence()
    tags: Mapping[str, str] = field(default_factory=dict)
    """What else is known of it, such as Sentinel's tactics."""
    place: str = ""
    """The file that it comes from."""


class MonitorCondition(StrEnum):
    """What the system says of an alert."""

    FIRED = "Fired"
    RESOLVED = "Resolved"


class UserState(StrEnum):
    """What people say of an alert."""

    NEW = "New"
    ACKNOWLEDGED = "Acknowledged"
    CLOSED = "Closed"


@dataclass(frozen=True)
class Alert:
    """One thing that is told: an instance of a rule fired or resolved.

    `id` is that of the alert from firing to resolution; `action_id` that of this notification, by which receivers drop repeats.
    `window` is the violating window (start inclusive, end exclusive, UTC); `value` what was compared with the threshold.
    `rows` are the first rows behind it, as texts under `columns`.
    """

    id: str
    action_id: str
    rule: Rule
    condition: MonitorCondition
    fired: datetime
    window: tuple[datetime, datetime]
    resolved: datetime | None = None
    dimensions: tuple[tuple[str, str], ...] = ()
    value: float | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    history: tuple[tuple[datetime, float], ...] = ()
    """The value of this window and those before it, oldest first, for the chart of a mail."""
    reason: str = ""
    """Why, in a sentence: 'count 17 > 10 in 12:05 to 12:10'."""
