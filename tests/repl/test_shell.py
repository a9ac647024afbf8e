"""The REPL, typed into through a real terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from kqlog.repl.texts import is_complete


class Terminal:
    """A REPL behind a pseudo-terminal."""

    def __init__(self, folder, *arguments):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 100))
        environment = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(folder / "state")}
        command = [sys.executable, "-m", "kqlog.cli", *arguments]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True, close_fds=True
        )
        os.close(slave)
        self.seen = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, pattern, seconds=20.0):
        """Everything up to the first match, which is then forgotten."""
        end = time.monotonic() + seconds
        while (match := re.search(pattern, self.seen)) is None:
            assert time.monotonic() < end, f"no {pattern!r} in {self.seen!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    data = os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:
                    data = ""
                if "\x1b[6n" in data:
                    os.write(self.master, b"\x1b[1;1R")
                self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r", "", data)
        before, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return before

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(tmp_path):
    (tmp_path / "Users.csv").write_text("name,age\nalice,31\nbob,45\n")
    terminal = Terminal(tmp_path, "-d", str(tmp_path / "Users.csv"))
    terminal.wait_for("kql>")
    yield terminal
    terminal.close()


def test_a_query_that_ends_with_a_semicolon_is_answered(terminal):
    terminal.type("print answer = 40 + 2;\r")
    terminal.wait_for(r"answer\n-+\n +42\n\(1 row")


def test_a_query_over_lines_ends_with_an_empty_one(terminal):
    terminal.type("Users\r| where age > 40\r| project name\r\r")
    terminal.wait_for(r"name\n-+\nbob\n\(1 row")


def test_directives(terminal):
    terminal.type("#tables\r")
    terminal.wait_for(r"\nUsers\n")
    terminal.type("#schema Users\r")
    terminal.wait_for(r"\nname: string\nage: long\n")
    terminal.type("#help take\r")
    terminal.wait_for(r"T \| take")
    terminal.type("#nonsense\r")
    terminal.wait_for(r"no directive #nonsense")
    terminal.type("help\r")
    terminal.wait_for(r"A query ends with")
    terminal.type("exit\r")
    assert terminal.process.wait(timeout=20) == 0


def test_an_error_is_shown_and_the_prompt_comes_back(terminal):
    terminal.type("Users | where aeg > 1;\r")
    terminal.wait_for(r"SEM001: no column named 'aeg'")
    terminal.type("print 7;\r")
    terminal.wait_for(r"print_0\n-+\n +7\n")


def test_control_c_clears_and_control_d_leaves(terminal):
    terminal.type("print 1\x03")
    terminal.wait_for("kql>")
    terminal.type("\x04")
    assert terminal.process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("print 1", False),
        ("print 1;", True),
        ("T\n| count", False),
        ("T\n| count\n", True),
        ("#tables", True),
        ("quit", True),
        ("T\n|", False),
    ],
)
def test_when_enter_ends_the_input(text, complete):
    assert is_complete(text) is complete
