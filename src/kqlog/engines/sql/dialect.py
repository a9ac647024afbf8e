"""What differs between SQL engines: how values, types, JSON paths and stored tables are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kqlog.functions.declare import Body, Signature
from kqlog.plan.nodes import External, Literal, Scan
from kqlog.types import Type


class Computed(NamedTuple):
    """A step of a JSON path that depends on the row."""

    sql: str
    type: Type


Step = str | int | Computed


class Native(NamedTuple):
    """A dynamic value as a type of SQL's own, where no one has asked for its JSON."""

    sql: str
    elements: Type
    """What it is a list of."""


class StoredColumn(NamedTuple):
    """A column of a stored table."""

    name: str
    """As the source calls it."""
    type: Type
    sql: str
    """Its value as kqlog computes with it, over the source's column."""
    stored: str = ""
    """The source's own type."""
    nullable: bool = True
    """False when its files are known to have no null in it."""
    native: Native | None = None
    """For a dynamic column that is stored as lists of numbers."""
    coarse: str = ""
    """The source's own type where that holds less than the value: without the last digit of a datetime."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """How SQL reads a table."""

    source: str
    """What follows FROM."""
    columns: dict[str, StoredColumn]
    files: tuple[str, ...] = ()
    """Where its rows are."""


class Kernel(NamedTuple):
    """A Python function over Arrow arrays that a statement calls."""

    function: str
    """`module.function` in kqlog.functions.kernels."""
    arguments: tuple[str, ...]
    result: str
    volatile: bool = False
    whole: bool = False
    """It gets whole columns (each as one list) and gives one (as a list), not values of one row."""

    @property
    def name(self) -> str:
        """The name in SQL, unquoted: one for each combination of argument types."""
        return f"{self.function}({', '.join(self.arguments)})" + (" over all rows" if self.whole else "")


class Dialect(Protocol):
    """One engine's SQL."""

    def body(self, signature: Signature) -> Body | None:
        """The text of a function on this engine."""

    def table(self, node: Scan | External) -> StoredTable:
        """How a stored table is read.

        Raises:
            QueryError: ENG003 for files that may not or cannot be read.
        """

    def literal(self, literal: Literal, *, bare: bool = False) -> str:
        """A constant. `bare`: what is next to it gives a number its type already."""

    def type_name(self, type_: Type) -> str:
        """The SQL type that holds a KQL type."""

    def list_type(self, elements: Type) -> str:
        """The SQL type of a list."""

    def record_type(self, fields: Mapping[str, str]) -> str:
        """The SQL type of a struct, from the types of its fields."""

    def field(self, sql: str, name: str) -> str:
        """A field of a struct."""

    def json(self, sql: str, *, reals: bool) -> str:
        """A list, a struct or a plain value as JSON. `reals`: NaN and the infinities in it, which are no JSON, become text."""

    def numbers(self, values: Sequence[float]) -> str:
        """A list of constant reals or longs."""

    def widened_list(self, native: Native, target: Type) -> str:
        """A list with elements of a wider type."""

    def widened(self, sql: str, target: Type) -> str:
        """A number as a wider type."""

    def path(self, sql: str, steps: tuple[Step, ...]) -> str:
        """A part of a JSON value; null for what is not there, and for a JSON null."""

    def path_text(self, sql: str, steps: tuple[Step, ...]) -> str:
        """The same as text, as tostring() gives it: '' for null."""

    def native_comparison(self, column: StoredColumn, operator: str, literal: Literal) -> str | None:
        """`column operator literal` on the column as it is stored, true for the same rows; None where there is no such text."""

    def elements(self, sql: str, *, pairs: bool) -> str:
        """A JSON value as the list that mv-expand makes of it."""

    def element(self, sql: str) -> str:
        """An element of such a list as a JSON value: null for a JSON null."""

    def fits(self, sql: str, type_: Type) -> str | None:
        """Whether a JSON value is one of a type as it is, without a conversion; None where that can always be."""

    def counted(self, start: str, stop: str, step: str, type_: Type, *, constant: bool) -> str:
        """A table of numbers from start to at most stop, for FROM. `constant`: no end of it is a query."""

    def sampled(self, rows: str) -> str:
        """A last clause that keeps so many rows at random."""

    def with_variable(self, variable: str, value: str, sql: str) -> str:
        """An expression in which a variable stands for a value that is computed once."""
