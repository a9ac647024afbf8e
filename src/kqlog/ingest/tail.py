"""Following a file that grows: each of its lines is stored once, through rotation, restarts and kill -9.

How far a file is read is stored in the same commit as its rows. A note in the workspace tells which file that was: its inode and
a hash of its first bytes, by which it is found again under another name.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from kqlog.errors import QueryError
from kqlog.ingest import dead_letters
from kqlog.ingest.arrow_rows import Kinds
from kqlog.ingest.dead_letters import DeadLetter, sorted_out
from kqlog.ingest.files import shaped_rows
from kqlog.ingest.operations import Operations, tell_in
from kqlog.ingest.readers import format_of
from kqlog.ingest.readers.format import Format, Parser, Row
from kqlog.ingest.readers.source import decoded
from kqlog.ingest.shaping import Shaped
from kqlog.store.durable import write_whole
from kqlog.store.lock import only_one
from kqlog.store.store import Store

_NOTES = "tails"
_HEAD = 1024
"""So many first bytes tell a file from others."""
_CHUNK = 8 * 2**20
_EVERY = 0.5
_GRACE = 2.0
"""Seconds in which a program may still write to a file that has been renamed."""


class _Refused(NamedTuple):
    """A line, or a row of one, that is left out: the byte that the line begins at, why, and what it is."""

    at: int
    why: str
    raw: str
    transformed: bool = False


@dataclass
class _Note:
    """Which file is read: `id` is what its position is stored under."""

    id: str
    inode: int
    size: int
    head: str


class Tail:
    """Follows one file into one table. `warn` hears of what cannot be read or transformed, which is kept as dead letters."""

    def __init__(
        self, store: Store, table: str, path: Path, format_: str | None, transform: str | None, warn: Callable[[str], None]
    ) -> None:
        self._store, self._table, self._path, self._transform, self._warn = store, table, path, transform, warn
        self._named = format_
        self._format: Format | None = None
        name = hashlib.sha256(f"{path.resolve()}\n{table}".encode("utf-8", "surrogateescape")).hexdigest()
        self._note_path = store.root / _NOTES / f"{name[:32]}.json"
        self._current: _Followed | None = None
        self._next: list[Path] = []
        self._resumed = False
        self._quiet_since: float | None = None
        self._operations = Operations()

    def run(self) -> None:
        """Follow the file until interrupted.

        Raises:
            QueryError: ING001 when another process follows it into the same table.
        """
        with only_one(self._store.root, f"following '{self._path.resolve()}' into {self._table}"):
            try:
                while True:
                    if not self.poll():
                        time.sleep(_EVERY)
                    tell_in(self._store, self._operations)
            finally:
                tell_in(self._store, self._operations, everything=True)

    def poll(self) -> int:
        """Store what has come since. How many rows that were."""
        if not self._resumed:
            self._resume()
            self._resumed = True
        if self._current is None and not self._open_next():
            return 0
        assert self._current is not None
        if self._current.is_truncated():
            return self._after_truncation()
        rows = self._read(self._current)
        if not rows and self._is_left():
            rows = self._read(self._current, last=True)
            # Another rotation may have followed at once.
            self._next = self._next or self._after(self._current)
            self._close()
        return rows

    # ------------------------------------------------------------------------------------------------- which file is read

    def _resume(self) -> None:
        """Find the file that was read last, whatever its name is now, and what came after it."""
        if not self._note_path.exists():
            return
        note = _Note(**json.loads(self._note_path.read_text("utf-8")))
        others = self._rotated()
        found = next((file for file in [self._path, *others] if _is(file, note, by_inode=True)), None)
        found = found or next((file for file in [self._path, *others] if _is(file, note, by_inode=False)), None)
        if found is None:
            self._warn(f"{self._path}: the file that was read last is gone; what it had since may be lost")
            return
        self._current = _Followed(found, note, self._position(note))
        if found != self._path:
            self._next = self._after(self._current)

    def _after(self, followed: _Followed) -> list[Path]:
        """The files that were written after one that has another name now, without the one that is written to."""
        return [file for file in self._rotated() if _inode(file) != followed.inode and _changed(file) > followed.changed]

    def _rotated(self) -> list[Path]:
        """Files that this one may have become, the oldest first."""
        name = self._path.name
        files = [
            file for file in self._path.parent.glob("*") if file.name.startswith((f"{name}.", f"{name}-")) and file.is_file()
        ]
        return sorted((file for file in files if file.suffix not in {".gz", ".xz", ".zst", ".bz2"}), key=_changed)

    def _open_next(self) -> bool:
        path = self._next.pop(0) if self._next else self._path
        try:
            self._current = _Followed(path, None, 0)
        except FileNotFoundError:
            return False
        return True

    def _close(self) -> None:
        if self._current is not None:
            self._current.close()
        self._current, self._quiet_since = None, None

    def _is_left(self) -> bool:
        """Whether the file has another name now, and nobody writes to it any more."""
        assert self._current is not None
        if self._current.inode == _inode(self._path):
            self._quiet_since = None
            return False
        now = time.monotonic()
        self._quiet_since = self._quiet_since or now
        # A file that was renamed before this began has no writers left. Without a new file, the old one may still be in use.
        return bool(self._next) or (_inode(self._path) is not None and now - self._quiet_since >= _GRACE)

    def _after_truncation(self) -> int:
        """The file begins anew. What was not read of it is in a copy, if there is one."""
        assert self._current is not None
        note, position = self._current.note, self._current.position
        self._close()
        copy = note and next((file for file in self._rotated() if _is(file, note, by_inode=False)), None)
        if not copy:
            self._warn(f"{self._path}: the file was cut off; what it had since may be lost")
            return 0
        followed = _Followed(copy, note, position)
        try:
            return self._read_all(followed)
        finally:
            followed.close()

    # ---------------------------------------------------------------------------------------------------- lines into rows

    def _read_all(self, followed: _Followed) -> int:
        total = 0
        while rows := self._read(followed):
            total += rows
        return total + self._read(followed, last=True)

    def _read(self, followed: _Followed, *, last: bool = False) -> int:
        """Store the whole lines that are there, or `last` of all also what has no end of line."""
        if self._format is None and not last and not followed.can_be_recognised():
            return 0
        followed.begin(self._format_of(followed))
        rows, refused, position = followed.rows(last=last)
        if position == followed.position or followed.is_truncated():
            return 0
        note = followed.described()
        if note != followed.note or not self._note_path.exists():
            self._write_note(note)
            followed.note = note
        self._append(rows, refused, note, position)
        followed.position = position
        return len(rows)

    def _format_of(self, followed: _Followed) -> Format:
        if self._format is None:
            self._format = format_of(followed.path, self._named)
            if self._format.parser is None:
                raise QueryError("ING001", f"{self._path}: a file of the format '{self._format.name}' does not grow by lines")
        return self._format

    def _append(self, rows: list[tuple[int, Row]], refused: list[_Refused], note: _Note, position: int) -> None:
        assert self._format is not None
        if rows and self._format.fit is not None:
            self._format.fit([row for _, row in rows], frozenset(column.name for column in self._store.columns(self._table)))
        kinds = Kinds()
        kinds.see(row for _, row in rows)
        parts, bad = sorted_out(rows, partial(self._shaped, kinds))
        if bad:
            refused = [*refused, *(_Refused(at, error.message, json.dumps(row, default=str), True) for (at, row), error in bad)]
            left_out = {id(row) for row, _ in bad}
            rows = [row for row in rows if id(row) not in left_out]
            parts = [self._shaped(kinds, rows)] if rows else []
        if refused:
            self._bury(sorted(refused), note)
        for shaped in parts:
            self._store.table(self._table).append(shaped.rows, shaped.columns, positions={f"tail {note.id}": position})
            self._operations.note_shaped(shaped)

    def _shaped(self, kinds: Kinds, rows: Sequence[tuple[int, Row]]) -> Shaped:
        assert self._format is not None
        return shaped_rows(self._store, self._table, kinds.table([row for _, row in rows]), {}, self._transform, self._format)

    def _bury(self, refused: list[_Refused], note: _Note) -> None:
        """Keep what is left out, once: after a crash the lines are read again."""
        table, source = self._store.table(dead_letters.TABLE), f"tail {note.id}"
        with table.writing():
            letters = self._letters(refused, table.position(source) or 0)
            if letters:
                shaped = dead_letters.shaped(self._store, letters)
                table.append(shaped.rows, shaped.columns, positions={source: refused[-1].at + 1})
                dead_letters.note(self._operations, shaped)

    def _letters(self, refused: list[_Refused], done: int) -> list[DeadLetter]:
        """Dead letters for what is left out; up to a position in the file there are some already."""
        for one in refused:
            self._warn(f"{self._path}, byte {one.at:,}: {one.why}. It is left out, and kept in {dead_letters.TABLE}")
        return [
            DeadLetter(self._table, f"{self._path}, byte {at:,}", why, raw, "Transformation" if transformed else "Ingestion")
            for at, why, raw, transformed in refused
            if at >= done
        ]

    def _position(self, note: _Note) -> int:
        return self._store.table(self._table).position(f"tail {note.id}") or 0

    def _write_note(self, note: _Note) -> None:
        """On disk before the rows: a position is of no use without the file that it is in."""
        write_whole(self._note_path, json.dumps(asdict(note)))


class _Followed:
    """An open file, how far it is stored, and what its earlier lines say of later ones."""

    def __init__(self, path: Path, note: _Note | None, position: int) -> None:
        self.path, self.note, self.position = path, note, position
        self._file: IO[bytes] = path.open("rb")
        self._parser: Parser | None = None
        self.inode = os.fstat(self._file.fileno()).st_ino
        self._id = note.id if note else uuid.uuid4().hex

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def changed(self) -> int:
        """When something was last written to it."""
        return os.fstat(self._file.fileno()).st_mtime_ns

    def described(self) -> _Note:
        """What the file is known by, as far as it has grown."""
        size = min(_HEAD, self._size())
        return _Note(self._id, self.inode, size, _head(self._file, size))

    def is_truncated(self) -> bool:
        """Whether this is another file by now, under the same inode."""
        if self.note is None:
            return False
        return self._size() < self.position or _head(self._file, self.note.size) != self.note.head

    def begin(self, format_: Format) -> None:
        """Read the headers that stand before the position, if that was not done."""
        if self._parser is not None or format_.parser is None:
            return
        self._parser = format_.parser()
        if type(self._parser).is_header is Parser.is_header:
            return
        self._file.seek(0)
        while self._file.tell() < self.position:
            line = _text(self._file.readline())
            if self._parser.is_header(line):
                self._parser.feed(line)

    def rows(self, *, last: bool) -> tuple[list[tuple[int, Row]], list[_Refused], int]:
        """The rows of some lines by the bytes that these begin at, what cannot be read, and the position after them."""
        assert self._parser is not None
        rows: list[tuple[int, Row]] = []
        refused: list[_Refused] = []
        at = done = self.position
        self._file.seek(at)
        while at - self.position < _CHUNK and (line := self._file.readline()):
            if not line.endswith(b"\n") and not last:
                break
            try:
                rows += [(at, row) for row in self._parser.feed(decoded(line.rstrip(b"\r\n").lstrip(b"\0")))]
            except ValueError as error:
                refused.append(_Refused(at, str(error), _text(line)))
            at += len(line)
            if not self._parser.pending:
                done = at
        if self._parser.pending:
            self._parser.forget()
            if last or at - done >= _CHUNK:
                self._file.seek(done)
                begin = _text(self._file.read(dead_letters.LONGEST))
                refused.append(_Refused(done, f"a quote is not closed, over {at - done:,} bytes", begin))
                done = at
        return rows, [one for one in refused if one.at < done], done

    def can_be_recognised(self) -> bool:
        """Whether enough is there for a look at what it is."""
        self._file.seek(0)
        return self._size() >= _HEAD or self._file.readline().endswith(b"\n")

    def end_of_last_line(self) -> int:
        """Where the next line begins, or the one that is not whole yet."""
        size = self._size()
        start = max(0, size - _CHUNK)
        self._file.seek(start)
        newline = self._file.read(size - start).rfind(b"\n")
        return start + newline + 1

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _head(file: IO[bytes], size: int) -> str:
    file.seek(0)
    return hashlib.sha256(file.read(size)).hexdigest()


def _is(path: Path, note: _Note, *, by_inode: bool) -> bool:
    if by_inode and _inode(path) != note.inode:
        return False
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size >= note.size and _head(file, note.size) == note.head
    except OSError:
        return False


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns
