"""Alert processing rules and maintenance windows: files `alerts/processing/*.yaml` with the fields of Azure's actionRules.

They say whom else an alert is told, or that nobody is told of it while a schedule lasts. They work on what is told, never on the
alert itself: it fires, and its history has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kqlog.alerts.fields import Field, Fields, read_yaml, whole_number, word
from kqlog.alerts.model import Alert
from kqlog.alerts.rules import ENDINGS, FOLDER
from kqlog.errors import QueryError

PROCESSING = "processing"
_MOST_VALUES = 5
_MONTH = 31


class _Action(StrEnum):
    REMOVE = "RemoveAllActionGroups"
    ADD = "AddActionGroups"


class _Operator(StrEnum):
    EQUALS = "Equals"
    NOT_EQUALS = "NotEquals"
    CONTAINS = "Contains"
    DOES_NOT_CONTAIN = "DoesNotContain"


class _Recurrence(StrEnum):
    DAILY = "Daily"
    WEEKLY = "Weekly"
    MONTHLY = "Monthly"


class _Weekday(StrEnum):
    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


_FIELDS: dict[str, Callable[[Alert], str]] = {
    "Severity": lambda alert: f"Sev{alert.rule.severity}",
    "MonitorService": lambda alert: "Log Alerts V2",
    "MonitorCondition": lambda alert: str(alert.condition),
    "SignalType": lambda alert: str(alert.rule.signal),
    "TargetResource": lambda alert: " ".join(alert.rule.scopes),
    "TargetResourceType": lambda alert: " ".join("/".join(scope.split("/")[6:8]) for scope in alert.rule.scopes),
    "TargetResourceGroup": lambda alert: " ".join("/".join(scope.split("/")[:5]) for scope in alert.rule.scopes),
    "AlertRuleId": lambda alert: alert.rule.name,
    "AlertRuleName": lambda alert: alert.rule.display_name or alert.rule.name,
    "Description": lambda alert: alert.rule.description,
    "AlertContext": lambda alert: " ".join([alert.reason, *(f"{name}={value}" for name, value in alert.dimensions)]),
}
"""What a filter may look at."""


@dataclass(frozen=True)
class _Filter:
    """One condition: the texts of the field against some values, in whatever case."""

    field: str
    operator: _Operator
    values: tuple[str, ...]

    def holds(self, alert: Alert) -> bool:
        text = _FIELDS[self.field](alert).casefold()
        contains = self.operator in (_Operator.CONTAINS, _Operator.DOES_NOT_CONTAIN)
        found = any(value.casefold() in text if contains else value.casefold() == text for value in self.values)
        return found is (self.operator in (_Operator.EQUALS, _Operator.CONTAINS))


@dataclass(frozen=True)
class _Times:
    """A part of the days of a schedule: a whole day where start and end are the same, over midnight where the end is before."""

    kind: _Recurrence
    start: time
    end: time
    days: frozenset[int] = frozenset()

    def holds(self, at: datetime) -> bool:
        """Whether a local time is in it. What goes over midnight belongs to the day on which it starts."""
        clock = at.time()
        if self.start < self.end:
            return self._day(at) and self.start <= clock < self.end
        return (self._day(at) and clock >= self.start) or (self._day(at - timedelta(days=1)) and clock < self.end)

    def _day(self, at: datetime) -> bool:
        match self.kind:
            case _Recurrence.DAILY:
                return True
            case _Recurrence.WEEKLY:
                return at.weekday() in self.days
            case _Recurrence.MONTHLY:
                return at.day in self.days


@dataclass(frozen=True)
class _Schedule:
    zone: ZoneInfo
    start: datetime | None = None
    end: datetime | None = None
    recurrences: tuple[_Times, ...] = ()

    def holds(self, at: datetime) -> bool:
        local = at.astimezone(self.zone).replace(tzinfo=None)
        if (self.start is not None and local < self.start) or (self.end is not None and local >= self.end):
            return False
        return not self.recurrences or any(one.holds(local) for one in self.recurrences)


@dataclass(frozen=True)
class ProcessingRule:
    """Whom else to tell of some alerts, or to tell nobody."""

    name: str
    enabled: bool
    scopes: tuple[str, ...]
    filters: tuple[_Filter, ...]
    suppress: bool
    groups: tuple[str, ...]
    schedule: _Schedule

    def applies(self, alert: Alert, at: datetime) -> bool:
        """Whether it is for an alert that is told at a moment."""
        return (
            self.enabled and self._in_scope(alert) and all(one.holds(alert) for one in self.filters) and self.schedule.holds(at)
        )

    def _in_scope(self, alert: Alert) -> bool:
        """Scopes are resource ids or what they begin with, or names of rules; without any, all are in."""
        own = [one.casefold() for one in (*alert.rule.scopes, alert.rule.name)]
        wanted = [scope.casefold().rstrip("/") for scope in self.scopes]
        return not wanted or any(one == scope or one.startswith(f"{scope}/") for one in own for scope in wanted)


@dataclass
class ProcessingRules:
    """The processing rules of a workspace as they were last read."""

    root: Path
    found: list[ProcessingRule] = field(default_factory=list)
    broken: dict[Path, QueryError] = field(default_factory=dict)
    _read: dict[Path, tuple[int, int]] | None = None

    def refresh(self) -> None:
        """Read the files again if some have changed."""
        files = sorted(file for file in (self.root / FOLDER / PROCESSING).glob("*") if file.suffix in ENDINGS)
        seen = {file: (status.st_mtime_ns, status.st_size) for file in files if (status := file.stat())}
        if seen == self._read:
            return
        self._read, self.found, self.broken = seen, [], {}
        for file in files:
            try:
                self.found.append(read_processing_rule(file.read_text("utf-8-sig"), file.stem))
            except QueryError as error:
                self.broken[file] = error
            except (OSError, UnicodeDecodeError) as error:
                self.broken[file] = QueryError("ALR001", f"the file cannot be read: {error}")

    def groups(self, alert: Alert, at: datetime | None = None) -> tuple[tuple[str, ...], str | None]:
        """Whom to tell of an alert that is told at a moment, and the rule by which nobody is. To suppress wins."""
        at = at if at is not None else datetime.now(UTC)
        applying = [rule for rule in self.found if rule.applies(alert, at)]
        silent = next((rule.name for rule in applying if rule.suppress), None)
        added = [group for rule in applying for group in rule.groups]
        return tuple(dict.fromkeys([*alert.rule.action_groups, *added])), silent


def read_processing_rule(text: str, name: str) -> ProcessingRule:
    """The processing rule of a text.

    Raises:
        QueryError: ALR001 with what is wrong in it and where.
    """
    fields = read_yaml(text).fields(("name", "description", "enabled", "scopes", "conditions", "actions", "schedule"))
    suppress, groups = False, list[str]()
    for one in fields["actions"].items():
        action = one.fields(("actionType", "actionGroupIds"))
        if action["actionType"].one_of(_Action) is _Action.REMOVE:
            suppress = True
        else:
            groups += action["actionGroupIds"].strings()
    return ProcessingRule(
        name=fields.get("name", Field.string, name),
        enabled=fields.get("enabled", Field.flag, True),
        scopes=fields.get("scopes", Field.strings, ()),
        filters=tuple(_filter(one) for one in fields.items("conditions")),
        suppress=suppress,
        groups=tuple(groups),
        schedule=fields.get("schedule", _schedule, _Schedule(ZoneInfo("UTC"))),
    )


def _filter(field: Field) -> _Filter:
    fields = field.fields(("field", "operator", "values"))
    name, values = fields["field"], fields["values"].strings()
    if name.string() not in _FIELDS:
        raise name.wrong(f"a condition cannot look at '{name.string()}'", f"there are {', '.join(_FIELDS)}")
    if not 1 <= len(values) <= _MOST_VALUES:
        raise fields["values"].wrong(f"a condition has one to {_MOST_VALUES} values")
    return _Filter(name.string(), fields.get("operator", word(_Operator), _Operator.EQUALS), values)


def _schedule(field: Field) -> _Schedule:
    fields = field.fields(("effectiveFrom", "effectiveUntil", "timeZone", "recurrences"))
    zone = fields.get("timeZone", _zone, ZoneInfo("UTC"))
    times = tuple(_times(one) for one in fields.items("recurrences"))
    return _Schedule(zone, fields.get("effectiveFrom", _local, None), fields.get("effectiveUntil", _local, None), times)


def _times(field: Field) -> _Times:
    fields = field.fields(("recurrenceType", "startTime", "endTime", "daysOfWeek", "daysOfMonth"))
    kind, days = fields["recurrenceType"].one_of(_Recurrence), frozenset[int]()
    if kind is _Recurrence.WEEKLY:
        days = frozenset(list(_Weekday).index(one.one_of(_Weekday)) for one in fields["daysOfWeek"].items())
    elif kind is _Recurrence.MONTHLY:
        days = frozenset(whole_number(1, _MONTH)(one) for one in fields["daysOfMonth"].items())
    return _Times(kind, _clock(fields, "startTime"), _clock(fields, "endTime"), days)


def _clock(fields: Fields, name: str) -> time:
    if name not in fields:
        return time(0)
    try:
        return time.fromisoformat(fields[name].string())
    except ValueError:
        raise fields[name].wrong(f"'{name}' is a time of day", "such as '22:00:00', in quotes") from None


def _local(field: Field) -> datetime | None:
    try:
        return datetime.fromisoformat(field.string()).replace(tzinfo=None)
    except ValueError:
        raise field.wrong(f"'{field.name}' is a local date and time", "such as 2026-03-10T22:00:00") from None


def _zone(field: Field) -> ZoneInfo:
    try:
        return ZoneInfo(field.string())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise field.wrong(f"no time zone '{field.string()}'", "names are those of IANA, such as Europe/Berlin or UTC") from None
