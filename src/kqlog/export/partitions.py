"""Rows into folders by a column, or by the day or hour of one, with Hive's names: `Computer=web-01/`, `day=2026-03-10/`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from kqlog.arrow import FarAwayError
from kqlog.errors import QueryError
from kqlog.export.writers import Kind, Writer, open_writer, time_units, written
from kqlog.text import datetime_text, write
from kqlog.types import TICKS_PER_DAY, TICKS_PER_SECOND, Schema, Type

if TYPE_CHECKING:
    import pyarrow

    from kqlog.export.streams import Source

_NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""What Hive calls the folder of nulls."""
_OPEN = 64
"""So many files are open at once; more would run into the limits of systems."""
_SPANS = {"day": TICKS_PER_DAY, "hour": 3600 * TICKS_PER_SECOND}
_KEYS = frozenset({Type.STRING, Type.BOOL, Type.INT, Type.LONG, Type.GUID})


@dataclass(frozen=True)
class By:
    """A column, or the `span` ("day" or "hour") of a datetime column."""

    column: str
    span: str | None = None

    @classmethod
    def read(cls, text: str) -> By:
        """`Computer`, `TimeGenerated:day` or `TimeGenerated:hour`."""
        column, colon, span = text.rpartition(":")
        return cls(column, span) if colon and span in _SPANS else cls(text)

    def check(self, columns: Schema) -> None:
        """Refuse what does not make folders.

        Raises:
            QueryError: EXP001 with the reason.
        """
        types = {column.name: column.type for column in columns}
        type_ = types.get(self.column)
        if type_ is None:
            raise QueryError("EXP001", f"the query has no column '{self.column}' to make partitions by")
        if self.span is None and type_ not in _KEYS:
            hint = (
                f"{self.column}:day and {self.column}:hour do" if type_ is Type.DATETIME else "texts, whole numbers and bools do"
            )
            raise QueryError("EXP001", f"'{self.column}' is {type_.one}, which makes no partitions", hint=hint)
        if self.span is not None and (type_ is not Type.DATETIME or self.span in types):
            why = f"it is {type_.one}" if type_ is not Type.DATETIME else f"the query has a column '{self.span}' of its own"
            raise QueryError("EXP001", f"'{self.column}' cannot make a partition of each {self.span}: {why}")

    def kept(self, columns: Schema) -> Schema:
        """The columns that stand in files: one whose value is in the name of the folder does not."""
        return columns if self.span else tuple(column for column in columns if column.name != self.column)

    def split(self, rows: pyarrow.Table, columns: Schema) -> Iterator[tuple[str, pyarrow.Table]]:
        """The rows of each folder, by its name."""
        import pyarrow.compute as pc

        type_ = next(column.type for column in columns if column.name == self.column)
        keys = rows.column(self.column)
        if self.span is not None:
            keys = pc.divide(keys, _SPANS[self.span])
        unique = keys.unique()
        for key in unique:
            chosen = pc.is_null(keys) if not key.is_valid else pc.fill_null(pc.equal(keys, key), False)
            part = rows if len(unique) == 1 else rows.filter(chosen)
            yield self._folder(key.as_py(), type_), part if self.span else part.drop_columns([self.column])

    def _folder(self, key: object, type_: Type) -> str:
        if self.span is None:
            return f"{quote(self.column, safe='')}={quote(write(key, type_), safe='') or _NOTHING}"
        if not isinstance(key, int):
            return f"day={_NOTHING}" + (f"/hour={_NOTHING}" if self.span == "hour" else "")
        moment = datetime_text(key * _SPANS[self.span])
        return f"day={moment[:10]}" + (f"/hour={moment[11:13]}" if self.span == "hour" else "")


@dataclass(frozen=True)
class Layout:
    """How the files of a folder look: their kind, what is packed, and what they are parted by."""

    kind: Kind
    packed: bool = False
    by: By | None = None

    @property
    def ending(self) -> str:
        """How their names end."""
        return f".{self.kind}{'.gz' if self.packed else ''}"


def write_parts(source: Source, folder: Path, name: str, layout: Layout, suffix: str = "") -> list[str]:
    """Write rows into files below a folder, on disk when this returns: their paths inside of it, which end in `suffix` for now.

    Raises:
        QueryError: the errors of the query, EXP001 for a column that makes no partitions.
    """
    units: dict[str, str] = {}
    while True:
        stream = source.start()
        if layout.by is not None:
            layout.by.check(stream.columns)
        parts = _Parts(folder, name, layout, suffix, stream.columns, time_units(stream.columns) | units)
        try:
            with contextlib.closing(parts):
                for rows in source.batches(stream):
                    parts.write(rows)
        except FarAwayError as error:
            # The files so far have a narrower type: all is written again.
            parts.discard()
            units[error.name] = "us"
        except BaseException:
            parts.discard()
            raise
        else:
            return parts.paths


class _Parts:
    """The files of one export. At most some are open: what comes later for a closed one begins another."""

    def __init__(self, folder: Path, name: str, layout: Layout, suffix: str, columns: Schema, units: dict[str, str]) -> None:
        self._folder, self._name, self._layout, self._suffix = folder, name, layout, suffix
        self._columns, self._units = columns, units
        self._kept = layout.by.kept(columns) if layout.by else columns
        self._open: dict[str, tuple[Writer, contextlib.ExitStack]] = {}
        self.paths: list[str] = []

    def write(self, rows: pyarrow.Table) -> None:
        """Add rows to the files of their folders."""
        parts = self._layout.by.split(rows, self._columns) if self._layout.by else [("", rows)]
        for folder, part in parts:
            if part.num_rows:
                self._writer(folder).write(part)

    def close(self) -> None:
        """Finish all files."""
        while self._open:
            self._finish(next(iter(self._open)))

    def discard(self) -> None:
        """Take away all files."""
        for path in self.paths:
            (self._folder / f"{path}{self._suffix}").unlink(missing_ok=True)

    def _writer(self, folder: str) -> Writer:
        # The one that was used last stands last.
        if (found := self._open.pop(folder, None)) is None:
            if len(self._open) >= _OPEN:
                self._finish(next(iter(self._open)))
            path = f"{folder}{'/' if folder else ''}{self._name}-{len(self.paths):05}{self._layout.ending}"
            self.paths.append(path)
            stack = contextlib.ExitStack()
            stream: IO[bytes] = stack.enter_context(written(self._folder / f"{path}{self._suffix}"))
            found = open_writer(self._layout.kind, stream, self._kept, self._units, packed=self._layout.packed), stack
        self._open[folder] = found
        return found[0]

    def _finish(self, folder: str) -> None:
        writer, stack = self._open.pop(folder)
        with stack:
            writer.close()
