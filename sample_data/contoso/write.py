"""Rows -> one Parquet file that DuckDB, Spark, pandas and Polars read with the types meant here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from .company import WORKSPACE
from .log import Row, time_generated
from .tables import TABLES

_ARROW = {
    "bool": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "real": pa.float64(), "string": pa.string(),
    # With UTC in the type: an instant for every reader. Without it, Spark takes it for a wall clock of the session's zone.
    "datetime": pa.timestamp("us", "UTC"),
    "dynamic": pa.string(), "guid": pa.string(),
}  # fmt: skip
# Arrow writes these two as plain text; DuckDB writes Parquet's own JSON and UUID, and so knows them again.
_CASTS = {"dynamic": "::JSON", "guid": "::UUID"}

_NOT_BILLED = {"AzureActivity", "Heartbeat"}


def _every_row(table: str) -> Row:
    """Columns with the same value in every row, unless the row says otherwise."""
    constants = {
        "TenantId": WORKSPACE,
        "Type": table,
        "SourceSystem": "Azure AD" if table == "SigninLogs" else "Azure",
        "_IsBillable": str(table not in _NOT_BILLED),
    }
    return {name: value for name, value in constants.items() if name in TABLES[table]}


def _cell(kind: str, value: object) -> object:
    if kind == "dynamic" and value is not None:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if kind == "string" and value is None:
        return ""  # a string is never null
    return value


def write(path: Path, table: str, rows: Sequence[Row]) -> None:
    """Write rows in order of TimeGenerated. Columns nobody filled are written too, empty."""
    types, constants = TABLES[table], _every_row(table)
    complete = [constants | row for row in sorted(rows, key=time_generated)]
    if "_BilledSize" in types:
        for row in complete:
            row["_BilledSize"] = float(sum(len(str(value)) for value in row.values()))
    arrays = {name: pa.array([_cell(kind, row.get(name)) for row in complete], _ARROW[kind]) for name, kind in types.items()}
    columns = ", ".join(f'"{name}"{_CASTS.get(kind, "")} AS "{name}"' for name, kind in types.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.register("complete", pa.table(arrays))
        options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 12"
        connection.execute(f"COPY (SELECT {columns} FROM complete) TO '{path}' ({options})")
