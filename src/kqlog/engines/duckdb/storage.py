"""How DuckDB reads files and calls Python functions, and what its errors mean."""

from __future__ import annotations

import inspect
import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kqlog.engines.duckdb.columns import described
from kqlog.engines.duckdb.dialect import TYPES
from kqlog.engines.duckdb.text_files import csv_table, external_text, json_table, listed, refuse_renamed
from kqlog.engines.engine import FileFormat, Files
from kqlog.engines.sql.dialect import Kernel, StoredColumn, StoredTable
from kqlog.engines.sql.select import quote
from kqlog.errors import QueryError
from kqlog.functions.declare import quoted
from kqlog.plan.nodes import External, Scan
from kqlog.plan.stored import Stored
from kqlog.types import UNIX_EPOCH_TICKS, Column, Type

if TYPE_CHECKING:
    import duckdb
    import pyarrow

_EXTRAS = {"geographiclib": "geo", "h3": "geo", "shapely": "geo", "ua_parser": "agents", "maxminddb": "geoip"}
"""The packages that some functions need, and what kqlog is installed with to have them."""
_PARQUET = ".parquet"
_MANY_FILES = 200
"""Reading the statistics of more files than this costs more than it saves."""
_TICKS = {"s": "{value} * 10000000", "ms": "{value} * 10000", "us": "{value} * 10", "ns": "{value} // 100"}
"""Durations of Arrow as ticks, by their units."""


def setting(value: object) -> str:
    """The value of a setting as SQL."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case list():
            return f"[{', '.join(quoted(str(item)) for item in value)}]"
        case _:
            return quoted(str(value))


# ---------------------------------------------------------------------------------------------------------------- files


def files_table(cursor: duckdb.DuckDBPyConnection, files: Files) -> StoredTable:
    """The table that files make up. Text files are read once as a whole, to know what types they hold."""
    match files.format:
        case FileFormat.PARQUET:
            table = _parquet_table(cursor, files)
        case FileFormat.CSV:
            table = csv_table(cursor, files)
        case FileFormat.JSON | FileFormat.JSONL:
            table = json_table(cursor, files)
    return replace(table, files=files.paths)


def _parquet_table(cursor: duckdb.DuckDBPyConnection, files: Files) -> StoredTable:
    paths = listed(files.paths)
    named = ", union_by_name = true" if len(files.paths) > 1 else ""
    hive = ", hive_partitioning = true" if files.hive else ""
    table = described(cursor, f"read_parquet({paths}{named}{hive})", _without_nulls(cursor, paths, len(files.paths)))
    names = f"select distinct name from parquet_schema({paths})"
    refuse_renamed(table.columns, lambda: [name for (name,) in cursor.execute(names).fetchall()])
    return StoredTable(table.source, table.columns | _durations(cursor, paths, table))


def rows_in(cursor: duckdb.DuckDBPyConnection, files: Sequence[str]) -> int | None:
    """How many rows Parquet files have; None for other files, or for so many that to look would take long."""
    if not files or len(files) > _MANY_FILES or not all(file.endswith(_PARQUET) for file in files):
        return None
    (rows,) = cursor.execute(f"select sum(num_rows)::BIGINT from parquet_file_metadata({listed(tuple(files))})").fetchall()[0]
    return int(rows)


def _durations(cursor: duckdb.DuckDBPyConnection, paths: str, table: StoredTable) -> dict[str, StoredColumn]:
    """The columns that Arrow wrote as durations: Parquet has no type for them, so only Arrow's own schema tells."""
    numbers = {name: column for name, column in table.columns.items() if column.stored == "BIGINT"}
    if not numbers:
        return {}
    kept = f"""select file_name, decode(value) from parquet_kv_metadata({paths}) where decode(key) = 'ARROW:schema'"""
    schemas = {text for _, text in cursor.execute(kept).fetchall()}
    if not schemas:
        return {}
    from pyarrow import ipc, py_buffer, types

    units: dict[str, set[str]] = {}
    for schema in schemas:
        for field in ipc.read_schema(py_buffer(b64decode(schema))):
            if field.name in numbers:
                units.setdefault(field.name, set()).add(field.type.unit if types.is_duration(field.type) else "")
    found = {}
    for name, one in units.items():
        if len(one) > 1:
            raise QueryError("ING001", f"column '{name}' is a duration in other units, or none, in other files of the table")
        if (unit := one.pop()) in _TICKS:
            found[name] = numbers[name]._replace(type=Type.TIMESPAN, sql=f"({_TICKS[unit].format(value=quote(name))})")
    return found


