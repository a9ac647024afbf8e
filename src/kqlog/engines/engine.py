"""What an engine does for the rest of kqlog: take in tables, turn a plan into SQL, run it, stop it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from kqlog.plan.nodes import Node
from kqlog.types import Schema

if TYPE_CHECKING:
    import pyarrow

    from kqlog.text import Storage


class FileFormat(StrEnum):
    """The kinds of files a table can be made of; csv and json may be compressed with gzip."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one table. `hive`: folders such as `date=2024-05-01` are columns, too.

    `header`: whether the first row of CSV files has names; None to find out.
    """

    paths: tuple[str, ...]
    format: FileFormat
    hive: bool = False
    header: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """An Arrow table, a pandas or polars data frame, or a list of dicts."""

    data: object


Source = Files | Frame


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an answer is fetched: so many rows, and so many bytes (the batch that passes them is the last)."""

    rows: int | None = None
    bytes: int | None = None


EVERYTHING = Limits()
BATCH = 100_000
"""So many rows are handed over at once by a query whose rows are not kept, unless fewer are asked for."""


class Answer(Protocol):
    """The rows of a finished query, as engines store them: ticks for datetime and timespan, JSON text for dynamic."""

    truncated: bool
    """Whether there are more rows, which a limit left out."""

    @property
    def columns(self) -> Schema:
        """Names and types."""

    def __len__(self) -> int:
        """How many rows there are."""

    def first(self, count: int) -> list[tuple[Storage, ...]]:
        """The first rows: so many, or all."""

    def rows(self) -> list[tuple[Storage, ...]]:
        """All rows; guid as text, decimal as Decimal, null as None."""

    def arrow(self) -> pyarrow.Table:
        """The same as an Arrow table: int64 for datetime and timespan, text for guid and dynamic."""


Prepared = Callable[[Mapping[str, object]], Answer]
"""A query that was read once: called with the data frames that it reads now, by the names of their tables."""


class Run(Protocol):
    """One query on its way: started by `answer`, watched and stopped from other threads."""

    sql: str
    """The text that runs."""

    files: tuple[str, ...]
    """The files that it reads."""

    def answer(self, *, limits: Limits = EVERYTHING) -> Answer:
        """Run to the end, or until the limits are reached.

        Raises:
            QueryError: ENG002 when it fails, ENG003 for a file that cannot be read, ENG004 when cancelled,
                LIM003 when memory runs out.
        """

    def batches(self, rows: int = BATCH) -> Generator[pyarrow.Table, None, None]:
        """Run, and give the rows as they come, so many at once: each part as `Answer.arrow` would give it.

        Raises:
            QueryError: as `answer` does, also after some of the rows were given.
        """

    def cancel(self) -> None:
        """Stop it: `answer` raises ENG004. Nothing happens when it is done already."""

    def progress(self) -> float | None:
        """How much is done, from 0 to 1; None while that is not known."""

    def scanned(self) -> int | None:
        """How many rows its files hold; None where only reading them would tell."""


class Engine(Protocol):
    """A place where tables are and plans run. May be used from several threads."""

    def attach(self, name: str, source: Source) -> Schema:
        """Make a source known as a table, in the place of one of the same name.

        Raises:
            QueryError: ENG003 for a file that cannot be read, ING001 for what cannot be a table.
        """

    def compile(self, relation: Node) -> str:
        """The SQL text for a plan.

        Raises:
            QueryError: ENG001 for what this engine does not offer.
        """

    def start(self, relation: Node) -> Run:
        """A query that can be watched and cancelled. It does not run before its `answer` is asked for."""

    def prepare(self, relation: Node) -> Prepared:
        """A query that runs again and again, over other data frames of the same columns each time."""

    def run(self, relation: Node) -> Answer:
        """The answer of a plan. Errors are those of `compile` and of `Run.answer`."""

    def cancel(self) -> None:
        """Stop every query that runs now."""

    def close(self) -> None:
        """Stop everything and give back memory and files."""
