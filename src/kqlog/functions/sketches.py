"""Summaries of values that can be stored and merged: for distinct counts (hll) and for percentiles (tdigest).

An hll is `[[size], [hashes]]`, the `size` least hashes of the values. With fewer hashes than that the count is exact, and
beyond it is as exact as Kusto's, which keeps as many registers. A tdigest is `[kind, [values], [weights]]`: all values while
they are few, else some of them, denser towards both ends.
"""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.functions.declare import aggregate, alias, scalar, sig

_SIZES = {0: 2**12, 1: 2**14, 2: 2**16, 3: 2**17, 4: 2**18}
"""Hashes kept for each accuracy: the error is one by the root of their number."""

_LAYOUT = (
    "A summary holds the least hashes of the values, not registers as Kusto's do: its size differs, and neither can count the "
    "summaries of the other."
)
_VALUES = "int|long|decimal|string|datetime|timespan|guid|dynamic"

# 53 bits, since a reader of JSON may take numbers for doubles. MD5, since an hll may outlive the version of the engine.
_HASHES = (
    "list_sort(list_transform(list(DISTINCT {expr}) FILTER (WHERE {condition}), "
    "lambda value: (md5_number_lower(value::VARCHAR) >> 11)::BIGINT))"
)
_MERGED = (
    "to_json(list_transform([{states}], lambda states: "
    "list_transform(list_filter([list_min(list_transform(states, lambda state: state[1][1]))], lambda size: size IS NOT NULL), "
    "lambda size: "
    "[[size], list_sort(list_distinct(flatten(list_transform(states, lambda state: state[2]))))[:size]])[1])[1])"
)
_STATES = "TRY_CAST([{hll}, {others}] AS BIGINT[][][])"
_FOREIGN = "error('this summary comes from another service: only those that hll() makes here can be counted')"
_COUNTED = (
    "list_transform([TRY_CAST({hll} AS BIGINT[][])], lambda state: "
    f"CASE WHEN len(state[3]) > 0 THEN {_FOREIGN} WHEN len(state[2]) < state[1][1] THEN len(state[2]) "
    "ELSE round((state[1][1] - 1) * pow(2, 53) / state[2][state[1][1]])::BIGINT END)[1]"
)


def _state(condition: str, accuracy: int) -> str:
    if accuracy not in _SIZES:
        raise QueryError("SEM002", f"{accuracy} is no accuracy", hint="give a number from 0 to 4")
    size, hashes = _SIZES[accuracy], _HASHES.replace("{condition}", condition)
    return f"nullif(to_json([[{size}], {hashes}[:{size}]]), '[[{size}],null]'::JSON)"


def _hll(accuracy: int) -> str:
    return _state("{expr} IS NOT NULL", accuracy)


def _hll_if(accuracy: int) -> str:
    return _state("{expr} IS NOT NULL AND {predicate}", accuracy)


aggregate(
    "hll",
    "A summary of the values from which dcount_hll() counts the distinct ones; summaries can be stored and merged.",
    sig(f"(expr: {_VALUES}) -> dynamic", duckdb=_hll(1)),
    sig(f"(expr: {_VALUES}, accuracy: const integer) -> dynamic", duckdb=_hll),
    result="hll_{first}",
    examples={
        "range x from 1 to 7 step 1 | summarize h = hll(x % 3) | project dcount_hll(h)": 3,
        "print x = long(null) | summarize h = hll(x)": None,
    },
    differs=_LAYOUT,
)
aggregate(
    "hll_if",
    "A summary, for dcount_hll(), of the values of the rows where a condition holds.",
    sig(f"(expr: {_VALUES}, predicate: bool) -> dynamic", duckdb=_hll_if(1)),
    sig(f"(expr: {_VALUES}, predicate: bool, accuracy: const integer) -> dynamic", duckdb=_hll_if),
    result="hll_if_{first}",
    examples={"range x from 1 to 7 step 1 | summarize h = hll_if(x, x > 5, 2) | project dcount_hll(h)": 2},
    differs=_LAYOUT,
)
aggregate(
    "hll_merge",
    "One summary of several: as if made of all their values.",
    sig("(hll: array) -> dynamic", duckdb=_MERGED.replace("{states}", "list(TRY_CAST({hll} AS BIGINT[][]))")),
    result="hll_merge_{first}",
    examples={
        "range x from 1 to 7 step 1 | summarize h = hll(x) by x % 2 | summarize m = hll_merge(h) | project dcount_hll(m)": 7,
        "datatable(h: dynamic)[dynamic('abc')] | summarize m = hll_merge(h)": None,
    },
)
scalar(
    "hll_merge",
    "One summary of several: as if made of all their values.",
    sig("(hll: array, others: array...) -> dynamic", duckdb=_MERGED.replace("{states}", _STATES)),
    result="hll_merged_result",
    examples={"dcount_hll(hll_merge(dynamic([[4096], [17, 23]]), dynamic([[4096], [23, 42]])))": 3},
)
scalar(
    "dcount_hll",
    "The number of distinct values in a summary that hll() made: exact for few, else within about 0.8 % at the default accuracy.",
    sig("(hll: array) -> long", duckdb=_COUNTED),
    result="dcount_hll_{first}",
    examples={"dcount_hll(dynamic([[4096], [17, 23]]))": 2, "dcount_hll(parse_json('\"x\"'))": None},
    differs="Refuses summaries that Kusto made: they hold registers and no hashes.",
)

