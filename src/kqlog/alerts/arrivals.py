"""What came into tables since one last looked: the least TimeGenerated among files that are new, told without opening any."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from kqlog.alerts.windows import from_ticks
from kqlog.errors import QueryError
from kqlog.store.store import Store

_KEPT = 4_096
"""Looks that are remembered. Who looked longer ago is told to look at everything."""
ANY_TIME = -(1 << 62)


class Arrivals:
    """Files that came in, by the looks at which they were first seen. Known to this process only: at first all is new."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._look = 0
        self._versions: dict[str, int] = {}
        self._files: dict[str, frozenset[str]] = {}
        self._news: dict[str, list[tuple[int, int]]] = {}
        """Of each table the looks that found new files, with the least moment in these."""

    def look(self, tables: Iterable[str]) -> int:
        """See what is new in some tables, and get the number of this look."""
        with self._lock:
            self._look += 1
            for name in tables:
                if name in self._store:
                    self._see(name)
            return self._look

    def earliest(self, tables: Iterable[str], since: int | None) -> int | None:
        """The least moment that came into tables after a look, in microseconds since 1970; None where nothing did."""
        if since is None:
            return ANY_TIME
        with self._lock:
            news = [at for name in tables for look, at in self._news.get(name, ()) if look > since]
        return min(news, default=None)

    def _see(self, name: str) -> None:
        table = self._store.table(name)
        try:
            if not table.exists or (snapshot := table.snapshot()).version == self._versions.get(name):
                return
        except (QueryError, OSError):
            # What is wrong with it is told by the queries that read it.
            return
        times = snapshot.times()
        known = self._files.get(name, frozenset())
        new = [ticks for path, ticks in times.items() if path not in known]
        if new:
            least = min(ANY_TIME if ticks is None else from_ticks(ticks) for ticks in new)
            self._news.setdefault(name, []).append((self._look, least))
            del self._news[name][:-_KEPT]
        self._versions[name], self._files[name] = snapshot.version, frozenset(times)
