"""What is told when: firing, resolving, late rows, pauses, silence, failures, and all that may happen to a rule and its process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from watched_place import Place, at

import kqlog
from kqlog.alerts import service
from kqlog.alerts.model import UserState
from kqlog.alerts.rules import FOLDER
from kqlog.alerts.schedule import Scheduler
from kqlog.alerts.service import Alerts
from kqlog.alerts.state import State
from kqlog.alerts.windows import MINUTE


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty workspace with the table Log_CL."""
    made = Place(tmp_path / "logs")
    yield made
    made.restart()


def test_an_alert_fires_once_and_resolves_after_three_clear_windows(place: Place) -> None:
    place.rule()
    place.rows("10:01", "web", 3, level=1)
    place.rows("10:06", "web", 3, level=1)
    assert place.through("10:05", "10:30") == ["10:05 Fired busy web", "10:25 Resolved busy web"]


def test_a_stateless_rule_fires_for_each_window_unless_it_is_muted(place: Place) -> None:
    place.rule(more="autoMitigate: false")
    place.rule("muted", more="muteActionsDuration: PT10M")
    for minute in ("10:01", "10:06", "10:11"):
        place.rows(minute, "web", 3, level=1)
    told = place.through("10:05", "10:20")
    assert [one for one in told if "busy" in one] == [f"{clock} Fired busy web" for clock in ("10:05", "10:10", "10:15")]
    assert [one for one in told if "muted" in one] == ["10:05 Fired muted web", "10:15 Fired muted web"]


def test_rows_that_come_late_fire_within_the_lateness_and_not_after(place: Place) -> None:
    place.rule(more="lateness: PT10M")
    assert place.through("10:05", "10:06") == []
    place.rows("10:01", "web", 3, level=1)
    assert place.tick("10:07") == ["Fired busy web"]
    place.rows("10:01", "db", 3, level=1)
    assert place.tick("10:16") == []


def test_rows_that_come_late_into_an_alert_that_was_told_tell_nothing(place: Place) -> None:
    place.rule(more="lateness: PT1H")
    place.rows("10:06", "web", 3, level=1)
    assert place.through("10:05", "10:26") == ["10:10 Fired busy web", "10:25 Resolved busy web"]
    place.rows("10:16", "web", 3, level=1)  # lies in it
    place.rows("10:01", "web", 3, level=1)  # so short before that it was one alert
    assert place.tick("10:27") == []
    place.rows("09:31", "web", 3, level=1)  # before the rule began
    assert place.tick("10:28") == []


def test_a_late_window_of_its_own_fires_and_resolves(place: Place) -> None:
    place.rule(more="lateness: PT1H")
    assert place.through("10:00", "10:40") == []
    place.rows("10:06", "web", 3, level=1)
    assert place.tick("10:41") == ["Fired busy web", "Resolved busy web"]


