"""Rules are looked at when they are due, by a few threads, so that one that is slow never delays the others.

There are no jobs to keep here, as a scheduler's library would: what is due follows from the state on disk and the clock alone,
so that nothing is missed or done twice after a restart, or when the clock is set. What is left is a thread that asks once in a
while, and the standard library's pools of threads.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from kqlog.alerts.actions.groups import Groups
from kqlog.alerts.delivery import Deliveries
from kqlog.alerts.health import record
from kqlog.alerts.rules import BoundRule
from kqlog.alerts.service import Alerts, Look, Shared
from kqlog.alerts.windows import HOUR, MINUTE, as_datetime
from kqlog.engines.duckdb.engine import DuckDBEngine
from kqlog.errors import QueryError
from kqlog.plan.rights import Rights
from kqlog.workspace import Workspace

WORKERS, SLOW_WORKERS = 2, 2
_SLOW = 5.0
"""A rule whose last look took so many seconds waits for other threads than the rest."""
_EVERY = 5.0
"""Seconds between two looks at the clock."""
_PUBLISHED = 10.0
"""Seconds between two writes into the tables of alerts."""

log = logging.getLogger("kqlog.alerts")


def scheduler_of(root: Path) -> Scheduler:
    """What evaluates the rules of a workspace. They read its tables and no files: clients of a server make rules as well.

    Raises:
        QueryError: ALR002 when another process does.
    """
    return Scheduler(Alerts(Workspace(DuckDBEngine(root, named_files=False), root).limited_to(Rights())))


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Scheduler:
    """Evaluates the rules of a workspace until it is closed, and lets go of its state then."""

    def __init__(self, alerts: Alerts, clock: Callable[[], int] = wall_clock, every: float = _EVERY) -> None:
        self.alerts = alerts
        self._clock = clock
        self._every = every
        self._ended = threading.Event()
        self._quick = ThreadPoolExecutor(WORKERS, "kqlog alerts")
        self._slow = ThreadPoolExecutor(SLOW_WORKERS, "kqlog slow alerts")
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._done: queue.Queue[Look | None] = queue.Queue()
        self._recording: Future[None] | None = None
        self._deliveries = Deliveries(alerts.state, Groups(alerts.state.root), log.warning, clock)
        targets = (self._watch, self._write, self._deliver)
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End: looks that are under way are finished and kept, those that wait are not begun."""
        self._ended.set()
        self._threads[0].join()
        for pool in (self._quick, self._slow):
            pool.shutdown(cancel_futures=True)
        self._done.put(None)
        self._threads[1].join()
        self._threads[2].join()
        self.alerts.close()

    def _watch(self) -> None:
        minute = tidied = -1
        while not self._ended.is_set():
            now = self._clock()
            try:
                if now // MINUTE != minute:
                    minute = now // MINUTE
                    self.alerts.refresh(now)
                    if self._recording is None or self._recording.done():
                        self._recording = self._slow.submit(self._record_health, now)
                if now // HOUR != tidied:
                    tidied = now // HOUR
                    self._quick.submit(self.alerts.tidy, now)
                self._begin(now)
            except (sqlite3.Error, OSError) as error:
                log.error("alerts cannot be evaluated: %s", error)
            self._ended.wait(self._every)

    def _begin(self, now: int) -> None:
        due = self.alerts.due(now)
        shared = self.alerts.shared(due, now)
        for one in due:
            with self._lock:
                if one.name in self._under_way:
                    continue
                self._under_way.add(one.name)
            known = self.alerts.progress.get(one.name)
            pool = self._slow if known is not None and known.seconds > _SLOW else self._quick
            pool.submit(self._look, one, now, shared)

    def _look(self, one: BoundRule, now: int, shared: Shared) -> None:
        look = None
        try:
            look = self.alerts.look(one, now, shared)
        except Exception:  # the rule is looked at again, and the others go on
            log.exception("the alert rule %s cannot be evaluated", one.name)
        if look is not None:
            self._done.put(look)
        else:
            self._free([one.name])

    def _write(self) -> None:
        """Keep what is found: all that waits in one transaction."""
        published = time.monotonic()
        while (look := self._next(published)) is not None or not self._ended.is_set():
            looks = [look] if look is not None else []
            while not self._done.empty() and (more := self._done.get()) is not None:
                looks.append(more)
            try:
                if looks:
                    self.alerts.keep(looks, self._clock())
                if time.monotonic() - published > _PUBLISHED or self._ended.is_set():
                    self.alerts.publish()
                    published = time.monotonic()
            except (sqlite3.Error, OSError) as error:
                log.error("the state of alerts cannot be written, it is tried again: %s", error)
            self._free([look.one.name for look in looks])
        self.alerts.publish()

    def _record_health(self, now: int) -> None:
        try:
            record(self.alerts.workspace, as_datetime(now))
        except QueryError as error:
            log.warning("the health of resources cannot be recorded: %s", error.message)

    def _deliver(self) -> None:
        self._deliveries.run(self._ended)

    def _next(self, published: float) -> Look | None:
        try:
            return self._done.get(timeout=max(0.1, _PUBLISHED - (time.monotonic() - published)))
        except queue.Empty:
            return None

    def _free(self, names: list[str]) -> None:
        with self._lock:
            self._under_way.difference_update(names)
