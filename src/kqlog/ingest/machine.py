"""Counters and heartbeats of the machine that this runs on, under the names that Azure Monitor's agents use.

The objects and counters of Linux are those of Azure's list for its agents; Windows has other names for some of them.
"""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kqlog import __version__
from kqlog.errors import QueryError
from kqlog.ingest.readers.format import Row

_MB = 2**20
_SYSTEM = platform.system()
SOURCE_SYSTEM = "Linux" if _SYSTEM == "Linux" else "OpsManager"
_WINDOWS = {
    ("Processor", "% Processor Time"): ("Processor", "% Processor Time"),
    ("Processor", "% User Time"): ("Processor", "% User Time"),
    ("Processor", "% Privileged Time"): ("Processor", "% Privileged Time"),
    ("Memory", "Available MBytes Memory"): ("Memory", "Available MBytes"),
    ("Logical Disk", "% Free Space"): ("LogicalDisk", "% Free Space"),
    ("Logical Disk", "Free Megabytes"): ("LogicalDisk", "Free Megabytes"),
    ("Physical Disk", "Physical Disk Bytes/sec"): ("PhysicalDisk", "Disk Bytes/sec"),
    ("Physical Disk", "Avg. Disk sec/Read"): ("PhysicalDisk", "Avg. Disk sec/Read"),
    ("Physical Disk", "Avg. Disk sec/Write"): ("PhysicalDisk", "Avg. Disk sec/Write"),
    ("System", "Processes"): ("System", "Processes"),
    ("System", "Uptime"): ("System", "System Up Time"),
}
"""What counters are called on Windows; others it has not."""

Sample = tuple[str, str, str, float]
"""Object, instance, counter and value."""


def computer() -> str:
    """The name of this machine, with its domain where it has one."""
    name = socket.getfqdn()
    return socket.gethostname() if name.startswith("localhost") else name


