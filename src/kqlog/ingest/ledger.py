"""Which objects of a place are stored, and how far: a small database in the workspace.

What is about to be stored is written down before its rows are, and its number is stored with them. So after a crash the number in
the table tells whether the rows that were written down last are there.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from kqlog.errors import QueryError

_TABLES = """
create table if not exists objects (
    name text primary key, etag text, start integer, stop integer, mark text, format text, waits integer, batch integer
) without rowid;
create index if not exists batches on objects (batch);
create table if not exists stored (source text, batch integer);
"""
_PATIENCE = 10
"""Seconds to wait for another process."""


@dataclass(frozen=True)
class Reading:
    """What was read of an object, from byte `start` to byte `stop`."""

    name: str
    etag: str
    start: int
    stop: int
    mark: str
    """A hash of the last bytes before `stop`, by which a longer version of the same object is known."""
    format: str
    waits: bool
    """Whether half a line was left, which is read when it is whole or does not change any more."""


class Ledger:
    """The readings of one place into one table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.executescript(_TABLES)
        found = connection.execute("select source from stored").fetchone()
        if found is None:
            # Of its own, so that numbers in a table never count for another ledger.
            found = (f"objects {uuid.uuid4().hex}",)
            connection.execute("insert into stored values (?, 0)", found)
            connection.commit()
        self.source: str = found[0]
        """What the numbers of batches are stored under in tables."""

    def find(self, name: str) -> Reading | None:
        """The last reading of an object."""
        row = self._connection.execute(f"select {_COLUMNS} from objects where name = ?", (name,)).fetchone()
        return _reading(row) if row else None

    def begin(self, readings: Sequence[Reading]) -> int:
        """Write down what is about to be stored; the number of the batch."""
        (last,) = self._connection.execute(
            "select max(batch, coalesce((select max(batch) from objects), 0)) from stored"
        ).fetchone()
        number = int(last) + 1
        rows = [(*astuple(reading), number) for reading in readings]
        with self._connection:
            self._connection.executemany("insert or replace into objects values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return number

    def end(self, number: int) -> None:
        """Take note that a batch, and all before it, are stored."""
        with self._connection:
            self._connection.execute("update stored set batch = ?", (number,))

    def unfinished(self) -> list[tuple[int, list[Reading]]]:
        """The batches that were begun and not ended."""
        query = f"select batch, {_COLUMNS} from objects where batch > (select batch from stored) order by batch, name"
        batches: dict[int, list[Reading]] = {}
        for number, *row in self._connection.execute(query):
            batches.setdefault(number, []).append(_reading(row))
        return list(batches.items())


_COLUMNS = "name, etag, start, stop, mark, format, waits"


def _reading(row: Sequence[Any]) -> Reading:
    name, etag, start, stop, mark, format_, waits = row
    return Reading(name, etag, start, stop, mark, format_, bool(waits))


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """The ledger in a file, which no other process has meanwhile.

    Raises:
        QueryError: ING002 when another one has it for too long, or the disk does not take what is written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection:
            connection.execute("pragma synchronous = full")
            connection.execute("pragma locking_mode = exclusive")
            connection.execute("begin exclusive")
            connection.commit()
            yield Ledger(connection)
    except sqlite3.Error as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: Exception) -> QueryError:
    if "locked" in str(error):
        return QueryError("ING002", "another kqlog takes in the same objects", hint="it takes all that is there; try again later")
    hint = "make room or make the folder writable; what is not stored yet is stored the next time"
    return QueryError("ING002", f"{path} cannot be written: {error}", hint=hint)
