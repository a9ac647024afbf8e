"""Where a continuous export goes to, and how it gets there no more than once.

Rows are made ready first, and that they are is noted down; handing over what is ready can be repeated. So it is with files, which
are renamed, and with requests, which have an id. A Delta table takes rows at once, and how far they reach with them.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kqlog.export.delta import transaction_of, write_delta
from kqlog.export.partitions import Layout, write_parts
from kqlog.export.streams import Source
from kqlog.store.durable import sync

_SUFFIX = ".part"
"""How names end that no reader should take for files of the export."""


@dataclass(frozen=True)
class Batch:
    """The rows of some versions of a table for one export: `id` is that of the export's cursor, `staging` a folder for itself."""

    name: str
    id: str
    until: int
    staging: Path


class Destination(Protocol):
    """What takes the rows of an export."""

    def reached(self, id_: str) -> int | None:
        """The last version whose rows are there, where the destination knows it by itself."""

    def prepare(self, source: Source, batch: Batch) -> list[str]:
        """Make rows ready, on disk: the names of what is to be handed over."""

    def deliver(self, ready: list[str], batch: Batch, ended: threading.Event) -> None:
        """Hand over what is ready and was not handed over yet.

        Raises:
            QueryError: EXP002 when that cannot be done now.
        """


@dataclass(frozen=True)
class Folder:
    """A folder of files. They are written out of sight, and get their names when all of a batch are on disk."""

    path: Path
    layout: Layout

    def __str__(self) -> str:
        return f"{self.path} ({self.layout.kind})"

    def reached(self, id_: str) -> int | None:
        """It does not know."""
        return None

    def prepare(self, source: Source, batch: Batch) -> list[str]:
        """Write the files of a batch."""
        staging = self._staging(batch)
        # What a run that was killed left behind was not noted down as ready.
        shutil.rmtree(staging, ignore_errors=True)
        ready = write_parts(source, staging, f"{batch.name}-{batch.id[:8]}-{batch.until:012}", self.layout, _SUFFIX)
        self._sync(staging / path for path in ready)
        return ready

    def deliver(self, ready: list[str], batch: Batch, ended: threading.Event) -> None:
        """Give the files their names."""
        staging = self._staging(batch)
        for path in ready:
            made, final = staging / f"{path}{_SUFFIX}", self.path / path
            final.parent.mkdir(parents=True, exist_ok=True)
            if made.exists():
                made.replace(final)
        self._sync(self.path / path for path in ready)
        shutil.rmtree(staging, ignore_errors=True)

    def _sync(self, paths: Iterable[Path]) -> None:
        """Wait until the names of files, and of the folders they are in, are on disk."""
        for folder in {parent for path in paths for parent in path.parents if parent.is_relative_to(self.path.parent)}:
            sync(folder)

    def _staging(self, batch: Batch) -> Path:
        # On the same disk, so that renaming is all that is left to do; readers pass over names that begin with a dot.
        return self.path / f".{batch.name}-{batch.id[:8]}"


@dataclass(frozen=True)
class DeltaTable:
    """A Delta table, whose transactions say how far the export is."""

    path: Path

    def __str__(self) -> str:
        return f"{self.path} (delta)"

    def reached(self, id_: str) -> int | None:
        """What was last stored with rows."""
        return transaction_of(self.path, _writer(id_))

    def prepare(self, source: Source, batch: Batch) -> list[str]:
        """Store the rows; nothing is left to hand over."""
        write_delta(source, self.path, "append", transaction=(_writer(batch.id), batch.until))
        return []

    def deliver(self, ready: list[str], batch: Batch, ended: threading.Event) -> None:
        """Nothing: the rows are there."""


def _writer(id_: str) -> str:
    return f"kqlog export {id_}"
