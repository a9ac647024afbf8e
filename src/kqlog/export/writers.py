"""Files that are written as rows come, in constant memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from kqlog.errors import QueryError
from kqlog.formats import write_csv, write_json_lines
from kqlog.types import Schema, Type

if TYPE_CHECKING:
    import pyarrow


class Kind(StrEnum):
    """What rows can be exported as."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    DELTA = "delta"


ENDINGS = {".parquet": Kind.PARQUET, ".csv": Kind.CSV, ".jsonl": Kind.JSONL, ".ndjson": Kind.JSONL, "": Kind.DELTA}
"""What a name's ending says; a name without one is a folder."""
PACKED = ".gz"


def kind_of(path: Path, given: str | None = None) -> tuple[Kind, bool]:
    """What to write to a path, and whether it is packed with gzip.

    Raises:
        QueryError: EXP001 for an ending that says nothing, and for Parquet with gzip around it.
    """
    packed = path.suffix.lower() == PACKED
    ending = Path(path.stem).suffix if packed else path.suffix
    kind = Kind(given) if given else ENDINGS.get(ending.lower())
    if kind is None:
        names = ", ".join(filter(None, ENDINGS))
        raise QueryError("EXP001", f"cannot tell a format from '{path.name}'", hint=f"give --format, or one of {names}")
    if packed and kind not in (Kind.CSV, Kind.JSONL):
        raise QueryError("EXP001", f"{kind} is compressed already, and '{path.name}' would be so twice", hint="leave out .gz")
    return kind, packed


class Writer(Protocol):
    """A file on its way."""

    def write(self, rows: pyarrow.Table) -> None:
        """Add rows in kqlog's own form."""

    def close(self) -> None:
        """Finish it."""


def open_writer(kind: Kind, stream: IO[bytes], columns: Schema, units: dict[str, str], *, packed: bool = False) -> Writer:
    """What writes a file of this kind. `units` are those of Parquet's times, by column."""
    if kind is Kind.PARQUET:
        return _ParquetFile(stream, columns, units)
    return _TextFile(stream, columns, kind, packed=packed)


@contextlib.contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A new file, on disk for good when this ends; taken away when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class _ParquetFile:
    def __init__(self, stream: IO[bytes], columns: Schema, units: dict[str, str]) -> None:
        import pyarrow.parquet

        from kqlog.engines.duckdb.answer import arrow_schema

        self._columns, self._units = columns, units
        schema = self._public(arrow_schema(columns).empty_table()).schema
        self._writer = pyarrow.parquet.ParquetWriter(stream, schema, compression="zstd")

    def write(self, rows: pyarrow.Table) -> None:
        self._writer.write_table(self._public(rows))

    def close(self) -> None:
        self._writer.close()

    def _public(self, rows: pyarrow.Table) -> pyarrow.Table:
        from kqlog.arrow import to_parquet, to_public

        return to_parquet(to_public(rows, self._columns, self._units), self._columns)


class _TextFile:
    def __init__(self, stream: IO[bytes], columns: Schema, kind: Kind, *, packed: bool) -> None:
        self._columns, self._kind = columns, kind
        # No name and time of its own: the same rows are the same bytes.
        self._packed = gzip.GzipFile("", "wb", 6, stream, mtime=0) if packed else None
        inner = self._packed or stream
        self._text = io.TextIOWrapper(inner, encoding="utf-8", errors="backslashreplace", newline="\n")
        if kind is Kind.CSV:
            write_csv(columns, (), self._text)

    def write(self, rows: pyarrow.Table) -> None:
        values = zip(*[column.to_pylist() for column in rows.columns], strict=True)
        if self._kind is Kind.CSV:
            write_csv(self._columns, values, self._text, header=False)
        else:
            write_json_lines(self._columns, values, self._text)

    def close(self) -> None:
        self._text.detach()
        if self._packed is not None:
            self._packed.close()


def time_units(columns: Schema) -> dict[str, str]:
    """Nanoseconds for all times, which keep the seventh digit."""
    return {column.name: "ns" for column in columns if column.type in (Type.DATETIME, Type.TIMESPAN)}
