"""Processing rules: whose alerts, when, and what is done to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import kqlog
from kqlog.alerts.model import Alert, Condition, MonitorCondition, Rule
from kqlog.alerts.processing import ProcessingRules, read_processing_rule

REMOVE = "actions: [{actionType: RemoveAllActionGroups}]\n"


def alert(name: str = "busy", severity: int = 2) -> Alert:
    rule = Rule(name, (Condition("T"),), severity=severity, scopes=("/subscriptions/1/resourceGroups/a",), action_groups=("ops",))
    now = datetime(2026, 3, 10, tzinfo=UTC)
    return Alert(
        "id", "id-fired", rule, MonitorCondition.FIRED, now, (now - timedelta(minutes=5), now), dimensions=(("Host", "web-1"),)
    )


@pytest.mark.parametrize(
    ("text", "applies"),
    [
        ("", True),
        ("scopes: [/subscriptions/1]", True),
        ("scopes: [/subscriptions/1/resourceGroups/A]", True),
        ("scopes: [/subscriptions/1/resourceGroups/ab]", False),
        ("scopes: [busy]", True),
        ("enabled: false", False),
        ("conditions: [{field: Severity, operator: Equals, values: [Sev2, Sev3]}]", True),
        ("conditions: [{field: Severity, operator: NotEquals, values: [Sev2, Sev3]}]", False),
        ("conditions: [{field: AlertContext, operator: Contains, values: [host=web]}]", True),
        ("conditions: [{field: AlertRuleName, operator: DoesNotContain, values: [US]}]", False),
        ("conditions: [{field: MonitorCondition, values: [Fired]}, {field: SignalType, values: [Metric]}]", False),
    ],
)
def test_whose_alerts_it_is_for(text: str, applies: bool) -> None:
    rule = read_processing_rule(f"{text}\n{REMOVE}", "x")
    assert rule.applies(alert(), datetime(2026, 3, 10, tzinfo=UTC)) is applies


BERLIN = "timeZone: Europe/Berlin"
NIGHTS = "recurrences: [{recurrenceType: Weekly, daysOfWeek: [Saturday], startTime: '22:00:00', endTime: '06:00:00'}]"


@pytest.mark.parametrize(
    ("schedule", "at", "applies"),
    [
        ("effectiveFrom: '2026-03-10T10:00:00'", "2026-03-10T09:59", False),
        ("effectiveFrom: '2026-03-10T10:00:00'", "2026-03-10T10:00", True),
        ("effectiveUntil: '2026-03-10T10:00:00'", "2026-03-10T10:00", False),
        (f"{BERLIN}, effectiveFrom: '2026-03-10T10:00:00'", "2026-03-10T09:00", True),
        ("recurrences: [{recurrenceType: Daily, startTime: '10:00:00', endTime: '11:00:00'}]", "2026-03-10T10:59", True),
        ("recurrences: [{recurrenceType: Daily, startTime: '10:00:00', endTime: '11:00:00'}]", "2026-03-10T11:00", False),
        ("recurrences: [{recurrenceType: Monthly, daysOfMonth: [10, 20]}]", "2026-03-10T23:59", True),
        ("recurrences: [{recurrenceType: Monthly, daysOfMonth: [10, 20]}]", "2026-03-11T00:00", False),
        # 2026-03-14 is a Saturday; on the 29th Berlin's clocks go from 2 to 3.
        (f"{BERLIN}, {NIGHTS}", "2026-03-14T20:59", False),
        (f"{BERLIN}, {NIGHTS}", "2026-03-14T21:00", True),
        (f"{BERLIN}, {NIGHTS}", "2026-03-15T04:59", True),
        (f"{BERLIN}, {NIGHTS}", "2026-03-15T05:00", False),
        (f"{BERLIN}, {NIGHTS}", "2026-03-29T03:59", True),
        (f"{BERLIN}, {NIGHTS}", "2026-03-29T04:00", False),
    ],
)
def test_when_it_applies(schedule: str, at: str, applies: bool) -> None:
    rule = read_processing_rule(f"{REMOVE}schedule: {{{schedule}}}\n", "x")
    assert rule.applies(alert(), datetime.fromisoformat(at).replace(tzinfo=UTC)) is applies


def test_to_suppress_wins_over_what_is_added(tmp_path) -> None:
    folder = tmp_path / "alerts" / "processing"
    folder.mkdir(parents=True)
    (folder / "add.yaml").write_text("actions: [{actionType: AddActionGroups, actionGroupIds: [boss, ops]}]\n")
    (folder / "half.yaml").write_text("actions: [{actionType")
    rules = ProcessingRules(tmp_path)
    rules.refresh()
    assert rules.groups(alert()) == (("ops", "boss"), None)
    assert [file.name for file in rules.broken] == ["half.yaml"]
    (folder / "remove.yaml").write_text(REMOVE)
    rules.refresh()
    assert rules.groups(alert()) == (("ops", "boss"), "remove")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scopes: []\n", "'actions' is missing"),
        ("actions: [{actionType: Delete}]\n", "cannot be 'Delete'"),
        (f"{REMOVE}schedule: {{timeZone: Mars/Base}}\n", "no time zone 'Mars/Base'"),
        (f"{REMOVE}schedule: {{effectiveFrom: soon}}\n", "a local date and time"),
        (f"{REMOVE}schedule: {{recurrences: [{{recurrenceType: Daily, startTime: 25}}]}}\n", "a time of day"),
        (f"{REMOVE}schedule: {{recurrences: [{{recurrenceType: Weekly, daysOfWeek: [Someday]}}]}}\n", "cannot be 'Someday'"),
        (f"{REMOVE}conditions: [{{field: Colour, values: [red]}}]\n", "cannot look at 'Colour'"),
        (f"{REMOVE}conditions: [{{field: Severity, values: []}}]\n", "one to 5 values"),
    ],
)
def test_what_is_wrong_is_told(text: str, message: str) -> None:
    with pytest.raises(kqlog.QueryError) as wrong:
        read_processing_rule(text, "x")
    assert message in wrong.value.message
