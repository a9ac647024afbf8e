"""How DuckDB reads stored tables: files, data frames, and Python functions, each with its columns as kqlog computes with them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kqlog.engines.duckdb.dialect import TYPES
from kqlog.engines.engine import FileFormat, Files
from kqlog.engines.sql.dialect import Kernel, StoredColumn, StoredTable
from kqlog.engines.sql.select import quote
from kqlog.errors import QueryError
from kqlog.functions.declare import quoted
from kqlog.plan.nodes import External
from kqlog.types import UNIX_EPOCH_TICKS, Column, Type

if TYPE_CHECKING:
    import duckdb
    import pyarrow

_INTS = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"}
_LONGS = {"BIGINT", "UINTEGER"}
_MOMENTS = {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}
_SAME = {
    "BOOLEAN": Type.BOOL,
    "INTEGER": Type.INT,
    "BIGINT": Type.LONG,
    "DOUBLE": Type.REAL,
    "UUID": Type.GUID,
    "JSON": Type.DYNAMIC,
}
"""The types that need no conversion."""
_EXTRAS = {"h3": "geo", "shapely": "geo"}
"""The packages that some functions need, and what kqlog is installed with to have them."""
_MANY_FILES = 200
"""Reading the statistics of more files than this costs more than it saves."""


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
    hive = ", hive_partitioning = true" if files.hive else ""
    named = ", union_by_name = true" if len(files.paths) > 1 else ""
    listed = _listed(files.paths)
    match files.format:
        case FileFormat.PARQUET:
            source = f"read_parquet({listed}{named}{hive})"
            return described(cursor, source, _without_nulls(cursor, listed, len(files.paths)))
        case FileFormat.CSV:
            start = f"read_csv({listed}{named}{hive}"
            return _text_table(cursor, f"{start}, sample_size = -1)", f"{start}, types = {{}})", files)
        case FileFormat.JSON | FileFormat.JSONL:
            layout = "newline_delimited" if files.format is FileFormat.JSONL else "auto"
            start = f"read_json({listed}, format = '{layout}'{named}{hive}"
            sniffed = f"{start}, sample_size = -1, maximum_depth = 2)"
            return _text_table(cursor, sniffed, f"{start}, columns = {{}})", files)


def _text_table(cursor: duckdb.DuckDBPyConnection, sniffed: str, reading: str, files: Files) -> StoredTable:
    """A table of CSV or JSON files, with the types that all their rows have."""
    json = files.format is not FileFormat.CSV
    types = _columns_of(cursor, sniffed)
    iso = json or not _has_own_formats(cursor, files.paths[0])
    columns: dict[str, StoredColumn] = {}
    read: dict[str, str] = {}
    for name, kind in types.items():
        if kind in _MOMENTS and iso:
            # As text: the seventh digit would be lost otherwise.
            columns[name] = StoredColumn(name, Type.DATETIME, _text_moment(quote(name)))
            read[name] = "VARCHAR"
        else:
            # Nested JSON stays the text it is.
            read[name] = "JSON" if json and _is_nested(kind) else kind.replace('"NULL"', "JSON")
            columns[name] = stored_column(name, read[name])
    partitions = set(_partition_names(files)) if files.hive else set()
    listed = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in read.items() if name not in partitions)
    return StoredTable(reading.replace("{}", f"{{{listed}}}"), columns)


def _partition_names(files: Files) -> Iterable[str]:
    return (part.split("=", 1)[0] for path in files.paths for part in Path(path).parts[:-1] if "=" in part)


def _has_own_formats(cursor: duckdb.DuckDBPyConnection, path: str) -> bool:
    """Whether moments in a CSV file are written in another way than ISO 8601."""
    row = cursor.execute(f"select TimestampFormat from sniff_csv({quoted(path)})").fetchone()
    return bool(row and row[0])


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "JSON", "VARIANT"))


def _listed(paths: Sequence[str]) -> str:
    # Wildcards in a name would be read as such.
    texts = [quoted(re.sub(r"([*?\[])", r"[\1]", path)) for path in paths]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _without_nulls(cursor: duckdb.DuckDBPyConnection, listed: str, files: int) -> frozenset[str]:
    """The columns of Parquet files that have no null, by their footers."""
    if files > _MANY_FILES:
        return frozenset()
    sql = f"""select path_in_schema from parquet_metadata({listed}) group by path_in_schema
        having bool_and(coalesce(stats_null_count, 1) = 0) and count(distinct file_name) = {files}"""
    return frozenset(name for (name,) in cursor.execute(sql).fetchall())


def external_table(cursor: duckdb.DuckDBPyConnection, node: External, root: Path | None) -> StoredTable:
    """The table of an externaldata: files below the root, with the columns that the query names."""
    paths = tuple(str(root / path if root and root.is_dir() else Path(path)) for path in node.files)
    names = ", ".join(f"{quoted(column.name)}: {quoted(_read_as(column.type))}" for column in node.columns)
    match FileFormat(node.format):
        case FileFormat.PARQUET:
            found = files_table(cursor, Files(paths, FileFormat.PARQUET))
            return StoredTable(found.source, {column.name: _declared(column, found) for column in node.columns})
        case FileFormat.CSV:
            layout = f"""delim = ',', quote = '"', escape = '"', header = {setting(dict(node.options).get("header", False))}"""
            source = f"read_csv({_listed(paths)}, auto_detect = false, {layout}, columns = {{{names}}})"
        case FileFormat.JSON | FileFormat.JSONL:
            source = f"read_json({_listed(paths)}, columns = {{{names}}})"
    return StoredTable(source, {column.name: _as_declared(column) for column in node.columns})


def _read_as(type_: Type) -> str:
    return "VARCHAR" if type_ in {Type.DATETIME, Type.TIMESPAN} else TYPES[type_]


def _as_declared(column: Column) -> StoredColumn:
    if column.type is Type.DATETIME:
        return StoredColumn(column.name, column.type, _text_moment(quote(column.name)))
    if column.type is Type.TIMESPAN:
        return StoredColumn(column.name, column.type, f"(epoch_us({quote(column.name)}::INTERVAL) * 10)")
    return stored_column(column.name, _read_as(column.type))


def _declared(column: Column, found: StoredTable) -> StoredColumn:
    stored = found.columns.get(column.name)
    if stored is None or stored.type is not column.type:
        what = "there is none of that name" if stored is None else f"it is a {stored.type} in the file"
        raise QueryError("ING001", f"column '{column.name}' cannot be read as {column.type}: {what}")
    return stored


# ---------------------------------------------------------------------------------------------------------------- frames


def frame_name(table: str) -> str:
    """What SQL calls a data frame. A step that reads it may have the table's name."""
    return f"{table} (frame)"


