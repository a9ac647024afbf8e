"""A query becomes the file of a rule."""

from __future__ import annotations

import pytest

import kqlog
from kqlog.alerts.rules import rules_of
from kqlog.alerts.writing import save_rule
from kqlog.errors import QueryError

QUERY = "Heartbeat\n| where Computer != 'it''s \uc548\ub155'\n| where OSType == \"Linux\""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "Heartbeat.csv").write_text("TimeGenerated,Computer,OSType\n2026-03-09T00:00:00Z,a,Linux\n")
    return kqlog.connect(tmp_path)


def test_the_file_is_a_rule_with_the_query_as_it_was(workspace):
    file = save_rule(workspace, "gone", QUERY.replace("''", " "), 10)
    assert "query: |" in file.read_text("utf-8")
    rule = rules_of(workspace).find("gone").rule
    assert rule.conditions[0].query.strip() == QUERY.replace("''", " ")
    assert rule.frequency.total_seconds() == rule.window.total_seconds() == 600


@pytest.mark.parametrize(("name", "query"), [("a/b", "Heartbeat"), ("", "Heartbeat"), ("ok", "Heartbeat | where Nope > 1")])
def test_what_is_no_rule_writes_nothing(workspace, name, query):
    with pytest.raises(QueryError):
        save_rule(workspace, name, query)
    assert not rules_of(workspace).folder.exists()


def test_a_rule_that_is_there_stays(workspace):
    before = save_rule(workspace, "one", "Heartbeat").read_text()
    with pytest.raises(QueryError, match="already"):
        save_rule(workspace, "one", "Heartbeat | take 1")
    assert (rules_of(workspace).folder / "one.yaml").read_text() == before
