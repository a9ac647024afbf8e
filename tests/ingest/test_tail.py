"""Following a file: through rotation of every kind, restarts and kill -9, each line once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest import tail as tail_module
from kqlog.ingest.tail import Tail
from kqlog.store.store import Store, create


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "_GRACE", 0.0)


class Log:
    """A program that writes numbered lines."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "app.log"
        self.written = 0
        self.stream = self.path.open("a")

    def write(self, count: int) -> None:
        for _ in range(count):
            self.stream.write(f'{{"n":{self.written}}}\n')
            self.written += 1
        self.stream.flush()

    def reopen(self) -> None:
        self.stream.close()
        self.stream = self.path.open("a")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    yield made
    made.stream.close()


class Following:
    """A tail that can be killed: nothing of it is kept but what it wrote to the workspace."""

    def __init__(self, store: Store, path: Path, format_: str | None = "jsonl") -> None:
        self._arguments = (store.root, path, format_)
        self.warnings: list[str] = []
        self.restart()

    def restart(self) -> None:
        root, path, format_ = self._arguments
        self._tail = Tail(Store(root), "T_CL", path, format_, None, self.warnings.append)

    def poll(self, times: int = 4) -> None:
        for _ in range(times):
            self._tail.poll()


def numbers(store: Store) -> list[int]:
    return [n for (n,) in kqlog.connect(store.root).query("T_CL | project n | order by n asc").rows]


def test_what_comes_is_stored_and_half_a_line_waits(store: Store, log: Log) -> None:
    following = Following(store, log.path)
    log.write(3)
    log.stream.write('{"n":')
    log.stream.flush()
    following.poll()
    assert numbers(store) == [0, 1, 2]
    log.stream.write("3}\n")
    log.stream.flush()
    following.poll()
    assert numbers(store) == [0, 1, 2, 3]


def test_a_restart_goes_on_where_it_stopped(store: Store, log: Log) -> None:
    following = Following(store, log.path)
    for _ in range(3):
        log.write(2)
        following.poll()
        following.restart()
    assert numbers(store) == list(range(6))


def test_a_file_that_is_not_there_yet(store: Store, tmp_path: Path) -> None:
    following = Following(store, tmp_path / "later.log", None)
    following.poll()
    (tmp_path / "later.log").write_text('{"n":0')
    following.poll()
    (tmp_path / "later.log").write_text('{"n":0}\n')
    following.poll()
    assert numbers(store) == [0]


@pytest.mark.parametrize("restart", [False, True])
def test_renamed_and_made_anew(store: Store, log: Log, restart: bool) -> None:
    following = Following(store, log.path)
    log.write(3)
    following.poll()
    log.write(2)
    log.path.rename(log.path.with_name("app.log.1"))
    log.write(2)
    if restart:
        following.restart()
    else:
        following.poll(1)
    log.reopen()
    log.write(4)
    following.poll()
    assert numbers(store) == list(range(11))


def test_renamed_several_times_while_nobody_looked(store: Store, log: Log) -> None:
    following = Following(store, log.path)
    log.write(3)
    following.poll()
    for round_ in range(3):
        log.write(2)
        for number in range(round_, 0, -1):
            log.path.with_name(f"app.log.{number}").rename(log.path.with_name(f"app.log.{number + 1}"))
        log.path.rename(log.path.with_name("app.log.1"))
        time.sleep(0.02)
        log.reopen()
    log.write(1)
    following.restart()
    following.poll(12)
    assert numbers(store) == list(range(10))


@pytest.mark.parametrize("restart", [False, True])
def test_copied_and_truncated(store: Store, log: Log, restart: bool) -> None:
    following = Following(store, log.path)
    log.write(5)
    following.poll()
    log.write(2)
    shutil.copy(log.path, log.path.with_name("app.log.1"))
    os.truncate(log.path, 0)
    log.write(1)
    if restart:
        following.restart()
    following.poll()
    assert numbers(store) == list(range(8))
    assert not following.warnings


def test_a_file_that_is_cut_off_without_a_copy_is_told_of(store: Store, log: Log) -> None:
    following = Following(store, log.path)
    log.write(5)
    following.poll()
    os.truncate(log.path, 0)
    log.write(1)
    following.poll()
    assert numbers(store) == list(range(6))
    assert any("was cut off" in warning for warning in following.warnings)


def test_a_line_that_cannot_be_read_is_left_out_and_told_of(store: Store, log: Log) -> None:
    following = Following(store, log.path)
    log.write(1)
    log.stream.write("panic: no JSON\n")
    log.write(1)
    following.poll()
    assert numbers(store) == [0, 1]
    why = "not JSON: Expecting value: line 1 column 1 (char 0)"
    assert following.warnings == [f"{log.path}, byte 8: {why}. It is left out, and kept in DCRLogErrors"]
    query = "DCRLogErrors | project InputStreamId, OperationName, Message, Table_CF, Source_CF, RawData_CF"
    letter = ("Custom-T_CL", "Ingestion", why, "T_CL", f"{log.path}, byte 8", "panic: no JSON")
    assert kqlog.connect(store.root).query(query).rows == [letter]


