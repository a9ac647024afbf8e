"""The rows of a finished query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kqlog.engines.duckdb.dialect import TYPES
from kqlog.types import Schema, Type

if TYPE_CHECKING:
    import pyarrow

HEAD = 4096
"""Answers of no more rows than this never need Arrow, which takes longer to import than to use."""


class DuckDBAnswer:
    """Rows as DuckDB gave them: the first ones as tuples, the rest, if there are any, as an Arrow table."""

    def __init__(
        self, columns: Schema, head: list[tuple[Any, ...]], rest: pyarrow.Table | None = None, *, truncated: bool = False
    ) -> None:
        self.columns = columns
        self.truncated = truncated
        if not columns:
            # SQL has no rows without a column, so what is here is made up.
            head, rest = [], None
        guids = [position for position, column in enumerate(columns) if column.type is Type.GUID]
        self._head = [_with_text(row, guids) for row in head] if guids else head
        self._rest = rest

    def __len__(self) -> int:
        return len(self._head) + (0 if self._rest is None else self._rest.num_rows)

    def first(self, count: int) -> list[tuple[Any, ...]]:
        """The first rows: so many, or all."""
        if self._rest is None or count <= len(self._head):
            return self._head[:count]
        rest = self._rest.slice(0, count - len(self._head))
        return self._head + list(zip(*[column.to_pylist() for column in rest.columns], strict=True))

    def rows(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.first(len(self))

    def arrow(self) -> pyarrow.Table:
        """All rows as an Arrow table."""
        import pyarrow

        schema = arrow_schema(self.columns)
        columns = zip(*self._head, strict=True) if self._head else [()] * len(schema)
        head = pyarrow.table(
            [pyarrow.array(column, type_) for column, type_ in zip(columns, schema.types, strict=True)], schema=schema
        )
        if self._rest is None:
            return head
        return pyarrow.concat_tables([head, self._rest.rename_columns(schema.names).cast(schema)])


def _with_text(row: tuple[Any, ...], positions: list[int]) -> tuple[Any, ...]:
    """A row with UUIDs as text."""
    return tuple([str(value) if at in positions and value is not None else value for at, value in enumerate(row)])


def arrow_schema(columns: Schema) -> pyarrow.Schema:
    """The columns of an answer in Arrow."""
    import pyarrow

    return pyarrow.schema([(column.name, _arrow_type(column.type)) for column in columns])


def _arrow_type(type_: Type) -> pyarrow.DataType:
    import pyarrow

    match TYPES[type_]:
        case "BOOLEAN":
            return pyarrow.bool_()
        case "INTEGER":
            return pyarrow.int32()
        case "BIGINT":
            return pyarrow.int64()
        case "DOUBLE":
            return pyarrow.float64()
        case "VARCHAR" | "UUID" | "JSON":
            return pyarrow.string()
        case _:
            return pyarrow.decimal128(38, 18)
