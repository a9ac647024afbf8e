"""The bodies of webhooks are those that are written down in files, and Azure's samples have the same names and kinds of values."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import alert_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.alerts.actions.resource import ResourceId, parts_of
from kqlog.alerts.actions.schema import LIMIT, as_bytes, common_alert, iso_length, moment, number
from kqlog.alerts.actions.templates import NAMED, Own, PagerDuty, filled

GOLDEN = Path(__file__).parent / "golden"


def same(body: object, file: Path, accept: bool) -> None:
    text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    if accept:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("name", samples.ALL)
def test_the_common_alert_schema(name, request):
    same(common_alert(samples.ALL[name]), GOLDEN / f"{name}.json", request.config.getoption("--accept"))


@pytest.mark.parametrize("template", ["slack", "teams", "alertmanager"])
@pytest.mark.parametrize("name", ["log", "log_resolved", "service_health"])
def test_templates(template, name, request):
    same(NAMED[template].body(samples.ALL[name]), GOLDEN / f"{template}_{name}.json", request.config.getoption("--accept"))


@pytest.mark.parametrize("name", ["log", "log_resolved"])
def test_pagerduty(name, request, monkeypatch):
    monkeypatch.setenv("PAGERDUTY_KEY", "R0UTING")
    body = PagerDuty("${PAGERDUTY_KEY}").body(samples.ALL[name])
    same(body, GOLDEN / f"pagerduty_{name}.json", request.config.getoption("--accept"))


def test_the_fields_of_azures_samples():
    """Names and kinds of values as in the documented payload of monitoringService Log Alerts V2."""
    data = common_alert(samples.FEW)["data"]
    assert data["alertContext"]["conditionType"] == "LogQueryCriteria"
    (condition,) = data["alertContext"]["condition"]["allOf"]
    assert set(condition) == {
        *("searchQuery", "metricMeasureColumn", "targetResourceTypes", "operator", "threshold", "timeAggregation", "dimensions"),
        *("metricValue", "failingPeriods", "linkToSearchResultsUI", "linkToFilteredSearchResultsUI"),
        *("linkToSearchResultsAPI", "linkToFilteredSearchResultsAPI"),
    }
    assert (condition["operator"], condition["threshold"], condition["metricValue"]) == ("LowerThan", "1", 0.0)
    assert condition["targetResourceTypes"] == "['Microsoft.OperationalInsights/workspaces']"
    assert data["essentials"]["severity"] == "Sev2"
    assert data["essentials"]["firedDateTime"] == "2026-03-10T09:45:04.386Z"


def test_links_are_there_when_the_server_has_an_address(monkeypatch):
    monkeypatch.setenv("KQLOG_URL", "https://logs.contoso.example/")
    (condition,) = common_alert(samples.LOG)["data"]["alertContext"]["condition"]["allOf"]
    link = condition["linkToFilteredSearchResultsAPI"]
    assert link.startswith("https://logs.contoso.example/v1/workspaces/logs/query?query=Perf%0A")
    assert "web-01.contoso.example" in link and link.endswith("&timespan=2026-03-10T09%3A40%3A00Z%2F2026-03-10T09%3A45%3A00Z")


def test_a_body_that_is_too_large_is_cut():
    condition = replace(samples.CPU, query="Perf" + " " * 600_000)
    wide = tuple((f"D{at}", "한" * 60_000) for at in range(6))
    alert = replace(samples.LOG, rule=replace(samples.LOG_RULE, conditions=(condition,)), dimensions=wide)
    encoded = as_bytes(common_alert(alert))
    assert len(encoded) <= LIMIT
    body = json.loads(encoded)
    assert body["data"]["essentials"]["alertRule"] == "cpu-high"
    assert body["data"]["alertContext"]["condition"]["allOf"][0]["searchQuery"].startswith("Perf")


@given(st.text(), st.floats(), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_whatever_is_in_an_alert_is_json(text, value, dimensions):
    rule = replace(samples.LOG_RULE, description=text, custom_properties={text: text})
    alert = replace(samples.LOG, rule=rule, value=value, dimensions=tuple(dimensions), rows=((text, text, text),), reason=text)
    for template in NAMED.values():
        json.loads(as_bytes(template.body(alert)), parse_constant=lambda word: pytest.fail(word))


def test_ones_own_template_names_parts_of_the_schema():
    own = Own(
        {
            "title": "${data.essentials.alertRule} is ${data.essentials.monitorCondition}",
            "value": "${data.alertContext.condition.allOf[0].metricValue}",
            "where": ["${data.essentials.configurationItems}", "${data.nothing.here}", 7],
        }
    )
    assert own.body(samples.LOG) == {
        "title": "cpu-high is Fired",
        "value": 97.25,
        "where": [["web-01.contoso.example"], None, 7],
    }
    assert filled("${data.essentials.severity}|${data.no}|$5", samples.LOG) == "Sev2||$5"


def test_a_template_reads_no_secrets(monkeypatch):
    monkeypatch.setenv("SECRET", "sesame")
    assert "sesame" not in json.dumps(Own({"a": "${SECRET}", "b": "${file:/etc/hostname}"}).body(samples.LOG))


def test_alertmanagers_labels_are_the_same_from_start_to_end():
    (fired,), (resolved,) = (NAMED["alertmanager"].body(alert) for alert in (samples.LOG, samples.RESOLVED))
    assert fired["labels"] == resolved["labels"]
    assert fired["endsAt"] > resolved["endsAt"] == "2026-03-10T10:00:00Z"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=5), "PT5M"),
        (timedelta(hours=1), "PT1H"),
        (timedelta(days=1), "P1D"),
        (timedelta(minutes=90), "PT1H30M"),
        (timedelta(seconds=0), "PT0S"),
        (timedelta(days=2, seconds=3), "P2DT3S"),
    ],
)
def test_lengths(length, text):
    assert iso_length(length) == text


def test_moments_and_numbers():
    at = datetime(2026, 3, 10, 9, 44, 10, tzinfo=UTC)
    assert [moment(at), moment(at.replace(microsecond=386_000)), moment(at.replace(microsecond=123_456))] == [
        "2026-03-10T09:44:10Z",
        "2026-03-10T09:44:10.386Z",
        "2026-03-10T09:44:10.1234560Z",
    ]
    assert [number(1.0), number(0.3), number(1e30)] == ["1", "0.3", "1e+30"]


def test_parts_of_resource_ids():
    assert parts_of(samples.MACHINE) == ResourceId(
        "bce5cc8f-cfe9-5c53-b049-d775b1533117", "rg-shop", "Microsoft.Compute/virtualMachines", "web-01"
    )
    database = "/subscriptions/s/resourcegroups/g/providers/microsoft.sql/servers/one/databases/two"
    assert parts_of(database) == ResourceId("s", "g", "microsoft.sql/servers/databases", "two")
    assert parts_of(samples.SUBSCRIPTION).subscription == "bce5cc8f-cfe9-5c53-b049-d775b1533117"
    assert parts_of("web-01") == ResourceId(name="web-01")


@given(st.text() | st.lists(st.sampled_from(["", "providers", "subscriptions", "x"])).map(lambda words: "/" + "/".join(words)))
def test_any_text_has_parts(text):
    parts_of(text)
