"""What cannot be taken in, though whoever sent it cannot be told: kept with the reason in the table DCRLogErrors.

This is Azure Monitor's table for errors of ingestion and transformation. Columns that end in `_CF` are kqlog's: the table that it
was meant for, where it came from, and the text itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

from kqlog.errors import QueryError
from kqlog.ingest.operations import Kind, Operations
from kqlog.ingest.shaping import Shaped, shape
from kqlog.store.store import Store, known_tables

TABLE = "DCRLogErrors"
LONGEST = 8192
"""So many characters of a text are kept."""
_MOST_TRIED = 2000
"""After so many tries, what is left with a bad row in it is refused as a whole: a flood of bad rows must not stop all others."""
_OF_ROWS = frozenset({"ING001", "ING003", "ENG001", "ENG002", "LIM003"})
"""Errors that are about some of the rows: without those, the others can be taken in."""

T = TypeVar("T")


class DeadLetter(NamedTuple):
    """Something that is not in the table that it was meant for."""

    table: str
    source: str
    reason: str
    raw: str
    operation: Literal["Ingestion", "Transformation"] = "Ingestion"


def rows_of(letters: Iterable[DeadLetter]) -> list[dict[str, object]]:
    """Dead letters as rows of their table."""
    return [
        {
            "SourceSystem": "kqlog",
            "InputStreamId": _stream(letter.table),
            "OperationName": letter.operation,
            "Message": letter.reason,
            "Table_CF": letter.table,
            "Source_CF": letter.source,
            "RawData_CF": letter.raw[:LONGEST],
        }
        for letter in letters
    ]


def shaped(store: Store, letters: Iterable[DeadLetter]) -> Shaped:
    """Dead letters as their table wants them."""
    return shape(store, TABLE, rows_of(letters))


def _stream(table: str) -> str:
    """The stream of a table; none where it is not known what the table would have been."""
    return f"{'Microsoft' if table in known_tables() else 'Custom'}-{table}" if table else ""


def note(operations: Operations, stored: Shaped) -> None:
    """Take note of dead letters that were stored."""
    for table, count in Counter(stored.rows.column("Table_CF").to_pylist()).items():
        operations.note(Kind.LETTERS, f"rows that could not be taken in, and are in {TABLE} with the reason", table, count)


def sorted_out(rows: Sequence[T], make: Callable[[Sequence[T]], Shaped]) -> tuple[list[Shaped], list[tuple[T, QueryError]]]:
    """What can be made of rows, in as few parts as may be, and the rows that spoil it, each with the reason.

    Raises:
        QueryError: what is wrong with all rows alike, as a transformation that is none.
    """
    parts: list[Shaped] = []
    refused: list[tuple[T, QueryError]] = []
    waiting, tried = [rows] if rows else [], 0
    while waiting:
        some, tried = waiting.pop(), tried + 1
        try:
            parts.append(make(some))
        except QueryError as error:
            if error.code not in _OF_ROWS:
                raise
            if tried == 1:
                # What is wrong without any rows is not wrong with one of them.
                make(some[:0])
            if len(some) == 1 or tried >= _MOST_TRIED:
                refused += [(row, error) for row in some]
            else:
                waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
    return parts, refused
