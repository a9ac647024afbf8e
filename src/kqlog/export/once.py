"""`kqlog export`: the rows of one query into a file, a folder of files or a Delta table. What was there before stays whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from kqlog.arrow import FarAwayError
from kqlog.errors import QueryError
from kqlog.export.delta import Mode, is_delta, refuse_inside, write_delta
from kqlog.export.partitions import By, Layout, write_parts
from kqlog.export.streams import Source
from kqlog.export.writers import Kind, kind_of, open_writer, time_units, written
from kqlog.store.durable import sync


@dataclass(frozen=True)
class Target:
    """Where the rows go. `mode` says what becomes of a Delta table that is there already."""

    path: Path
    format: str | None = None
    by: By | None = None
    mode: Mode = "error"

    @property
    def size(self) -> int:
        """How many bytes are written so far."""
        size = 0
        # Files come and go meanwhile.
        with contextlib.suppress(OSError):
            for file in self._made.rglob("*") if self._made.is_dir() else [self._made]:
                size += file.stat().st_size
        return size

    @property
    def _made(self) -> Path:
        return self.path.with_name(f".{self.path.name}.{os.getpid()}.part")

    def write(self, source: Source) -> None:
        """Write all rows. When it fails, or is cancelled, everything is as before.

        Raises:
            QueryError: the errors of the query, EXP001 for what cannot be written there.
        """
        kind, packed = kind_of(self.path, self.format)
        refuse_inside(self.path)
        if self.mode != "error" and kind is not Kind.DELTA:
            raise QueryError("EXP001", "only a Delta table can be appended to or overwritten", hint="give another name")
        try:
            if kind is Kind.DELTA:
                self._write_delta(source)
            elif self.by is not None:
                self._refuse_existing()
                write_parts(source, self._made, uuid.uuid4().hex[:8], Layout(kind, packed, self.by))
                self._made.mkdir(exist_ok=True)
                self._publish()
            else:
                self._write_file(source, kind, packed=packed)
                self._publish()
        finally:
            if self._made.is_dir():
                shutil.rmtree(self._made)
            else:
                self._made.unlink(missing_ok=True)

    def _write_file(self, source: Source, kind: Kind, *, packed: bool) -> None:
        if self.path.is_dir():
            raise QueryError(
                "EXP001", f"'{self.path}' is a folder, and one file is to be written", hint="--partition-by makes several"
            )
        units: dict[str, str] = {}
        while True:
            stream = source.start()
            try:
                with written(self._made) as file:
                    opened = open_writer(kind, file, stream.columns, time_units(stream.columns) | units, packed=packed)
                    with contextlib.closing(opened) as writer:
                        for rows in source.batches(stream):
                            writer.write(rows)
                return
            except FarAwayError as error:
                units[error.name] = "us"

    def _write_delta(self, source: Source) -> None:
        by = self.by.column if self.by is not None else None
        if self.by is not None and self.by.span is not None:
            hint = (
                f"extend {self.by.span} = startof{self.by.span}({self.by.column}) in the query, and --partition-by {self.by.span}"
            )
            raise QueryError("EXP001", "a Delta table is parted by its columns only", hint=hint)
        if is_delta(self.path):
            if self.mode == "error":
                raise QueryError(
                    "EXP001", f"'{self.path}' is a Delta table already", hint="--append adds to it, --overwrite replaces it"
                )
            write_delta(source, self.path, self.mode, by=by)
            return
        self._refuse_existing()
        write_delta(source, self._made, "error", by=by)
        self._publish()

    def _refuse_existing(self) -> None:
        if self.path.is_file() or (self.path.is_dir() and any(self.path.iterdir())):
            raise QueryError("EXP001", f"'{self.path}' is there already, and is not empty", hint="give the name of a new folder")

    def _publish(self) -> None:
        if self.path.is_dir() and self._made.is_dir():
            self.path.rmdir()
        self._made.replace(self.path)
        sync(self.path.parent)
