"""Percentiles: the least value that so many percent of the values do not exceed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kqlog.errors import QueryError
from kqlog.functions.declare import Signature, aggregate, sig

# Kusto reads decimals as reals here, and gives the percentile of an int as a long.
_KINDS = (("integer", "long"), ("real|decimal", "real"), ("timespan|datetime", "expr"))
_OTHER = "dynamic|string|bool|guid"


def _share(percentile: float) -> str:
    """As a decimal: 56 / 100.0 as a double is a little more than 0.56, and takes the next rank.

    Raises:
        QueryError: SEM002 for a number that is no percentile.
    """
    if not 0 <= percentile <= 100:
        raise QueryError("SEM002", f"{percentile} is no percentile", hint="give a number from 0 to 100")
    return f"{percentile / 100:.12f}".rstrip("0") + "0"


def _value(percentile: float) -> str:
    return f"quantile_disc({{expr}}, {_share(percentile)})"


def _whole_value(percentile: float) -> str:
    return f"{_value(percentile)}::BIGINT"


def _real_value(percentile: float) -> str:
    return f"quantile_disc({{expr}}::DOUBLE, {_share(percentile)})"


def _list(percentile: Sequence[float]) -> str:
    return f"quantile_disc({{expr}}, [{', '.join(map(_share, percentile))}])"


def _listed(percentiles: str) -> str:
    return _list(json.loads(percentiles))


_BODIES = (_whole_value, _real_value, _value)


def _weighted(more: str) -> tuple[Signature, ...]:
    return tuple(
        sig(f"(expr: {kind}, weight: integer, percentile: const number{more}) -> {result}", python="percentiles.weighted")
        for kind, result in _KINDS
    )


aggregate(
    "percentile",
    "The nearest-rank percentile: the least value that so many percent do not exceed. Always exact; 0 gives the smallest value.",
    *(
        sig(f"(expr: {kind}, percentile: const number) -> {result}", duckdb=body)
        for (kind, result), body in zip(_KINDS, _BODIES, strict=True)
    ),
    sig(f"(expr: {_OTHER}, percentile: const number) -> expr"),
    examples={
        "range x from 1 to 10 step 1 | summarize percentile(x, 50)": 5,
        "range x from 1 to 100 step 1 | summarize percentile(x, 56)": 56,
        "range x from 1 to 10 step 1 | summarize percentile(x, 99.9)": 10,
        "datatable(x: timespan)[3m, 1m, 2m] | summarize percentile(x, 0)": "00:01:00",
        "datatable(x: real)[] | summarize percentile(x, 5)": None,
    },
)
aggregate(
    "percentiles",
    "Several nearest-rank percentiles, a column for each.",
    *(
        sig(f"(expr: {kind}, percentile: const number...) -> {result}", kql="percentile(expr, percentile)")
        for kind, result in _KINDS
    ),
    sig(f"(expr: {_OTHER}, percentile: const number...) -> expr"),
    examples={"range x from 1 to 10 step 1 | summarize percentiles(x, 25, 75) | project percentile_x_75": 8},
)
aggregate(
    "percentiles_array",
    "Several nearest-rank percentiles in one array.",
    sig("(expr: integer, percentile: const number...) -> longs", duckdb=_list),
    sig("(expr: integer, percentiles: const array) -> longs", duckdb=_listed),
    sig("(expr: real, percentile: const number...) -> reals", duckdb=_list),
    sig("(expr: real, percentiles: const array) -> reals", duckdb=_listed),
    sig("(expr: scalar, percentile: const number...) -> dynamic"),
    sig("(expr: scalar, percentiles: const array) -> dynamic"),
    result="percentiles_{first}",
    examples={
        "range x from 1 to 10 step 1 | summarize percentiles_array(x, 25, 75)": [3, 8],
        "range x from 1 to 10 step 1 | summarize percentiles_array(x, dynamic([0, 100]))": [1, 10],
    },
)
aggregate(
    "percentilew",
    "The nearest-rank percentile of values that count as often as their weight says.",
    *_weighted(""),
    sig(f"(expr: {_OTHER}, weight: integer, percentile: const number) -> expr"),
    examples={"datatable(x: long, w: long)[10, 8, 20, 6, 30, 3, 40, 1] | summarize percentilew(x, w, 50)": 20},
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
    sig(f"(expr: {_OTHER}, weight: integer, percentile: const number...) -> expr"),
    examples={
        "datatable(x: long, w: long)[10, 3, 20, 1] | summarize percentilesw(x, w, 50, 99) | project percentile_x_99": 20,
    },
)
aggregate(
    "percentilesw_array",
    "Several percentiles of weighted values in one array.",
    sig("(expr: integer|real, weight: integer, percentile: const number...) -> dynamic", python="percentiles.weighted_array"),
    sig("(expr: integer|real, weight: integer, percentiles: const array) -> dynamic", python="percentiles.weighted_listed"),
    sig("(expr: scalar, weight: integer, percentile: const number...) -> dynamic"),
    sig("(expr: scalar, weight: integer, percentiles: const array) -> dynamic"),
    result="percentiles_{first}",
    examples={"datatable(x: long, w: long)[10, 3, 20, 1] | summarize percentilesw_array(x, w, 50, 99)": [10, 20]},
)
