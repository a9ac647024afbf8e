"""What an agent has read and not delivered yet, on disk, so that neither its own end nor that of a server loses any of it.

Rows and how far their source was read with them are one transaction. Rows that are sent get a request id, which is on disk
before they leave: sent again after whatever went wrong, they are the same bytes under the same id.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kqlog.errors import QueryError
from kqlog.ingest.readers.format import Row

_MOST = 256 * 2**20
_BATCH = 2**20
"""A request has about so many bytes of JSON at most, as Azure's clients send them."""
_MADE = """
    CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY, name TEXT NOT NULL, request TEXT, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS positions (source TEXT PRIMARY KEY, position NOT NULL);
"""


class FullError(Exception):
    """No more can be kept until some of it is delivered, or the disk has room."""


@dataclass(frozen=True)
class Batch:
    """Rows of a table that are sent as one request: a JSON array, gzipped."""

    request: str
    table: str
    body: bytes


class Outbox:
    """Rows that wait to be delivered, in a file of one agent. `most` is how many bytes may wait.

    Raises:
        QueryError: ING001 when another agent has the file, or it is none of kqlog's.
    """

    def __init__(self, file: Path, most: int = _MOST) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.root, self._most = file.parent, most
        self._changed = threading.Condition()
        self._finished = False
        self._db = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                self._db.execute(f"PRAGMA {setting}")
            self._db.executescript(_MADE)
            # Only a write takes the lock, which is then kept.
            self._db.execute("UPDATE waiting SET request = request WHERE id = 0")
            (self._bytes,) = self._db.execute("SELECT coalesce(sum(length(body)), 0) FROM waiting").fetchone()
        except sqlite3.DatabaseError as error:
            self._db.close()
            reason = "another agent uses it" if "locked" in str(error) else str(error)
            raise QueryError("ING001", f"'{file}' cannot be the outbox of this agent: {reason}") from None

    def put(self, table: str, rows: Iterable[Row], positions: Mapping[str, str | int] | None = None) -> None:
        """Keep rows, and how far their sources were read with them. On disk when this returns.

        Raises:
            FullError: nothing of it is kept.
        """
        parts = list(_parts(rows))
        size = sum(map(len, parts))
        with self._changed:
            if self._bytes and self._bytes + size > self._most:
                raise FullError("too much waits to be delivered already")
            with self._transaction():
                self._db.executemany("INSERT INTO waiting (name, body) VALUES (?, ?)", [(table, part) for part in parts])
                self._db.executemany("REPLACE INTO positions VALUES (?, ?)", list((positions or {}).items()))
            self._bytes += size
            self._changed.notify_all()

    def position(self, source: str) -> str | int | None:
        """How far a source was read when rows of it were last kept."""
        with self._changed:
            found = self._db.execute("SELECT position FROM positions WHERE source = ?", (source,)).fetchone()
        return None if found is None else found[0]

    def next(self) -> Batch | None:
        """What is to be sent now, the oldest first: waits for it. None when nothing is left and nothing more comes."""
        with self._changed:
            while (batch := self._next()) is None and not self._finished:
                self._changed.wait()
            return batch

    def done(self, batch: Batch) -> None:
        """Forget rows that were delivered."""
        with self._changed:
            with self._transaction():
                self._db.execute("DELETE FROM waiting WHERE request = ?", (batch.request,))
            self._bytes -= len(batch.body)

    def finish(self) -> None:
        """Say that nothing more comes: what is left can be delivered still."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def close(self) -> None:
        """Leave the file to others."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.DatabaseError as error:
            raise FullError(str(error)) from error

    def _next(self) -> Batch | None:
        sent = self._db.execute("SELECT request, name, body FROM waiting WHERE request IS NOT NULL").fetchone()
        if sent is not None:
            return Batch(*sent)
        first = self._db.execute("SELECT name FROM waiting ORDER BY id LIMIT 1").fetchone()
        if first is None:
            return None
        (table,), size = first, 0
        ids: list[tuple[int]] = []
        parts: list[bytes] = []
        for id_, body in self._db.execute("SELECT id, body FROM waiting WHERE name = ? ORDER BY id", (table,)):
            if ids and size + len(body) > _BATCH:
                break
            ids.append((id_,))
            parts.append(body)
            size += len(body)
        batch = Batch(str(uuid.uuid4()), table, gzip.compress(b"[%b]" % b",".join(parts), 6, mtime=0))
        with self._transaction():
            self._db.executemany("DELETE FROM waiting WHERE id = ?", ids)
            self._db.execute("INSERT INTO waiting (name, request, body) VALUES (?, ?, ?)", (table, batch.request, batch.body))
        self._bytes += len(batch.body) - size
        return batch


def _parts(rows: Iterable[Row]) -> Iterator[bytes]:
    """Rows as JSON with commas between, in pieces that a request has room for."""
    part: list[bytes] = []
    size = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        if part and size + len(text) > _BATCH:
            yield b",".join(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield b",".join(part)
