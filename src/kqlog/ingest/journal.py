"""Entries of systemd's journal as rows of the table Syslog, each once: how far the journal was read is kept with its rows."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kqlog.ingest.batches import Troubles
from kqlog.ingest.machine import computer
from kqlog.ingest.outbox import FullError, Outbox
from kqlog.ingest.readers.format import Row
from kqlog.ingest.syslog import FACILITIES, SEVERITIES, TABLE

_SOCKET = Path("/run/systemd/journal/socket")
_PIPE = 64 * 1024
"""A read that gets so many bytes has more behind it."""
_QUIET = 0.5
_PAUSE = 2.0
_LARGEST_INT = 2**31 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = "user", "info"
"""Facility and severity of entries that say none, as journald forwards them to syslog."""


def runs_here() -> bool:
    """Whether this machine has a journal that is written to."""
    return _SOCKET.exists() and shutil.which("journalctl") is not None


def row_of(entry: dict[str, Any]) -> Row:
    """An entry, in journalctl's JSON, as a row of Syslog."""
    text = {name: _text(value) for name, value in entry.items()}
    written = text.get("_SOURCE_REALTIME_TIMESTAMP") or text["__REALTIME_TIMESTAMP"]
    host = text.get("_HOSTNAME", "")
    pid = text.get("SYSLOG_PID") or text.get("_PID", "")
    return {
        "TimeGenerated": _moment(text["__REALTIME_TIMESTAMP"]),
        "EventTime": _moment(written),
        "SourceSystem": "Linux",
        "Computer": computer() if host == socket.gethostname() else host,
        "HostName": host,
        "Facility": _word(FACILITIES, text.get("SYSLOG_FACILITY"), "kern" if text.get("_TRANSPORT") == "kernel" else _NAMES[0]),
        "SeverityLevel": _word(SEVERITIES, text.get("PRIORITY"), _NAMES[1]),
        "ProcessName": text.get("SYSLOG_IDENTIFIER") or text.get("_COMM", ""),
        "ProcessID": int(pid) if pid.isdecimal() and int(pid) <= _LARGEST_INT else None,
        "SyslogMessage": text.get("MESSAGE", ""),
        "CollectorHostName": socket.gethostname(),
    }


def _text(value: Any) -> str:
    """A value: text, bytes as a list of numbers where they are no text, a list of such where a field is there several times."""
    match value:
        case str():
            return value
        case [int(), *_]:
            return bytes(value).decode("utf-8", "replace")
        case [*several]:
            return "\n".join(map(_text, several))
        case _:
            return ""


def _word(words: tuple[str, ...], number: str | None, otherwise: str) -> str:
    return words[int(number)] if number and number.isdecimal() and int(number) < len(words) else otherwise


def _moment(microseconds: str) -> str:
    return (_EPOCH + timedelta(microseconds=int(microseconds))).isoformat()


class Journal:
    """Follows the journal of this machine, or the one in a folder."""

    def __init__(self, outbox: Outbox, troubles: Troubles, folder: Path | None = None) -> None:
        self._outbox, self._troubles = outbox, troubles
        self._command = ["journalctl", "--output=json", "--all", "--no-pager", "--quiet"]
        self._command += ["--directory", str(folder)] if folder else []
        self._source = f"journal {folder or ''}".strip()

    def run(self, ended: threading.Event) -> None:
        """Keep what is written to it, from now on or from where the last run stopped, until `ended` is set."""
        while not ended.is_set():
            try:
                self._begin()
                self._follow(ended)
            except (FullError, OSError) as error:
                self._troubles.add(f"pauses of the system log, because {error}")
            ended.wait(_PAUSE)

    def _begin(self) -> None:
        """Note the end of the journal, so that what comes from now on is there after the first restart, too."""
        if self._outbox.position(self._source) is None:
            last = subprocess.run([*self._command, "--lines=1"], capture_output=True, check=False).stdout
            # An empty journal is read from its beginning.
            if last.strip():
                self._outbox.put(TABLE, [], {self._source: json.loads(last)["__CURSOR"]})

    def _follow(self, ended: threading.Event) -> None:
        cursor = self._outbox.position(self._source)
        after = [f"--after-cursor={cursor}"] if cursor else []
        with _running([*self._command, "--follow", "--no-tail", *after]) as output:
            rest = b""
            while not ended.is_set() and (data := os.read(output, _PIPE)):
                *lines, rest = (rest + data).split(b"\n")
                entries = [json.loads(line) for line in lines if line]
                if entries:
                    self._outbox.put(TABLE, map(row_of, entries), {self._source: entries[-1]["__CURSOR"]})
                if len(data) < _PIPE:
                    ended.wait(_QUIET)


@contextmanager
def _running(command: list[str]) -> Iterator[int]:
    """A program's output, for as long as it is wanted."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as program:
        try:
            assert program.stdout is not None
            yield program.stdout.fileno()
        finally:
            program.terminate()
