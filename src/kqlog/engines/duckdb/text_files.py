"""How DuckDB reads CSV, JSON and plain text: what types all rows of a file have, and which files are refused."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kqlog.engines.duckdb.columns import columns_of, is_nested, stored_column, wide_columns
from kqlog.engines.engine import FileFormat, Files
from kqlog.engines.sql.dialect import StoredColumn, StoredTable
from kqlog.engines.sql.select import quote
from kqlog.errors import QueryError
from kqlog.functions.conversions import FROM_TEXT
from kqlog.functions.declare import quoted
from kqlog.functions.dynamic import PARSE_JSON
from kqlog.plan.nodes import External
from kqlog.types import UNIX_EPOCH_TICKS, Column, Type

if TYPE_CHECKING:
    import duckdb

_MOMENTS = {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}
_DELIMITERS = {"csv": ",", "tsv": "\t", "psv": "|", "scsv": ";", "sohsv": "\1"}
"""What separates values, by the formats of externaldata."""
_NO_DELIMITER = "\1\2\3\4"
"""What no line of text has in it."""
_BLANK_LINES = 100
"""So many empty lines may stand before the first one of a CSV file."""
_PADDED = ", null_padding = true, parallel = false"
"""Rows that are too short get nulls. Several threads would not know where a row begins."""


def listed(paths: Sequence[str]) -> str:
    """Files as SQL names them."""
    # Wildcards in a name would be read as such.
    texts = [quoted(re.sub(r"([*?\[])", r"[\1]", path)) for path in paths]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def refuse_renamed(types: Iterable[str], names: Callable[[], Iterable[str]]) -> None:
    """Refuse names that differ in case only: DuckDB calls the second of `a` and `A` `A_1`. `names` are the real ones.

    Raises:
        QueryError: ING001.
    """
    lower = {name.casefold(): name for name in types}
    bases = {name: re.sub(r"_\d+$", "", name) for name in types}
    suspects = [base for name, base in bases.items() if base != name and base not in bases and base.casefold() in lower]
    if not suspects:
        return
    real = set(names())
    for base in suspects:
        if base in real and base not in bases:
            message = f"the columns '{lower[base.casefold()]}' and '{base}' differ in case only"
            raise QueryError("ING001", message, hint="rename one of them in the file")


# ------------------------------------------------------------------------------------------------------------------- CSV


class _Layout(NamedTuple):
    """How a CSV file is written: what separates values, and how many lines before the first are empty."""

    delimiter: str
    blank_lines: int
    first: tuple[str, ...]

    def options(self) -> str:
        """The same for read_csv, which would skip rows that do not fit if it were to find out itself."""
        return f"""delim = {quoted(self.delimiter)}, quote = '"', escape = '"', comment = '', skip = {self.blank_lines}"""


def csv_table(cursor: duckdb.DuckDBPyConnection, files: Files) -> StoredTable:
    """A table of CSV files, which are read once as a whole to know what types they hold.

    Raises:
        QueryError: ENG003 for a row with more values than the first, ING001 for files that are not written alike.
    """
    layout = _common_layout(cursor, files.paths)
    options, header, types = _sniffed(cursor, files, layout)
    if header:
        refuse_renamed(types, lambda: layout.first)
    start = f"read_csv({listed(files.paths)}{_of_many(files)}, {options}, header = {header}, types = {{}})"
    return _text_table(cursor, start, {name: kind.replace('"NULL"', "JSON") for name, kind in types.items()}, files)


def _of_many(files: Files) -> str:
    named = ", union_by_name = true" if len(files.paths) > 1 else ""
    return named + (", hive_partitioning = true" if files.hive else "")


def _common_layout(cursor: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> _Layout:
    layouts = [_layout(cursor, path) for path in paths]
    for path, layout in zip(paths, layouts, strict=True):
        if layout[:2] != layouts[0][:2]:
            message = f"'{Path(paths[0]).name}' and '{Path(path).name}' of one table separate their values differently"
            raise QueryError("ING001", message, hint="write the files of one table alike")
    return layouts[0]


def _layout(cursor: duckdb.DuckDBPyConnection, path: str) -> _Layout:
    lines = cursor.execute(f"select line from {_lines(path)} limit {_BLANK_LINES}").fetchall()
    blank = next((at for at, (line,) in enumerate(lines) if line), 0)
    first = lines[blank][0] or "" if lines else ""
    unquoted = re.sub(r'"[^"]*"?', "", first)
    delimiter = max(",;\t|", key=unquoted.count)
    return _Layout(delimiter, blank, tuple(next(csv.reader([first], delimiter=delimiter), ())))


def _lines(path: str) -> str:
    """A file as rows of one text; an empty line is null."""
    layout = f"delim = {quoted(_NO_DELIMITER)}, quote = '', escape = '', comment = '', header = false, strict_mode = false"
    return f"read_csv({listed([path])}, {layout}, auto_detect = false, columns = {{'line': 'VARCHAR'}})"


def _sniffed(cursor: duckdb.DuckDBPyConnection, files: Files, layout: _Layout) -> tuple[str, bool, dict[str, str]]:
    """The options that read all rows, whether the first is a header, and the types of all columns."""
    import duckdb

    for padding in ("", _PADDED):
        options = layout.options() + padding
        try:
            header, columns = _sniffed_file(cursor, files, options)
            reading = f"read_csv({listed(files.paths)}{_of_many(files)}, {options}, header = {header}"
            if len(files.paths) > 1 or files.hive:
                columns = columns_of(cursor, f"{reading}, sample_size = -1)")
            # The sniffer knows the types of all rows, but only the first ones' number of values.
            cursor.execute(f"select count(*) from {reading}, all_varchar = true)").fetchall()
        except duckdb.InvalidInputException as error:
            if padding:
                _find_uneven_row(cursor, files.paths)
                raise QueryError("ENG003", f"cannot read '{files.paths[0]}' as CSV") from error
        else:
            return options, header, columns
    raise AssertionError(files)


def _sniffed_file(cursor: duckdb.DuckDBPyConnection, files: Files, options: str) -> tuple[bool, dict[str, str]]:
    given = "" if files.header is None else f", header = {files.header}"
    sql = f"select HasHeader, Columns from sniff_csv({listed(files.paths[:1])}, {options}{given}, sample_size = -1)"
    ((header, columns),) = cursor.execute(sql).fetchall()
    return header, {column["name"]: column["type"] for column in columns}


def _find_uneven_row(cursor: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> None:
    """Read files until DuckDB says which line of which file does not fit: the sniffer does not."""
    for path in paths:
        layout = _layout(cursor, path)
        names = ", ".join(f"'{number}': 'VARCHAR'" for number in range(len(layout.first)))
        reading = f"read_csv({listed([path])}, {layout.options()}, header = false, auto_detect = false, columns = {{{names}}}"
        for padding in (_PADDED, ""):
            cursor.execute(f"select count(*) from {reading}{padding})").fetchall()


# ------------------------------------------------------------------------------------------------------------------ JSON


def json_table(cursor: duckdb.DuckDBPyConnection, files: Files) -> StoredTable:
    """A table of JSON files, which are read once as a whole to know what types they hold."""
    layout = "newline_delimited" if files.format is FileFormat.JSONL else "auto"
    start = f"read_json({listed(files.paths)}, format = '{layout}'{_of_many(files)}"
    # Without a map for what is nested, keys in it that differ in case only would be an error.
    types = columns_of(cursor, f"{start}, sample_size = -1, maximum_depth = 2, map_inference_threshold = 0)")
    objects = f"read_json_objects({listed(files.paths)}, format = '{layout}')"
    keys = f"select distinct unnest(json_keys(json)) from {objects} where json_type(json) = 'OBJECT'"
    refuse_renamed(types, lambda: [key for (key,) in cursor.execute(keys).fetchall()])
    # What is nested stays the text it is.
    read = {name: "JSON" if is_nested(kind) or kind == '"NULL"' else kind for name, kind in types.items()}
    return _text_table(cursor, f"{start}, columns = {{}})", read, files)


# ------------------------------------------------------------------------------------------------------------------ both


def _text_table(cursor: duckdb.DuckDBPyConnection, reading: str, types: dict[str, str], files: Files) -> StoredTable:
    """A table of text files, in which dates and times are text: the seventh digit would be lost otherwise."""
    folders = [part for path in files.paths for part in Path(path).parts[:-1] if files.hive and "=" in part]
    partitions = {part.split("=", 1)[0] for part in folders}
    timed = [name for name, kind in types.items() if name not in partitions and (kind in _MOMENTS or kind == "TIME")]
    read = {name: "VARCHAR" if name in timed else kind for name, kind in types.items()}
    given = [f"{quoted(name)}: {quoted(kind)}" for name, kind in read.items() if name not in partitions]
    source = reading.replace("{}", f"{{{', '.join(given)}}}")
    columns = {name: stored_column(name, kind) for name, kind in read.items()}
    for name in timed:
        columns[name] = _timed(cursor, source, name, types[name]) or columns[name]
    return StoredTable(source, columns | wide_columns(cursor, source, read))


def _timed(cursor: duckdb.DuckDBPyConnection, source: str, name: str, kind: str) -> StoredColumn | None:
    """A column of texts that DuckDB takes for times, if KQL does as well: not 'epoch', and 01/02 is January the second."""
    sql = quote(name)
    if kind == "TIME":
        readings = [(Type.TIMESPAN, _from_text(Type.TIMESPAN, sql), "true")]
    else:
        # Reading only what is written plainly takes half the time.
        readings = [
            (Type.DATETIME, _plain_moment(sql), f"{sql} like '____-__-__%'"),
            (Type.DATETIME, _from_text(Type.DATETIME, sql), "true"),
        ]
    for type_, converted, condition in readings:
        test = f"coalesce({sql}, '') = '' or ({condition} and {converted} is not null)"
        ((found,),) = cursor.execute(f"select bool_and({test}) is not false from {source}").fetchall()
        if found:
            return StoredColumn(name, type_, converted)
    return None


def _plain_moment(sql: str) -> str:
    seventh = f"coalesce(try_cast(regexp_extract({sql}, '\\.\\d{{6}}(\\d)', 1) as INTEGER), 0)"
    return f"(epoch_us(try_cast({sql} as TIMESTAMPTZ)) * 10 + {UNIX_EPOCH_TICKS} + {seventh})"


def _from_text(type_: Type, sql: str) -> str:
    """What KQL's todatetime() and its like make of a text; null of an empty one."""
    return FROM_TEXT[type_].replace("{value}", f"nullif({sql}, '')")


