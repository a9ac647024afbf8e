"""Arithmetic operators, and rounding down to bins."""

from __future__ import annotations

from kqlog.functions.declare import Signature, alias, scalar, sig
from kqlog.types import MAX_DATETIME_TICKS

_WHOLE = "json_type({left}) IN ('BIGINT', 'UBIGINT') AND json_type({right}) IN ('BIGINT', 'UBIGINT')"
_INSIDE_REAL = "try_cast(CAST({left} AS VARCHAR) AS DOUBLE)", "try_cast(CAST({right} AS VARCHAR) AS DOUBLE)"
_INSIDE_LONG = "try_cast({left} AS BIGINT)", "try_cast({right} AS BIGINT)"


def _between_dynamic(long: str, real: str) -> Signature:
    """An operator on the numbers inside two dynamic values; null for what is no number. `%s %s` are the sides."""
    return sig(
        "(left: dynamic, right: dynamic) -> dynamic",
        duckdb=f"(CASE WHEN {_WHOLE} THEN to_json({long % _INSIDE_LONG}) ELSE to_json({real % _INSIDE_REAL}) END)",
    )


def _beside_dynamic(operator: str, **results: str) -> list[Signature]:
    """An operator with a dynamic value on one side, which is read as the type of the other. `results`: its type by that one."""
    return [
        signature
        for type_, result in results.items()
        for signature in (
            sig(f"(left: dynamic, right: {type_}) -> {result}", kql=f"to{type_}(left) {operator} right"),
            sig(f"(left: {type_}, right: dynamic) -> {result}", kql=f"left {operator} to{type_}(right)"),
        )
    ]


def _moment(ticks: str) -> str:
    """A count of ticks as a datetime: null outside of the calendar."""
    return (
        f"list_transform([{ticks}], lambda ticks: CASE WHEN ticks BETWEEN 0 AND {MAX_DATETIME_TICKS} THEN ticks::BIGINT END)[1]"
    )


_NUMERIC = {"long": "long", "real": "real", "decimal": "decimal"}
_PLUS = "({left} + {right})"
_MINUS = "({left} - {right})"
_TIMES = "({left} * {right})"
_REAL_TICKS = "try_cast({left} * {right} AS BIGINT)"
# Null outside of the calendar; a HUGEINT, since the sum may be more than a BIGINT holds.
_LATER, _EARLIER = (
    f"(CASE WHEN {{left}}::HUGEINT {sign} {{right}} BETWEEN 0 AND {MAX_DATETIME_TICKS} THEN {{left}} {sign} {{right}} END)"
    for sign in "+-"
)

