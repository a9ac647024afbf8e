"""A simulated time of late, repeated and out-of-order logs: what is told is what a slow, obviously right evaluator tells."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import simulation
from reference import Reference, Told

import kqlog
from kqlog.alerts.model import Alert
from kqlog.alerts.rules import rules_of
from kqlog.alerts.windows import moment
from kqlog.alerts.wire import from_json

PROGRAM = Path(simulation.__file__)


def expected(folder: Path, seed: int, steps: int, every: int) -> list[Told]:
    """What the reference tells."""
    rules = rules_of(kqlog.connect(folder)).found
    by_minute: dict[int, list[simulation.Row]] = {}
    references = [
        Reference(one.rule, simulation.PREDICATES[one.rule.conditions[0].query], by_minute) for _, one in sorted(rules.items())
    ]
    for step, rows, up in simulation.looks(seed, steps, every):
        for row in rows:
            by_minute.setdefault(int(row.at), []).append(row)
        if up:
            for one in references:
                one.step(step + 1)
    return sorted((told for one in references for told in one.told), key=str)


def told(folder: Path) -> list[Told]:
    """What is in the outbox."""
    rows = sqlite3.connect(folder / "alerts.db").execute(
        "select made, alert, kind, key, e.id from outbox join episodes e on e.id = json_extract(alert, '$.id')"
    )
    found = []
    for made, text, kind, key, id_ in rows:
        alert = from_json(Alert, json.loads(text))
        assert alert.id == id_
        ends = [
            None if at is None else moment(at) // simulation.MINUTE - simulation.START for at in (alert.fired, alert.resolved)
        ]
        when = made // simulation.MINUTE - simulation.START
        found.append((when, alert.rule.name, str(alert.condition), kind, tuple(json.loads(key)), *ends))
    return sorted(found, key=str)


def check(folder: Path, seed: int, steps: int, every: int = 1) -> int:
    """Whether both tell the same, and the tables of the workspace have it all once."""
    wanted, found = expected(folder, seed, steps, every), told(folder)
    missing, unwanted = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    assert not missing and not unwanted, f"missing {list(missing)[:5]}, unwanted {list(unwanted)[:5]}"
    rows = kqlog.connect(folder).query("Alert | summarize count(), dcount(tostring(parse_json(AlertContext).actionId), 4)").rows
    assert rows == [(len(wanted), len(wanted))] or len(wanted) > 1000
    return len(wanted)


def run_with_kills(folder: Path, seed: int, steps: int, kills: int, every: int = 1) -> int:
    """Run it to the end, killing it at any moment; how often it was killed."""
    noise, killed = random.Random(seed), 0
    command = [sys.executable, str(PROGRAM), str(folder), str(seed), str(steps), str(every)]
    while True:
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        goal = progress(folder) + noise.randrange(1, max(2, (steps - progress(folder)) // (kills - killed + 1)))
        while process.poll() is None and (killed == kills or progress(folder) < goal):
            time.sleep(0.01)
        if process.poll() is not None:
            assert process.returncode == 0
            return killed
        time.sleep(noise.random() * 0.1)
        process.kill()
        process.wait()
        killed += 1


def progress(folder: Path) -> int:
    """The last step that is done."""
    file = folder / "done"
    return int(file.read_text() or -1) if file.exists() else -1


def test_tells_what_the_reference_tells(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    simulation.prepare(folder, 2, 10)
    simulation.run(folder, 2, 40)
    assert check(folder, 2, 40) > 20


def test_tells_the_same_when_it_looks_once_in_a_while_and_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    simulation.prepare(folder, 3, 8)
    assert run_with_kills(folder, 3, 160, 2, 20) == 2
    assert check(folder, 3, 160, 20) > 10


@pytest.mark.heavy
def test_tells_what_the_reference_tells_minute_by_minute_for_hours(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    simulation.prepare(folder, 4, 200)
    assert run_with_kills(folder, 4, 480, 20) == 20
    assert check(folder, 4, 480) > 1000


@pytest.mark.heavy
def test_tells_what_the_reference_tells_for_a_month_of_looks_every_hour(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    simulation.prepare(folder, 5, 200)
    assert run_with_kills(folder, 5, 30 * 1440, 100, 60) == 100
    assert check(folder, 5, 30 * 1440, 60) > 10_000
