"""How long 1,000 rules take that are due every minute, over a table that gets ten million rows a day.

    python bench/alerts.py [--rules N] [--rows N]

Every rule has a query of its own, so that no two share an answer; then all have the same one. The table has a day of rows: a file
for each hour, and one for each of the last sixty minutes. Prints seconds of the sixty that there are.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

import kqlog
from kqlog.alerts.service import Alerts
from kqlog.alerts.windows import MINUTE
from kqlog.store.columns import stored
from kqlog.store.store import create
from kqlog.store.table import StoredTable
from kqlog.types import UNIX_EPOCH_TICKS, Column, Type

DAY = 1_773_100_800  # 2026-03-10, seconds since 1970
COLUMNS = (
    Column("TimeGenerated", Type.DATETIME),
    Column("Host", Type.STRING),
    Column("Level", Type.LONG),
    Column("Value", Type.REAL),
)
HOSTS = np.array([f"host-{number:03}" for number in range(100)])


def add(table: StoredTable, start: int, seconds: int, count: int) -> object:
    """A file of rows, evenly within a time."""
    noise = np.random.default_rng(start)
    ticks = (start * 10_000_000 + np.sort(noise.integers(0, seconds * 10_000_000, count))) + UNIX_EPOCH_TICKS
    columns = [pa.array(ticks), pa.array(HOSTS[noise.integers(0, 100, count)])]
    columns += [pa.array(noise.integers(0, 1000, count)), pa.array(noise.random(count))]
    rows = pa.table(columns, names=[column.name for column in COLUMNS])
    return table.write(stored(rows, COLUMNS), COLUMNS, "2026-03-10")


def fill(folder: Path, rows: int) -> None:
    table = create(folder).table("Log_CL")
    first = [pa.array([DAY * 10_000_000 + UNIX_EPOCH_TICKS]), pa.array(["host-000"]), pa.array([0]), pa.array([0.0])]
    table.append(pa.table(first, names=[column.name for column in COLUMNS]), COLUMNS)
    hours = [add(table, DAY + hour * 3600, 3600, rows // 24) for hour in range(23)]
    minutes = [add(table, DAY + 23 * 3600 + minute * 60, 60, rows // 1440) for minute in range(60)]
    table.commit([*hours, *minutes])


def write_rules(folder: Path, count: int, *, same: bool) -> None:
    rules = folder / "alerts"
    rules.mkdir(exist_ok=True)
    for number in range(count):
        level = 900 if same else 500 + number % 500
        query = f"Log_CL | where Level > {level} and Host != 'host-{0 if same else number:03}'"
        (rules / f"rule{number}.yaml").write_text(
            f'evaluationFrequency: PT1M\nwindowSize: PT5M\ncriteria:\n  allOf:\n    - query: "{query}"\n'
            f"      threshold: {1_000_000 + number}\n      dimensions: [{{name: Host}}]\n"
        )


def measure(folder: Path, what: str, first: int) -> None:
    """Three minutes of evaluations, by two threads as kqlog serve has them."""
    started = time.perf_counter()
    alerts = Alerts(kqlog.connect(folder))
    loaded = time.perf_counter() - started
    seconds, processor, longest, count = [], [], 0.0, 0
    for now in range(first, first + 3 * MINUTE, MINUTE):
        started, worked = time.perf_counter(), time.process_time()
        alerts.refresh(now)
        due = alerts.due(now)
        look = partial(alerts.look, now=now, shared=alerts.shared(due, now))
        with ThreadPoolExecutor(2) as pool:
            looks = [found for found in pool.map(look, due) if found is not None]
        alerts.keep(looks, now)
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - worked)
        longest, count = max([longest, *(found.progress.seconds for found in looks)]), len(looks)
    alerts.close()
    middle = statistics.median(seconds)
    print(f"{what}: {count:,} rules in {middle:.1f} s of 60 ({60 / middle:.1f} times as fast as they must be), ", end="")
    print(
        f"{statistics.median(processor):.1f} s of processors, the longest rule {longest:.1f} s; read in {loaded:.1f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "logs")
        fill(folder, options.rows)
        for same in (False, True):
            write_rules(folder, options.rules, same=same)
            first = DAY * 1_000_000 + (24 * 60 + 10 * same) * MINUTE
            measure(folder, "the same query" if same else "queries of their own", first)


if __name__ == "__main__":
    main()
