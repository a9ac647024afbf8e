"""What a reader is: how a format is known by its first lines, and how its lines or its items become rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kqlog.types import Type

Row = dict[str, object]


class UnreadableError(ValueError):
    """Why a line or an item is not of its format. Whoever reads the file knows the place."""


class Parser:
    """Turns the lines of one file into rows, one after the other. What an earlier line said about later ones is kept."""

    pending = False
    """Whether the last line was the beginning of a row that the next one goes on with."""

    def is_header(self, line: str) -> bool:
        """Whether a line says what later ones mean. Who begins in the middle of a file gives these first."""
        return False

    def feed(self, line: str) -> list[Row]:
        """The rows of a line, which has no end-of-line characters.

        Raises:
            UnreadableError: the line is not of this format.
        """
        raise NotImplementedError

    def forget(self) -> None:
        """Drop the beginning of a row that is not whole yet."""


@dataclass(frozen=True)
class Format:
    """A format of files, and the table that its rows belong in."""

    name: str
    about: str
    recognises: Callable[[str], bool]
    """Whether the beginning of a file can be nothing else."""
    parser: Callable[[], Parser] | None = None
    items: str = ""
    """Where the rows are in a file that is one JSON value, in ijson's words."""
    convert: Callable[[Row], Row] = dict
    """What an item of such a file is as a row."""
    table: Callable[[Row], str] | None = None
    """The table of Azure Monitor, or the usual one, that a row belongs in."""
    fit: Callable[[list[Row], frozenset[str]], None] | None = None
    """Makes rows fit a table of these columns, which new ones widen. Without it a table of Azure Monitor stays as it is."""
    types: Callable[[Iterable[str]], dict[str, Type]] | None = None
    """What the names of columns say of the types of their texts."""
    texts_only: bool = False
    """Whether its values are texts whose types are to be found out."""
