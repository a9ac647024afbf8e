"""Counters and heartbeats of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.collect import collect, seconds_of
from kqlog.store.store import create


def test_counters_and_a_heartbeat(tmp_path: Path) -> None:
    pytest.importorskip("psutil", reason="wants psutil, the extra 'collect'")
    collect(create(tmp_path / "logs"), 0.2, rounds=2)
    workspace = kqlog.connect(tmp_path / "logs")
    busy = "Perf | where ObjectName == 'Processor' and CounterName == '% Processor Time'"
    assert workspace.query(f"{busy} | where CounterValue between (0.0 .. 100.0) | count").rows == [(2,)]
    assert workspace.query("Heartbeat | where isnotempty(Computer) and isnotempty(OSType) | count").rows == [(1,)]


def test_how_often() -> None:
    assert (seconds_of("10s"), seconds_of("2m")) == (10.0, 120.0)
    with pytest.raises(kqlog.QueryError, match="is not how often"):
        seconds_of("soon")
