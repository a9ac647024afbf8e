"""Rows of many senders, stored together: a sender hears of it when its rows are on disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.ingest import operations
from kqlog.ingest.metering import ended, meter
from kqlog.ingest.operations import Kind, Level, Operations
from kqlog.ingest.rollup import TABLE as METRICS
from kqlog.ingest.rollup import roll_up
from kqlog.ingest.shaping import Shaped, fitted
from kqlog.store.store import Store
from kqlog.store.upkeep import keep_in_order
from kqlog.types import Schema, Type

if TYPE_CHECKING:
    import pyarrow


_TICK = 1.0
"""So many seconds after something happened it is told of."""


class BusyError(Exception):
    """More waits to be stored than memory should hold: try again later."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"try again in {seconds:g} seconds")
        self.seconds = seconds


@dataclass(frozen=True)
class Receipt:
    """What a sender is told: so many rows are stored. None when the request was stored before."""

    rows: int


@dataclass(frozen=True)
class _Waiting:
    shaped: Shaped
    request: str | None
    done: Future[Receipt] = field(default_factory=Future)


class Ingestor:
    """Stores rows in groups: those of a fraction of a second, or so many that it is worth it, in one version of their table.

    `age` is how many seconds rows wait for others, `enough` how many rows do not wait, `most` how many may wait at all.
    Every `upkeep` seconds metrics are rolled up, and the tables that rows came into are kept in order, by a thread of its own. It
    also tells of what happens (`operations`) and counts what came in.
    """

    def __init__(
        self, store: Store, *, age: float = 0.4, enough: int = 50_000, most: int = 1_000_000, upkeep: float = 60
    ) -> None:
        self._store = store
        self._age, self._enough, self._most = age, enough, most
        self._waiting: list[_Waiting] = []
        self._rows = 0
        self._requests: dict[tuple[str, str], Future[Receipt]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self.operations = Operations()
        self._stopped = False
        """Whether the disk did not take what was last written."""
        self._thread = threading.Thread(target=self._run, name="kqlog ingestion", daemon=True)
        self._thread.start()
        self._grown: set[str] = {name for name in store if store.table(name).exists}
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, args=(upkeep,), name="kqlog upkeep", daemon=True)
        self._keeper.start()

    @property
    def waiting(self) -> int:
        """How many rows wait."""
        return self._rows

    def submit(self, shaped: Shaped, request: str | None = None) -> Future[Receipt]:
        """Store rows; the future is done when they are on disk. A request that was stored before is not stored again.

        Raises:
            BusyError: too much waits already; nothing of this is stored.
        """
        return self.submit_all([(shaped, request)])[0]

    def submit_all(self, parts: Sequence[tuple[Shaped, str | None]]) -> list[Future[Receipt]]:
        """Store what one sender sent for several tables, each with its request: all of it is accepted, or nothing.

        Raises:
            BusyError: too much waits already; nothing of this is stored.
        """
        with self._changed:
            if self._closed:
                raise RuntimeError("the ingestion is closed")
            count = sum(shaped.rows.num_rows for shaped, request in parts if (shaped.table, request) not in self._requests)
            if count and self._rows and self._rows + count > self._most:
                self.operations.note(Kind.RATE, "requests that were told to come later, because too many rows waited")
                raise BusyError(max(1.0, 5 * self._age))
            accepted = [self._accept(shaped, request) for shaped, request in parts]
            self._changed.notify_all()
            return accepted

    def _accept(self, shaped: Shaped, request: str | None) -> Future[Receipt]:
        # One request may have rows for several tables.
        if request is not None and (under_way := self._requests.get((shaped.table, request))) is not None:
            return under_way
        waiting = _Waiting(shaped, request)
        # A sender that hangs up cannot take back what others wait for as well.
        waiting.done.set_running_or_notify_cancel()
        self._waiting.append(waiting)
        self._rows += shaped.rows.num_rows
        if request is not None:
            self._requests[shaped.table, request] = waiting.done
        return waiting.done

    def close(self) -> None:
        """Store what waits, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._ended.set()
        self._keeper.join()
        self.operations.tell(self._write, everything=True)

    def _run(self) -> None:
        while (group := self._group()) is not None:
            for table in dict.fromkeys(one.shaped.table for one in group):
                self._store_group(table, [one for one in group if one.shaped.table == table])

    def _keep(self, upkeep: float) -> None:
        due, metered = time.monotonic() + upkeep, 0
        while not self._ended.wait(min(_TICK, upkeep)):
            self.operations.tell(self._write)
            if time.monotonic() < due:
                continue
            due = time.monotonic() + upkeep
            # First, as what follows may take long in an old workspace.
            # What the disk does not take or give now is done when more rows come. ValueError is Arrow's for a torn file.
            while self._grown and not self._ended.is_set():
                with suppress(QueryError, OSError, ValueError):
                    keep_in_order(self._store, self._grown.pop())
            with suppress(QueryError, OSError, ValueError):
                if metered < (hour := ended()):
                    meter(self._store, hour)
                    metered = hour
            with suppress(QueryError, OSError, ValueError):
                if roll_up(self._store, self._ended.is_set):
                    self._grown.add(METRICS)

    def _write(self, events: list[operations.Row]) -> None:
        shaped = operations.shaped(self._store, events)
        self._stored(shaped.table, [_Waiting(shaped, None)])

    def _group(self) -> list[_Waiting] | None:
        """What is stored next; None when all is done."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            until = time.monotonic() + self._age
            while not self._closed and self._rows < self._enough and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            group, rows = 0, 0
            # All that waits at once would be copied in memory at once.
            while group < len(self._waiting) and rows < 2 * self._enough:
                rows += self._waiting[group].shaped.rows.num_rows
                group += 1
            taken, self._waiting = self._waiting[:group], self._waiting[group:]
            self._rows -= rows
            return taken

    def _store_group(self, table: str, group: list[_Waiting]) -> None:
        try:
            stored = self._stored(table, group)
        except QueryError as error:
            if len(group) > 1 and error.code != "ING002":
                # What is wrong with the rows of one sender is nothing to the others.
                for one in group:
                    self._store_group(table, [one])
                return
            if error.code == "ING002":
                self._stopped = True
                rows = sum(one.shaped.rows.num_rows for one in group)
                self.operations.note(Kind.STOPPED, error.message, counts=rows, level=Level.ERROR)
            self._tell(group, error)
        except Exception as error:  # noqa: BLE001  each sender hears of it, and the thread goes on
            self._tell(group, error)
        else:
            if self._stopped:
                self._stopped = False
                self.operations.note(Kind.RESUMED, "the disk takes rows again", level=Level.INFO)
            self._tell(group, stored)

    def _stored(self, name: str, group: list[_Waiting]) -> set[int]:
        """Store what was not stored before, and give the places of that in the group."""
        table = self._store.table(name)
        with table.writing():
            new = {at for at, one in enumerate(group) if one.request is None or not table.seen(one.request)}
            columns = table.columns()
            parts: list[Shaped] = []
            for at in sorted(new):
                parts.append(fitted(group[at].shaped, columns))
                columns = _all_columns([columns, parts[-1].columns])
            if any(part.rows.num_rows for part in parts):
                columns = _all_columns(part.columns for part in parts)
                requests = [request for at in new if (request := group[at].request) is not None]
                table.append(_together(parts, columns), columns, requests)
                self._grown.add(name)
            for part in parts:
                self.operations.note_shaped(part)
            return new

    def _tell(self, group: list[_Waiting], outcome: set[int] | Exception) -> None:
        with self._changed:
            for one in group:
                self._requests.pop((one.shaped.table, one.request or ""), None)
        for at, one in enumerate(group):
            if isinstance(outcome, Exception):
                one.done.set_exception(outcome)
            else:
                one.done.set_result(Receipt(one.shaped.rows.num_rows if at in outcome else 0))


def _all_columns(schemas: Iterable[Schema]) -> Schema:
    """The columns of all of some rows of one table."""
    return tuple({column.name: column for schema in schemas for column in schema}.values())


def _together(parts: list[Shaped], columns: Schema) -> pyarrow.Table:
    import pyarrow

    tables = []
    for part in parts:
        rows, have = part.rows, set(part.rows.column_names)
        for column in columns:
            if column.name not in have:
                like = next(one.rows.schema.field(column.name) for one in parts if column.name in one.rows.column_names)
                empty = (
                    pyarrow.array([""] * rows.num_rows) if column.type is Type.STRING else pyarrow.nulls(rows.num_rows, like.type)
                )
                rows = rows.append_column(like, empty)
        tables.append(rows.select([column.name for column in columns]))
    return pyarrow.concat_tables(tables)
