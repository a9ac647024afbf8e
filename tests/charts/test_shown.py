"""Charts of the command line and the prompt, in a real terminal where it matters."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import kqlog
from kqlog.repl.screen import shown
from kqlog.repl.settings import Settings

BARS = "datatable(w: string, n: long) ['a', 4, 'b', 2] | render barchart"


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "kqlog.cli", "query", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "40", **environment},
        timeout=60,
        check=False,
    )


def in_terminal(*arguments, **environment):
    """What a command writes to a terminal of its own."""
    screen, terminal = pty.openpty()
    environment = {
        **os.environ,
        "COLUMNS": "40",
        "LINES": "24",
        "TERM": "xterm-256color",
        "PYTHONIOENCODING": "utf-8",
        **environment,
    }
    command = [sys.executable, "-m", "kqlog.cli", "query", *arguments]
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, env=environment)
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(screen, 65_536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(screen)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return shown.decode().replace("\r\n", "\n"), errors.decode()


def test_a_terminal_shows_the_chart_in_colour():
    text, errors = in_terminal(BARS)
    assert "\x1b[38;5;33m█" in text
    assert errors == ""


def test_no_color_and_poor_encodings_are_respected():
    assert "\x1b" not in in_terminal(BARS, NO_COLOR="1")[0]
    text, _ = in_terminal(BARS, NO_COLOR="1", PYTHONIOENCODING="ascii")
    assert text == "n by w\na #################################### 4\nb ################## 2\n"


def test_a_terminal_shows_the_table_when_asked():
    text, _ = in_terminal(BARS, "--format", "table")
    assert text == "w  n\n-  -\na  4\nb  2\n"


def test_a_terminal_shows_the_table_and_why_there_is_no_chart():
    text, errors = in_terminal("print a = 'x' | render timechart")
    assert text == "a\n-\nx\n"
    assert errors == "kqlog: no chart: timechart wants a column of datetimes\n"


def test_a_pipe_gets_the_table_and_the_chart_when_asked():
    assert run(BARS).stdout == "w  n\n-  -\na  4\nb  2\n"
    assert run(BARS, "--format", "chart", PYTHONIOENCODING="utf-8").stdout == f"n by w\na {'█' * 36} 4\nb {'█' * 18} 2\n"


def test_files(tmp_path):
    for name, start in {"chart.png": b"\x89PNG", "chart.svg": b"<svg", "chart.html": b"<!DOCTYPE html>"}.items():
        done = run(BARS, "-o", tmp_path / name)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (tmp_path / name).read_bytes().startswith(start)
    assert run(BARS, "--dark", "-o", tmp_path / "dark.svg").returncode == 0
    assert "#1e1e1e" in (tmp_path / "dark.svg").read_text()


def test_files_of_what_cannot_be_drawn(tmp_path):
    done = run("print 1", "-o", tmp_path / "chart.png")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path / 'chart.png'}: the query has no render")
    assert "terminal" in run(BARS, "--format", "chart", "-o", tmp_path / "x.txt").stderr


def test_the_prompt_shows_charts():
    assert shown(kqlog.query(BARS), Settings(), 40).startswith("n by w\na ")
    assert shown(kqlog.query(BARS), Settings(charts=False), 40).startswith("w  n\n")
    assert shown(kqlog.query("print 1"), Settings(), 40).startswith("print_0\n")
    why = "(no chart: timechart wants a column of datetimes)\n"
    assert shown(kqlog.query("print a = 'x' | render timechart"), Settings(), 40).endswith(why)
