"""What is told of ingestion in the table Operation, which the function `_LogOperation` shows.

Operations and levels are Azure Monitor's ("Monitor operational issues in your workspace") where it has a name for what happened.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from kqlog.errors import QueryError
from kqlog.ingest.shaping import Shaped, shape
from kqlog.store.store import Store

TABLE = "Operation"
_MOST_NAMES = 20

Row = dict[str, object]


class Level(StrEnum):
    """How bad it is, in the words that the column OperationStatus has for Info, Warning and Error."""

    INFO = "Succeeded"
    WARNING = "Warning"
    ERROR = "Error"


class Kind(StrEnum):
    """What happened."""

    VALUES = "Field content validation"
    COLUMNS = "Maximum table column count"
    RATE = "Ingestion rate"
    STOPPED = "Data collection stopped"
    RESUMED = "Data collection resumed"
    RULE = "Data collection rule"
    LETTERS = "Dead letters"
    REFUSED = "Connection refused"


Key = tuple[Kind, Level, str, str]


@dataclass
class _Event:
    first: datetime = field(default_factory=lambda: datetime.now(UTC))
    counts: Counter[str] = field(default_factory=Counter)


class Operations:
    """Events that are told as rows: at once, and then every `period` seconds what else there was of a kind and table, counted."""

    def __init__(self, period: float = 300) -> None:
        self._period = period
        self._lock = threading.Lock()
        self._events: dict[Key, _Event] = {}
        self._told: dict[Key, float] = {}

    def note(
        self, kind: Kind, what: str, table: str = "", counts: Mapping[str, int] | int = 1, level: Level = Level.WARNING
    ) -> None:
        """Take note of something: how often it was, or how often by the names of columns."""
        with self._lock:
            event = self._events.setdefault((kind, level, table, what), _Event())
            event.counts.update({"": counts} if isinstance(counts, int) else counts)

    def note_shaped(self, shaped: Shaped) -> None:
        """Take note of what rows lost on their way into a table."""
        if shaped.unreadable:
            self.note(Kind.VALUES, "values that could not be converted, and are null", shaped.table, shaped.unreadable)
        if shaped.dropped:
            rows = dict.fromkeys(shaped.dropped, shaped.rows.num_rows)
            self.note(Kind.VALUES, "rows with a field that the table does not have, which was left out", shaped.table, rows)

    def tell(self, write: Callable[[list[Row]], object], *, everything: bool = False) -> None:
        """Write what is due, or all. What cannot be written now is told later."""
        if not (events := self._due(everything)):
            return
        try:
            write([_row(key, event) for key, event in events.items()])
        except (QueryError, OSError, ValueError):  # ValueError is Arrow's for a torn file
            self._give_back(events)

    def _due(self, everything: bool) -> dict[Key, _Event]:
        now = time.monotonic()
        with self._lock:
            self._told = {key: told for key, told in self._told.items() if now - told < self._period}
            due = {key: event for key, event in self._events.items() if everything or key not in self._told}
            for key in due:
                del self._events[key]
                self._told[key] = now
            return due

    def _give_back(self, events: dict[Key, _Event]) -> None:
        with self._lock:
            for key, event in events.items():
                del self._told[key]
                later = self._events.get(key)
                if later is not None:
                    event.counts.update(later.counts)
                self._events[key] = event


def shaped(store: Store, rows: list[Row]) -> Shaped:
    """Events as rows of the table."""
    return shape(store, TABLE, rows)


def tell_in(store: Store, operations: Operations, *, everything: bool = False) -> None:
    """Write what is due, or all, for those that write into a workspace themselves."""

    def write(rows: list[Row]) -> None:
        made = shaped(store, rows)
        store.table(TABLE).append(made.rows, made.columns)

    operations.tell(write, everything=everything)


def _row(key: Key, event: _Event) -> Row:
    kind, level, table, what = key
    return {
        "TimeGenerated": event.first.isoformat(),
        "SourceSystem": "kqlog",
        "Computer": socket.gethostname(),
        "OperationCategory": str(kind),
        "OperationStatus": str(level),
        "Solution": "LogManagement",
        "Detail": f"{f'{table}: ' if table else ''}{what}: {_counted(event.counts)}",
    }


def _counted(counts: Counter[str]) -> str:
    if counts.keys() == {""}:
        return f"{counts['']:,}"
    shown = [f"{name} ({count:,})" for name, count in counts.most_common(_MOST_NAMES)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
