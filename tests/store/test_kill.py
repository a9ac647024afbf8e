"""A writer that is killed at any moment: what it acknowledged is there once, and no reader ever sees a part of a batch.

Upkeep goes on all the time: small files are put together, a day that is too old is taken out, and files that are in no version are
deleted. The next writer gets no help.
"""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create
from kqlog.store.upkeep import keep_in_order

ROWS, OLD = 20, 5
"""How many rows a batch has, and how many more that are too old to be kept."""
LEFT = 5
"""How many files that are in no version are found by each writer."""

NURSERY = """
import os, pickle, sys, threading
from dataclasses import replace
from pathlib import Path
import pyarrow, deltalake.exceptions, deltalake.transaction, kqlog.store.table
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest import ingestor as ingestion
from kqlog.store.store import Store
from kqlog.types import Column, Type

root, acknowledged, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
busy, keep_in_order = root / "busy", ingestion.keep_in_order

def marked(store, name):
    busy.touch()
    try:
        return keep_in_order(store, name)
    finally:
        busy.unlink()  # unless the writer is killed before

ingestion.keep_in_order = marked

def write(life):
    plain = pickle.loads((acknowledged.parent / "shaped").read_bytes())
    numbers, name = pyarrow.array([life] * rows), f"c{life}"
    wide = replace(plain, rows=plain.rows.append_column(name, numbers), columns=(*plain.columns, Column(name, Type.LONG)))
    place = plain.rows.column_names.index("batch")
    ingestor = Ingestor(Store(root), age=0.01, upkeep=0.1)

    def send(sender):
        told = acknowledged / f"{sender}.txt"
        done = len(told.read_text().splitlines()) if told.exists() else 0
        with told.open("a") as file:
            # The first of these may be stored already: its acknowledgement was lost with the writer.
            for number in range(done, 1_000_000):
                batch = sender * 1_000_000 + number
                # New columns come at any time, so that the table is widened while the writer is killed.
                shaped = wide if number == done + sender and life % 4 == 0 else plain
                batches = pyarrow.array([batch] * rows)
                ingestor.submit(replace(shaped, rows=shaped.rows.set_column(place, "batch", batches)), f"request-{batch}").result()
                file.write(f"{batch}\\n")
                file.flush()
                os.fsync(file.fileno())

    for sender in range(3):
        threading.Thread(target=send, args=(sender,), daemon=True).start()
    threading.Event().wait()

# Processes that have imported everything already: each life of a writer is one.
for life, _ in enumerate(sys.stdin):
    if (child := os.fork()) == 0:
        write(life)
    print(child, flush=True)
    os.waitpid(child, 0)
    print(int(busy.exists()), flush=True)
    busy.unlink(missing_ok=True)
"""

READER = """
import sys, time
from pathlib import Path
import kqlog

root, acknowledged, rows, old = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
workspace, queries, seen = kqlog.connect(root), 0, set()
new = "TimeGenerated > datetime(2010-01-01)"
query = f"T_CL | summarize rows = countif({new}), kinds = dcountif(n, {new}), old = countif(not({new})) by batch"
while not (root / "stop").exists():
    time.sleep(0.02)
    if "T_CL" not in workspace.tables:
        continue
    # A line may be half written.
    told = {int(line) for file in acknowledged.iterdir() for line in file.read_text().splitlines(True) if line.endswith("\\n")}
    batches = workspace.query(query).rows
    parts = [batch for batch in batches if batch[1:3] != (rows, rows) or batch[3] not in (0, old)]
    assert not parts, parts
    gone = (told | seen) - {batch[0] for batch in batches}
    assert not gone, gone
    seen, queries = {batch[0] for batch in batches}, queries + 1
print(queries)
"""


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(acknowledged: Path) -> set[int]:
    """The batches that senders know to be stored."""
    return {int(line) for file in acknowledged.iterdir() for line in file.read_text().splitlines()}