def frame(data: object) -> object:
    """A data frame that DuckDB can read, with column names that differ even where case is ignored."""
    names = [str(name) for name in getattr(data, "column_names", getattr(data, "columns", ()))]
    if len({name.casefold() for name in names}) == len(names):
        return data
    raise QueryError("ING001", "a data frame has two columns whose names differ in case only", hint="rename one of them")


# ---------------------------------------------------------------------------------------------------------------- columns


def described(cursor: duckdb.DuckDBPyConnection, source: str, without_nulls: frozenset[str] = frozenset()) -> StoredTable:
    """A source with its columns as kqlog computes with them."""
    types = _columns_of(cursor, source)
    columns = {name: stored_column(name, kind, nullable=name not in without_nulls) for name, kind in types.items()}
    for name, kind in types.items():
        if kind in {"UBIGINT", "HUGEINT", "UHUGEINT"}:
            columns[name] = _wide(cursor, source, columns[name])
    return StoredTable(source, columns)


def _columns_of(cursor: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    rows = cursor.execute(f"select column_name, column_type from (describe select * from {source})").fetchall()
    return dict(rows)


def _wide(cursor: duckdb.DuckDBPyConnection, source: str, column: StoredColumn) -> StoredColumn:
    """A column of more than 64 bits: a long if all its values fit, else a decimal."""
    name = quote(column.name)
    sql = f"select bool_and({name} between -9223372036854775808 and 9223372036854775807) from {source}"
    row = cursor.execute(sql).fetchone()
    if row is None or row[0] is False:
        return column
    return column._replace(type=Type.LONG, sql=f"{name}::BIGINT")


def stored_column(name: str, kind: str, *, nullable: bool = True) -> StoredColumn:
    """A column by the type it has in DuckDB."""
    sql = quote(name)
    type_, converted = _conversion(kind, sql)
    if type_ is Type.STRING and nullable:
        converted = f"coalesce({converted}, '')"
    return StoredColumn(name, type_, converted, kind, nullable and type_ is not Type.STRING)


def _conversion(kind: str, sql: str) -> tuple[Type, str]:
    if kind in _SAME:
        return _SAME[kind], sql
    if kind in _INTS:
        return Type.INT, f"{sql}::INTEGER"
    if kind in _LONGS:
        return Type.LONG, f"{sql}::BIGINT"
    if kind in {"UBIGINT", "HUGEINT", "UHUGEINT"} or kind.startswith(("DECIMAL", "BIGNUM")):
        exact = TYPES[Type.DECIMAL]
        return Type.DECIMAL, sql if kind == exact else f"try_cast({sql} as {exact})"
    if kind == "FLOAT":
        return Type.REAL, f"{sql}::DOUBLE"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return Type.DATETIME, _moment(kind, sql)
    if kind in {"INTERVAL", "TIME"}:
        return Type.TIMESPAN, f"(epoch_us({sql}) * 10)"
    if kind == "TIME_NS":
        return Type.TIMESPAN, f"(epoch_ns({sql}) // 100)"
    return _text_or_dynamic(kind, sql)


def _text_or_dynamic(kind: str, sql: str) -> tuple[Type, str]:
    if kind == "BLOB":
        return Type.STRING, f"coalesce(try(decode({sql})), to_base64({sql}))"
    if _is_nested(kind) or kind == '"NULL"':
        return Type.DYNAMIC, f"nullif(to_json({sql}), 'null')"
    return Type.STRING, sql if kind == "VARCHAR" else f"{sql}::VARCHAR"


def _moment(kind: str, sql: str) -> str:
    if kind in {"TIMESTAMP_NS", "TIMESTAMPTZ_NS"}:
        # Whole ticks at or before it; division alone would round those before 1970 up.
        nanoseconds = f"epoch_ns({sql})"
        return f"(({nanoseconds} - ({nanoseconds} % 100 + 100) % 100) // 100 + {UNIX_EPOCH_TICKS})"
    return f"(epoch_us({sql}) * 10 + {UNIX_EPOCH_TICKS})"


def _text_moment(sql: str) -> str:
    seventh = f"coalesce(try_cast(regexp_extract({sql}, '\\.\\d{{6}}(\\d)', 1) as INTEGER), 0)"
    return f"(epoch_us({sql}::TIMESTAMPTZ) * 10 + {UNIX_EPOCH_TICKS} + {seventh})"


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


def query_error(error: duckdb.Error, files: Sequence[str]) -> QueryError:
    """DuckDB's error as kqlog's: its first line, without the query around it."""
    message = str(error).split("\n", 1)[0]
    if raised := re.search(r"executing the UDF: QueryError: ([A-Z]{3}\d{3}): (.*)", message):
        return QueryError(raised[1], raised[2])
    if not files and re.search("Overflow (in|on) |out of range for the destination type", message):
        type_ = "an int" if "INT32" in message else "a decimal" if "DECIMAL" in message else "a long"
        hint = "calculate with reals, as in todouble(x)"
        return QueryError("ENG002", f"overflow: a number is larger than {type_} can hold", hint=hint)
    found = re.match(r"[\w ]+ Error: (.*)", message)
    text = found[1] if found else message
    place = re.search(r"""["'](/[^"']+)["']""", message)
    is_input = type(error).__name__ in {"IOException", "PermissionException"}
    if files or is_input or (place and "file" in message.lower()):
        name = place[1] if place else files[0] if files else ""
        return QueryError("ENG003", f"cannot read '{name}': {text}" if name else text)
    return QueryError("ENG002", f"the engine failed: {text}")
