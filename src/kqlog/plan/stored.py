"""What a plan says to a table that is made of files, and what such a table tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from kqlog.types import Type


@dataclass(frozen=True, slots=True)
class Bound:
    """What every row that counts fulfils: `column operator value`, with one of < <= > >= ==; null never does."""

    column: str
    type: Type
    operator: str
    value: bool | int | float | Decimal | str


class Stored(Protocol):
    """A version of a table that is made of files: what comes in later is not in it."""

    @property
    def shape(self) -> str:
        """A file without rows that has all columns: an old file may lack some."""

    def files(self, bounds: Iterable[Bound] = ()) -> list[str]:
        """The files that may have rows within all bounds."""

    def digits(self, files: Iterable[str]) -> dict[str, str]:
        """The columns of these files that hold the seventh digits of datetime columns, by the names of those."""
