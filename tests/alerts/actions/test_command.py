"""Programs that are told of alerts."""

from __future__ import annotations

import json
import sys
import time

import alert_samples as samples
import pytest

from kqlog.alerts.actions.command import Command
from kqlog.alerts.actions.receiver import LaterError


def python(text: str, *arguments: str, seconds: float = 10.0) -> Command:
    return Command("page", (sys.executable, "-c", text, *arguments), seconds)


def test_a_program_reads_the_alert_and_knows_its_id(tmp_path):
    made = tmp_path / "told.json"
    text = "import json, os, sys; json.dump([json.load(sys.stdin), os.environ['KQLOG_ACTION_ID'], sys.argv[2]], open(sys.argv[1], 'w'))"
    python(text, str(made), "$(touch oops) `x`; *").send(samples.LOG)
    body, id_, argument = json.loads(made.read_text())
    assert body["data"]["essentials"]["alertRule"] == "cpu-high"
    assert (id_, argument) == ("6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired", "$(touch oops) `x`; *")


def test_a_program_that_fails_is_run_again_later():
    with pytest.raises(LaterError, match=r"page ends with status 3: the pager is broken$"):
        python("import sys; print('the pager is broken', file=sys.stderr); sys.exit(3)").send(samples.LOG)


def test_a_program_that_reads_nothing_is_no_error():
    python("pass").send(samples.LOG)


def test_a_program_that_hangs_is_killed_with_all_that_it_started(tmp_path):
    alive = tmp_path / "alive"
    inner = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(alive)!r}).touch()"
    text = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {inner!r}]); time.sleep(60)"
    began = time.monotonic()
    with pytest.raises(LaterError, match=r"did not end within 0.5 seconds"):
        python(text, seconds=0.5).send(samples.LOG)
    assert time.monotonic() - began < 5
    time.sleep(1.7)
    assert not alive.exists()


def test_what_a_program_leaves_running_does_not_hold_it_up():
    text = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3)'])"
    began = time.monotonic()
    python(text).send(samples.LOG)
    assert time.monotonic() - began < 3


def test_a_program_that_is_not_there():
    with pytest.raises(LaterError, match="page cannot be run: No such file"):
        Command("page", ("/not/there",)).send(samples.LOG)