scalar(
    "+",
    "The sum of two numbers or timespans, or a datetime moved by a timespan: null outside of the years 1 to 9999.",
    sig("(left: long, right: long) -> long", sql=_PLUS),
    sig("(left: real, right: real) -> real", sql=_PLUS),
    sig("(left: decimal, right: decimal) -> decimal", sql=_PLUS),
    sig("(left: datetime, right: timespan) -> datetime", sql=_LATER),
    sig("(left: timespan, right: timespan) -> timespan", sql=_PLUS),
    sig("(left: timespan, right: datetime) -> datetime", sql=_LATER),
    *_beside_dynamic("+", **_NUMERIC, timespan="timespan"),
    sig("(left: dynamic, right: datetime) -> datetime", kql="totimespan(left) + right"),
    sig("(left: datetime, right: dynamic) -> datetime", kql="left + totimespan(right)"),
    _between_dynamic("(%s + %s)", "(%s + %s)"),
    examples={
        "2 + 3": 5,
        "2 + 0.5": 2.5,
        "long(null) + 1": None,
        "datetime(2024-02-29) + 36h": "2024-03-01T12:00:00.0000000Z",
        "datetime(9999-12-31) + 1d": None,
        "1d + 90m": "1.01:30:00",
        "decimal(0.1) + decimal(0.2)": "0.3",
        "dynamic({'n': 2}).n + 0.5": 2.5,
        "dynamic(2) + dynamic(3)": 5,
        "dynamic(2) + dynamic('three')": None,
    },
    differs="The sum of two datetimes is refused: Microsoft's binder takes it, and no documentation says what it is.",
)
scalar(
    "-",
    "The difference of two numbers, timespans or datetimes, or a datetime moved back by a timespan.",
    sig("(left: long, right: long) -> long", sql=_MINUS),
    sig("(left: real, right: real) -> real", sql=_MINUS),
    sig("(left: decimal, right: decimal) -> decimal", sql=_MINUS),
    sig("(left: datetime, right: datetime) -> timespan", sql=_MINUS),
    sig("(left: datetime, right: timespan) -> datetime", sql=_EARLIER),
    sig("(left: timespan, right: timespan) -> timespan", sql=_MINUS),
    sig("(left: timespan, right: datetime) -> datetime", sql=_EARLIER),
    *_beside_dynamic("-", **_NUMERIC, datetime="timespan", timespan="timespan"),
    _between_dynamic("(%s - %s)", "(%s - %s)"),
    examples={
        "2 - 3": -1,
        "datetime(2024-03-01) - datetime(2024-02-28 12:00)": "1.12:00:00",
        "datetime(2024-03-01) - 1tick": "2024-02-29T23:59:59.9999999Z",
        "datetime(0001-01-01) - 1tick": None,
        "1h - 90m": "-00:30:00",
        "1h - datetime(2024-03-01)": None,
        "dynamic(2) - dynamic('three')": None,
    },
)
scalar(
    "*",
    "The product of two numbers, or a timespan a number of times. A datetime counts in ticks of 100 ns.",
    sig("(left: long, right: long) -> long", sql=_TIMES),
    sig("(left: real, right: real) -> real", sql=_TIMES),
    sig("(left: decimal, right: decimal) -> decimal", python="decimals.multiply"),
    sig("(left: timespan, right: real) -> timespan", duckdb=_REAL_TICKS),
    sig("(left: real, right: timespan) -> timespan", duckdb=_REAL_TICKS),
    sig("(left: timespan, right: long) -> timespan", sql=_TIMES),
    sig("(left: long, right: timespan) -> timespan", sql=_TIMES),
    sig("(left: timespan, right: timespan) -> timespan", sql=_TIMES),
    sig("(left: datetime, right: real) -> datetime", duckdb=_moment(_REAL_TICKS)),
    sig("(left: real, right: datetime) -> datetime", duckdb=_moment(_REAL_TICKS)),
    sig("(left: datetime, right: long) -> datetime", duckdb=_moment("{left}::HUGEINT * {right}")),
    sig("(left: long, right: datetime) -> datetime", duckdb=_moment("{left}::HUGEINT * {right}")),
    *_beside_dynamic("*", **_NUMERIC),
    _between_dynamic("(%s * %s)", "(%s * %s)"),
    examples={
        "6 * 7": 42,
        "1.5 * 2": 3.0,
        "3 * 20m": "01:00:00",
        "1h * 0.25": "00:15:00",
        "decimal(1.1) * decimal(1.1)": "1.21",
        "datetime(2024-02-29) * 5": None,
        "dynamic(2) * dynamic('x')": None,
    },
)
_SHARE = "({left} // nullif({right}, 0))"
_REAL_SHARE = "try_cast({left} / {right} AS BIGINT)"

scalar(
    "/",
    "The quotient of two numbers: whole numbers give a whole one, cut off towards 0, and null by 0. Timespans give a real.",
    sig("(left: long, right: long) -> long", duckdb=_SHARE),
    sig("(left: real, right: real) -> real", duckdb="({left} / {right})"),
    sig("(left: decimal, right: decimal) -> decimal", python="decimals.divide"),
    sig("(left: timespan, right: timespan) -> real", duckdb="(CAST({left} AS DOUBLE) / CAST({right} AS DOUBLE))"),
    sig("(left: timespan, right: real) -> timespan", duckdb=_REAL_SHARE),
    sig("(left: timespan, right: long) -> timespan", duckdb=_SHARE),
    sig("(left: datetime, right: datetime|timespan) -> real", duckdb="(CAST({left} AS DOUBLE) / CAST({right} AS DOUBLE))"),
    sig("(left: datetime, right: real) -> datetime", duckdb=_moment(_REAL_SHARE)),
    sig("(left: datetime, right: long) -> datetime", duckdb=_moment(_SHARE)),
    *_beside_dynamic("/", **_NUMERIC),
    _between_dynamic("(%s // nullif(%s, 0))", "(%s / %s)"),
    examples={
        "7 / 2": 3,
        "-7 / 2": -3,
        "7 / 2.0": 3.5,
        "1 / 0": None,
        "1.0 / 0": float("inf"),
        "1d / 1m": 1440.0,
        "1h / 4": "00:15:00",
        "decimal(1) / decimal(3)": "0.333333333333333333",
        "datetime(0001-01-03) / 2": "0001-01-02T00:00:00.0000000Z",
        "dynamic(7) / dynamic(2)": 3,
        "dynamic(7) / dynamic('two')": None,
    },
)

