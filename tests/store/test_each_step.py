"""A process that dies before any one of the steps by which it stores rows or keeps a table in order."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create
from kqlog.store.upkeep import keep_in_order

# Forks of a process that has imported everything; each dies before its step of this number, or ends when there are fewer.
DYING = """
import os, signal, sys
from pathlib import Path
import pyarrow, deltalake.exceptions, deltalake.transaction, kqlog.store.table
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store
from kqlog.store.upkeep import keep_in_order

def count_down(steps):
    left = [steps]

    def before(step):
        def counted(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*arguments, **options)
        return counted

    for name in ("fsync", "replace", "unlink", "mkdir"):
        setattr(os, name, before(getattr(os, name)))

def append(store):
    days = ("2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z")
    shaped = shape(store, "T_CL", [{"TimeGenerated": day, "batch": 9, "wide": 1} for day in days])
    store.table("T_CL").append(shaped.rows, shaped.columns, ["request-9"])

for line in sys.stdin:
    task, steps, folder = line.rstrip().split(" ", 2)
    if (child := os.fork()) == 0:
        count_down(int(steps))
        store = Store(Path(folder))
        append(store) if task == "append" else keep_in_order(store, "T_CL", few=2)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three batches over two days, one row that is too old to be kept, and a file of a writer that was killed."""
    store = create(tmp_path_factory.mktemp("made") / "logs")
    store.keep("T_CL", 7300)
    for batch in range(3):
        days = ["2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z", *(["2001-01-01"] if batch == 0 else [])]
        shaped = shape(store, "T_CL", [{"TimeGenerated": day, "batch": batch} for day in days])
        store.table("T_CL").append(shaped.rows, shaped.columns, [f"request-{batch}"])
    left, long_ago = store.root / "tables" / "T_CL" / "_day=2026-03-01" / "left.parquet", time.time() - 2 * 86_400
    left.write_bytes(b"half a file")
    os.utime(left, (long_ago, long_ago))
    return store.root


def batches(root: Path) -> dict[object, object]:
    query = "T_CL | where TimeGenerated > datetime(2010-01-01) | summarize count() by batch"
    return dict(kqlog.connect(root).query(query).rows)


def requests(root: Path) -> list[int]:
    table = Store(root).table("T_CL")
    with table.writing():
        return [number for number in (*range(3), 9) if table.seen(f"request-{number}")]


@pytest.mark.parametrize("task", ["append", "upkeep"])
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.heavy)])
def test_death_before_a_step_leaves_whole_batches_and_a_table_that_goes_on(
    made: Path, tmp_path: Path, task: str, every: int
) -> None:
    dying = subprocess.Popen([sys.executable, "-c", DYING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert dying.stdin is not None
    assert dying.stdout is not None
    three, steps, status = dict.fromkeys(range(3), 2), 0, None
    while status != 0:
        root = Path(shutil.copytree(made, tmp_path / f"{steps}"))
        print(task, steps, root, file=dying.stdin, flush=True)
        status = int(dying.stdout.readline())
        assert status in (0, -signal.SIGKILL)
        found = batches(root)
        assert found in (three, three | {9: 2})
        assert sorted(found) == requests(root)
        keep_in_order(Store(root), "T_CL", few=2)
        assert batches(root) == found
        assert kqlog.connect(root).query("T_CL | where TimeGenerated < datetime(2010-01-01)").rows == []
        assert not list(root.rglob("left.parquet"))
        steps += every
    dying.communicate()
    assert steps > 12
