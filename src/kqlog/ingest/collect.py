"""A small agent: counters and heartbeats of the machine that it runs on, under the names that Azure Monitor's agents use."""

from __future__ import annotations

import platform
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kqlog import __version__
from kqlog.errors import QueryError
from kqlog.ingest.readers.format import Row
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store

_BEAT = 60.0
_UNITS = {"s": 1, "m": 60, "h": 3600}
_MB = 2**20

Sample = tuple[str, str, str, float]
"""Object, instance, counter and value."""


def seconds_of(text: str) -> float:
    """A time such as 10s or 1m in seconds.

    Raises:
        QueryError: ING001 for another text, or less than a second.
    """
    match = re.fullmatch(r"(\d{1,6})([smh])", text)
    if match is None or match[1].strip("0") == "":
        raise QueryError("ING001", f"'{text}' is not how often to look", hint="10s, 1m, 1h")
    return float(int(match[1]) * _UNITS[match[2]])


def collect(store: Store, every: float, rounds: int | None = None) -> None:
    """Store counters every so many seconds and a heartbeat every minute, until interrupted or for some rounds.

    Raises:
        QueryError: ENG001 where psutil is not installed.
    """
    counters = Counters()
    beaten = None
    due = time.monotonic()
    done = 0
    while rounds is None or done < rounds:
        if beaten is None or due - beaten >= _BEAT:
            _append(store, "Heartbeat", [heartbeat()])
            beaten = due
        due += every
        # Rates want two readings. After a sleep of the machine, what was missed is not made up for.
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - every)
        _append(store, "Perf", counters.rows())
        done += 1


def _append(store: Store, table: str, rows: list[Row]) -> None:
    shaped = shape(store, table, rows)
    store.table(table).append(shaped.rows, shaped.columns)


def heartbeat() -> Row:
    """That this machine is there, and what it is."""
    release = platform.freedesktop_os_release() if platform.system() == "Linux" else {}
    version = release.get("VERSION_ID", platform.release()).split(".")
    addresses = _addresses()
    return {
        "TimeGenerated": datetime.now(UTC).isoformat(),
        "SourceSystem": "Linux" if platform.system() == "Linux" else "OpsManager",
        "Computer": socket.getfqdn(),
        "ComputerIP": next(iter(addresses), ""),
        "ComputerPrivateIPs": addresses,
        "Category": "kqlog",
        "OSType": platform.system(),
        "OSName": release.get("NAME", platform.system()),
        "OSMajorVersion": version[0],
        "OSMinorVersion": version[1] if len(version) > 1 else "",
        "Version": __version__,
        "SCAgentChannel": "Direct",
        "ComputerEnvironment": "Non-Azure",
    }


def _psutil() -> Any:
    try:
        import psutil
    except ImportError as error:
        raise QueryError("ENG001", "kqlog collect wants psutil", hint="pip install 'kqlog[collect]'") from error
    return psutil


def _addresses() -> list[str]:
    psutil = _psutil()
    found = [one.address for device in psutil.net_if_addrs().values() for one in device if one.family == socket.AF_INET]
    return sorted(address for address in found if not address.startswith("127."))


class Counters:
    """Readings of counters. Rates are those since the reading before."""

    def __init__(self) -> None:
        self._psutil = _psutil()
        self._computer = socket.getfqdn()
        self._before = self._totals()
        self._times = self._psutil.cpu_times()
        self._at = time.monotonic()

    def rows(self) -> list[Row]:
        """Rows of Perf for this moment."""
        now = datetime.now(UTC).isoformat()
        return [
            {
                "TimeGenerated": now,
                "SourceSystem": "Linux" if platform.system() == "Linux" else "OpsManager",
                "Computer": self._computer,
                "ObjectName": object_,
                "InstanceName": instance,
                "CounterName": counter,
                "CounterValue": float(value),
                "CounterPath": f"\\\\{self._computer}\\{object_}({instance})\\{counter}",
            }
            for object_, instance, counter, value in [*self._processor(), *self._memory(), *self._disks(), *self._rates()]
        ]

    def _processor(self) -> Iterator[Sample]:
        before, now = self._times, self._psutil.cpu_times()
        self._times = now
        spent = {name: getattr(now, name) - getattr(before, name) for name in now._fields}
        # Linux counts the time of guests as user time, too.
        total = sum(value for name, value in spent.items() if not name.startswith("guest")) or 1.0
        idle = spent["idle"] + spent.get("iowait", 0.0)
        yield "Processor", "_Total", "% Processor Time", min(100.0, max(0.0, 100 * (1 - idle / total)))
        if "iowait" in spent:
            yield "Processor", "_Total", "% IO Wait Time", max(0.0, 100 * spent["iowait"] / total)
        yield "System", "System", "Load1", self._psutil.getloadavg()[0]
        yield "System", "System", "Processes", len(self._psutil.pids())

    def _memory(self) -> Iterator[Sample]:
        memory, swap = self._psutil.virtual_memory(), self._psutil.swap_memory()
        yield "Memory", "Memory", "Available MBytes Memory", memory.available / _MB
        yield "Memory", "Memory", "% Used Memory", memory.percent
        yield "Memory", "Memory", "% Used Swap Space", swap.percent

    def _disks(self) -> Iterator[Sample]:
        for part in self._psutil.disk_partitions():
            try:
                usage = self._psutil.disk_usage(part.mountpoint)
            except OSError:  # such as a drive without a disk in it
                continue
            yield "Logical Disk", part.mountpoint, "% Used Space", usage.percent
            yield "Logical Disk", part.mountpoint, "Free Megabytes", usage.free / _MB

    def _rates(self) -> Iterator[Sample]:
        now, at = self._totals(), time.monotonic()
        seconds = max(at - self._at, 1e-3)
        for name, value in now.items():
            if name in self._before:
                # A device that was taken out and put in again begins at 0.
                yield *name, max(0.0, value - self._before[name]) / seconds
        self._before, self._at = now, at

    def _totals(self) -> dict[tuple[str, str, str], float]:
        """What only ever grows, by the rate that it makes."""
        totals: dict[tuple[str, str, str], float] = {}
        if disks := self._psutil.disk_io_counters():
            totals["Physical Disk", "_Total", "Disk Read Bytes/sec"] = disks.read_bytes
            totals["Physical Disk", "_Total", "Disk Write Bytes/sec"] = disks.write_bytes
        for device, counts in self._psutil.net_io_counters(pernic=True).items():
            if device != "lo":
                totals["Network", device, "Total Bytes Received/sec"] = counts.bytes_recv
                totals["Network", device, "Total Bytes Transmitted/sec"] = counts.bytes_sent
        return totals
