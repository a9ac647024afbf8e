"""DuckDB's SQL: literals, types, JSON paths, lists."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kqlog.engines.sql.dialect import Computed, Native, Step, StoredColumn, StoredTable
from kqlog.functions.declare import Body, Signature, quoted
from kqlog.plan.nodes import External, Literal, Scan
from kqlog.types import TICKS_PER_SECOND, Type

TYPES: dict[Type, str] = {
    Type.BOOL: "BOOLEAN",
    Type.INT: "INTEGER",
    Type.LONG: "BIGINT",
    Type.REAL: "DOUBLE",
    Type.DECIMAL: "DECIMAL(38,18)",
    Type.STRING: "VARCHAR",
    Type.DATETIME: "BIGINT",
    Type.TIMESPAN: "BIGINT",
    Type.GUID: "UUID",
    Type.DYNAMIC: "JSON",
}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SMALL = 2**31
"""From here on a whole number is a BIGINT without being told."""
_TIMESTAMPS = {"TIMESTAMP": "TIMESTAMP", "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", "TIMESTAMP_NS": "TIMESTAMP_NS"}
_NANOSECOND_YEARS = range(1678, 2262)


class DuckDBDialect:
    """DuckDB's way to write what SQL engines differ in. `tables` knows how a stored table is read."""

    def __init__(self, tables: Callable[[Scan | External], StoredTable]) -> None:
        self.table = tables

    def body(self, signature: Signature) -> Body | None:
        """The text of a function."""
        return signature.duckdb if signature.sql is None else signature.sql

    def type_name(self, type_: Type) -> str:
        """The SQL type that holds a KQL type."""
        return TYPES[type_]

    def literal(self, literal: Literal, *, bare: bool = False) -> str:
        """A constant."""
        value, type_ = literal.value, literal.type
        if value is None:
            return "''" if type_ is Type.STRING else f"NULL::{TYPES[type_]}"
        match value:
            case bool():
                return "true" if value else "false"
            case int():
                return _integer(value, type_, bare)
            case float():
                return _real(value)
            case Decimal():
                return f"'{value:f}'::{TYPES[Type.DECIMAL]}"
            case str():
                text = quoted(value.encode("utf-8", "replace").decode())
                return text if type_ is Type.STRING else f"{text}::{TYPES[type_]}"

    def list_type(self, elements: Type) -> str:
        """The SQL type of a list."""
        return f"{TYPES[elements]}[]"

    def record_type(self, fields: Mapping[str, str]) -> str:
        """The SQL type of a struct."""
        return f"STRUCT({', '.join([f'{name} {kind}' for name, kind in fields.items()])})"

    def field(self, sql: str, name: str) -> str:
        """A field of a struct."""
        return f"struct_extract({sql}, {quoted(name)})"

    def json(self, sql: str, *, reals: bool) -> str:
        """A list, a struct or a plain value as JSON."""
        if not reals:
            return f"to_json({sql})"
        return f"regexp_replace(to_json({sql})::VARCHAR, '-?(NaN|Infinity)', '\"\\0\"', 'g')::JSON"

    def numbers(self, values: Sequence[float]) -> str:
        """A list of constant reals or longs."""
        return f"[{', '.join([_real(value) if isinstance(value, float) else str(value) for value in values])}]"

    def widened_list(self, native: Native, target: Type) -> str:
        """A list with elements of a wider type."""
        return native.sql if native.elements is target else f"({native.sql})::{self.list_type(target)}"

    def widened(self, sql: str, target: Type) -> str:
        """A number as a wider type."""
        return f"{sql}::{TYPES[target]}"

    def path(self, sql: str, steps: tuple[Step, ...]) -> str:
        """A part of a JSON value."""
        return f"nullif({_extracted(sql, steps, 'json_extract')}, 'null')"

    def path_text(self, sql: str, steps: tuple[Step, ...]) -> str:
        """A part of a JSON value as text."""
        return f"coalesce({_extracted(sql, steps, 'json_extract_string')}, '')"

    def native_comparison(self, column: StoredColumn, operator: str, literal: Literal) -> str | None:
        """`column operator literal` on the column as it is stored."""
        if literal.value is None or column.type is not literal.type:
            return None
        name = '"' + column.name.replace('"', '""') + '"'
        if column.type is Type.STRING and column.stored == "VARCHAR" and operator == "==" and literal.value:
            return f"({name} = {self.literal(literal)})"
        if column.type is Type.DATETIME and column.stored in _TIMESTAMPS:
            assert isinstance(literal.value, int)
            moment = _timestamp(literal.value, operator, _TIMESTAMPS[column.stored])
            return f"({name} {operator.replace('==', '=')} {moment})" if moment else None
        if column.coarse in _TIMESTAMPS:
            # Files know the extremes of the timestamp, not of what is computed from it.
            assert isinstance(literal.value, int)
            wider = _WIDER[operator]
            moment = _timestamp(literal.value // 10 * 10, wider, _TIMESTAMPS[column.coarse])
            exact = f"{column.sql} {operator.replace('==', '=')} {literal.value}"
            return f"({name} {wider.replace('==', '=')} {moment} and {exact})" if moment else None
        return None

    def elements(self, sql: str, *, pairs: bool) -> str:
        """A JSON value as the list that mv-expand makes of it."""
        made = "json_array" if pairs else "json_object"
        entries = f"map_entries(try_cast({sql} as MAP(VARCHAR, JSON)))"
        bag = f"list_transform({entries}, lambda entry: {made}(entry.key, entry.value))"
        # No map has a key twice. The last value counts, as to readers of JSON.
        keys, values = f"json_keys({sql})", f"json_extract({sql}, '$.*')"
        last = f"list_filter(range(1, len({keys}) + 1), lambda place: not list_contains({keys}[place + 1:], {keys}[place]))"
        bag = f"coalesce({bag}, list_transform({last}, lambda place: {made}({keys}[place], {values}[place])))"
        return f"case json_type({sql}) when 'ARRAY' then {sql}::JSON[] when 'OBJECT' then {bag} else [{sql}] end"

    def element(self, sql: str) -> str:
        """An element of such a list."""
        return f"nullif({sql}, 'null')"

    def fits(self, sql: str, type_: Type) -> str | None:
        """Whether a JSON value is one of a type as it is, without a conversion; None where that can always be."""
        number = f"json_type({sql}) not in ('VARCHAR', 'BOOLEAN')"
        match type_:
            case Type.BOOL:
                return f"json_type({sql}) = 'BOOLEAN'"
            case Type.INT | Type.LONG:
                return number
            case Type.REAL:
                # JSON has no numbers for these.
                return f"({number} or {sql} in ('\"NaN\"', '\"Infinity\"', '\"-Infinity\"'))"
            case _:
                return None

    def counted(self, start: str, stop: str, step: str, type_: Type, *, constant: bool) -> str:
        """A table of numbers from start to at most stop."""
        match type_:
            case Type.REAL:
                count = f"floor(({stop} - {start}) / {step})::BIGINT + 1"
                return f"(select unnest(list_transform(range({count}), lambda number: {start} + number * {step})))"
            case Type.DECIMAL:
                # Dividing gives a real, which may be a step off.
                numbers = f"range(try_cast(floor(({stop} - {start}) / {step}) as BIGINT) + 2)"
                values = f"list_transform({numbers}, lambda number: ({start} + number * {step})::{TYPES[type_]})"
                inside = f"case when {step} > 0 then value <= {stop} else value >= {stop} end"
                return f"(select unnest(list_filter({values}, lambda value: {inside})))"
            case _ if constant and type_ is not Type.INT:
                return f"generate_series({start}, {stop}, {step})"
            case _:
                return f"(select unnest(generate_series({start}, {stop}, {step})::{TYPES[type_]}[]))"

    def sampled(self, rows: str) -> str:
        """A last clause that keeps so many rows at random."""
        return f"using sample reservoir({rows} rows)"

    def with_variable(self, variable: str, value: str, sql: str) -> str:
        """An expression in which a variable stands for a value that is computed once."""
        return f"list_transform([{value}], lambda {variable}: {sql})[1]"


def _integer(value: int, type_: Type, bare: bool) -> str:
    text = str(value) if value >= 0 else f"({value})"
    if type_ is Type.DATETIME and not bare and (shown := _datetime_text(value)):
        return f"{text} /* {shown} */"
    # Two INTEGERs would be added, and overflow, as INTEGER.
    if type_ is Type.INT or bare or _SMALL <= abs(value) < 2**63:
        return text
    return f"{text}::{TYPES[type_]}"


def _real(value: float) -> str:
    if not math.isfinite(value):
        return f"'{value}'::DOUBLE"
    # Without an exponent a literal is a DECIMAL.
    text = repr(value) if "e" in repr(value) else f"{value!r}e0"
    return f"({text})" if math.copysign(1, value) < 0 else text


def _datetime_text(ticks: int, digits: int = 0) -> str | None:
    """A moment such as 2024-05-01 12:00:00, with all its digits or a number of them; None beyond the calendar."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    try:
        moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None
    tail = f"{fraction:07d}".rstrip("0") if not digits else f"{fraction:07d}"[:digits]
    return f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + (f".{tail}" if tail else "")


_WIDER = {">": ">=", ">=": ">=", "<": "<=", "<=": "<=", "==": "=="}
"""What holds for all but the last digit of two moments, when this holds for the moments."""


def _timestamp(ticks: int, operator: str, type_: str) -> str | None:
    """The stored moment to compare with so that the same rows match. Microseconds: up for `>=` and `<`, down for `>` and `<=`."""
    if type_ != "TIMESTAMP_NS":
        up, rest = operator in {">=", "<"}, ticks % 10
        if rest and operator == "==":
            return None
        ticks += (10 - rest if up else -rest) if rest else 0
    text = _datetime_text(ticks)
    if text is None or (type_ == "TIMESTAMP_NS" and int(text[:4]) not in _NANOSECOND_YEARS):
        return None
    if type_ == "TIMESTAMPTZ":
        return f"TIMESTAMPTZ '{text}+00'"
    return f"{type_} '{text}'"


def _extracted(sql: str, steps: tuple[Step, ...], function: str) -> str:
    """Steps as few nested calls; all but the last give JSON."""
    paths: list[str] = []
    written = ""
    for step in steps:
        part = _path_part(step)
        if part is not None:
            written = (written or "$") + part
            continue
        if written:
            paths.append(quoted(written))
            written = ""
        paths.append(_other_path(step))
    if written:
        paths.append(quoted(written))
    for path in paths[:-1]:
        sql = f"json_extract({sql}, {path})"
    return f"{function}({sql}, {paths[-1]})"


def _path_part(step: Step) -> str | None:
    """A constant step in a JSON path; None for a key that a path cannot say."""
    match step:
        case Computed():
            return None
        case int():
            return f"[{step}]"
        case str():
            if _WORD.fullmatch(step):
                return f".{step}"
            # In a path `*` is a wildcard even in quotes.
            return f'."{step}"' if step and not set(step) & set('*"\\\0') else None
    return None


def _other_path(step: Step) -> str:
    """A step that is a path of its own: a JSON pointer, or one that depends on the row."""
    match step:
        case str():
            return quoted("/" + step.replace("~", "~0").replace("/", "~1"))
        case Computed(sql, Type.STRING):
            return _pointer(sql)
        case Computed(sql, Type.INT | Type.LONG):
            return f"'$[' || {sql} || ']'"
        case Computed(sql, _):
            text = f"json_extract_string({sql}, '$')"
            position = f"'$[' || {text} || ']'"
            kinds = f"when 'VARCHAR' then {_pointer(text)} when 'UBIGINT' then {position} when 'BIGINT' then {position}"
            return f"case json_type({sql}) {kinds} end"
    raise AssertionError(step)


def _pointer(sql: str) -> str:
    return f"'/' || replace(replace({sql}, '~', '~0'), '/', '~1')"
