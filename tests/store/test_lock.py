"""What one process at a time may do, and systems without such locks."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.shaping import shape
from kqlog.store.lock import locked
from kqlog.store.store import Store, create


def kqlog_process(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kqlog.cli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(("command", "task"), [("tail", "following '{file}' into Web_CL"), ("collect", None)])
def test_a_second_reader_of_the_same_is_refused_until_the_first_is_gone(tmp_path: Path, command: str, task: str | None) -> None:
    root, file = create(tmp_path / "logs").root, tmp_path / "a.jsonl"
    file.write_text('{"n": 1}\n')
    options = {"tail": ["tail", "-d", root, file, "--table", "Web_CL"], "collect": ["collect", "-d", root, "--every", "1s"]}[
        command
    ]
    rows = {"tail": "Web_CL", "collect": "Heartbeat"}[command]
    first = kqlog_process(*options)
    try:
        wait_until(lambda: rows in kqlog.connect(root).tables and bool(kqlog.connect(root).query(rows).rows))
        second = kqlog_process(*options)
        _, said = second.communicate(timeout=30)
        assert second.returncode == 1
        if task is None:
            assert "another agent uses it" in said
        else:
            assert said.startswith(f"ING001: process {first.pid} is {task.format(file=file)}")
            assert "hint: end it first" in said
    finally:
        first.kill()
        first.communicate()
    third = kqlog_process(*options)
    try:
        file.write_text('{"n": 1}\n{"n": 2}\n')
        wait_until(lambda: len(kqlog.connect(root).query(rows).rows) > 1)
        assert third.poll() is None
    finally:
        third.send_signal(signal.SIGINT)
        assert "Traceback" not in third.communicate(timeout=30)[1]
    if command == "tail":
        assert sorted(kqlog.connect(root).query("Web_CL | project n").rows) == [(1,), (2,)]


def test_one_file_may_go_to_two_tables(tmp_path: Path) -> None:
    root, file = create(tmp_path / "logs").root, tmp_path / "a.jsonl"
    file.write_text('{"n": 1}\n')
    both = [kqlog_process("tail", "-d", root, file, "--table", table) for table in ("One_CL", "Two_CL")]
    try:
        wait_until(lambda: {"One_CL", "Two_CL"} <= set(kqlog.connect(root).tables))
    finally:
        for one in both:
            one.kill()
            one.communicate()


def test_who_does_not_wait_for_a_lock_is_told(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with locked(path), pytest.raises(BlockingIOError), locked(path, wait=False):
        pass
    with locked(path, wait=False):
        pass


# Windows has no fcntl.
WITHOUT_LOCKS = """
import sys
sys.modules["fcntl"] = None
import kqlog, kqlog.cli
sys.exit(kqlog.cli.main(sys.argv[1:]))
"""


def test_where_there_are_no_such_locks_reading_works_and_writing_is_refused(tmp_path: Path) -> None:
    root, file = create(tmp_path / "logs").root, tmp_path / "a.jsonl"
    shaped = shape(Store(root), "T_CL", [{"n": 7}])
    Store(root).table("T_CL").append(shaped.rows, shaped.columns)
    file.write_text('{"n": 1}\n')

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", WITHOUT_LOCKS, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert "7" in run("query", "-d", root, "T_CL | project n").stdout
    for arguments in (
        ("ingest", "-d", root, "T_CL", file),
        ("tail", "-d", root, file, "--table", "T_CL"),
        ("compact", "-d", root, "T_CL"),
    ):
        done = run(*arguments)
        assert done.returncode == 1, arguments
        assert done.stderr.startswith("ING002: rows cannot be stored on Windows"), done.stderr
        assert "Traceback" not in done.stderr
    assert kqlog.connect(root).query("T_CL | count").rows == [(1,)]