def test_nothing_is_asked_when_nothing_came_late(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.rule()
    place.through("10:05", "10:07")
    asked: list[str] = []
    monkeypatch.setattr("kqlog.alerts.service.run", lambda *arguments: asked.append(arguments[1]))
    place.rows("10:07", "web", 3, level=1)
    assert place.tick("10:08") == []
    assert asked == []


@pytest.mark.parametrize(("catch_up", "told"), [("true", ["Fired busy web", "Resolved busy web"]), ("false", [])])
def test_windows_that_were_missed_are_caught_up_with_or_skipped(place: Place, catch_up: str, told: list[str]) -> None:
    place.rule(more=f"catchUp: {catch_up}")
    assert place.tick("10:00") == []
    place.rows("10:01", "web", 3, level=1)
    place.restart()
    assert place.tick("11:00") == told


def test_several_periods_must_violate(place: Place) -> None:
    place.rule(
        condition="operator: GreaterThan\nthreshold: 2\nfailingPeriods: {numberOfEvaluationPeriods: 3, minFailingPeriodsToAlert: 2}"
    )
    place.rows("10:01", "web", 3, level=1)
    place.rows("10:11", "web", 3, level=1)
    assert place.through("10:05", "10:15") == ["10:15 Fired busy"]


@pytest.mark.parametrize(
    ("aggregation", "operator", "threshold", "fires"),
    [
        ("Average", "GreaterThan", "1.9", True),
        ("Average", "GreaterThan", "2", False),
        ("Total", "GreaterThanOrEqual", "6", True),
        ("Minimum", "Equals", "1", True),
        ("Maximum", "LessThan", "3", False),
        ("Maximum", "LessThanOrEqual", "3", True),
    ],
)
def test_aggregations_and_operators(place: Place, aggregation: str, operator: str, threshold: str, fires: bool) -> None:
    for value in (1, 2, 3):
        place.rows("10:01", "web", value=value, level=1)
    measured = "metricMeasureColumn: Value\ntimeAggregation: "
    place.rule(condition=f"{measured}{aggregation}\noperator: {operator}\nthreshold: {threshold}")
    assert place.tick("10:05") == (["Fired busy"] if fires else [])


@pytest.mark.parametrize(
    ("dimension", "hosts"),
    [
        ("{name: Host, values: ['*']}", ["db", "web"]),
        ("{name: Host, values: [web, other]}", ["web"]),
        ("{name: Host, operator: Exclude, values: [web]}", ["db"]),
    ],
)
def test_dimensions_include_or_exclude_values(place: Place, dimension: str, hosts: list[str]) -> None:
    place.rows("10:01", "web", 3, level=1)
    place.rows("10:01", "db", 3, level=1)
    place.rule(condition=f"operator: GreaterThan\nthreshold: 2\ndimensions: [{dimension}]")
    assert place.tick("10:05") == [f"Fired busy {host}" for host in hosts]


def test_a_query_that_aggregates_is_asked_for_each_window_with_its_end_as_now(place: Place) -> None:
    place.rule(
        query="Log_CL | summarize Rows = count(), Now = max(now()) by Host | where Rows > 2 and Now == datetime(2026-03-10 10:10)"
    )
    place.rule(
        "busy",
        "Log_CL | where TimeGenerated > ago(5m) | summarize Value = count() by Host",
        condition="metricMeasureColumn: Value\ntimeAggregation: Total\noperator: GreaterThan\nthreshold: 2\ndimensions: [{name: Host}]",
    )
    place.rows("10:06", "web", 3, level=1)
    assert place.through("10:05", "10:11") == ["10:10 Fired busy web"]


def test_all_conditions_must_be_met_and_one_without_dimensions_is_for_all(place: Place) -> None:
    place.rule(condition="operator: GreaterThan\nthreshold: 2\ndimensions: [{name: Host}]")
    with (place.folder / FOLDER / "busy.yaml").open("a") as file:
        file.write("    - {query: Log_CL | where Host == 'gate', operator: LessThan, threshold: 1}\n")
    place.rows("10:01", "web", 3, level=1)
    place.rows("10:06", "web", 3, level=1)
    place.rows("10:02", "gate")
    assert place.through("10:05", "10:11") == ["10:10 Fired busy web"]


def test_a_query_sees_more_than_its_window_where_the_rule_says_so(place: Place) -> None:
    query = "Log_CL | summarize Hosts = dcount(Host) | where Hosts > 1"
    place.rule("wide", query, top="overrideQueryTimeRange: PT1H", condition="threshold: 0")
    place.rule("narrow", query, condition="threshold: 0")
    place.rows("09:30", "web")
    place.rows("10:01", "db")
    assert place.tick("10:05") == ["Fired wide"]


def test_no_data_is_a_state_of_its_own(place: Place) -> None:
    place.rule(more="noData: {outcome: alert, pending: PT5M}")
    place.rows("10:01", "web", 1, level=1)
    assert place.through("10:05", "10:15") == ["10:15 Fired busy web noData"]
    place.rows("10:17", "web", 1, level=1)
    assert place.through("10:16", "10:20") == ["10:20 Resolved busy web noData"]


@pytest.mark.parametrize(
    ("outcome", "told"), [("keep", []), ("resolve", ["10:10 Resolved busy web"]), ("clear", ["10:20 Resolved busy web"])]
)
def test_without_rows_an_alert_stays_or_resolves_as_the_rule_says(place: Place, outcome: str, told: list[str]) -> None:
    place.rule(more=f"noData: {{outcome: {outcome}}}")
    place.rows("10:01", "web", 3, level=1)
    assert place.tick("10:05") == ["Fired busy web"]
    assert place.through("10:06", "10:40") == told


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """While this is not undone no query has time enough, however fast the machine."""

    def too_slow(*arguments: object) -> None:
        raise kqlog.QueryError("LIM002", "the query ran longer than 30 seconds")

    monkeypatch.setattr(service, "run", too_slow)
    return monkeypatch


def test_a_query_that_fails_is_tried_again_and_told_of(place: Place, no_time: pytest.MonkeyPatch) -> None:
    place.rule(more="onError: {outcome: alert, pending: PT5M}")
    place.rows("10:01", "web", 1, level=1)
    assert place.through("10:05", "10:12") == ["10:10 Fired busy error"]
    assert (place.alerts.progress["busy"].error or "").startswith("LIM002")
    no_time.undo()
    assert place.through("10:13", "10:15") == ["10:13 Resolved busy error"]


def test_a_window_that_fails_is_evaluated_when_it_can_be(place: Place, no_time: pytest.MonkeyPatch) -> None:
    place.rule()
    place.rows("10:01", "web", 3, level=1)
    assert place.through("10:05", "10:06") == []
    no_time.undo()
    assert place.tick("10:07") == ["Fired busy web"]


def test_a_rule_that_fails_for_a_week_is_disabled_until_it_changes(place: Place, no_time: pytest.MonkeyPatch) -> None:
    place.rule()
    week = 7 * 24 * 60 * MINUTE
    for later in (0, week):
        place.alerts.tick(at("10:05") + later)
    assert place.alerts.progress["busy"].disabled == at("10:05") + week
    assert [one.event for one in place.alerts.state.history()] == ["Failed", "Disabled"]
    assert place.alerts.due(at("10:10") + week) == []
    no_time.undo()
    place.rule(condition="operator: GreaterThan\nthreshold: 3")
    place.alerts.tick(at("10:10") + week)
    assert place.alerts.progress["busy"].disabled is None


@pytest.mark.parametrize("renamed", [False, True])
def test_a_rule_that_is_deleted_or_renamed_resolves_its_alerts(place: Place, renamed: bool) -> None:
    place.rule()
    place.rows("10:01", "web", 3, level=1)
    assert place.tick("10:05") == ["Fired busy web"]
    file = place.folder / FOLDER / "busy.yaml"
    file.rename(file.with_name("other.yaml")) if renamed else file.unlink()
    assert place.tick("10:06") == (["Fired other web"] if renamed else [])
    assert [(told.episode.rule, told.resolved) for told in place.alerts.state.alerts(rule="busy")] == [("busy", at("10:06"))]
    resolved = [one.alert for one in place.alerts.state.posted() if one.alert.condition == "Resolved"]
    assert [alert.reason for alert in resolved] == ["the rule was deleted or has another name now"]


def test_a_file_that_is_half_written_leaves_the_alerts_of_its_rule(place: Place) -> None:
    place.rule()
    place.rule("fine")
    place.rows("10:01", "web", 3, level=1)
    assert place.tick("10:05") == ["Fired busy web", "Fired fine web"]
    file = place.folder / FOLDER / "busy.yaml"
    whole = file.read_text()
    file.write_text(whole[: len(whole) // 2])
    assert place.through("10:06", "10:20") == ["10:20 Resolved fine web"]
    assert list(place.alerts.rules.broken) == [file]
    file.write_text(whole)
    assert place.tick("10:21") == ["Resolved busy web"]


def test_a_clock_that_goes_back_repeats_nothing_and_one_that_jumps_is_caught_up_with(place: Place) -> None:
    place.rule(more="autoMitigate: false")
    place.rows("10:01", "web", 3, level=1)
    assert place.tick("10:05") == ["Fired busy web"]
    assert place.through("09:30", "10:09") == []
    place.rows("10:06", "web", 3, level=1)
    place.rows("11:56", "web", 3, level=1)
    assert place.tick("12:00") == ["Fired busy web", "Fired busy web"]


def test_so_many_values_of_a_dimension_that_no_one_could_look_at_them(place: Place) -> None:
    import pyarrow as pa

    hosts = pa.array([f"host {number}" for number in range(100_000)])
    rows = kqlog.query(
        "T | project TimeGenerated = datetime(2026-03-10 10:01), Host, Level = 1, Value = 1.0", {"T": pa.table({"Host": hosts})}
    )
    place.store.table("Many_CL").append(rows.stored(), tuple(rows.columns))
    place.rule(query="Many_CL", condition="operator: GreaterThan\nthreshold: 0\ndimensions: [{name: Host}]")
    started = time.monotonic()
    assert len(place.tick("10:05")) == 300
    assert place.alerts.progress["busy"].unfired == 99_700
    assert time.monotonic() - started < 60


def test_a_second_process_is_refused(place: Place) -> None:
    place.tick("10:05")
    script = f"import kqlog; from kqlog.alerts.service import Alerts; Alerts(kqlog.connect({str(place.folder)!r}))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert "another process evaluates the alerts" in ended.stderr
    with pytest.raises(kqlog.QueryError, match="another process"):
        Alerts(kqlog.connect(place.folder))


def test_alerts_have_rows_and_values_and_are_rows_themselves(place: Place) -> None:
    place.rule(more="description: Many\nseverity: 1\nactions: {actionGroups: [ops], customProperties: {team: web}}")
    place.rows("10:01", "web", 3, level=1)
    place.tick("10:05")
    (posted,) = place.alerts.state.undelivered(at("10:05"))
    alert = posted.alert
    assert (posted.groups, alert.value, alert.dimensions, len(alert.rows)) == (("ops",), 3.0, (("Host", "web"),), 3)
    assert (alert.reason, alert.history[-1][1]) == ("count 3 > 2 in 2026-03-10 10:00 to 10:05", 3.0)
    assert alert.rule.custom_properties == {"team": "web"}
    assert place.alerts.state.mark(alert.id[:6], UserState.ACKNOWLEDGED, at("10:06")).state == "Acknowledged"
    for _ in range(2):
        place.alerts.publish()
    query = "union Alert, AlertHistory | project Type, AlertName, AlertSeverity, Custom1 | sort by Type asc, Custom1 asc"
    assert kqlog.connect(place.folder).query(query).rows == [
        ("Alert", "busy", "Sev1", "Fired"),
        ("AlertHistory", "busy", "Sev1", "Acknowledged"),
        ("AlertHistory", "busy", "Sev1", "Fired"),
    ]


def test_who_hears_of_an_end_has_heard_of_the_beginning(place: Place) -> None:
    place.rule()
    place.rows("10:01", "web", 3, level=1)
    place.through("10:05", "10:25")
    state = place.alerts.state
    (fired,) = state.undelivered(at("10:25"))
    state.put_off(fired.alert.action_id, at("10:30"), "busy")
    assert state.undelivered(at("10:25")) == []
    state.delivered(fired.alert.action_id, at("10:30"))
    assert [one.alert.condition for one in state.undelivered(at("10:30"))] == ["Resolved"]


def test_a_processing_rule_keeps_back_what_is_told_and_not_the_alert(place: Place) -> None:
    place.rule(more="actions: {actionGroups: [ops]}")
    (place.folder / FOLDER / "processing").mkdir()
    (place.folder / FOLDER / "processing" / "night.yaml").write_text(
        "scopes: [busy]\nactions: [{actionType: RemoveAllActionGroups}]\n"
    )
    place.rows("10:01", "web", 3, level=1)
    assert place.tick("10:05") == ["Fired busy web"]
    state = place.alerts.state
    assert state.undelivered(at("10:05")) == []
    assert [one.suppressed for one in state.posted()] == ["night"]


def test_a_slow_rule_does_not_delay_the_others(place: Place) -> None:
    slow = "Log_CL | extend n = range(0, 3000) | mv-expand n | extend m = range(0, 3000) | mv-expand m | summarize Value = sum(tolong(n) * tolong(m)) by Host"
    place.rule("aslow", slow)
    place.rule()
    place.rows("10:01", "web", 3, level=1)
    scheduler = Scheduler(place.alerts, clock=lambda: at("10:05"), every=0.05)
    scheduler.start()
    started = time.monotonic()
    while "busy" not in place.alerts.progress and time.monotonic() - started < 20:
        time.sleep(0.02)
    assert "aslow" not in place.alerts.progress
    place.alerts.workspace.cancel()
    scheduler.close()
    place._alerts = None
    with_state = State(place.folder)
    assert [told.episode.rule for told in with_state.alerts(open_only=True)] == ["busy"]
    with_state.close()
