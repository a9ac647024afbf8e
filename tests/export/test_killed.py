"""Exports that are killed at any moment, while rows come in, are compacted, and receivers fail: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import polars
import pyarrow as pa
import pytest
from receiver import Receiver

import kqlog
from kqlog.export.running import Exports
from kqlog.store.store import Store, create
from kqlog.store.upkeep import compact

NURSERY = """
import os, sys, threading
from pathlib import Path
import deltalake, duckdb, pyarrow.dataset, pyarrow.parquet, urllib3
import kqlog.export.once, kqlog.export.webhook
from kqlog.export.running import Exports
from kqlog.store.store import Store

# Processes that have imported everything already: each life of an exporter is one.
for life in sys.stdin:
    if (child := os.fork()) == 0:
        def export(name):
            exports, told = Exports(Store(Path(sys.argv[1]))), []
            while True:
                exports.run_once([name], told.append)

        # Each by itself: one that waits for its receiver would keep the others from being killed at work.
        for name in sys.argv[2:]:
            threading.Thread(target=export, args=(name,), daemon=True).start()
        threading.Event().wait()
    print(child, flush=True)
    os.waitpid(child, 0)
"""

DESTINATIONS = {
    "lines": {"folder": "../lines", "format": "jsonl", "gzip": True},
    "hours": {"folder": "../hours", "partitionBy": "TimeGenerated:hour"},
    "lake": {"delta": "../lake"},
}


def keep_adding(store: Store, ended: threading.Event, added: list[int]) -> None:
    """Batches of rows of two hours, and compaction now and then."""
    table = store.table("T_CL")
    plain = kqlog.query("range at from 0 to 19 step 1 | extend TimeGenerated = datetime(2026-03-01 10:50) + at * 1m, n = 0")
    rows, columns = plain.stored(), tuple(plain.columns)
    place = rows.column_names.index("n")
    while not ended.wait(0.02):
        numbers = list(range(len(added), len(added) + 20))
        table.append(rows.set_column(place, "n", pa.array(numbers)), columns)
        added += numbers
        if len(added) % 400 == 0:
            compact(table, 2)


def kill_again_and_again(folder: Path, times: int) -> dict[str, int]:
    """Kill exporters, and count what came where; fails where something is lost or doubled."""
    chance = random.Random(times)
    receiver = Receiver(lambda: chance.choice([200, 200, 200, 200, 500, "drop", "cut"]))
    store = create(folder / "logs")
    (store.root / "exports").mkdir()
    hook = {"webhook": receiver.url, "rows": 30, "timeout": "1s"}
    for name, to in {**DESTINATIONS, "hook": hook}.items():
        (store.root / "exports" / f"{name}.json").write_text(json.dumps({"query": "T_CL | where n % 10 != 3", "to": to}))
    Exports(store).run_once([], lambda told: None)  # from here on the exports have begun
    ended, added = threading.Event(), []
    adding = threading.Thread(target=keep_adding, args=(store, ended, added))
    adding.start()
    while not added:
        time.sleep(0.01)
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(store.root), *DESTINATIONS, "hook"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    for life in range(times):
        print(life, file=nursery.stdin, flush=True)
        child = int(nursery.stdout.readline())
        time.sleep(chance.uniform(0.05, 1.5))
        os.kill(child, signal.SIGKILL)
    assert nursery.communicate(timeout=60)[1] == ""
    ended.set()
    adding.join()
    failures, receiver.mood = receiver.failures, lambda: 200
    told: list[str] = []
    assert Exports(store).run_once([], told.append) == 0, told
    receiver.close()
    wanted = [number for number in added if number % 10 != 3]
    lines = [number for file in (folder / "lines").glob("*.jsonl.gz") for number in polars.read_ndjson(file)["n"].to_list()]
    hours = (
        polars.scan_parquet(folder / "hours" / "**" / "*.parquet", hive_partitioning=True).select("n").collect()["n"].to_list()
    )
    lake = polars.read_delta(str(folder / "lake"))["n"].to_list()
    assert [sorted(one) for one in (lines, hours, lake)] == [wanted] * 3
    assert sorted(row["n"] for row in receiver.rows()) == wanted
    bodies = {(id_, body) for id_, body, _ in receiver.requests}
    sent = Counter(id_ for id_, _, _ in receiver.requests)
    assert len(bodies) == len(sent)
    again = sum(count - 1 for count in sent.values())
    assert again <= failures + times
    left = [
        path for root in ("lines", "hours", "logs/exports") for path in (folder / root).rglob("*") if path.name.startswith(".")
    ]
    assert left == []
    files = [len(list((folder / name).rglob(f"*.{ending}"))) for name, ending in (("lines", "gz"), ("hours", "parquet"))]
    versions = len(list((folder / "lake" / "_delta_log").glob("0*.json")))
    return {"kills": times, "files": min(files), "versions": versions, "requests": len(sent), "again": again}


def test_killed_exports_lose_and_double_nothing(tmp_path: Path) -> None:
    assert kill_again_and_again(tmp_path, 6)["requests"] > 0


@pytest.mark.heavy
def test_100_killed_exports_lose_and_double_nothing(tmp_path: Path) -> None:
    figures = kill_again_and_again(tmp_path, 100)
    assert min(figures.values()) > 5, figures