def _without_nulls(cursor: duckdb.DuckDBPyConnection, listed: str, files: int) -> frozenset[str]:
    """The columns of Parquet files that have no null, by their footers."""
    if files > _MANY_FILES:
        return frozenset()
    sql = f"""select path_in_schema from parquet_metadata({listed}) group by path_in_schema
        having bool_and(coalesce(stats_null_count, 1) = 0) and count(distinct file_name) = {files}"""
    return frozenset(name for (name,) in cursor.execute(sql).fetchall())


def stored_table(node: Scan, stored: Stored) -> StoredTable:
    """A version of a table in files of kqlog's own: those that may have the rows that are asked for."""
    files = stored.files(node.bounds)
    digits = stored.digits(files)
    columns = {column.name: _of_store(column, digits.get(column.name)) for column in node.columns}
    if files:
        source = f"read_parquet({listed((stored.shape, *files))}, union_by_name = true, hive_partitioning = false)"
    else:
        nulls = ", ".join(f"NULL::{_STORED[column.type]} as {quote(column.name)}" for column in node.columns)
        source = f"(select {nulls or '1'} where false)"
    return StoredTable(source, columns, tuple(files))


_STORED = {**TYPES, Type.DATETIME: "TIMESTAMP WITH TIME ZONE", **dict.fromkeys((Type.GUID, Type.DYNAMIC), "VARCHAR")}
"""The types of columns in a store's files, which other readers know, too."""


def _of_store(column: Column, digits: str | None) -> StoredColumn:
    stored, sql = _STORED[column.type], quote(column.name)
    match column.type:
        case Type.STRING:
            return StoredColumn(column.name, column.type, f"coalesce({sql}, '')", stored, False)
        case Type.DATETIME if digits:
            value = f"(epoch_us({sql}) * 10 + {UNIX_EPOCH_TICKS} + coalesce({quote(digits)}, 0))"
            # A comparison with the timestamp alone would miss the seventh digit.
            return StoredColumn(column.name, column.type, value, coarse=stored)
        case Type.DATETIME:
            return StoredColumn(column.name, column.type, f"(epoch_us({sql}) * 10 + {UNIX_EPOCH_TICKS})", stored)
        case _:
            wanted = TYPES[column.type]
            return StoredColumn(column.name, column.type, sql if stored == wanted else f"{sql}::{wanted}", stored)


def external_table(cursor: duckdb.DuckDBPyConnection, node: External, root: Path | None) -> StoredTable:
    """The table of an externaldata: files below the root, with the columns that the query names."""
    folder = root if root is None or root.is_dir() else root.parent
    paths = tuple(str(folder / path if folder else Path(path)) for path in node.files)
    if node.format != FileFormat.PARQUET:
        return replace(external_text(cursor, node, paths), files=paths)
    found = files_table(cursor, Files(paths, FileFormat.PARQUET))
    return StoredTable(found.source, {column.name: _declared(column, found) for column in node.columns}, paths)


def _declared(column: Column, found: StoredTable) -> StoredColumn:
    stored = found.columns.get(column.name)
    if stored is None or stored.type is not column.type:
        what = "there is none of that name" if stored is None else f"it is {stored.type.one} in the file"
        raise QueryError("ING001", f"column '{column.name}' cannot be read as {column.type}: {what}")
    return stored


# ---------------------------------------------------------------------------------------------------------------- functions


def register_kernel(connection: duckdb.DuckDBPyConnection, kernel: Kernel) -> None:
    """Make a Python function known to SQL."""
    function = _kernel(*kernel.function.split("."))
    called = _over_columns(function) if kernel.whole else _over_arrays(function)
    _take(called, len(kernel.arguments))
    kinds: Any = {"type": "arrow", "null_handling": "special"}
    connection.create_function(kernel.name, called, list(kernel.arguments), kernel.result, side_effects=kernel.volatile, **kinds)


def _kernel(module: str, name: str) -> Callable[..., Any]:
    try:
        return getattr(import_module(f"kqlog.functions.kernels.{module}"), name)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        hint = f"pip install 'kqlog[{_EXTRAS[error.name]}]'"
        raise QueryError("ENG001", f"the query needs the Python package {error.name}", hint=hint) from None


