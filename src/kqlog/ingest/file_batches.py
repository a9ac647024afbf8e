"""The rows of a file in batches of bounded size, whatever the format."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.ingest.readers.format import Format, Row, UnreadableError
from kqlog.ingest.readers.source import Source, broken

if TYPE_CHECKING:
    import pyarrow

MOST_ROWS = 100_000
MOST_BYTES = 32 * 2**20

LeaveOut = Callable[[QueryError], None]
"""Hears of a line that is left out."""
Tell = Callable[[int, int], None]
"""Hears how many bytes of the file and how many rows are read."""


def batches(path: Path, format_: Format, tell: Tell, leave_out: LeaveOut | None = None) -> Iterator[list[Row]]:
    """The rows of a file of text; lines that are not of the format are left out where `leave_out` takes note of them.

    Raises:
        QueryError: ENG003 with the place that is not of the format.
    """
    with Source(path) as source:
        batch: list[Row] = []
        count = begun = size = 0
        for rows, length in _items(source, format_, leave_out):
            batch += rows
            size += length
            if len(batch) >= MOST_ROWS or size >= MOST_BYTES:
                count += len(batch)
                yield batch
                batch, size = [], 0
            if source.position - begun > 2**20:
                begun = source.position
                tell(begun, count + len(batch))
        if batch:
            yield batch
        tell(source.position, count + len(batch))


def _items(source: Source, format_: Format, leave_out: LeaveOut | None) -> Iterator[tuple[list[Row], int]]:
    """The rows of each line or item, and about how many bytes they are."""
    if format_.items and (format_.parser is None or _is_one_value(source.path)):
        return _json_items(source, format_)
    return _lines(source, format_, leave_out)


def _is_one_value(path: Path) -> bool:
    """Whether a file of JSON is one value over many lines, or one long line, rather than one a line."""
    with Source(path) as source:
        beginning = source.beginning().lstrip()
        if not beginning:
            return False
        try:
            json.loads(beginning.split("\n", 1)[0])
        except (ValueError, RecursionError):
            return True
    return False


def _lines(source: Source, format_: Format, leave_out: LeaveOut | None) -> Iterator[tuple[list[Row], int]]:
    assert format_.parser is not None
    parser = format_.parser()
    number = 0
    for number, line in source.lines(leave_out):
        try:
            yield parser.feed(line), len(line)
        except UnreadableError as error:
            if leave_out is None:
                raise broken(source.path, number, str(error)) from error
            leave_out(broken(source.path, number, str(error)))
    if parser.pending:
        raise broken(source.path, number, "the file ends inside of quotes")


def _json_items(source: Source, format_: Format) -> Iterator[tuple[list[Row], int]]:
    """The items of one JSON value, which may be larger than memory."""
    import ijson

    number, before = 0, 0
    try:
        for item in ijson.items(source.stream, format_.items, use_float=True, multiple_values=True):
            number += 1
            if not isinstance(item, dict):
                raise UnreadableError("not a JSON object")
            size, before = source.stream.tell() - before, source.stream.tell()
            yield [format_.convert(item)], size
    except (ijson.JSONError, UnreadableError, UnicodeDecodeError, OverflowError) as error:
        raise QueryError(
            "ENG003", f"{source.path}, item {number + (not isinstance(error, UnreadableError)):,}: {_first(error)}"
        ) from error
    except (EOFError, zlib.error, OSError) as error:
        raise QueryError("ENG003", f"{source.path}, item {number + 1:,}: the gzip data is broken or ends here") from error
    if not number and not _begins_with(source.path, format_.items):
        raise QueryError("ENG003", f"{source.path}: there is no '{format_.items.partition('.')[0]}'")


def _begins_with(path: Path, items: str) -> bool:
    """Whether there is a place for items, though there are none."""
    with Source(path) as source:
        start = "[" if items == "item" else f'"{items.partition(".")[0]}"'
        return start in source.beginning()


def _first(error: Exception) -> str:
    return f"not JSON: {str(error).splitlines()[0]}" if not isinstance(error, UnreadableError) else str(error)


def parquet_batches(path: Path, tell: Tell) -> Iterator[pyarrow.Table]:
    """The rows of a Parquet file.

    Raises:
        QueryError: ENG003 when it cannot be read.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path, arrow_extensions_enabled=True) as file:
            size, rows, all_rows = path.stat().st_size, 0, max(1, file.metadata.num_rows)
            groups = range(file.num_row_groups)
            bytes_a_row = sum(file.metadata.row_group(at).total_byte_size for at in groups) // all_rows
            for batch in file.iter_batches(min(MOST_ROWS, max(1, MOST_BYTES // max(1, bytes_a_row)))):
                # What Arrow does not look at while it reads: texts that are not UTF-8, lists that end beyond their values.
                batch.validate(full=True)
                yield pyarrow.Table.from_batches([batch])
                rows += batch.num_rows
                tell(size * rows // all_rows, rows)
            counts = {rows, file.metadata.num_rows, sum(file.metadata.row_group(at).num_rows for at in groups)}
            if len(counts) > 1:
                raise ValueError(f"its parts do not agree on how many rows there are: {', '.join(map(str, sorted(counts)))}")
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise QueryError(
            "ENG003", f"{path}: not Parquet: {(str(error) or 'it wants too much memory').splitlines()[0]}"
        ) from error


def seen(batches: Iterable[list[Row]], see: Callable[[list[Row]], None]) -> list[list[Row]]:
    """Look at all rows, and keep the batches if there is only one: what is small is read once."""
    kept: list[list[Row]] = []
    count = 0
    for batch in batches:
        see(batch)
        count += 1
        kept = [batch] if count == 1 else []
    return kept if count <= 1 else []
