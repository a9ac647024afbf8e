"""Waiting at a terminal: a line that says how long a query runs or how much of a file is read, and Ctrl-C that stops it."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

_PATIENCE = 1.0
"""Seconds before the line first shows."""
_BEAT = 0.1
_STACK = 64 * 2**20
"""Bytes for the query's thread: some systems give threads so little that a nested query would overflow it."""
_STARTING = threading.Lock()
"""The size is one for all threads that are started."""

R = TypeVar("R")


def wait_for(
    work: Callable[[], R],
    cancel: Callable[[], None],
    told: Callable[[float], str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> R:
    """The result of the work, which runs in a thread of its own; Ctrl-C calls `cancel`, from this one.

    `told` is what is said after so many seconds; `tell` shows that to whoever waits, by default on a line of the terminal.

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

    with_deep_stack(threading.Thread(target=run, daemon=True).start)
    try:
        line = told or (lambda seconds: f"running for {seconds:.1f} s, Ctrl-C stops it")
        if tell is not None or not sys.stderr.isatty():
            _watch(done, line, tell or (lambda _: None))
        else:
            with _terminal_line() as shown:
                _watch(done, line, shown)
    except KeyboardInterrupt:
        cancel()
        done.wait()
        raise
    if errors:
        raise errors[0]
    return results[0]


def with_deep_stack(start: Callable[[], R]) -> R:
    """What `start` gives; threads that it starts have room for queries that are nested deeply."""
    with _STARTING:
        threading.stack_size(_STACK)
        try:
            return start()
        finally:
            threading.stack_size(0)


def _watch(done: threading.Event, told: Callable[[float], str], tell: Callable[[str], None]) -> None:
    started = time.monotonic()
    finished = done.wait(_PATIENCE)
    while not finished:
        tell(told(time.monotonic() - started))
        finished = done.wait(_BEAT)


@contextmanager
def _terminal_line() -> Iterator[Callable[[str], None]]:
    """A line of the terminal that is written again and again, and in the end goes away."""
    shown = False

    def tell(line: str) -> None:
        nonlocal shown
        shown = True
        # A longer line would wrap, and stay.
        sys.stderr.write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class Bar:
    """How much of a file is read, on one line of a terminal; nothing where there is none."""

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size = name, max(1, size)
        self._started = time.monotonic()
        self._due = self._started + _PATIENCE
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def tell(self, done: int, rows: int) -> None:
        """So many bytes are read, with so many rows in them."""
        now = time.monotonic()
        if now < self._due or not sys.stderr.isatty():
            return
        self._due, self._shown = now + _BEAT, True
        told = bar_line(self._name, done / self._size, rows, done, now - self._started)
        sys.stderr.write(f"\r{told}\x1b[K")
        sys.stderr.flush()


def bar_line(name: str, share: float, rows: int, size: int, seconds: float) -> str:
    """A bar with a share from 0 to 1, how many rows and bytes that are, and how long the rest will take."""
    share = min(1.0, share)
    left = seconds * (1 - share) / share if share else 0.0
    return f"{name} [{'#' * int(20 * share):<20}] {share:4.0%}  {rows:,} rows  {size / 2**20:,.0f} MB  {left:,.0f} s left"


def scan_line(share: float | None, size: int, rows: int | None, seconds: float) -> str:
    """How far a query is, which has this share of so many bytes, and of so many rows, behind it after so many seconds."""
    if not share:
        return f"running for {seconds:.1f} s, Ctrl-C stops it"
    parts = [f"[{'#' * int(20 * share):<20}] {share:4.0%}"]
    if rows is not None:
        parts.append(f"{rows * share:,.0f} of {rows:,} rows")
    if size:
        parts.append(f"{size * share / 2**20:,.0f} of {size / 2**20:,.0f} MB")
    parts.append(f"{seconds * (1 - share) / share:,.0f} s left, Ctrl-C stops it")
    return "  ".join(parts)