def heartbeat() -> Row:
    """That this machine is there, and what it is."""
    release = platform.freedesktop_os_release() if _SYSTEM == "Linux" else {}
    version = release.get("VERSION_ID", platform.release()).split(".")
    addresses = _addresses()
    return {
        "TimeGenerated": datetime.now(UTC).isoformat(),
        "SourceSystem": SOURCE_SYSTEM,
        "Computer": computer(),
        "ComputerIP": next(iter(addresses), ""),
        "ComputerPrivateIPs": addresses,
        "Category": "kqlog",
        "OSType": _SYSTEM,
        "OSName": release.get("NAME", _SYSTEM),
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
    """Readings of counters. Rates are those since the reading before.

    Raises:
        QueryError: ENG001 where psutil is not installed.
    """

    def __init__(self) -> None:
        self._psutil = _psutil()
        self._computer = computer()
        self._times = self._psutil.cpu_times()
        self._before = self._disk_counts()
        self._at = time.monotonic()

    def rows(self) -> list[Row]:
        """Rows of Perf for this moment."""
        now = datetime.now(UTC).isoformat()
        return [
            {
                "TimeGenerated": now,
                "SourceSystem": SOURCE_SYSTEM,
                "Computer": self._computer,
                "ObjectName": object_,
                "InstanceName": instance,
                "CounterName": counter,
                "CounterValue": float(value),
                "CounterPath": f"\\\\{self._computer}\\{object_}({instance})\\{counter}",
            }
            for object_, instance, counter, value in self._named()
        ]

    def _named(self) -> Iterator[Sample]:
        for object_, instance, counter, value in self._samples():
            if _SYSTEM != "Windows":
                yield object_, instance, counter, value
            elif (names := _WINDOWS.get((object_, counter))) is not None:
                yield names[0], instance.rstrip("\\"), names[1], value

    def _samples(self) -> Iterator[Sample]:
        yield from self._processor()
        yield from self._memory()
        yield from self._system()
        yield from self._disks()
        yield from self._network()

    def _processor(self) -> Iterator[Sample]:
        before, now = self._times, self._psutil.cpu_times()
        self._times = now
        spent = {name: max(0.0, getattr(now, name) - getattr(before, name)) for name in now._fields}
        # Linux counts the time of guests as user time, too.
        total = sum(value for name, value in spent.items() if not name.startswith("guest")) or 1.0
        waiting = spent.get("iowait", 0.0)
        shares = {
            "% Processor Time": total - spent["idle"] - waiting,
            "% Idle Time": spent["idle"],
            "% User Time": spent["user"],
            "% Nice Time": spent.get("nice", 0.0),
            "% Privileged Time": spent["system"],
            "% IO Wait Time": waiting,
            "% Interrupt Time": spent.get("irq", spent.get("interrupt", 0.0)),
        }
        for counter, seconds in shares.items():
            yield "Processor", "_Total", counter, min(100.0, max(0.0, 100 * seconds / total))

    def _memory(self) -> Iterator[Sample]:
        memory, swap = self._psutil.virtual_memory(), self._psutil.swap_memory()
        for counter, value in {
            "Available MBytes Memory": memory.available / _MB,
            "% Available Memory": 100 - memory.percent,
            "Used Memory MBytes": (memory.total - memory.available) / _MB,
            "% Used Memory": memory.percent,
            "Available MBytes Swap": swap.free / _MB,
            "% Available Swap Space": 100 - swap.percent if swap.total else 0.0,
            "Used MBytes Swap Space": swap.used / _MB,
            "% Used Swap Space": swap.percent,
        }.items():
            yield "Memory", "Memory", counter, value

    def _system(self) -> Iterator[Sample]:
        loads = dict(zip(("Load1", "Load5", "Load15"), self._psutil.getloadavg(), strict=True))
        for counter, value in {
            "Uptime": time.time() - self._psutil.boot_time(),
            "Processes": len(self._psutil.pids()),
            "Users": len(self._psutil.users()),
            "CPUs": self._psutil.cpu_count(),
            **loads,
        }.items():
            yield "System", "System", counter, value

    def _disks(self) -> Iterator[Sample]:
        now, at = self._disk_counts(), time.monotonic()
        seconds = max(at - self._at, 1e-3)
        # A device that was taken out and put in again begins at 0.
        done = {
            device: {name: max(0, getattr(counts, name) - getattr(self._before[device], name)) for name in counts._fields}
            for device, counts in now.items()
            if device in self._before
        }
        self._before, self._at = now, at
        for place, device in self._mounted():
            yield from _space(place, self._psutil)
            for counter, value in _rates(done.get(device)).items():
                yield "Logical Disk", place, counter, value / seconds
        for device, counts in done.items():
            yield "Physical Disk", device, "Physical Disk Bytes/sec", (counts["read_bytes"] + counts["write_bytes"]) / seconds
            for counter, kinds in {"Read": ["read"], "Write": ["write"], "Transfer": ["read", "write"]}.items():
                many = sum(counts[f"{kind}_count"] for kind in kinds)
                milliseconds = sum(counts[f"{kind}_time"] for kind in kinds)
                yield "Physical Disk", device, f"Avg. Disk sec/{counter}", milliseconds / 1000 / many if many else 0.0

    def _disk_counts(self) -> dict[str, Any]:
        disks = self._psutil.disk_io_counters(perdisk=True) or {}
        return {device: counts for device, counts in disks.items() if not device.startswith(("loop", "ram"))}

    def _mounted(self) -> Iterator[tuple[str, str]]:
        """Where file systems are, and the devices that they are on. In a container / is on none."""
        parts = {part.mountpoint: part.device for part in self._psutil.disk_partitions()}
        if _SYSTEM != "Windows":
            parts.setdefault("/", "")
        for place, device in parts.items():
            yield place, Path(os.path.realpath(device)).name if device else ""

    def _network(self) -> Iterator[Sample]:
        """Totals since the start of the machine, as Azure's agent for Linux counts."""
        for device, counts in self._psutil.net_io_counters(pernic=True).items():
            if device == "lo":
                continue
            for counter, value in {
                "Total Bytes Transmitted": counts.bytes_sent,
                "Total Bytes Received": counts.bytes_recv,
                "Total Bytes": counts.bytes_sent + counts.bytes_recv,
                "Total Packets Transmitted": counts.packets_sent,
                "Total Packets Received": counts.packets_recv,
                "Total Rx Errors": counts.errin,
                "Total Tx Errors": counts.errout,
            }.items():
                yield "Network", device, counter, value


def _space(place: str, psutil: Any) -> Iterator[Sample]:
    try:
        usage = psutil.disk_usage(place)
        nodes = os.statvfs(place) if hasattr(os, "statvfs") else None
    except OSError:  # such as a drive without a disk in it
        return
    yield "Logical Disk", place, "% Used Space", usage.percent
    yield "Logical Disk", place, "% Free Space", 100 - usage.percent
    yield "Logical Disk", place, "Free Megabytes", usage.free / _MB
    # Some file systems make inodes as they go, and have no number of them.
    if nodes is not None and nodes.f_files:
        free = 100 * nodes.f_ffree / nodes.f_files
        yield "Logical Disk", place, "% Used Inodes", 100 - free
        yield "Logical Disk", place, "% Free Inodes", free


def _rates(counts: dict[str, int] | None) -> dict[str, int]:
    if counts is None:
        return {}
    return {
        "Disk Reads/sec": counts["read_count"],
        "Disk Writes/sec": counts["write_count"],
        "Disk Transfers/sec": counts["read_count"] + counts["write_count"],
        "Disk Read Bytes/sec": counts["read_bytes"],
        "Disk Write Bytes/sec": counts["write_bytes"],
        "Logical Disk Bytes/sec": counts["read_bytes"] + counts["write_bytes"],
    }