def kill_again_and_again(folder: Path, times: int) -> dict[str, int]:
    """Kill writers, and count what was stored, acknowledged and asked; fails where something is lost, doubled or cut."""
    root, acknowledged = create(folder / "logs").root, folder / "acknowledged"
    acknowledged.mkdir()
    # Over three days: three files, one version.
    days = [*(f"2026-03-0{1 + n % 2}T10:00:00.1234567Z" for n in range(ROWS)), *["2001-01-01T00:00:00Z"] * OLD]
    shaped = shape(Store(root), "T_CL", [{"TimeGenerated": day, "batch": 0, "n": n} for n, day in enumerate(days)])
    Store(root).keep("T_CL", 7300)
    (folder / "shaped").write_bytes(pickle.dumps(shaped))
    started, upkeep, left = time.monotonic(), 0, 0
    readers = [run(READER, root, acknowledged, ROWS, OLD) for _ in range(2)]
    nursery, chance = run(NURSERY, root, acknowledged, len(days)), random.Random(times)
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    for life in range(times):
        left += leave_files(root)
        print(life, file=nursery.stdin, flush=True)
        writer = int(nursery.stdout.readline())
        # Some die while they begin, the first of them before there is a table.
        wanted, patience = len(told(acknowledged)) + life % 6, time.monotonic() + 20
        while life % 6 and len(told(acknowledged)) < wanted and time.monotonic() < patience:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.1 if life % 6 else 0.4))
        os.kill(writer, signal.SIGKILL)
        upkeep += int(nursery.stdout.readline())
    assert nursery.communicate(timeout=60)[1] == ""
    (root / "stop").touch()
    answers = [reader.communicate(timeout=60) for reader in readers]
    assert all(reader.returncode == 0 for reader in readers), answers
    batches = "T_CL | where TimeGenerated > datetime(2010-01-01) | summarize rows = count() by batch | order by batch asc"
    stored, heard = kqlog.connect(root).query(batches).rows, told(acknowledged)
    assert {batch for batch, _ in stored} >= heard
    assert {rows for _, rows in stored} == {ROWS}
    # At most the one batch that each sender had under way is stored without an acknowledgement.
    assert len(stored) - len(heard) <= 3
    keep_in_order(Store(root), "T_CL", few=2)
    assert kqlog.connect(root).query(batches).rows == stored
    assert kqlog.connect(root).query("T_CL | where TimeGenerated < datetime(2010-01-01) | count").rows == [(0,)]
    assert not list(root.rglob("left-*"))
    versions = [path.read_text() for path in root.glob("tables/T_CL/_delta_log/*.json")]
    return {
        "kills": times,
        "kills during upkeep": upkeep,
        "acknowledged": len(heard),
        "stored": len(stored),
        "queries": sum(int(out) for out, _ in answers),
        "versions that took files out": sum('{"remove":' in version for version in versions),
        "unused files deleted": left,
        "seconds": round(time.monotonic() - started),
    }


def leave_files(root: Path) -> int:
    """Put files into a table as a writer leaves them that was killed two days ago."""
    folder, long_ago = root / "tables" / "T_CL" / "_day=2026-03-01", time.time() - 2 * 86_400
    if not folder.exists():
        return 0
    for _ in range(LEFT):
        path = folder / f"left-{uuid.uuid4().hex}.parquet"
        path.write_bytes(b"half a file")
        os.utime(path, (long_ago, long_ago))
    return LEFT


def test_a_killed_writer_loses_and_doubles_nothing(tmp_path: Path) -> None:
    assert kill_again_and_again(tmp_path, 8)["acknowledged"] > 0


@pytest.mark.heavy
def test_200_killed_writers_lose_and_double_nothing(tmp_path: Path) -> None:
    figures = kill_again_and_again(tmp_path, 200)
    sys.stdout.write(f"{figures}\n")  # shown by pytest -rP
    assert figures.pop("kills during upkeep") > 20
    del figures["seconds"]
    assert min(figures.values()) > 100, figures
