"""Rule files: what is read of them, and what is told of those that are wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

import kqlog
from kqlog.alerts.model import Absence, Aggregation, Comparison, Dimension, Outcome
from kqlog.alerts.rules import read_rule, rules_of
from kqlog.ingest.shaping import shape
from kqlog.store.store import create

TABLES = {"Log_CL": [{"TimeGenerated": None, "Host": "a", "Level": 1, "Value": 1.5, "Bag": {"a": 1}}]}
WHOLE = """\
displayName: Busy machines
description: More than two rows
severity: 1
enabled: true
scopes: [/subscriptions/1]
evaluationFrequency: PT5M
windowSize: PT15M
overrideQueryTimeRange: PT2H
criteria:
  allOf:
    - query: |
        Log_CL
        | where Level > 0
      timeAggregation: Average
      metricMeasureColumn: Value
      dimensions:
        - name: Host
          operator: Exclude
          values: [test]
      operator: GreaterThanOrEqual
      threshold: 2.5
      failingPeriods:
        numberOfEvaluationPeriods: 3
        minFailingPeriodsToAlert: 2
autoMitigate: true
ruleResolveConfiguration: {timeToResolve: PT1H}
actions:
  actionGroups: [ops]
  customProperties: {team: web}
lateness: PT30M
delay: PT2M
catchUp: false
noData: {outcome: alert, pending: PT10M}
onError: {outcome: resolve}
tags: {tactics: Impact}
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> kqlog.Workspace:
    folder = tmp_path_factory.mktemp("folder")
    workspace = kqlog.connect(folder)
    workspace.saved.save(
        "many", "declare query_parameters(least: long = 1, host: string);\nLog_CL | where Level > least and Host == host"
    )
    rows = kqlog.query("print TimeGenerated = datetime(2026-03-10), Host = 'a', Level = 1, Value = 1.5, Bag = dynamic({'a': 1})")
    rows.save(folder / "Log_CL.parquet")
    return kqlog.connect(folder)


def test_every_field_is_read(workspace: kqlog.Workspace) -> None:
    one = read_rule(WHOLE, "busy", "alerts/busy.yaml", workspace)
    (condition,), rule = one.rule.conditions, one.rule
    assert (rule.name, rule.display_name, rule.severity, rule.place) == ("busy", "Busy machines", 1, "alerts/busy.yaml")
    assert (rule.frequency, rule.window, rule.query_range) == (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=2))
    assert (rule.lateness, rule.delay, rule.catch_up) == (timedelta(minutes=30), timedelta(minutes=2), False)
    assert (rule.no_data, rule.on_error) == (Absence(Outcome.ALERT, timedelta(minutes=10)), Absence(Outcome.RESOLVE))
    assert (rule.resolve_after, rule.action_groups, rule.custom_properties) == (timedelta(hours=1), ("ops",), {"team": "web"})
    assert (condition.aggregation, condition.operator) == (Aggregation.AVERAGE, Comparison.GREATER_OR_EQUAL)
    assert (condition.measure, condition.threshold, condition.periods, condition.failing) == ("Value", 2.5, 3, 2)
    assert condition.dimensions == (Dimension("Host", ("test",), include=False),)
    assert one.row_wise
    assert one.tables == {"Log_CL"}


def made(query: str = "Log_CL", *, top: str = "", condition: str = "") -> str:
    return f"{top}\ncriteria:\n  allOf:\n    - query: {query}\n{condition}"