# ---------------------------------------------------------------------------------------------------------- externaldata


def external_text(cursor: duckdb.DuckDBPyConnection, node: External, paths: Sequence[str]) -> StoredTable:
    """The table of an externaldata over text. A value that its column's type cannot hold is null.

    Raises:
        QueryError: ENG003 for a row with more values than the first one of its file.
    """
    skip = bool(dict(node.options).get("header", False))
    match node.format:
        case "txt":
            # With one value a row, read_csv keeps empty lines.
            rows = " union all ".join(f"(from {_lines(path)}{' offset 1' * skip})" for path in paths)
            source, names = f'(select line as "0" from ({rows}) where line is not null)', ["0"]
        case "raw":
            source, names = f'(select content as "0" from read_text({listed(paths)}))', ["0"]
        case "json":
            kinds = {name: "JSON" if type_ is Type.DYNAMIC else "VARCHAR" for name, type_ in node.columns}
            types = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in kinds.items())
            source = f"read_json({listed(paths)}, format = 'auto', columns = {{{types}}})"
            names = list(kinds)
        case _:
            width = max(len(node.columns), *(_width(cursor, path, _DELIMITERS[node.format]) for path in paths))
            names = [str(number) for number in range(width)]
            layout = f"""delim = {quoted(_DELIMITERS[node.format])}, quote = '"', escape = '"', header = {skip}{_PADDED}"""
            types = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
            source = f"read_csv({listed(paths)}, auto_detect = false, {layout}, columns = {{{types}}})"
    # What may not be read is an error before the query runs.
    first = cursor.execute(f"select 1 from {source} limit 1").fetchall()
    if node.format == "raw" and not first:
        raise QueryError("ENG003", f"cannot read '{paths[0]}': there is no such file")
    json = node.format == "json"
    columns = {column.name: _as_declared(column, name, json=json) for column, name in zip(node.columns, names, strict=False)}
    return StoredTable(source, columns)


def _width(cursor: duckdb.DuckDBPyConnection, path: str, delimiter: str) -> int:
    """How many values the first line of a file has."""
    lines = cursor.execute(f"select line from {_lines(path)} limit 1").fetchall()
    return len(next(csv.reader([lines[0][0] or ""], delimiter=delimiter), ())) if lines else 0


def _as_declared(column: Column, name: str, *, json: bool) -> StoredColumn:
    match column.type:
        case Type.STRING:
            return stored_column(name, "VARCHAR")
        case Type.DYNAMIC if json:
            return stored_column(name, "JSON")
        case Type.DYNAMIC:
            return StoredColumn(name, Type.DYNAMIC, PARSE_JSON.replace("{json_text}", quote(name)))
        case _:
            return StoredColumn(name, column.type, _from_text(column.type, quote(name)))
