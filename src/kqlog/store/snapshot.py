"""A table as it was at one moment: its columns, and its files with what they are known to hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.plan.stored import Bound
from kqlog.store.columns import DAY, digit_column, kql_schema
from kqlog.types import TICKS_PER_DAY, UNIX_EPOCH_TICKS, Schema, Type

if TYPE_CHECKING:
    from deltalake import DeltaTable

DIGITS = ".digits.parquet"
"""How the names of files end that have columns of seventh digits."""


class Snapshot:
    """One version of a table. Immutable: what comes in later is not in it."""

    def __init__(self, folder: Path, table: DeltaTable, shape: Path) -> None:
        self.version = table.version()
        self.columns = kql_schema(pa.schema(table.schema().to_arrow()))
        self._folder = folder
        self._shape = shape
        self._adds = pa.table(table.get_add_actions(flatten=True))

    @property
    def shape(self) -> str:
        """A file without rows that has all columns: an old file may lack some."""
        return str(self._shape)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(np.sum(self._adds.column("num_records").to_numpy()))

    def days(self) -> list[tuple[int, int]]:
        """The days that there are rows of, each by its first and its last tick."""
        days = pc.unique(self._adds.column(f"partition.{DAY}").cast(pa.date32()).cast(pa.int32()).drop_null()).to_pylist()
        firsts = [day * TICKS_PER_DAY + UNIX_EPOCH_TICKS for day in days]
        return [(first, first + TICKS_PER_DAY - 1) for first in firsts]

    def files(self, bounds: Iterable[Bound] = ()) -> list[str]:
        """The files that may have rows within all bounds."""
        kept = np.ones(self._adds.num_rows, bool)
        for bound in bounds:
            kept &= self._may_hold(bound)
        return [f"{self._folder}/{path}" for path in self._adds.column("path").filter(pa.array(kept)).to_pylist()]

    def times(self) -> dict[str, int | None]:
        """The least TimeGenerated of each file in ticks; None where it is not known."""
        paths, least = self._adds.column("path").to_pylist(), self._adds_column("min.TimeGenerated")
        if least is None:
            return dict.fromkeys(paths)
        known = zip(paths, pc.is_null(least).to_pylist(), _comparable(least, Type.DATETIME).tolist(), strict=True)
        return {path: None if unknown else ticks for path, unknown, ticks in known}

    def digits(self, files: Iterable[str]) -> dict[str, str]:
        """The columns of these files that hold the seventh digits of datetime columns, by the names of those."""
        return digit_columns(self.columns, files)

    def _may_hold(self, bound: Bound) -> np.ndarray:
        least, most = (self._adds_column(f"{name}.{bound.column}") for name in ("min", "max"))
        if least is None or most is None:
            return np.ones(self._adds.num_rows, bool)
        low, high = (_comparable(column, bound.type) for column in (least, most))
        unknown = (pc.is_null(least).to_numpy() | pc.is_null(most).to_numpy()).astype(bool)
        if bound.type is Type.DATETIME:
            # The seventh digit is not in the statistics.
            high = high + 9
        match bound.operator:
            case ">" | ">=":
                inside = high >= bound.value
            case "<" | "<=":
                inside = low <= bound.value
            case _:
                inside = (low <= bound.value) & (high >= bound.value)
        return np.asarray(unknown | inside)

    def _adds_column(self, name: str) -> pa.ChunkedArray | None:
        return self._adds.column(name) if name in self._adds.column_names else None


def digit_columns(columns: Schema, files: Iterable[str]) -> dict[str, str]:
    """The columns of files that hold the seventh digits of datetime columns, by the names of those."""
    if not any(file.endswith(DIGITS) for file in files):
        return {}
    return {column.name: digit_column(column.name) for column in columns if column.type is Type.DATETIME}


def _comparable(column: pa.ChunkedArray, type_: Type) -> np.ndarray:
    """Extremes as the constants of a query are: datetimes in ticks. What stands for null does not matter."""
    if type_ is Type.DATETIME:
        return np.asarray(pc.fill_null(column.cast(pa.int64()), 0).to_numpy() * 10 + UNIX_EPOCH_TICKS)
    if type_ is Type.STRING:
        return np.array(pc.fill_null(column.cast(pa.string()), "").to_pylist(), object)
    return np.asarray(pc.fill_null(column, 0).to_numpy())
