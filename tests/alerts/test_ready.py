"""The rules and queries that are ready to use fire on the sample's stories, and only there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

import kqlog
from kqlog.alerts.actions.groups import Groups
from kqlog.alerts.backtest import backtest
from kqlog.alerts.ready import copy_pack
from kqlog.alerts.rules import rules_of
from kqlog.alerts.service import run
from kqlog.alerts.windows import moment
from kqlog.store.store import create

SAMPLE = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sample's tables with the pack."""
    root = tmp_path_factory.mktemp("sample") / "data"
    shutil.copytree(SAMPLE, root, ignore=shutil.ignore_patterns("queries", "alerts", "contoso", "*.py"))
    assert all(copied for _, copied in copy_pack(root))
    return root


@pytest.fixture(scope="module")
def rules(folder):
    return rules_of(kqlog.connect(folder))


def test_all_rules_and_queries_fit_a_new_workspace_as_well(tmp_path):
    root = create(tmp_path / "logs").root
    assert list(copy_pack(root))
    workspace = kqlog.connect(root)
    rules = rules_of(workspace)
    assert rules.broken == {} and len(rules.found) == 9
    assert [error for name in workspace.saved for error in workspace.check(workspace.saved[name].text).errors] == []


def test_all_rules_are_bound_and_tell_a_group_that_is_there(rules, folder):
    assert rules.broken == {} and len(rules.found) == 9
    groups = Groups(folder)
    assert groups.broken() == {}
    assert {group for one in rules.found.values() for group in one.rule.action_groups} == set(groups.names) == {"operations"}


def fired(rules, name: str, since: str, until: str) -> set[tuple[str, ...]]:
    start, end = (moment(datetime.fromisoformat(one)) for one in (since, until))
    return {episode.key for episode in backtest(rules.find(name), partial(run, rules.workspace), start, end).episodes}


@pytest.mark.parametrize(
    ("name", "since", "until", "found"),
    [
        ("requests-fail", "2026-03-10T09:00:00Z", "2026-03-10T11:00:00Z", {"contoso-shop", "contoso-orders-api"}),
        ("requests-fail", "2026-03-09T09:00:00Z", "2026-03-09T11:00:00Z", set()),
        ("heartbeat-lost", "2026-03-11T03:00:00Z", "2026-03-11T06:00:00Z", {"app-lin-02.contoso.example"}),
        ("heartbeat-lost", "2026-03-10T03:00:00Z", "2026-03-10T05:00:00Z", set()),
        ("failed-sign-ins", "2026-03-10T21:00:00Z", "2026-03-11T00:30:00Z", {"203.0.113.77"}),
        ("service-issue", "2026-03-10T09:00:00Z", "2026-03-10T12:00:00Z", {"CX7K-9Q8"}),
    ],
)
def test_stories_fire(rules, name, since, until, found):
    assert {key[0] for key in fired(rules, name, since, until)} == found


def test_a_disk_fills_up(rules):
    assert fired(rules, "disk-full", "2026-03-10T12:00:00Z", "2026-03-11T08:00:00Z") == {("app-lin-02.contoso.example", "/var")}


@pytest.mark.parametrize("name", ["busy_machines", "full_disks", "silent_machines", "failed_logins", "recent_activity"])
def test_saved_queries_answer(folder, name):
    workspace = kqlog.connect(folder)
    assert workspace.saved.find(name).description
    assert workspace.run(name, parameters={"until": "2026-03-11 05:00"}).rows


def test_what_is_there_stays_as_it_is(tmp_path):
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "cpu-high.yaml").write_text("mine")
    done = subprocess.run(
        [sys.executable, "-m", "kqlog", "-d", str(tmp_path), "alerts", "init"], capture_output=True, text=True, check=True
    )
    assert "alerts/cpu-high.yaml: is there already" in done.stdout and "alerts/groups/operations.yaml\n" in done.stdout
    assert (tmp_path / "alerts" / "cpu-high.yaml").read_text() == "mine"


def test_a_rule_that_tells_nobody_who_is_there_is_told(tmp_path):
    shutil.copy(SAMPLE / "Heartbeat.parquet", tmp_path)
    (tmp_path / "alerts").mkdir()
    text = "criteria: {allOf: [{query: Heartbeat}]}\nactions: {actionGroups: [nobody]}\n"
    (tmp_path / "alerts" / "beats.yaml").write_text(text)
    command = [sys.executable, "-m", "kqlog", "-d", str(tmp_path), "alerts", "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "kqlog: the rule beats tells the action group 'nobody', which is not there\n"
