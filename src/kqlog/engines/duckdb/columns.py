"""The columns of a source as kqlog computes with them, by the types they have in DuckDB."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kqlog.engines.duckdb.dialect import TYPES
from kqlog.engines.sql.dialect import Native, StoredColumn, StoredTable
from kqlog.engines.sql.select import quote
from kqlog.types import UNIX_EPOCH_TICKS, Type

if TYPE_CHECKING:
    import duckdb

_INTS = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"}
_LONGS = {"BIGINT", "UINTEGER"}
_LONGER = {"UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"}
"""Whole numbers that may not fit in a long."""
_SAME = {
    "BOOLEAN": Type.BOOL,
    "INTEGER": Type.INT,
    "BIGINT": Type.LONG,
    "DOUBLE": Type.REAL,
    "UUID": Type.GUID,
    "JSON": Type.DYNAMIC,
}
"""The types that need no conversion."""
_EXACT = TYPES[Type.DECIMAL]
_WHOLE_DIGITS = 20
"""A decimal has so many digits before its point."""


def described(cursor: duckdb.DuckDBPyConnection, source: str, without_nulls: frozenset[str] = frozenset()) -> StoredTable:
    """A source with its columns as kqlog computes with them."""
    types = columns_of(cursor, source)
    columns = {name: stored_column(name, kind, nullable=name not in without_nulls) for name, kind in types.items()}
    return StoredTable(source, columns | wide_columns(cursor, source, types))


def columns_of(cursor: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """The names and DuckDB types of a source."""
    rows = cursor.execute(f"select column_name, column_type from (describe select * from {source})").fetchall()
    return dict(rows)


def wide_columns(cursor: duckdb.DuckDBPyConnection, source: str, types: dict[str, str]) -> dict[str, StoredColumn]:
    """The columns of types with more digits than a long or decimal has: long or decimal if all values fit, else real."""
    wide = [name for name, kind in types.items() if _is_wide(kind)]
    if not wide:
        return {}
    checks = ", ".join(f"bool_and({test}) is not false" for name in wide for test in _fits(name, types[name]))
    # All rows, as a frame cannot be taken away from a cursor with a result that is still open.
    ((*found,),) = cursor.execute(f"select {checks} from {source}").fetchall()
    return {name: _narrowed(name, types[name], *found[at * 2 : at * 2 + 2]) for at, name in enumerate(wide)}


def _is_wide(kind: str) -> bool:
    parts = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    return kind in _LONGER if parts is None else int(parts[1]) - int(parts[2]) > _WHOLE_DIGITS


def _fits(name: str, kind: str) -> tuple[str, str]:
    """Whether a value fits a long, and whether it fits a decimal."""
    sql = quote(name)
    is_long = f"{sql} between -9223372036854775808 and 9223372036854775807" if kind in _LONGER else "false"
    return is_long, f"({sql} is null or {_exact(sql, kind)} is not null)"


def _exact(sql: str, kind: str) -> str:
    # Out of a BIGNUM leads no other way.
    return f"try_cast({sql}::VARCHAR as {_EXACT})" if kind == "BIGNUM" else f"try_cast({sql} as {_EXACT})"


def _narrowed(name: str, kind: str, is_long: bool, is_decimal: bool) -> StoredColumn:
    if is_long:
        return StoredColumn(name, Type.LONG, f"{quote(name)}::BIGINT", kind)
    if is_decimal:
        return StoredColumn(name, Type.DECIMAL, _exact(quote(name), kind), kind)
    return StoredColumn(name, Type.REAL, f"{quote(name)}::DOUBLE", kind)


def stored_column(name: str, kind: str, *, nullable: bool = True) -> StoredColumn:
    """A column by the type it has in DuckDB."""
    sql = quote(name)
    type_, converted = _conversion(kind, sql)
    if type_ is Type.STRING and nullable:
        converted = f"coalesce({converted}, '')"
    return StoredColumn(name, type_, converted, kind, nullable and type_ is not Type.STRING, _numbers(kind, sql))


def _numbers(kind: str, sql: str) -> Native | None:
    """A column of lists of numbers as it is."""
    item = kind.removesuffix("[]")
    if not kind.endswith("[]") or item not in _INTS | _LONGS | {"FLOAT", "DOUBLE"}:
        return None
    elements = Type.REAL if item in {"FLOAT", "DOUBLE"} else Type.LONG
    wanted = f"{TYPES[elements]}[]"
    return Native(sql if kind == wanted else f"{sql}::{wanted}", elements)


def _conversion(kind: str, sql: str) -> tuple[Type, str]:
    if kind in _SAME:
        return _SAME[kind], sql
    if kind in _INTS:
        return Type.INT, f"{sql}::INTEGER"
    if kind in _LONGS:
        return Type.LONG, f"{sql}::BIGINT"
    if kind in _LONGER or kind.startswith("DECIMAL"):
        return Type.DECIMAL, sql if kind == _EXACT else f"{sql}::{_EXACT}"
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
    if is_nested(kind) or kind == '"NULL"':
        return Type.DYNAMIC, f"nullif(to_json({sql}), 'null')"
    return Type.STRING, sql if kind == "VARCHAR" else f"{sql}::VARCHAR"


def is_nested(kind: str) -> bool:
    """Whether a DuckDB type is one of values within values."""
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "JSON", "VARIANT"))


def _moment(kind: str, sql: str) -> str:
    if kind in {"TIMESTAMP_NS", "TIMESTAMPTZ_NS"}:
        # Whole ticks at or before it; division alone would round those before 1970 up.
        nanoseconds = f"epoch_ns({sql})"
        return f"(({nanoseconds} - ({nanoseconds} % 100 + 100) % 100) // 100 + {UNIX_EPOCH_TICKS})"
    return f"(epoch_us({sql}) * 10 + {UNIX_EPOCH_TICKS})"
