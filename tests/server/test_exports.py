"""Continuous exports of a server: what is sent to it goes on by itself."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
from receiver import Receiver, until

STREAM = "/dataCollectionRules/dcr-default/streams/Custom-Out_CL?api-version=2023-01-01"
TOKEN = {"Authorization": "Bearer from-file"}


def send(server, *numbers):
    assert httpx.post(server.url + STREAM, json=[{"n": number} for number in numbers], headers=TOKEN).status_code == 204


def test_what_comes_in_goes_on_and_what_waits_at_the_end_does_so_after_a_start(guarded):
    receiver = Receiver()
    exports = guarded.folder / "exports"
    exports.mkdir()
    # Declared while the server runs, and before there is a table.
    (exports / "hook.json").write_text(
        json.dumps({"query": "Out_CL | project n", "to": {"webhook": receiver.url}, "every": "1s"})
    )
    (exports / "wrong.json").write_text('{"query": "Out_CL | count", "to": {"delta": "../lake"}}')
    until((guarded.folder / "tables" / "Out_CL" / "_kqlog" / "cursors" / "hook.json").exists)
    send(guarded, 1, 2)
    until(lambda: len(receiver.rows()) == 2)
    receiver.mood = lambda: 503
    send(guarded, 3)
    until(lambda: receiver.failures > 0)
    # A receiver that is down holds up neither requests nor the end.
    send(guarded, 4)
    guarded.stop()
    log = "\n".join(guarded.log)
    assert "'count' does not" in log
    assert "Traceback" not in log
    receiver.mood = lambda: 200
    command = [sys.executable, "-m", "kqlog.cli", "exports", "run", "hook", "--once", "-d", str(guarded.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "hook: 2 rows\n"
    assert receiver.rows() == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
    receiver.close()
