"""A server as its users start it: a process that says where it listens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kqlog
from kqlog.store.store import create


class Server:
    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "kqlog.cli", "serve", "-d", str(folder), "--port", "0", *options]
        self.folder = folder
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        self.log: list[str] = []
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"running on (https?://\S+)", line):
                self.url = found[1]
                return
        raise AssertionError("".join(self.log))

    def query(self, text: str) -> list[tuple[object, ...]]:
        return kqlog.connect(self.folder).query(text).rows

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.log += self.process.communicate(timeout=30)[1].splitlines()
        return self.process.returncode


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server") / "logs"
    create(folder)
    started = Server(folder, "--no-auth")
    yield started
    started.stop()
    assert not [line for line in started.log if "Traceback" in line], "\n".join(started.log)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    """A server with a token from its file, one from its environment, and a workspace key."""
    create(tmp_path / "logs")
    (tmp_path / "logs" / "tokens.json").write_text('{"tokens": ["from-file"], "sharedKey": "' + SHARED_KEY + '"}')
    started = Server(tmp_path / "logs", environment={"KQLOG_TOKENS": "from-environment, another"})
    yield started
    started.stop()


SHARED_KEY = "c2hhcmVkLWtleS1vZi10aGUtd29ya3NwYWNl"