# The remainder is never negative, whatever the signs: 0 <= a % b < abs(b).
_MODULO = "(({left} % nullif({right}, 0) + abs({right})) % abs(nullif({right}, 0)))"
# Adding and taking the remainder again would cost a real its last digits.
_MODULO_REAL = "(CASE WHEN {left} % {right} < 0 THEN {left} % {right} + abs({right}) ELSE {left} % {right} END)"

scalar(
    "%",
    "The remainder of a division, never negative: between 0 and the absolute right side. Null by 0.",
    sig("(left: long, right: long) -> long", duckdb=_MODULO),
    sig("(left: real, right: real) -> real", duckdb=_MODULO_REAL),
    sig("(left: decimal, right: decimal) -> decimal", duckdb=_MODULO),
    sig("(left: timespan, right: timespan) -> timespan", duckdb=_MODULO),
    sig("(left: datetime, right: datetime|timespan) -> timespan", duckdb=_MODULO),
    sig("(left: timespan, right: long) -> timespan", duckdb=_MODULO),
    sig("(left: timespan, right: real) -> timespan", duckdb=f"try_cast({_MODULO_REAL} AS BIGINT)"),
    sig("(left: datetime, right: long) -> datetime", duckdb=_MODULO),
    sig("(left: datetime, right: real) -> datetime", duckdb=_moment(f"try_cast({_MODULO_REAL} AS BIGINT)")),
    *_beside_dynamic("%", **_NUMERIC),
    _between_dynamic(
        "((%s %% nullif({0}, 0) + abs({0})) %% abs(nullif(%s, 0)))".replace("{0}", _INSIDE_LONG[1]),
        "(CASE WHEN ({0} %% {1}) < 0 THEN (%s %% {1}) + abs({1}) ELSE ({0} %% %s) END)".replace("{0}", _INSIDE_REAL[0]).replace(
            "{1}", _INSIDE_REAL[1]
        ),
    ),
    examples={
        "15 % 4": 3,
        "-15 % 4": 1,
        "15 % -4": 3,
        "-7.5 % 2": 0.5,
        "7 % 0": None,
        "90m % 1h": "00:30:00",
        "datetime(2024-02-29 13:14) % 1d": "13:14:00",
        "15tick % 10": "00:00:00.0000005",
        "dynamic(7) % dynamic('two')": None,
    },
)

scalar(
    "unary -",
    "A number or timespan with its sign changed.",
    # The engine's own minus makes a HUGEINT of the least long, when that is a constant.
    *(sig(f"(operand: {type_}) -> {type_}", sql="(0 - {operand})") for type_ in ("long", "timespan")),
    *(sig(f"(operand: {type_}) -> {type_}", sql="(- {operand})") for type_ in ("real", "decimal")),
    sig("(operand: datetime) -> datetime", duckdb=_moment("- {operand}")),
    sig(
        "(operand: dynamic) -> dynamic",
        duckdb="""(CASE WHEN json_type({operand}) IN ('BIGINT', 'UBIGINT') THEN to_json(- try_cast({operand} AS BIGINT))
            ELSE to_json(- try_cast(CAST({operand} AS VARCHAR) AS DOUBLE)) END)""",
    ),
    examples={"-(2 + 3)": -5, "-(1.5)": -1.5, "-(1h)": "-01:00:00", "-dynamic(1.5)": -1.5, "-dynamic('x')": None},
)
scalar(
    "unary +",
    "A number or timespan as it is.",
    *(
        sig(f"(operand: {type_}) -> {type_}", sql="{operand}")
        for type_ in ("long", "real", "decimal", "timespan", "datetime", "dynamic")
    ),
    examples={"+(2 + 3)": 5},
)

# -------------------------------------------------------------------------------------------------------------------- bins

# Null for a size that is not positive.
_SIZE = "(CASE WHEN {round_to} > 0 THEN {round_to} END)"
_BIN = f"({{value}} - ({{value}} % {_SIZE} + {_SIZE}) % {_SIZE})"


