"""A line on standard error that says a query is still running, for a person at a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 1.0
"""Seconds before the line first shows."""


@contextmanager
def progress() -> Iterator[None]:
    """Show the seconds that the body takes once it takes more than one, and clear the line afterwards."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_show, args=(done,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _show(done: threading.Event) -> None:
    started = time.monotonic()
    shown = False
    while not done.wait(_PATIENCE if not shown else 0.1):
        shown = True
        sys.stderr.write(f"\rrunning for {time.monotonic() - started:.1f} s, Ctrl-C stops it")
        sys.stderr.flush()
    if shown:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
