"""A disk that is full or read-only, and two processes that write: nothing is acknowledged that is not stored."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no program 'mount' (package mount)")
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def count(store: Store) -> int:
    return kqlog.connect(store.root).query("T_CL | count").rows[0][0]


def test_a_full_disk_refuses_and_takes_rows_again_when_there_is_room(disk: Path) -> None:
    store = create(disk / "logs")
    ingestor = Ingestor(store, age=0)
    rows = shape(store, "T_CL", [{"n": number} for number in range(100)])
    stored = ingestor.submit(rows, "first").result(20).rows
    filler = disk / "filler"
    with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"0" * 1000):
            pass
    for attempt in range(3):
        with pytest.raises(kqlog.QueryError, match=r"rows for 'T_CL' cannot be stored: there is no space left") as refused:
            ingestor.submit(rows, f"while full {attempt}").result(20)
        assert refused.value.code == "ING002"
    assert count(store) == stored
    filler.unlink()
    assert [ingestor.submit(rows, request).result(20).rows for request in ("first", "while full 0", "while full 0")] == [
        0,
        100,
        0,
    ]
    ingestor.close()
    assert count(store) == 200
    told = "_LogOperation | project Operation, Level, Detail | order by Level asc"
    assert kqlog.connect(store.root).query(told).rows == [
        ("Data collection stopped", "Error", "rows for 'T_CL' cannot be stored: there is no space left: 300"),
        ("Data collection resumed", "Info", "the disk takes rows again: 1"),
    ]
    assert len(list((store.root / "tables").glob("T_CL/_day=*/*.parquet"))) == 2


def test_a_disk_that_becomes_full_at_any_place_keeps_whole_batches(disk: Path) -> None:
    store = create(disk / "logs")
    ingestor = Ingestor(store, age=0)
    rows = shape(store, "T_CL", [{"text": secrets.token_hex(500)} for _ in range(300)])
    stored = 0
    for attempt in range(1000):
        try:
            stored += ingestor.submit(rows, f"{attempt}").result(20).rows
        except kqlog.QueryError as refused:
            assert refused.code == "ING002"
            break
    ingestor.close()
    assert count(store) == stored > 0


def test_a_read_only_folder_refuses_and_is_still_read(disk: Path) -> None:
    store = create(disk / "logs")
    ingestor = Ingestor(store, age=0)
    rows = shape(store, "T_CL", [{"n": 1}])
    ingestor.submit(rows).result(20)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(kqlog.QueryError, match="cannot be stored: it is read-only"):
        ingestor.submit(rows).result(20)
    with pytest.raises(kqlog.QueryError, match="cannot be stored: it is read-only"):
        Store(store.root).table("New_CL").append(rows.rows, rows.columns)
    assert count(Store(store.root)) == 1
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert ingestor.submit(rows).result(20).rows == 1
    ingestor.close()


WRITER = """
import sys
from pathlib import Path
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store

store, me = Store(Path(sys.argv[1])), sys.argv[2]
ingestor = Ingestor(store, age=0.01)
rows = shape(store, "T_CL", [{"who": me, f"only_{me}": 1}])
for number in range(30):
    # Both send the same requests: each is stored by one of them.
    print(ingestor.submit(rows, f"request-{number}").result().rows)
ingestor.close()
"""


def test_two_processes_store_each_request_once(tmp_path: Path) -> None:
    store = create(tmp_path / "logs")
    commands = [[sys.executable, "-c", WRITER, str(store.root), who] for who in "ab"]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda command: subprocess.run(command, capture_output=True, text=True, check=True), commands))
    told = [[int(line) for line in run.stdout.split()] for run in runs]
    assert [sum(pair) for pair in zip(*told, strict=True)] == [1] * 30
    assert count(store) == 30
