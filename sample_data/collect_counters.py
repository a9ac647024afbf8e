"""Record performance counters of this machine, one JSON line per counter, until told to stop.

    python sample_data/collect_counters.py 3700 > counters.jsonl

Reads /proc every 10 seconds, as the Linux agent of Azure Monitor does, and writes the columns of its
Perf table. The host name is left out on purpose: `make.py` gives the rows a made-up one.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

STEP_SECONDS = 10

# Object, instance and counter name, as Perf has them. Without an instance it is a total since boot, of use only as a difference.
Counters = dict[tuple[str, str, str], float]


def cpu_times() -> tuple[int, int, int]:
    """Busy, total and I/O-wait jiffies since boot, over all processors."""
    fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    total = sum(fields)
    return total - fields[3] - fields[4], total, fields[4]


def memory() -> dict[str, int]:
    """/proc/meminfo in KiB by name."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {name: int(rest.split()[0]) for name, rest in (line.split(":", 1) for line in lines)}


def disk_sectors() -> tuple[int, int]:
    """Sectors read and written since boot, over whole disks (partitions would count twice)."""
    read = written = 0
    for line in Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        if Path("/sys/block", fields[2]).exists() and not fields[2].startswith(("loop", "ram")):
            read, written = read + int(fields[5]), written + int(fields[9])
    return read, written


def network_bytes() -> tuple[int, int]:
    """Bytes received and sent since boot, without the loopback device."""
    received = sent = 0
    for line in Path("/proc/net/dev").read_text().splitlines()[2:]:
        device, _, rest = line.partition(":")
        if device.strip() != "lo":
            fields = rest.split()
            received, sent = received + int(fields[0]), sent + int(fields[8])
    return received, sent


def counters() -> Counters:
    """Every counter now; a cumulative one is turned into a rate by the caller."""
    busy, total, waiting = cpu_times()
    sizes = memory()
    read, written = disk_sectors()
    received, sent = network_bytes()
    root = os.statvfs("/")
    return {
        ("cpu", "", "busy"): busy,
        ("cpu", "", "total"): total,
        ("cpu", "", "waiting"): waiting,
        ("disk", "", "read"): read * 512,
        ("disk", "", "written"): written * 512,
        ("network", "", "received"): received,
        ("network", "", "sent"): sent,
        ("Memory", "Memory", "Available MBytes Memory"): round(sizes["MemAvailable"] / 1024, 1),
        ("Memory", "Memory", "% Used Memory"): round(100 - 100 * sizes["MemAvailable"] / sizes["MemTotal"], 3),
        ("Logical Disk", "/", "% Used Space"): round(100 - 100 * root.f_bavail / root.f_blocks, 3),
        ("Logical Disk", "/", "Free Megabytes"): root.f_bavail * root.f_frsize // 2**20,
        ("System", "System", "Processes"): sum(path.name.isdigit() for path in Path("/proc").iterdir()),
        ("System", "System", "Load1"): os.getloadavg()[0],
    }


def sample(before: Counters, now: Counters, seconds: float) -> Counters:
    """Gauges as they are, cumulative counters as percent or per second."""

    def rate(group: str, name: str) -> float:
        return round((now[group, "", name] - before[group, "", name]) / seconds, 1)

    jiffies = (now["cpu", "", "total"] - before["cpu", "", "total"]) or 1
    percent = {name: round(100 * (now["cpu", "", name] - before["cpu", "", name]) / jiffies, 3) for name in ("busy", "waiting")}
    gauges = {key: value for key, value in now.items() if key[1]}
    return gauges | {
        ("Processor", "_Total", "% Processor Time"): percent["busy"],
        ("Processor", "_Total", "% IO Wait Time"): percent["waiting"],
        ("Physical Disk", "_Total", "Disk Read Bytes/sec"): rate("disk", "read"),
        ("Physical Disk", "_Total", "Disk Write Bytes/sec"): rate("disk", "written"),
        ("Network", "_Total", "Total Bytes Received/sec"): rate("network", "received"),
        ("Network", "_Total", "Total Bytes Transmitted/sec"): rate("network", "sent"),
    }


def main(duration_seconds: float) -> None:
    """Print samples until `duration_seconds` have passed."""
    end = time.monotonic() + duration_seconds
    before, since = counters(), time.monotonic()
    while time.monotonic() < end:
        time.sleep(STEP_SECONDS)
        stamp = datetime.now(UTC).isoformat()
        now, at = counters(), time.monotonic()
        for (kind, instance, name), value in sample(before, now, at - since).items():
            counter = {"ObjectName": kind, "InstanceName": instance, "CounterName": name, "CounterValue": value}
            print(json.dumps({"TimeGenerated": stamp, **counter}))
        sys.stdout.flush()
        before, since = now, at


if __name__ == "__main__":
    main(float(sys.argv[1]))
