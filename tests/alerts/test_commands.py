"""The commands of alerts, and the server that evaluates them, as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.shaping import shape
from kqlog.store.store import create

SAMPLE = Path(__file__).parents[2] / "sample_data"
COMMAND = [sys.executable, "-m", "kqlog.cli"]


def run(*arguments: object, folder: Path = SAMPLE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "alerts", *map(str, arguments), "-d", str(folder)], capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A workspace with five rows of the last whole window, and a rule that this is too many."""
    folder = tmp_path / "logs"
    store = create(folder)
    (folder / "alerts").mkdir()
    (folder / "alerts" / "many.yaml").write_text(
        "evaluationFrequency: PT1M\nwindowSize: PT1H\ncriteria: {allOf: [{query: Log_CL, threshold: 2}]}\n"
    )
    recent = datetime.now(UTC) - timedelta(minutes=5)
    rows = shape(store, "Log_CL", [{"TimeGenerated": recent, "n": number} for number in range(5)])
    store.table("Log_CL").append(rows.rows, rows.columns)
    return folder


def test_a_rule_is_tried_on_the_past() -> None:
    done = run("test", "failed-requests", "--since", "2026-03-09", "--until", "2026-03-12")
    assert done.stderr == ""
    assert "864 windows from 2026-03-09 00:00 to 2026-03-12 00:00, 2 alerts" in done.stdout
    assert "2026-03-10 09:45 to 2026-03-10 10:35  contoso-shop: count 16 > 10 in 2026-03-10 09:40 to 09:45" in done.stdout


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-03-10T09:47", "the alert fired with this window"),
        ("2026-03-10T10:00", "it lies in the alert that fired with the window to 2026-03-10 09:45: nothing is told twice"),
        ("2026-03-10T10:25", "not met; the alert stays until that was so for 0:15:00"),
        ("2026-03-10T10:35", "the alert was resolved with this window"),
        ("2026-03-09T12:00", "the condition is not met: nothing fires"),
        ("2026-03-13", "its last row before is of 2026-03-11T23:59:54.7622340Z"),
    ],
)
def test_a_rule_says_why_it_did_or_did_not_fire(at: str, says: str) -> None:
    done = run("explain", "failed-requests", "--at", at)
    assert says in done.stdout, done.stdout + done.stderr


def test_an_alert_is_listed_acknowledged_and_closed(logs: Path) -> None:
    assert run("run", "--once", folder=logs).stdout.startswith("Fired many : count 5 > 2 in ")
    assert run("run", "--once", folder=logs).stdout == ""
    (line,) = run("list", folder=logs).stdout.splitlines()
    id_ = line.split()[0]
    assert re.search(r"^[0-9a-f]{8}  Fired     New ", line)
    assert run("ack", id_, folder=logs).stdout == f"{id_}  Fired  Acknowledged  many\n"
    assert run("close", id_, folder=logs).stdout == f"{id_}  Fired  Closed  many\n"
    history = run("history", folder=logs).stdout
    assert [word for line in history.splitlines() for word in line.split() if word in ("Fired", "Acknowledged", "Closed")][
        :2
    ] == ["Fired", "Acknowledged"]
    assert "the alert fired" in run("explain", "many", folder=logs).stdout
    assert run("ack", "ffff", folder=logs).stderr.startswith("ALR002: there is no alert 'ffff'")


def test_rules_are_checked_with_file_line_and_caret(logs: Path) -> None:
    assert run("check", folder=logs).returncode == 0
    (logs / "alerts" / "bad.yaml").write_text("criteria:\n  allOf:\n    - query: Lag_CL\n")
    done = run("check", folder=logs)
    assert (done.returncode, "many: every 0:01:00" in done.stdout) == (1, True)
    assert re.search(
        r"bad\.yaml:3:14: SEM001: no table named 'Lag_CL'\n  3 \|     - query: Lag_CL\n    \|              \^", done.stderr
    )


@pytest.fixture
def serving(logs: Path) -> Iterator[subprocess.Popen[str]]:
    command = [*COMMAND, "serve", "-d", str(logs), "--no-auth", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=os.environ) as process:
        yield process
        process.kill()


def test_the_server_evaluates_alerts_and_a_second_one_refuses(logs: Path, serving: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 40
    while not run("list", folder=logs).stdout and time.monotonic() < until:
        time.sleep(0.1)
    assert "many" in run("list", folder=logs).stdout
    second = subprocess.run(
        [*COMMAND, "serve", "-d", str(logs), "--no-auth", "--port", "0"], capture_output=True, text=True, timeout=60
    )
    assert (second.returncode, second.stderr.startswith("ALR002: another process evaluates the alerts")) == (1, True)
    serving.send_signal(signal.SIGINT)
    assert serving.wait(30) == 0
    rows = kqlog.connect(logs).query("Alert | project AlertName, AlertSeverity, AlertContext").rows
    assert [(name, severity, json.loads(context)["event"]) for name, severity, context in rows] == [("many", "Sev3", "Fired")]
