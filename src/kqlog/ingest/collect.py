"""A small agent: counters, heartbeats and the log of the machine that it runs on, as Azure Monitor's agents send them."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from kqlog.errors import QueryError
from kqlog.ingest.batches import Troubles
from kqlog.ingest.delivery import Destination, deliver
from kqlog.ingest.journal import Journal, runs_here
from kqlog.ingest.log_file import LogFile
from kqlog.ingest.machine import Counters, heartbeat
from kqlog.ingest.outbox import FullError, Outbox
from kqlog.ingest.readers.format import Row

TOKEN = "KQLOG_TOKEN"
"""The environment variable with the token that a server wants."""
_BEAT = 60.0
_UNITS = {"s": 1, "m": 60, "h": 3600}
_FILES = (Path("/var/log/syslog"), Path("/var/log/messages"))
_PAUSE = 0.5


def seconds_of(text: str) -> float:
    """A time such as 10s or 1m in seconds.

    Raises:
        QueryError: ING001 for another text, or less than a second.
    """
    match = re.fullmatch(r"(\d{1,6})([smh])", text)
    if match is None or match[1].strip("0") == "":
        raise QueryError("ING001", f"'{text}' is not how often to look", hint="10s, 1m, 1h")
    return float(int(match[1]) * _UNITS[match[2]])


def outbox_of(url: str) -> Path:
    """Where the rows for a server wait: in the folder that systemd gives a service, or among the user's own state."""
    home = os.environ.get("STATE_DIRECTORY") or Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "kqlog"
    return Path(home) / f"collect-{hashlib.sha256(url.rstrip('/').encode()).hexdigest()[:16]}" / "outbox.db"


def collect(
    outbox: Outbox,
    destination: Destination,
    every: float,
    system_log: str,
    warn: Callable[[str], None],
    rounds: int | None = None,
) -> None:
    """Collect counters every so many seconds, a heartbeat every minute and the system log, until interrupted or for some rounds.

    What is read is on disk first and then delivered, so that a server may be away, and this process end at any moment.

    Raises:
        QueryError: ENG001 where psutil is not installed, ING001 for a system log that there is not.
    """
    counters, ended = Counters(), threading.Event()
    troubles = Troubles(warn)
    follow = _system_log(system_log, outbox, troubles)
    sending = threading.Thread(target=deliver, args=(outbox, destination, warn), name="kqlog delivery", daemon=True)
    sending.start()
    if follow is not None:
        threading.Thread(target=follow, args=(ended,), name="kqlog system log", daemon=True).start()
    try:
        _count(counters, every, rounds, lambda table, rows: _keep(outbox, table, rows, troubles))
    finally:
        ended.set()
    outbox.finish()
    sending.join()


def _count(counters: Counters, every: float, rounds: int | None, keep: Callable[[str, list[Row]], None]) -> None:
    beat = time.monotonic()
    # Rates want two readings.
    count = beat + every
    done = 0
    while rounds is None or done < rounds:
        time.sleep(max(0.0, min(beat, count) - time.monotonic()))
        now = time.monotonic()
        # After a sleep of the machine, what was missed is not made up for.
        if beat <= now:
            keep("Heartbeat", [heartbeat()])
            beat = max(beat + _BEAT, now)
        if count <= now:
            keep("Perf", counters.rows())
            count = max(count + every, now)
            done += 1


def _keep(outbox: Outbox, table: str, rows: list[Row], troubles: Troubles) -> None:
    try:
        outbox.put(table, rows)
    except FullError as error:
        # Unlike a log, a counter cannot be read later.
        troubles.add(f"rows of {table} that are lost, because {error}", len(rows))


def _system_log(which: str, outbox: Outbox, troubles: Troubles) -> Callable[[threading.Event], None] | None:
    """What follows the system log; None for none."""
    if which == "none":
        return None
    if which == "auto":
        if runs_here():
            return Journal(outbox, troubles).run
        path = next((file for file in _FILES if file.exists()), None)
        if path is None:
            troubles.say("this machine has no system log: neither a journal nor /var/log/syslog or messages")
            return None
    else:
        path = Path(which)
        if path.is_dir():
            return Journal(outbox, troubles, path).run
        if not path.exists():
            raise QueryError("ING001", f"there is no system log '{which}'", hint="a file, a folder of systemd's journal, or none")
    tail = LogFile(outbox, path, troubles.say)
    return lambda ended: _follow(tail, ended, troubles)


def _follow(tail: LogFile, ended: threading.Event, troubles: Troubles) -> None:
    while not ended.is_set():
        try:
            if tail.poll():
                continue
        except (FullError, OSError) as error:
            troubles.add(f"pauses of the system log, because {error}")
        ended.wait(_PAUSE)