def _take(function: Any, count: int) -> None:
    """Say how many arguments a function takes: DuckDB counts `*columns` as one."""
    parameters = [inspect.Parameter(f"column{number}", inspect.Parameter.POSITIONAL_ONLY) for number in range(count)]
    function.__signature__ = inspect.Signature(parameters)


def _over_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function given Arrow arrays; DuckDB has chunked ones."""
    # A lambda, as DuckDB evaluates the annotations of what it is given.
    return lambda *columns: function(*map(_one_array, columns))


def _over_columns(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function given the elements of one list for each argument; its result as one list."""
    return lambda *columns: _one_list(function(*[_one_array(column).flatten() for column in columns]))


def _one_list(elements: Any) -> pyarrow.ListArray:
    import pyarrow

    return pyarrow.ListArray.from_arrays([0, len(elements)], elements)


def _one_array(column: pyarrow.ChunkedArray) -> pyarrow.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


# ---------------------------------------------------------------------------------------------------------------- errors


def query_error(error: duckdb.Error | OSError, files: Sequence[str]) -> QueryError:
    """DuckDB's error as kqlog's: its first line, without the query around it."""
    message = str(error).split("\n", 1)[0]
    if type(error).__name__ == "InterruptException" or message.startswith("INTERRUPT Error"):
        return QueryError("ENG004", "the query was cancelled")
    if type(error).__name__ == "OutOfMemoryException" or message.startswith("Out of Memory Error"):
        hint = "narrow the time range, keep fewer columns, or allow more memory"
        return QueryError("LIM003", "the query needs more memory than it was allowed", hint=hint)
    if raised := re.search(r"executing the UDF: QueryError: ([A-Z]{3}\d{3}): (.*)", message):
        return QueryError(raised[1], raised[2])
    if "Max expression depth" in message:
        return QueryError("LIM001", "the query is nested more deeply than the engine reads")
    if zone := re.search(r"Unknown TimeZone '(.*)'", message):
        return QueryError("SEM002", f"there is no time zone '{zone[1]}'", hint="datetime_list_timezones() lists them")
    if not files and re.search(
        r"Overflow (in|on) |out of range for the destination type|Could not .* to DECIMAL\(38,18\)", message
    ):
        # Only sums of decimals are more than a HUGEINT holds.
        type_ = "an int" if "INT32" in message else "a decimal" if re.search("DECIMAL|in HUGEINT", message) else "a long"
        hint = "calculate with reals, as in todouble(x)"
        return QueryError("ENG002", f"overflow: a number is larger than {type_} can hold", hint=hint)
    if line := re.search(r"CSV Error on Line: (\d+)", message):
        return _unreadable_line(str(error), line[1], files)
    found = re.match(r"[\w ]+ Error: (.*)", message)
    text = found[1] if found else message
    place = re.search(r"""["'](/[^"']+)["']""", message)
    is_input = type(error).__name__ in {"IOException", "PermissionException"} or re.match("(IO|Permission) Error", message)
    if files or is_input or (place and "file" in message.lower()):
        name = place[1] if place else files[0] if files else ""
        if "disabled by configuration" in message:
            text = "it is not in the connected folder"
        elif "No files found" in message:
            text = "there is no such file"
        return QueryError("ENG003", f"cannot read '{name}': {text}" if name else text)
    return QueryError("ENG002", f"the engine failed: {text}")


def _unreadable_line(message: str, line: str, files: Sequence[str]) -> QueryError:
    """What is wrong with a line of a CSV file."""
    named = re.search(r"(?m)^ +file = (.*)$", message)
    place = f"line {line} of '{named[1] if named else files[0] if files else ''}'"
    if "not utf-8" in message:
        return QueryError(
            "ENG003", f"{place} is not UTF-8", hint="save the file as UTF-8, as iconv does: iconv -f latin1 -t utf-8"
        )
    if counts := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message):
        hint = "put quotes around a value that has the delimiter in it"
        return QueryError("ENG003", f"{place} has {counts[2]} values where {counts[1]} belong", hint=hint)
    if "unterminated quote" in message:
        return QueryError("ENG003", f"{place} has a quote that is never closed")
    reason = message.split("\n")[1:3]
    return QueryError("ENG003", f"cannot read {place}: {' '.join(reason)}")
