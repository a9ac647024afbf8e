"""Alertmanager itself shows what it was told."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import alert_samples as samples
import pytest

from kqlog.alerts.actions.templates import NAMED
from kqlog.alerts.actions.webhook import Webhook

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="alertmanager is not installed (Debian: prometheus-alertmanager)")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "config.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    options = [
        f"--config.file={folder / 'config.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = subprocess.Popen(
        [PROGRAM, *options, "--cluster.listen-address="], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "alertmanager does not start"
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


def shown(address: str) -> list[dict]:
    with urllib.request.urlopen(f"{address}/api/v2/alerts", timeout=5) as answer:
        return json.load(answer)


def test_an_alert_is_shown_once_until_it_ends(address):
    now = datetime.now(UTC)
    fired = replace(samples.LOG, fired=now - timedelta(minutes=10), dimensions=(("Computer", "web-01"), ("2nd name", "한글")))
    resolved = replace(samples.RESOLVED, fired=fired.fired, dimensions=fired.dimensions, resolved=now)
    receiver = Webhook("alertmanager", f"{address}/api/v2/alerts", NAMED["alertmanager"])
    receiver.send(fired)
    receiver.send(fired)
    (alert,) = shown(address)
    assert alert["labels"] == {
        "Computer": "web-01",
        "_2nd_name": "한글",
        "alertname": "CPU is high",
        "severity": "Sev2",
        "rule": "cpu-high",
        "alertId": "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    }
    assert alert["annotations"]["reason"] == "average 97.25 > 90 in 09:40 to 09:45"
    assert alert["status"]["state"] in ("active", "unprocessed")
    receiver.send(resolved)
    deadline = time.monotonic() + 10
    while shown(address) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shown(address) == []
