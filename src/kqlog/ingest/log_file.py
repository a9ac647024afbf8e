"""A system log that is a file of lines, such as /var/log/syslog, on its way into an outbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from kqlog.ingest import dead_letters
from kqlog.ingest.outbox import Outbox
from kqlog.ingest.readers.format import Row
from kqlog.ingest.syslog import TABLE
from kqlog.ingest.tail import Tail, _Followed, _Note, _Refused
from kqlog.store.store import Store


class LogFile(Tail):
    """Follows a file from the end that it has when it is first seen, through rotation and restarts."""

    def __init__(self, outbox: Outbox, path: Path, warn: Callable[[str], None]) -> None:
        # Of a store, only the folder for notes is used: its tables are what is overridden here.
        super().__init__(cast(Store, outbox), TABLE, path, "syslog", None, warn)
        self._outbox = outbox

    def _resume(self) -> None:
        if self._note_path.exists() or not self._path.exists():
            super()._resume()
            return
        self._current = followed = _Followed(self._path, None, 0)
        followed.note, followed.position = followed.described(), followed.end_of_last_line()
        # Without a note nothing was read: this is done again.
        self._append([], [], followed.note, followed.position)
        self._write_note(followed.note)

    def _append(self, rows: list[tuple[int, Row]], refused: list[_Refused], note: _Note, position: int) -> None:
        source = f"tail {note.id} refused"
        if letters := self._letters(refused, int(self._outbox.position(source) or 0)):
            self._outbox.put(dead_letters.TABLE, dead_letters.rows_of(letters), {source: refused[-1].at + 1})
        self._outbox.put(TABLE, [row for _, row in rows], {f"tail {note.id}": position})

    def _position(self, note: _Note) -> int:
        return int(self._outbox.position(f"tail {note.id}") or 0)