def test_what_is_left_out_is_kept_once_also_when_it_is_read_again(store: Store, log: Log) -> None:
    following = Following(store, log.path)
    log.stream.write("no JSON\n")
    log.stream.flush()
    following.poll()
    following.restart()  # nothing was stored with a position in the table
    log.write(1)
    following.poll()
    assert numbers(store) == [0]
    assert kqlog.connect(store.root).query("DCRLogErrors | count").rows == [(1,)]


def test_a_row_that_the_transformation_cannot_take_is_kept_and_the_others_are_stored(store: Store, log: Log) -> None:
    transform = "source | extend n = iff(n == 1, tolong(parse_json(dynamic(9223372036854775807)) + n), n)"
    tail = Tail(store, "T_CL", log.path, "jsonl", transform, lambda _: None)
    log.write(3)
    while tail.poll():
        pass
    assert numbers(store) == [0, 2]
    assert kqlog.connect(store.root).query("DCRLogErrors | project OperationName, RawData_CF").rows == [
        ("Transformation", '{"n": 1}')
    ]


def test_headers_are_known_after_a_restart(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "u_ex.log"
    path.write_text("#Fields: time n\n10:00:00 0\n#Fields: n time\n1 10:00:01\n")
    following = Following(store, path, "iis")
    following.poll()
    following.restart()
    with path.open("a") as stream:
        stream.write("2 10:00:02\n")
    following.poll()
    assert sorted(kqlog.connect(store.root).query("T_CL | project n").texts()) == [["0"], ["1"], ["2"]]


def test_a_csv_row_over_two_lines_is_waited_for(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text('n,text\n0,a\n1,"b\n')
    following = Following(store, path, "csv")
    following.poll()
    following.restart()
    with path.open("a") as stream:
        stream.write('c"\n2,d\n')
    following.poll()
    assert kqlog.connect(store.root).query("T_CL | order by n asc | project n, text").texts() == [
        ["0", "a"],
        ["1", "b\nc"],
        ["2", "d"],
    ]


def test_a_format_of_one_value_does_not_grow(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"n":1}]\n')
    with pytest.raises(kqlog.QueryError, match="does not grow by lines"):
        Following(store, tmp_path / "a.json", "json").poll()


# ------------------------------------------------------------------------------------------------------------ real programs


started: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _end_processes() -> Iterator[None]:
    yield
    while started:
        process = started.pop()
        process.kill()
        process.wait()


def start(store: Store, log: Log) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "kqlog.cli",
        "tail",
        str(log.path),
        "-d",
        str(store.root),
        "--table",
        "T_CL",
        "--format",
        "jsonl",
    ]
    started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    return started[-1]


def wait_for(store: Store, count: int) -> list[int]:
    until = time.monotonic() + 12
    while time.monotonic() < until:
        if "T_CL" in kqlog.connect(store.root).tables and len(found := numbers(store)) >= count:
            return found
        time.sleep(0.2)
    return numbers(store)


@pytest.mark.slow
def test_kill_9_at_any_moment_stores_each_line_once(store: Store, log: Log) -> None:
    for round_ in range(4):
        process = start(store, log)
        until = time.monotonic() + 2.0 + 0.37 * round_
        while time.monotonic() < until:
            log.write(5)
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        log.write(20)
    process = start(store, log)
    found = wait_for(store, log.written)
    process.kill()
    process.wait()
    assert found == list(range(log.written))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("logrotate") is None, reason="wants logrotate, Debian package logrotate")
@pytest.mark.parametrize("way", ["create", "copytruncate"])
def test_logrotate(store: Store, log: Log, tmp_path: Path, way: str) -> None:
    configuration = tmp_path / "logrotate.conf"
    configuration.write_text(f"{log.path} {{\n  rotate 9\n  size 1\n  {way}\n}}\n")
    configuration.chmod(0o644)
    process = start(store, log)
    log.write(1)
    wait_for(store, 1)
    for round_ in range(4):
        log.write(50)
        if round_ == 2:
            process.kill()
            process.wait()
        done = subprocess.run(
            ["logrotate", "--force", "--state", tmp_path / "state", configuration], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        log.write(5)
        log.reopen()
        if round_ == 2:
            process = start(store, log)
        assert len(wait_for(store, log.written)) == log.written, (round_, sorted(p.name for p in tmp_path.iterdir()))
    found = wait_for(store, log.written)
    process.kill()
    process.wait()
    assert found == list(range(log.written))
