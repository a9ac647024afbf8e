"""A writer that is killed at any moment: what it acknowledged is there once, and no reader ever sees a part of a batch."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kqlog
from kqlog.store.store import create

ROWS = 20
"""How many rows a batch has."""

WRITER = """
import os, sys, threading
from dataclasses import replace
from pathlib import Path
import pyarrow
from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store

root, acknowledged, life, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
store = Store(root)
ingestor = Ingestor(store, age=0.02)

def send(sender):
    told = acknowledged / f"{sender}.txt"
    done = len(told.read_text().splitlines()) if told.exists() else 0
    with told.open("a") as file:
        # The first of these may be stored already: its acknowledgement was lost with the writer.
        for number in range(done, 1_000_000):
            batch = sender * 1_000_000 + number
            # New columns come at any time, so that the table is widened while the writer is killed.
            shaped = of_life if number == done + 2 else plain
            numbers = pyarrow.array([batch] * rows)
            column = shaped.rows.column_names.index("batch")
            ingestor.submit(replace(shaped, rows=shaped.rows.set_column(column, "batch", numbers)), f"request-{batch}").result()
            file.write(f"{batch}\\n")
            file.flush()
            os.fsync(file.fileno())

def made(**more):
    # Over two days: two files, one version.
    days = [f"2026-03-0{1 + n % 2}T10:00:00.1234567Z" for n in range(rows)]
    return shape(store, "T_CL", [{"TimeGenerated": day, "batch": 0, "n": n, **more} for n, day in enumerate(days)])

plain, of_life = made(), made(**{f"c{life}": life})
for sender in range(3):
    threading.Thread(target=send, args=(sender,), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

READER = """
import sys
from pathlib import Path
import kqlog

root, rows = Path(sys.argv[1]), int(sys.argv[2])
workspace, queries = kqlog.connect(root), 0
while not (root / "stop").exists():
    if "T_CL" not in workspace.tables:
        continue
    parts = workspace.query(f"T_CL | summarize rows = count(), kinds = dcount(n) by batch | where rows != {rows} or kinds != {rows}").rows
    assert not parts, parts
    queries += 1
print(queries)
"""


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)


def kill_again_and_again(folder: Path, times: int) -> dict[str, int]:
    """Kill writers, and count what was stored, acknowledged and asked; fails where something is lost, doubled or cut."""
    root, acknowledged = create(folder / "logs").root, folder / "acknowledged"
    acknowledged.mkdir()
    readers = [run(READER, root, ROWS) for _ in range(2)]
    chance = random.Random(times)
    for life in range(times):
        writer = run(WRITER, root, acknowledged, life, ROWS)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n", writer.communicate()[1]
        # The first writers die while they make the table.
        time.sleep(chance.uniform(0, 0.1 if life % 3 == 0 else 0.8))
        assert writer.poll() is None, writer.communicate()[1]
        writer.send_signal(signal.SIGKILL)
        assert "Traceback" not in writer.communicate()[1]
    (root / "stop").touch()
    answers = [reader.communicate(timeout=60) for reader in readers]
    assert all(reader.returncode == 0 for reader in readers), answers
    stored = kqlog.connect(root).query("T_CL | summarize rows = count() by batch").rows
    told = {int(line) for file in acknowledged.iterdir() for line in file.read_text().splitlines()}
    assert {batch for batch, _ in stored} >= told
    assert {rows for _, rows in stored} == {ROWS}
    # At most the one batch that each sender had under way was stored without an acknowledgement.
    assert len(stored) - len(told) <= 3
    return {"kills": times, "acknowledged": len(told), "stored": len(stored), "queries": sum(int(out) for out, _ in answers)}


def test_a_killed_writer_loses_and_doubles_nothing(tmp_path: Path) -> None:
    assert kill_again_and_again(tmp_path, 6)["acknowledged"] > 0


@pytest.mark.slow
def test_200_killed_writers_lose_and_double_nothing(tmp_path: Path) -> None:
    figures = kill_again_and_again(tmp_path, 200)
    assert min(figures.values()) > 100, figures