@pytest.mark.parametrize(
    ("query", "row_wise"),
    [
        ("Log_CL", True),
        ("Log_CL | where Level > 1 | extend Twice = Level * 2 | project TimeGenerated, Host", True),
        ("Log_CL | mv-expand Bag to typeof(string)", True),
        ("union Log_CL, (Log_CL | where Level == 2)", True),
        ("many(1, 'a')", True),
        ("Log_CL | where TimeGenerated > ago(1h)", False),
        ("Log_CL | summarize count() by Host", False),
        ("Log_CL | project Host", False),
        ("Log_CL | extend TimeGenerated = TimeGenerated + 1h", False),
        ("Log_CL | where rand() < 0.5", False),
        ("Log_CL | where Host in (Log_CL | project Host)", False),
        ("Log_CL | top 5 by Level", False),
    ],
)
def test_a_query_is_row_wise_when_each_row_stands_for_itself(workspace: kqlog.Workspace, query: str, row_wise: bool) -> None:
    assert read_rule(made(query), "x", "", workspace).row_wise is row_wise


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (WHOLE.replace("metricMeasureColumn: Value", "metricMeasureColumn: Values"), "no column 'Values'", 15),
        (WHOLE.replace("metricMeasureColumn: Value", "metricMeasureColumn: Host"), "'Host' is a string, and a measure", 15),
        (WHOLE.replace("      metricMeasureColumn: Value\n", ""), "Average of what", 14),
        (WHOLE.replace("name: Host", "name: Computer"), "no column 'Computer'", 17),
        (WHOLE.replace("name: Host", "name: Bag"), "'Bag' is dynamic", 17),
        (WHOLE.replace("where Level > 0", "project Host, Value"), "told apart by TimeGenerated", 11),
        (WHOLE.replace("Level > 0", "Levle > 0"), "no column named 'Levle'", 13),
        (WHOLE.replace("Level > 0", "Level >"), "the query ends", 13),
        (WHOLE.replace("        Log_CL\n", "        Logs_CL\n"), "no table named 'Logs_CL'", 12),
        (WHOLE.replace("severity: 1", "severity: 5"), "from 0 to 4", 3),
        (WHOLE.replace("enabled: true", "enabled: maybe"), "true or false", 4),
        (WHOLE.replace("PT15M", "15"), "a length of time", 7),
        (WHOLE.replace("evaluationFrequency: PT5M", "evaluationFrequency: PT90S"), "whole minutes", 6),
        (WHOLE.replace("GreaterThanOrEqual", "More"), "cannot be 'More'", 20),
        (WHOLE.replace("PT2H", "PT30M"), "has to see all of its windows", 8),
        (WHOLE.replace("tags:", "muteActionsDuration: PT5M\ntags:"), "only stateless rules mute", 35),
        (WHOLE.replace("tags:", "severty: 2\ntags:"), "no field 'severty'", 35),
        (WHOLE.replace("tags:", "enabled: true\ntags:"), "is there twice", 35),
        (WHOLE.replace("criteria:", "tags: {}\nx:"), "no field 'x'", 10),
        ("severity: 1\n", "'criteria' is missing", 1),
        ("", "there is nothing", 1),
        ("- a\n", "has fields", 1),
        ("criteria: {allOf: []}\n", "a condition at least", 1),
        (made("many"), "wants the parameter 'host'", 4),
        (made("many", condition="      parameters: {hosts: a}\n"), "has no parameter 'hosts'", 5),
        (made("Log_CL", condition="      parameters: {host: a}\n"), "only saved queries", 5),
        (made("Log_CL | fork (take 1) (take 2)"), "no operator can follow", 4),
        (made("'let a = 1'"), "", 4),
    ],
)
def test_what_is_wrong_is_told_with_its_line(workspace: kqlog.Workspace, text: str, message: str, line: int) -> None:
    with pytest.raises(kqlog.QueryError) as wrong:
        read_rule(text, "busy", "alerts/busy.yaml", workspace)
    assert message in wrong.value.message
    assert wrong.value.line == line
    assert "^" in str(wrong.value)


@pytest.mark.parametrize("length", range(1, len(WHOLE), 23))
def test_half_a_file_is_a_rule_or_told_with_its_place(workspace: kqlog.Workspace, length: int) -> None:
    try:
        read_rule(WHOLE[:length], "busy", "", workspace)
    except kqlog.QueryError as error:
        assert error.line


@given(text=some.text(alphabet="abc:-[]{}|>&*!'\"\n \t#%,?0", max_size=60))
def test_any_text_is_a_rule_or_told(text: str) -> None:
    with pytest.raises(kqlog.QueryError) as wrong:
        read_rule(text, "x", "", kqlog.connect(tables=TABLES))
    assert wrong.value.code.startswith(("ALR", "SYN", "SEM"))


def test_a_saved_query_is_named_with_its_parameters(workspace: kqlog.Workspace) -> None:
    one = read_rule(made("many", condition="      parameters: {host: 'a\"b'}\n"), "x", "", workspace)
    assert one.rule.conditions[0].query == 'many(1, tostring("a\\"b"))'


def test_the_others_run_when_one_is_broken_and_files_are_read_again(tmp_path: Path) -> None:
    (tmp_path / "alerts").mkdir()
    kqlog.query("print TimeGenerated = datetime(2026-03-10), Level = 1").save(tmp_path / "Log_CL.parquet")
    (tmp_path / "alerts" / "good.yaml").write_text(made())
    (tmp_path / "alerts" / "bad.yaml").write_text(made("Log"))
    (tmp_path / "alerts" / "again.yml").write_text(made(top="name: good"))
    rules = rules_of(kqlog.connect(tmp_path))
    assert list(rules.found) == ["good"]
    assert {file.name: error.message for file, error in rules.broken.items()} == {
        "bad.yaml": "no table named 'Log'",
        "good.yaml": "there is a rule 'good' already, in alerts/again.yml",
    }
    assert not rules.refresh()
    (tmp_path / "alerts" / "bad.yaml").write_text(made("Log_CL | where Level == 1"))
    assert rules.refresh()
    assert set(rules.found) == {"good", "bad"}
    with pytest.raises(kqlog.QueryError, match="no alert rule 'goood'") as unknown:
        rules.find("goood")
    assert unknown.value.hint == "did you mean 'good'?"


def test_a_rule_is_right_once_its_table_is_there_and_follows_its_saved_query(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    store = create(folder)
    (folder / "alerts").mkdir()
    (folder / "alerts" / "one.yaml").write_text(made("some_rows"))
    workspace = kqlog.connect(folder)
    workspace.saved.save("some_rows", "Log_CL")
    rules = rules_of(workspace)
    assert list(rules.broken) == [folder / "alerts" / "one.yaml"]
    rows = shape(store, "Log_CL", [{"Level": 1}])
    store.table("Log_CL").append(rows.rows, rows.columns)
    assert rules.refresh()
    assert rules.find("one").row_wise
    workspace.saved.save("some_rows", "Log_CL | summarize count() by Level")
    assert rules.refresh()
    assert not rules.find("one").row_wise