def _bin_number(round_to: int | None) -> str:
    """Whole numbers and timespans: down, also below 0, where the engine's division goes up."""
    if round_to is None or round_to <= 0:
        return "CAST(NULL AS BIGINT)"
    if round_to == 1:
        return "{value}"
    return f"({{value}} - {{value}} % {round_to} - CASE WHEN {{value}} % {round_to} < 0 THEN {round_to} ELSE 0 END)"


def _bin_datetime(round_to: int | None) -> str:
    """A datetime is never below 0, so that two operations are enough."""
    if round_to is None or round_to <= 0:
        return "CAST(NULL AS BIGINT)"
    return f"({{value}} // {round_to} * {round_to})"


scalar(
    "bin",
    "The largest multiple of a positive size that is not above a value. Datetimes count from 0001-01-01, a Monday.",
    sig("(value: datetime, round_to: const timespan) -> datetime", duckdb=_bin_datetime),
    sig("(value: datetime, round_to: timespan) -> datetime", duckdb=f"({{value}} // {_SIZE} * {_SIZE})"),
    sig("(value: datetime, round_to: datetime) -> datetime"),
    sig("(value: long, round_to: const long) -> long", duckdb=_bin_number),
    sig("(value: long, round_to: long) -> long", duckdb=_BIN),
    sig("(value: timespan, round_to: const timespan) -> timespan", duckdb=_bin_number),
    sig("(value: timespan, round_to: timespan) -> timespan", duckdb=_BIN),
    sig("(value: real, round_to: real) -> real", duckdb=f"(floor({{value}} / {_SIZE}) * {{round_to}})"),
    sig("(value: decimal, round_to: decimal) -> decimal", duckdb=_BIN),
    result="{first}",
    examples={
        "bin(17, 5)": 15,
        "bin(-1, 5)": -5,
        "bin(7.9, 2)": 6.0,
        "bin(7, 0)": None,
        "bin(7, long(null))": None,
        "bin(datetime(2024-02-29 13:14:15), 1h)": "2024-02-29T13:00:00.0000000Z",
        "bin(datetime(2024-02-29), 7d)": "2024-02-26T00:00:00.0000000Z",
        "bin(-90m, 1h)": "-02:00:00",
        "bin(decimal(-0.7), decimal(0.5))": "-1",
    },
    differs="A datetime as the size of datetimes is refused: no documentation says what its bins are.",
)
alias("floor", "bin", deprecated=False)

scalar(
    "bin_at",
    "The largest value not above another that lies a whole number of sizes from a fixed point.",
    sig(
        "(value: datetime, bin_size: timespan, fixed_point: datetime) -> datetime",
        kql="fixed_point + bin(value - fixed_point, bin_size)",
    ),
    sig("(value: datetime, bin_size: number|datetime, fixed_point: datetime) -> datetime"),
    sig("(value: long, bin_size: long, fixed_point: long) -> long", kql="fixed_point + bin(value - fixed_point, bin_size)"),
    sig("(value: real, bin_size: real, fixed_point: real) -> real", kql="fixed_point + bin(value - fixed_point, bin_size)"),
    sig(
        "(value: decimal, bin_size: decimal, fixed_point: decimal) -> decimal",
        kql="fixed_point + bin(value - fixed_point, bin_size)",
    ),
    sig(
        "(value: timespan, bin_size: timespan, fixed_point: timespan) -> timespan",
        kql="fixed_point + bin(value - fixed_point, bin_size)",
    ),
    sig("(value: timespan, bin_size: number, fixed_point: timespan) -> timespan"),
    result="{first}",
    examples={
        "bin_at(17, 5, 1)": 16,
        "bin_at(0, 5, 1)": -4,
        "bin_at(datetime(2024-02-29), 7d, datetime(2024-01-07))": "2024-02-25T00:00:00.0000000Z",
        "bin_at(30m, 1h, 45m)": "-00:15:00",
        "bin_at(17, 0, 1)": None,
    },
    differs="A size that is no timespan is refused for datetimes and timespans: no documentation says what its bins are.",
)

scalar(
    "bin_auto",
    "A value rounded down to the bins of `set query_bin_auto_size = ...;`, counted from `set query_bin_auto_at = ...;` or 0.",
    sig("(value: int) -> long"),
    sig("(value: summable) -> value"),
    result="{first}",
)
