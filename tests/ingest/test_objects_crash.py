"""Objects through crashes and kill -9: every row once."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from object_places import Looking, lines, numbers

import kqlog
from kqlog.cli import main
from kqlog.ingest import file_batches, ledger
from kqlog.ingest.ledger import Ledger
from kqlog.store.store import Store, create
from kqlog.store.table import StoredTable


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


class Killed(BaseException):
    """What ends everything at once."""


@pytest.mark.parametrize("at", ["before the rows", "after the rows", "after some rows", "between two tables"])
def test_every_row_once_whenever_it_ends(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    event = {
        "System": {
            "Provider": {"#attributes": {"Name": "p"}},
            "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T10:00:00Z"}},
        }
    }
    for channel in ("Security", "System"):
        row = {"Event": {"System": {**event["System"], "Channel": channel, "EventID": 7}}}
        (folder / f"{channel}.jsonl").write_text((json.dumps(row) + "\n") * 25)
    append, calls = StoredTable.append, 0

    def killed(*_arguments: object, **_options: object) -> None:
        raise Killed

    def second_is_killed(self: StoredTable, *arguments: Any, **options: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Killed
        return append(self, *arguments, **options)

    looking = Looking(store, str(folder), None)
    with monkeypatch.context() as patched:
        if at == "after some rows":
            monkeypatch.setattr(file_batches, "MOST_ROWS", 10)
        patched.setattr(
            *((Ledger, "end") if at == "after the rows" else (StoredTable, "append")),
            killed if "some" not in at and "two" not in at else second_is_killed,
        )
        with pytest.raises(Killed):
            looking.look()
    # Meanwhile one file grows, which the other half of the batch must not get.
    with (folder / "System.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    looking.look()
    assert looking.look() is None
    query = "union withsource=T SecurityEvent, Event | summarize count() by T | order by T asc"
    assert kqlog.connect(store.root).query(query).rows == [("Event", 26), ("SecurityEvent", 25)]
    assert looking.warnings == []


def test_an_object_that_is_gone_after_a_crash_does_not_stop_the_others(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for n in range(3):
        (folder / f"{n}.log").write_bytes(lines(n))
    looking = Looking(store, str(folder))
    with monkeypatch.context() as patched, pytest.raises(kqlog.QueryError):
        patched.setattr(StoredTable, "append", lambda *_, **__: (_ for _ in ()).throw(kqlog.QueryError("ING002", "no room")))
        looking.look()
    (folder / "0.log").unlink()
    (folder / "1.log").write_bytes(lines(7))
    looking.look()
    assert numbers(store) == [2, 7]
    assert looking.warnings == [f"{folder}/{n}.log is not what it was: what it had may be lost" for n in (0, 1)]


INGEST = """
import sys
from kqlog import cli
from kqlog.ingest import objects
objects._MOST_OBJECTS = 7
sys.exit(cli.main(sys.argv[1:]))
"""


def kill_and_count(store: Store, put: Callable[[str, bytes], object], url: str, times: int) -> None:
    """Ingest many objects, kill that again and again, and let it finish."""
    for n in range(280):
        put(f"{n % 9}/{n}.gz", gzip.compress(lines(2 * n, 2 * n + 1)))
    command = [sys.executable, "-c", INGEST, "ingest", "-d", str(store.root), "T_CL", url]
    log, killed = store.root / "tables/T_CL/_delta_log", 0
    for _ in range(times):
        before = len(list(log.glob("*.json")))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list(log.glob("*.json"))) < before + 2:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.06))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert main(["ingest", "-d", str(store.root), "T_CL", url]) == 0
    assert killed >= min(times, 5)
    assert numbers(store) == list(range(560))


def test_every_row_of_a_bucket_once_through_kill_9(store: Store, bucket: Any) -> None:
    kill_and_count(store, lambda name, body: bucket.put_object(Key=name, Body=body), f"s3://{bucket.name}", 3)


@pytest.mark.heavy
@pytest.mark.parametrize("_time", range(5))
def test_every_row_of_a_container_once_through_a_hundred_kill_9(store: Store, container: Any, _time: int) -> None:
    kill_and_count(store, container.upload_blob, f"az://{container.container_name}", 20)


def test_who_waits_too_long_for_another_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_PATIENCE", 0.1)
    (tmp_path / "export").mkdir()
    looking = Looking(store, str(tmp_path / "export"))
    looking.look()
    (path,) = store.root.glob("objects/*/ledger.db")
    with ledger.opened(path), pytest.raises(kqlog.QueryError, match="another kqlog takes in the same objects"):
        looking.look()


def test_two_at_once_store_what_is_there_once(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for n in range(300):
        (folder / f"{n}.log").write_bytes(lines(n))
    command = [sys.executable, "-m", "kqlog.cli", "ingest", "-d", str(store.root), "T_CL", str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert said == [f"{folder}: 300 objects, 300 rows in T_CL\n", f"{folder}: there is nothing new\n"]
    assert numbers(store) == list(range(300))
