"""How far readers of a table's additions have come, each in a file beside the table.

A cursor holds what it has not read: versions stay in the log and files on disk, until it is left alone for a week.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kqlog.errors import QueryError
from kqlog.store.durable import write_whole
from kqlog.store.lock import locked

_FOLDER = Path("_kqlog", "cursors")
_FORGOTTEN = 7 * 86_400
"""Seconds after which a cursor that nothing moves holds nothing any more."""


@dataclass
class Position:
    """A cursor's content: the additions up to `version` were handed over, or with `all` still those that were there then.

    `ready` is what was made of the additions up to `until`, `ready_rows` in all, and is to be handed over.
    """

    version: int
    all: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    until: int | None = None
    ready: list[str] = field(default_factory=list)
    ready_rows: int = 0
    rows: int = 0
    """How many rows were handed over so far."""


class Cursor:
    """The cursor of a name over the table in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / _FOLDER / f"{name}.json"

    @property
    def moved(self) -> float | None:
        """When it was last looked after, in seconds since 1970; None before there is one."""
        return self._path.stat().st_mtime if self._path.exists() else None

    def read(self) -> Position | None:
        """Where it is; None before it was ever written."""
        try:
            return Position(**json.loads(self._path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            hint = "kqlog exports reset NAME begins again"
            raise QueryError("EXP003", f"how far the export is cannot be read in {self._path}: {error}", hint=hint) from None

    def write(self, position: Position) -> None:
        """Move it, on disk for good when this returns."""
        write_whole(self._path, json.dumps(asdict(position)))

    def keep(self) -> None:
        """Let it not be forgotten, though there was nothing to read."""
        os.utime(self._path)

    def fail(self, why: str) -> None:
        """Note down why a run could not go on, or with '' that it could. That does not move the cursor."""
        note = self._path.with_suffix(".error")
        if why:
            note.write_text(why, "utf-8")
        else:
            note.unlink(missing_ok=True)

    def failure(self) -> str:
        """Why the last run could not go on; '' when it could."""
        note = self._path.with_suffix(".error")
        return note.read_text("utf-8") if note.exists() else ""

    def remove(self) -> None:
        """Forget it."""
        self._path.unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this lasts no other process moves it.

        Raises:
            QueryError: EXP002 when another does so now.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._path.with_suffix(".lock"), wait=False))
            except BlockingIOError:
                raise QueryError("EXP002", f"the export '{self._path.stem}' is being run by another process") from None
            yield


def held_since(folder: Path) -> int | None:
    """The version after which a table's additions are still to be read by someone; None when no one reads them."""
    found: list[int] = []
    for path in (folder / _FOLDER).glob("*.json"):
        try:
            if time.time() - path.stat().st_mtime < _FORGOTTEN:
                found.append(json.loads(path.read_text("utf-8"))["version"])
        except (OSError, ValueError, KeyError):  # it was taken away meanwhile, or someone else wrote it
            continue
    return min(found, default=None)