# Below the least of the summaries' largest hashes each of them has all of its values, which stand for the rest.
_COMMON = (
    "list_transform([{states}], lambda states: list_transform([list_min(list_transform(states, lambda state: "
    "CASE WHEN len(state[2]) < state[1][1] THEN (1::BIGINT << 53) ELSE state[2][state[1][1]] END))], lambda edge: "
    "round(len(list_filter(list_reduce(list_transform(states, lambda state: state[2]), lambda one, other: "
    "list_intersect(one, other)), lambda value: value < edge)) * pow(2, 53) / edge)::BIGINT)[1])[1]"
)
scalar(
    "__dcount_hll_common",
    "The number of distinct values that are in all of several summaries.",
    sig("(hll: array, others: array...) -> long", duckdb=_COMMON.replace("{states}", _STATES)),
    examples={"__dcount_hll_common(dynamic([[4096], [17, 23]]), dynamic([[4096], [23, 42]]))": 1},
)

# ---------------------------------------------------------------------------------------------------------------- tdigest

_KINDS = {"number": "of_numbers", "datetime": "of_datetimes", "timespan": "of_timespans"}

aggregate(
    "tdigest",
    "A summary of the values from which percentile_tdigest() reads percentiles; summaries can be stored and merged.",
    *(
        sig(f"(expr: {kind}{weight}) -> dynamic", python=f"tdigest.{function}")
        for kind, function in _KINDS.items()
        for weight in ("", ", weight: integer")
    ),
    result="tdigest_{first}",
    examples={
        "range x from 1 to 10 step 1 | summarize d = tdigest(x) | project percentile_tdigest(d, 50)": 5,
        "datatable(x: long, w: long)[1, 1, 2, 2] | summarize d = tdigest(x, w) | project percentile_tdigest(d, 50)": 2,
        "datatable(x: real)[] | summarize d = tdigest(x)": None,
    },
    differs="All values are kept while there are at most 2000, and so many of them beyond. Its layout is not Kusto's.",
)
aggregate(
    "tdigest_merge",
    "One summary of several: as if made of all their values.",
    sig("(tdigest: array) -> dynamic", python="tdigest.merge_group"),
    result="merge_tdigests_{first}",
    examples={
        "range x from 1 to 10 step 1 | summarize d = tdigest(x) by x % 3 "
        "| summarize m = tdigest_merge(d) | project percentile_tdigest(m, 100)": 10,
        "datatable(d: dynamic)[dynamic('abc')] | summarize m = tdigest_merge(d)": None,
    },
)
alias("merge_tdigest", "tdigest_merge", deprecated=False)
for _name in ("tdigest_merge", "merge_tdigest"):
    scalar(
        _name,
        "One summary of several: as if made of all their values.",
        sig("(tdigest: array, others: array...) -> dynamic", python="tdigest.merge"),
        result="tdigests_merge_result",
        examples={
            f"rank_tdigest({_name}(dynamic(['number', [1], [2]]), dynamic(['number', [3, 4], [1, 1]])), 3)": 3.0,
        },
    )
scalar(
    "percentile_tdigest",
    "The percentile of the values in a summary that tdigest() made, as a dynamic value or of the type asked for.",
    sig("(tdigest: array, percentile: real) -> dynamic", python="tdigest.percentile"),
    sig("(tdigest: array, percentile: real, type: type) -> type", kql="percentile_tdigest(tdigest, percentile)"),
    result="percentile_tdigest_{first}",
    examples={
        "percentile_tdigest(dynamic(['number', [1, 2, 3], [1, 1, 1]]), 50)": 2,
        "percentile_tdigest(dynamic([1, 2]), 50)": None,
    },
)
scalar(
    "percentiles_array_tdigest",
    "Several percentiles of the values in a summary that tdigest() made.",
    sig("(tdigest: array, percentile: real...) -> dynamic", python="tdigest.percentiles"),
    sig("(tdigest: array, percentiles: array) -> dynamic", python="tdigest.percentiles_listed"),
    result="percentile_tdigest_{first}",
    examples={
        "percentiles_array_tdigest(dynamic(['number', [1, 2, 3], [1, 1, 1]]), 0, 100)": [1, 3],
        "percentiles_array_tdigest(parse_json('\"abc\"'), 50)": None,
    },
)
scalar(
    "rank_tdigest",
    "How many of the values in a summary that tdigest() made are not above a value.",
    sig("(digest: array, value: number|datetime|timespan) -> real", python="tdigest.rank"),
    examples={
        "rank_tdigest(dynamic(['number', [1, 2, 3], [1, 1, 1]]), 2)": 2.0,
        "rank_tdigest(dynamic(null), 2)": None,
    },
    differs="Texts are refused: a summary has no order for them. Give a number, datetime or timespan.",
)
scalar(
    "percentrank_tdigest",
    "How many percent of the values in a summary that tdigest() made are not above a value.",
    sig("(digest: array, value: number|datetime|timespan) -> real", python="tdigest.percentrank"),
    examples={
        "percentrank_tdigest(dynamic(['number', [1, 2, 3, 4], [1, 1, 1, 1]]), 2)": 50.0,
        "percentrank_tdigest(parse_json('{}'), 2)": None,
    },
    differs="Texts are refused: a summary has no order for them. Give a number, datetime or timespan.",
)
for _name in ("hll_isvalid", "tdigest_isvalid"):
    scalar(
        _name,
        "Whether a value may be in a summary.",
        sig("(state: array, value: scalar) -> bool"),
        differs="Refused, since no documentation says what it answers.",
    )
