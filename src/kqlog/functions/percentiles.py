"""Percentiles: the least value that so many percent of the values do not exceed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from kqlog.errors import QueryError
from kqlog.functions.conversions import AS_DYNAMIC
from kqlog.functions.declare import Signature, aggregate, sig

# Kusto reads decimals as reals here, and gives the percentile of an int as a long.
_EXACT = "Always exact, where Kusto estimates the percentiles of large groups."
_KINDS = (("integer", "long"), ("real|decimal", "real"), ("string", "string"), ("timespan|datetime|bool|guid", "expr"))
_INSIDE = "try_cast(CAST({expr} AS VARCHAR) AS DOUBLE)"
"""The number in a dynamic value."""
_NUMBERED = f"{{'number': {_INSIDE}, 'value': {{expr}}}}"
"""A dynamic value in the order of the numbers inside."""


def _share(percentile: object) -> str:
    """As a decimal: 56 / 100.0 as a double is a little more than 0.56, and takes the next rank.

    Raises:
        QueryError: SEM002 for what is no percentile.
    """
    if not isinstance(percentile, (int, float, Decimal)) or not 0 <= percentile <= 100:
        raise QueryError("SEM002", f"{percentile} is no percentile", hint="give a number from 0 to 100")
    return f"{percentile / 100:.12f}".rstrip("0") + "0"


def _value(percentile: float) -> str:
    return f"quantile_disc({{expr}}, {_share(percentile)})"


def _whole_value(percentile: float) -> str:
    return f"{_value(percentile)}::BIGINT"


def _real_value(percentile: float) -> str:
    return f"quantile_disc({{expr}}::DOUBLE, {_share(percentile)})"


def _text_value(percentile: float) -> str:
    return f"coalesce({_value(percentile)}, '')"


def _inner_value(percentile: float) -> str:
    chosen = f"quantile_disc({_NUMBERED}, {_share(percentile)})"
    return f"(({chosen} FILTER (WHERE {_INSIDE} IS NOT NULL)).value)"


_BODIES = (_whole_value, _real_value, _text_value, _value)


def _array(percentiles: Sequence[object], values: str) -> str:
    return f"quantile_disc({values}, [{', '.join(map(_share, percentiles))}])"


def _arrays(kind: str, shown: str, values: str = "{expr}", result: str = "dynamic") -> tuple[Signature, Signature]:
    """The overloads of percentiles_array for a type; `shown` makes the result of the chosen values `%s`."""

    def one_by_one(percentile: Sequence[float]) -> str:
        return shown % _array(percentile, values)

    def listed(percentiles: str | None) -> str:
        found = json.loads(percentiles or "null")
        return shown % _array(found if isinstance(found, list) and found else [found], values)

    return (
        sig(f"(expr: {kind}, percentile: const number...) -> {result}", duckdb=one_by_one),
        sig(f"(expr: {kind}, percentiles: const array) -> {result}", duckdb=listed),
    )


def _of_texts(type_: str) -> tuple[Signature, Signature]:
    text = AS_DYNAMIC[type_].replace("%", "%%").replace("{value}", "item")
    return _arrays(type_, f"to_json(list_transform(%s, lambda item: {text}))")


_NO_WEIGHTED_DYNAMIC = (
    "Percentiles of weighted dynamic values are refused: how Kusto orders them is not documented. Convert them first."
)
_WEIGHTED_ARRAYS = {
    "integer|real|decimal|string|bool|guid": "percentiles.weighted_array",
    "datetime": "percentiles.weighted_datetimes",
    "timespan": "percentiles.weighted_timespans",
}


aggregate(
    "percentile",
    "The nearest-rank percentile: the least value that so many percent do not exceed; 0 gives the smallest value.",
    *(
        sig(f"(expr: {kind}, percentile: const number) -> {result}", duckdb=body)
        for (kind, result), body in zip(_KINDS, _BODIES, strict=True)
    ),
    sig("(expr: dynamic, percentile: const number) -> dynamic", duckdb=_inner_value),
    examples={
        "range x from 1 to 10 step 1 | summarize percentile(x, 50)": 5,
        "range x from 1 to 100 step 1 | summarize percentile(x, 56)": 56,
        "range x from 1 to 10 step 1 | summarize percentile(x, 99.9)": 10,
        "datatable(x: timespan)[3m, 1m, 2m] | summarize percentile(x, 0)": "00:01:00",
        "datatable(x: real)[] | summarize percentile(x, 5)": None,
        "datatable(x: string)['b', 'c', 'a'] | summarize percentile(x, 50)": "b",
        "datatable(x: dynamic)[dynamic(9), dynamic('?'), dynamic(10)] | summarize percentile(x, 100)": 10,
    },
    differs=_EXACT,
)
aggregate(
    "percentiles",
    "Several nearest-rank percentiles, a column for each.",
    *(
        sig(f"(expr: {kind}, percentile: const number...) -> {result}", kql="percentile(expr, percentile)")
        for kind, result in _KINDS
    ),
    sig("(expr: dynamic, percentile: const number...) -> dynamic", kql="percentile(expr, percentile)"),
    examples={"range x from 1 to 10 step 1 | summarize percentiles(x, 25, 75) | project percentile_x_75": 8},
    differs=_EXACT,
)
aggregate(
    "percentiles_array",
    "Several nearest-rank percentiles in one array.",
    *_arrays("integer", "%s", result="longs"),
    *_arrays("string|bool|guid", "to_json(%s)"),
    *_arrays("real", "%s", result="reals"),
    *_arrays("decimal", "(%s)::DOUBLE[]", result="reals"),
    *_of_texts("datetime"),
    *_of_texts("timespan"),
    *_arrays("dynamic", f"to_json(list_transform(%s FILTER (WHERE {_INSIDE} IS NOT NULL), lambda item: item.value))", _NUMBERED),
    result="percentiles_{first}",
    examples={
        "range x from 1 to 10 step 1 | summarize percentiles_array(x, 25, 75)": [3, 8],
        "range x from 1 to 10 step 1 | summarize percentiles_array(x, dynamic([0, 100]))": [1, 10],
        "datatable(x: timespan)[3m, 1m, 2d] | summarize percentiles_array(x, 0, 100)": ["00:01:00", "2.00:00:00"],
        "datatable(x: long)[] | summarize percentiles_array(x, 50)": None,
    },
    differs=_EXACT,
)
aggregate(
    "percentilew",
    "The nearest-rank percentile of values that count as often as their weight says.",
    *(
        sig(
            f"(expr: {kind}, weight: integer, percentile: const number) -> {result}",
            python="percentiles.weighted_text" if kind == "string" else "percentiles.weighted",
        )
        for kind, result in _KINDS
    ),
    sig("(expr: dynamic, weight: integer, percentile: const number) -> dynamic"),
    examples={
        "datatable(x: long, w: long)[10, 8, 20, 6, 30, 3, 40, 1] | summarize percentilew(x, w, 50)": 20,
        "datatable(x: long, w: long)[10, -1, 20, 0] | summarize percentilew(x, w, 50)": None,
    },
    differs=f"{_EXACT} {_NO_WEIGHTED_DYNAMIC}",
)
aggregate(
    "percentilesw",
    "Several percentiles of weighted values, a column for each.",
    *(
        sig(
            f"(expr: {kind}, weight: integer, percentile: const number...) -> {result}",
            kql="percentilew(expr, weight, percentile)",
        )
        for kind, result in _KINDS
    ),
    sig("(expr: dynamic, weight: integer, percentile: const number...) -> dynamic"),
    examples={
        "datatable(x: long, w: long)[10, 3, 20, 1] | summarize percentilesw(x, w, 50, 99) | project percentile_x_99": 20,
    },
    differs=f"{_EXACT} {_NO_WEIGHTED_DYNAMIC}",
)
aggregate(
    "percentilesw_array",
    "Several percentiles of weighted values in one array.",
    *(
        sig(f"(expr: {kind}, weight: integer, {percentiles}) -> dynamic", python=body)
        for kind, body in _WEIGHTED_ARRAYS.items()
        for percentiles in ("percentile: const number...", "percentiles: const array")
    ),
    sig("(expr: dynamic, weight: integer, percentile: const number...) -> dynamic"),
    sig("(expr: dynamic, weight: integer, percentiles: const array) -> dynamic"),
    result="percentiles_{first}",
    examples={
        "datatable(x: long, w: long)[10, 3, 20, 1] | summarize percentilesw_array(x, w, 50, 99)": [10, 20],
        "datatable(x: timespan, w: long)[1h, 3, 2d, 1] | summarize percentilesw_array(x, w, 50, 99)": ["01:00:00", "2.00:00:00"],
        "datatable(x: long, w: long)[10, -3] | summarize percentilesw_array(x, w, 50)": None,
    },
    differs=f"{_EXACT} {_NO_WEIGHTED_DYNAMIC}",
)
