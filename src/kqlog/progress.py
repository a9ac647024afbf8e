"""Waiting for a query at a terminal: a line that says how long it runs, and Ctrl-C that stops it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_PATIENCE = 1.0
"""Seconds before the line first shows."""
_BEAT = 0.1
_STACK = 64 * 2**20
"""Bytes for the query's thread: some systems give threads so little that a nested query would overflow it."""

R = TypeVar("R")


def wait_for(work: Callable[[], R], cancel: Callable[[], None]) -> R:
    """The result of the work, which runs in a thread of its own; Ctrl-C calls `cancel`, from this one.

    The engine looks for signals too rarely when it is called from the main thread.

    Raises:
        KeyboardInterrupt: after the work has stopped.
    """
    results: list[R] = []
    errors: list[BaseException] = []
    # Not Thread.join: Ctrl-C inside of it makes Python take a running thread for a finished one.
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  (it is raised again, in the thread that waits)
            errors.append(error)
        finally:
            done.set()

    threading.stack_size(_STACK)
    threading.Thread(target=run, daemon=True).start()
    threading.stack_size(0)
    try:
        _watch(done)
    except KeyboardInterrupt:
        cancel()
        done.wait()
        raise
    if errors:
        raise errors[0]
    return results[0]


def _watch(done: threading.Event) -> None:
    started = time.monotonic()
    shown = False
    finished = done.wait(_PATIENCE)
    try:
        while not finished:
            if sys.stderr.isatty():
                shown = True
                sys.stderr.write(f"\rrunning for {time.monotonic() - started:.1f} s, Ctrl-C stops it")
                sys.stderr.flush()
            finished = done.wait(_BEAT)
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
