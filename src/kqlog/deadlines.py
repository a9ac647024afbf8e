"""Calls that are due at some time, unless they are taken back. One thread serves all: one for each would cost a millisecond."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Deadlines:
    """Calls what is due. The thread starts with the first deadline, and does not outlive the process."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, list[Callable[[], None]]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def set(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call something after so many seconds. What is given back takes the deadline back; it may be called at any time."""
        held = [call]
        with self._changed:
            entry = (time.monotonic() + seconds, next(self._numbers), held)
            heapq.heappush(self._waiting, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kqlog deadlines", daemon=True)
                self._thread.start()
            if self._waiting[0] is entry:
                self._changed.notify()
        return held.clear

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._waiting and not self._waiting[0][2]:
                    heapq.heappop(self._waiting)
                now = time.monotonic()
                if not self._waiting or self._waiting[0][0] > now:
                    self._changed.wait(self._waiting[0][0] - now if self._waiting else None)
                    continue
                held = heapq.heappop(self._waiting)[2]
            # It may be taken back at this moment.
            for call in list(held):
                call()


DEADLINES = Deadlines()
