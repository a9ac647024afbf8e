"""The folder that texts are written for: its tables and stored functions, read again when they change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from kqlog.assist.values import Values, values_of
from kqlog.catalog.catalog import find_tables
from kqlog.catalog.saved import ENDING
from kqlog.errors import QueryError
from kqlog.plan.lookup import StoredFunction
from kqlog.types import Schema
from kqlog.workspace import connect


class Folder:
    """What is in a folder; without one, or where it cannot be read, no tables."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._stamp: object = None
        self._open()

    def _open(self) -> None:
        try:
            self._workspace = connect(self._root)
        except QueryError:
            self._workspace = connect()
        self.values: Values = values_of(self._workspace)

    @property
    def tables(self) -> Mapping[str, Schema]:
        """The columns of its tables."""
        return self._workspace.schemas

    @property
    def functions(self) -> Mapping[str, StoredFunction]:
        """The stored functions."""
        return self._workspace.functions

    def file_of(self, function: str) -> Path | None:
        """The file that a stored function is in."""
        saved = self._workspace.saved
        return saved.folder / f"{function}{ENDING}" if saved.folder is not None and function in saved else None

    def look(self) -> bool:
        """Look at the folder; whether it is another than before, as it is at first, and was read again."""
        stamp = self._seen()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        if self._workspace.store is None:
            self._open()
        return True

    def _seen(self) -> object:
        """What tells one state of the folder from another. Tables of a workspace have their columns as they are by themselves."""
        if self._root is None:
            return ()
        folder = self._workspace.saved.folder
        queries = _times(folder.glob(f"*{ENDING}")) if folder is not None and folder.is_dir() else []
        if self._workspace.store is not None:
            return queries, self._workspace.tables
        try:
            tables = find_tables(self._root)
        except (QueryError, OSError):
            return queries, []
        return queries, [(name, _times(files)) for name, files in tables.items()]


def _times(files: Iterable[Path]) -> list[tuple[str, int, int]]:
    found = []
    for file in sorted(files):
        with contextlib.suppress(OSError):
            state = file.stat()
            found.append((str(file), state.st_mtime_ns, state.st_size))
    return found
