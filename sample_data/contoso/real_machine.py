"""Logs a real machine produced: its counters as Perf rows, its package manager's log as a custom table.

Only the machine's name is made up. Times and values are what was measured.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from .company import DOMAIN
from .log import Log

COMPUTER = f"build-01.{DOMAIN}"


def read_counters(log: Log, recording: Path) -> None:
    """Take in what `collect_counters.py` recorded. A recording still being written may end in half a line."""
    for line in recording.read_text().splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        counter = json.loads(line)
        kind, instance, name = counter["ObjectName"], counter["InstanceName"], counter["CounterName"]
        log.add(
            "Perf", datetime.fromisoformat(counter["TimeGenerated"]),
            Computer=COMPUTER, ObjectName=kind, InstanceName=instance, CounterName=name,
            CounterValue=float(counter["CounterValue"]), CounterPath=f"\\\\{COMPUTER}\\{kind}({instance})\\{name}",
            SourceSystem="Linux",
        )  # fmt: skip


def read_package_log(log: Log, path: Path) -> None:
    """Take in dpkg's log, each line as it is. The machine's clock is in UTC."""
    for line in path.read_text().splitlines():
        time = datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        log.add("DpkgLog_CL", time, Computer=COMPUTER, RawData=line)
