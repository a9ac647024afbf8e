"""Analytics rules of Microsoft Sentinel, unchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kqlog
from kqlog.alerts.importing import read_rules
from kqlog.alerts.model import Comparison
from kqlog.alerts.rules import bind_rule, read_file
from kqlog.errors import QueryError

FILES = Path(__file__).parent / "files"
SAMPLE = Path(__file__).parents[3] / "sample_data"
SCHEDULED = (FILES / "failed_sign_ins.yaml").read_text()
NRT = (FILES / "storage_keys.yaml").read_text()


def rule(text: str):
    (one,) = read_rules(text, "file", "alerts/file.yaml")
    return one.rule


def test_a_scheduled_rule():
    found = rule(SCHEDULED)
    assert (found.name, found.display_name) == ("file", "Many failed sign-ins from one address")
    assert found.description == "Somebody tries passwords: more than thirty sign-ins of one address failed within an hour."
    assert (found.frequency, found.window, found.mute) == (timedelta(minutes=30), timedelta(hours=1), timedelta(hours=5))
    assert (found.severity, found.stateful, found.enabled) == (2, False, True)
    (condition,) = found.conditions
    assert (condition.operator, condition.threshold, condition.measure) == (Comparison.GREATER, 0.0, None)
    assert condition.query.startswith("let least = 30;\nSigninLogs")
    assert found.tags["tactics"] == "CredentialAccess" and found.tags["relevantTechniques"] == "T1110"
    assert '"columnName": "IPAddress"' in found.tags["entityMappings"]


def test_a_rule_near_real_time_is_looked_at_every_minute():
    found = rule(NRT)
    assert (found.frequency, found.window, found.severity) == (timedelta(minutes=1), timedelta(minutes=1), 1)
    assert "tactics" not in found.tags


@pytest.mark.parametrize("name", ["failed_sign_ins", "storage_keys"])
def test_a_file_in_the_folder_is_bound_as_it_is(name):
    (bound,) = read_file(FILES / f"{name}.yaml", kqlog.connect(SAMPLE))
    assert bound.name == name


@pytest.mark.parametrize(
    ("operator", "comparison"),
    [("gt", Comparison.GREATER), ("lt", Comparison.LESS), ("eq", Comparison.EQUALS), ("LessThan", Comparison.LESS)],
)
def test_operators(operator, comparison):
    found = rule(SCHEDULED.replace("triggerOperator: gt", f"triggerOperator: {operator}"))
    assert found.conditions[0].operator is comparison


def test_not_equal_to_nothing_is_more_than_nothing():
    assert rule(SCHEDULED.replace("triggerOperator: gt", "triggerOperator: ne")).conditions[0].operator is Comparison.GREATER


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("kind: Scheduled", "kind: Fusion", "Fusion rules are made by Microsoft's service", 38),
        ("kind: Scheduled", "kind: Nightly", "'kind' cannot be 'Nightly'", 38),
        ("queryFrequency: 30m", "queryFrequency: 1m", "'queryFrequency' is 5 minutes at least", 11),
        ("queryPeriod: PT1H", "queryPeriod: P15D", "'queryPeriod' is 5 minutes at least, and 14 days at most", 12),
        ("queryPeriod: PT1H", "queryPeriod: PT15M", "looks back as far as to its last look at least", 12),
        ("severity: Medium", "severity: Bad", "'severity' cannot be 'Bad'", 5),
        (
            "triggerOperator: gt\ntriggerThreshold: 0",
            "triggerOperator: ne\ntriggerThreshold: 3",
            "with the threshold 0 alone",
            13,
        ),
        ("triggerThreshold: 0", "triggerThreshold: many", "'triggerThreshold' is a number", 14),
        ("queryPeriod: PT1H\n", "", "the field 'queryPeriod' is missing", 1),
        ("status: Available", "statu: Available", "no field 'statu' here", 6),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old, new, message, line):
    with pytest.raises(QueryError) as raised:
        rule(SCHEDULED.replace(old, new))
    assert message in raised.value.message and raised.value.line == line


def test_a_query_that_does_not_fit_the_tables_is_told_with_its_line_in_the_file(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(SCHEDULED.replace("by IPAddress", "by IPAdress"))
    with pytest.raises(QueryError) as raised:
        read_file(file, kqlog.connect(SAMPLE))
    assert (raised.value.code, raised.value.line) == ("SEM001", 24)
    assert "IPAdress" in str(raised.value)


@pytest.mark.parametrize("cut", range(0, len(SCHEDULED), 37))
def test_a_file_that_is_half_written_is_an_error_or_a_rule(cut):
    try:
        read_rules(SCHEDULED[:cut], "file", "alerts/file.yaml")
    except QueryError as error:
        assert error.code == "ALR001"


@given(st.lists(st.sampled_from([*SCHEDULED.splitlines(), "  - x", "query: {a: 1}", "kind:", "- a"]), max_size=12))
def test_any_lines_are_a_rule_an_error_or_something_else(lines):
    try:
        read_rules("\n".join(lines), "file", "alerts/file.yaml")
    except QueryError as error:
        assert error.code == "ALR001"


def test_a_watchlist_is_a_table():
    items = [
        {"TimeGenerated": datetime(2026, 3, day, tzinfo=UTC), "WatchlistAlias": "Vips", "WatchlistItemId": id_, "SearchKey": name,
         "WatchlistItem": {"User": name}, "_DTItemStatus": status}
        for day, id_, name, status in [(1, "1", "ada", "Create"), (1, "2", "bob", "Create"), (2, "2", "bob", "Delete")]
    ]  # fmt: skip
    signs = [{"TimeGenerated": datetime(2026, 3, 10, tzinfo=UTC), "Who": name} for name in ("ada", "bob", "eve")]
    workspace = kqlog.connect(tables={"Watchlist": items, "Signs": signs})
    query = "let vips = _GetWatchlist('vips') | project User;\nSigns | where Who in (vips)"
    (imported,) = read_rules(
        NRT[: NRT.index("query:")] + f"query: |-\n  {query.replace(chr(10), chr(10) + '  ')}\nkind: NRT\n", "a", "b"
    )
    bound = bind_rule(imported.rule, workspace)
    assert [row[1] for row in workspace.query(bound.rule.conditions[0].query).rows] == ["ada"]
