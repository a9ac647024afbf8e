"""Aggregates: what summarize makes of the rows of a group."""

from __future__ import annotations

import re

from kqlog.functions.declare import Signature, aggregate, alias, sig
from kqlog.types import MAX_DATETIME_TICKS


def _plain(signature: Signature) -> Signature:
    """A signature over all rows."""
    return _filtered(signature, signature.text, ())


def _conditional(signature: Signature) -> Signature:
    """A signature over the rows where a further argument, before the constant ones, holds."""
    text = re.sub(r"(?=, \w+: const)|(?=\) ->)", ", predicate: bool", signature.text, count=1)
    return _filtered(signature, text, ("predicate",))


def _filtered(signature: Signature, text: str, conditions: tuple[str, ...]) -> Signature:
    """`{if}` in a body becomes the filter for the conditions, `{if value}` one that also skips the nulls of `value`."""

    def clause(match: re.Match[str]) -> str:
        wanted = [f"{{{name}}} IS NOT NULL" for name in match[1].split()] + [f"{{{name}}}" for name in conditions]
        return f" FILTER (WHERE {' AND '.join(wanted)})" if wanted else ""

    def condition(match: re.Match[str]) -> str:
        return " and ".join([f"isnotnull({name})" for name in match[1].split()] + list(conditions))

    marker = re.compile(r"\{if((?: \w+)*)\}")
    if signature.kql is not None:
        return sig(text, kql=marker.sub(condition, signature.kql))
    return sig(text, duckdb=marker.sub(clause, str(signature.duckdb)))


def _pair(
    names: tuple[str, str],
    summary: str,
    *signatures: Signature,
    result: tuple[str, str],
    examples: dict[str, object],
    conditional_examples: dict[str, object],
    differs: str = "",
) -> None:
    """Declare an aggregate over all rows of a group and its sister over those where a condition holds."""
    name, conditional = names
    aggregate(name, summary, *map(_plain, signatures), result=result[0], examples=examples, differs=differs)
    summary = f"{summary} Only rows where a condition holds count."
    aggregate(
        conditional, summary, *map(_conditional, signatures), result=result[1], examples=conditional_examples, differs=differs
    )


# ---------------------------------------------------------------------------------------------------------------- counting

_COUNT_IF = sig("(predicate: bool) -> long", duckdb="count(*) FILTER (WHERE {predicate})")

aggregate(
    "count",
    "Number of rows.",
    sig("() -> long", duckdb="count(*)"),
    _COUNT_IF,
    result="count_{first}",
    examples={"range x from 1 to 7 step 1 | summarize count()": 7},
)
alias("cnt", "count", sig("() -> long", duckdb="count(*)"), result="cnt_{first}")
aggregate(
    "countif",
    "Number of rows where a condition holds.",
    _COUNT_IF,
    result="countif_{first}",
    examples={
        "range x from 1 to 7 step 1 | summarize countif(x > 5)": 2,
        "datatable(x: long)[] | summarize countif(x > 5)": 0,
    },
)

# Exact: a group of ten million distinct values takes DuckDB well under a second, and its sketch is off by up to 12 %.
_pair(
    ("dcount", "dcountif"),
    "Number of distinct values.",
    sig("(expr: scalar) -> long", duckdb="count(DISTINCT {expr}){if}"),
    sig("(expr: scalar, accuracy: const notdynamic) -> long", duckdb="count(DISTINCT {expr}){if}"),
    result=("dcount_{first}", "dcountif_{first}"),
    examples={"datatable(x: string)['a', 'b', 'a'] | summarize dcount(x)": 2, "print x = long(null) | summarize dcount(x, 2)": 0},
    conditional_examples={"datatable(x: string)['a', 'b', 'a'] | summarize dcountif(x, x != 'b')": 1},
    differs="Always exact: the accuracy is taken and changes nothing. Kusto estimates.",
)
_pair(
    ("count_distinct", "count_distinctif"),
    "Number of distinct values.",
    sig("(expr: notdynamic) -> long", duckdb="count(DISTINCT {expr}){if}"),
    result=("count_distinct_{first}", "count_distinctif_{first}"),
    examples={"datatable(x: int)[3, 3, int(null)] | summarize count_distinct(x)": 1},
    conditional_examples={"range x from 1 to 7 step 1 | summarize count_distinctif(x % 3, x > 6)": 1},
)

# ---------------------------------------------------------------------------------------------------------------- totals

_SUM = "coalesce(sum({expr}){if}, 0)"

_pair(
    ("sum", "sumif"),
    "Sum of the values; 0 when there is none.",
    sig("(expr: integer) -> long", duckdb="CAST(coalesce(sum({expr}){if}, 0) AS BIGINT)"),
    sig("(expr: real) -> real", duckdb="coalesce(sum({expr}){if}, 0)"),
    sig("(expr: decimal) -> decimal", duckdb="coalesce(sum({expr}){if}, 0)"),
    sig("(expr: timespan) -> timespan", duckdb="CAST(coalesce(sum({expr}){if}, 0) AS BIGINT)"),
    sig("(expr: datetime) -> datetime", duckdb=f"CAST(CASE WHEN {_SUM} <= {MAX_DATETIME_TICKS} THEN {_SUM} END AS BIGINT)"),
    result=("sum_{first}", "sumif_{first}"),
    examples={
        "range x from 1 to 7 step 1 | summarize sum(x)": 28,
        "datatable(x: timespan)[1h, 30m] | summarize sum(x)": "01:30:00",
        "datatable(x: real)[] | summarize sum(x)": 0.0,
        "datatable(x: datetime)[datetime(9000-01-01), datetime(9000-01-01)] | summarize sum(x)": None,
    },
    conditional_examples={"range x from 1 to 7 step 1 | summarize sumif(x, x > 5)": 13},
)

_NOT_A_NUMBER = "'NaN'::DOUBLE"
_MEAN_TICKS = "(sum({expr}){if} // nullif(count({expr}){if}, 0))::BIGINT"
"""Whole ticks: the mean as a double would be off by up to 64 of them."""

_pair(
    ("avg", "avgif"),
    "Mean of the values; NaN when there is none.",
    sig("(expr: integer|real) -> real", duckdb=f"coalesce(avg({{expr}}){{if}}, {_NOT_A_NUMBER})"),
    sig("(expr: decimal) -> decimal", kql="sumif(expr, {if expr}) / countif({if expr})"),
    sig("(expr: timespan|datetime) -> expr", duckdb=_MEAN_TICKS),
    result=("avg_{first}", "avgif_{first}"),
    examples={
        "range x from 1 to 4 step 1 | summarize avg(x)": 2.5,
        "datatable(x: real)[1.5, real(null), 2.5] | summarize avg(x)": 2.0,
        "datatable(x: timespan)[1tick, 4tick] | summarize avg(x)": "00:00:00.0000002",
        "print x = datetime(2024-02-01 00:00:00.0000001) | summarize avg(x)": "2024-02-01T00:00:00.0000001Z",
    },
    conditional_examples={"range x from 1 to 4 step 1 | summarize avgif(x, x > 2)": 3.5},
)

_pair(
    ("min", "minif"),
    "Smallest value.",
    sig("(expr: string) -> string", duckdb="coalesce(min({expr}){if}, '')"),
    sig("(expr: orderable) -> expr", duckdb="min({expr}){if}"),
    result=("min_{first}", "minif_{first}"),
    examples={
        "datatable(x: int)[3, int(null), 2] | summarize min(x)": 2,
        "datatable(x: string)['b', 'a'] | summarize min(x)": "a",
        "datatable(x: datetime)[] | summarize min(x)": None,
    },
    conditional_examples={"range x from 1 to 7 step 1 | summarize minif(x, x > 5)": 6},
)
_pair(
    ("max", "maxif"),
    "Largest value.",
    sig("(expr: string) -> string", duckdb="coalesce(max({expr}){if}, '')"),
    sig("(expr: orderable) -> expr", duckdb="max({expr}){if}"),
    result=("max_{first}", "maxif_{first}"),
    examples={
        "datatable(x: int)[3, int(null), 2] | summarize max(x)": 3,
        "datatable(x: bool)[true, false] | summarize max(x)": True,
        "datatable(x: string)[] | summarize max(x)": "",
    },
    conditional_examples={"range x from 1 to 7 step 1 | summarize maxif(x, x < 5)": 4},
)

for _name, _summary, _sql, _answer in (
    ("and", "The bits that are set in every value.", "bit_and({expr})", 8),
    ("or", "The bits that are set in some value.", "bit_or({expr})", 14),
    ("xor", "The bits that are set in an odd number of values.", "bit_xor({expr})", 6),
):
    aggregate(
        f"binary_all_{_name}",
        f"{_summary} Fractions are cut off; timespans and datetimes count in ticks of 100 ns.",
        sig("(expr: integer|timespan) -> expr", duckdb=_sql),
        *(
            sig(f"(expr: {type_}) -> {type_}", kql=f"to{type_}(binary_all_{_name}(tolong(expr)))")
            for type_ in ("real", "decimal", "datetime")
        ),
        result="{first}",
        examples={
            f"datatable(x: long)[12, 10] | summarize binary_all_{_name}(x)": _answer,
            f"datatable(x: real)[12.5, 10, real(null)] | summarize binary_all_{_name}(x)": float(_answer),
            f"datatable(x: long)[] | summarize binary_all_{_name}(x)": None,
        },
    )

# ---------------------------------------------------------------------------------------------------------------- spread

# Null for fewer than two rows in SQL, 0 in KQL.
_pair(
    ("stdev", "stdevif"),
    "Standard deviation of a sample; 0 for fewer than two values. Timespans and datetimes count in ticks of 100 ns.",
    sig("(expr: summable) -> real", duckdb="coalesce(stddev_samp({expr}){if}, 0)"),
    result=("stdev_{first}", "stdevif_{first}"),
    examples={
        "range x from 1 to 5 step 1 | summarize round(stdev(x), 6)": 1.581139,
        "print x = 4 | summarize stdev(x)": 0.0,
    },
    conditional_examples={"range x from 1 to 5 step 1 | summarize round(stdevif(x, x > 3), 6)": 0.707107},
)
aggregate(
    "stdevp",
    "Standard deviation of a whole population. Timespans and datetimes count in ticks of 100 ns.",
    sig("(expr: summable) -> real", duckdb="stddev_pop({expr})"),
    result="stdevp_{first}",
    examples={
        "datatable(x: real)[1, 3] | summarize stdevp(x)": 1.0,
        "datatable(x: real)[] | summarize stdevp(x)": None,
    },
)
_pair(
    ("variance", "varianceif"),
    "Variance of a sample; 0 for fewer than two values. Timespans and datetimes count in ticks of 100 ns.",
    sig("(expr: summable) -> real", duckdb="coalesce(var_samp({expr}){if}, 0)"),
    result=("variance_{first}", "varianceif_{first}"),
    examples={"range x from 1 to 5 step 1 | summarize variance(x)": 2.5, "datatable(x: long)[] | summarize variance(x)": 0.0},
    conditional_examples={"range x from 1 to 5 step 1 | summarize varianceif(x, x > 3)": 0.5},
)
_pair(
    ("variancep", "variancepif"),
    "Variance of a whole population. Timespans and datetimes count in ticks of 100 ns.",
    sig("(expr: summable) -> real", duckdb="var_pop({expr}){if}"),
    result=("variancep_{first}", "variancepif_{first}"),
    examples={"range x from 1 to 5 step 1 | summarize variancep(x)": 2.0},
    conditional_examples={"range x from 1 to 5 step 1 | summarize variancepif(x, x > 3)": 0.25},
)
_pair(
    ("covariance", "covarianceif"),
    "Covariance of a sample of pairs.",
    sig("(first: summable, second: summable) -> real", duckdb="covar_samp({first}, {second}){if}"),
    result=("covariance_{first}", "covarianceif_{first}"),
    examples={"range x from 1 to 5 step 1 | summarize covariance(x, 2 * x)": 5.0},
    conditional_examples={"range x from 1 to 5 step 1 | summarize covarianceif(x, 2 * x, x > 3)": 1.0},
)
_pair(
    ("covariancep", "covariancepif"),
    "Covariance of a whole population of pairs.",
    sig("(first: summable, second: summable) -> real", duckdb="covar_pop({first}, {second}){if}"),
    result=("covariancep_{first}", "covariancepif_{first}"),
    examples={"range x from 1 to 5 step 1 | summarize covariancep(x, 2 * x)": 4.0},
    conditional_examples={"range x from 1 to 5 step 1 | summarize covariancepif(x, 2 * x, x > 3)": 0.5},
)

# ---------------------------------------------------------------------------------------------------------------- arrays and bags

_LARGEST = 1_048_576
"""Kusto's limit on the elements of an array or bag; its old aggregates stop at 128."""

_ASKED = f"greatest(least({{maxSize}}, {_LARGEST}), 0)"

_VALUES = "list({expr} {order}){if expr}"
# Sorted, since DuckDB's threads would give another order each time, and a set turned to text may become a key.
_SET = "list_sort(list(DISTINCT {expr}){if expr})"
_ELEMENTS = "CASE WHEN json_type({expr}) = 'ARRAY' THEN {expr}::JSON[] ELSE [{expr}] END"
_VALUES_OF_ELEMENTS = f"flatten(list({_ELEMENTS} {{order}}){{if expr}})"
_SET_OF_ELEMENTS = f"list_sort(list_distinct(flatten(list({_ELEMENTS}){{if expr}})))"


def _list(values: str, size: str) -> str:
    return f"coalesce({values}, [])[:{size}]"


def _array(values: str, size: str) -> str:
    return f"to_json({_list(values, size)})"


def _collected(name: str, values: str, dynamic_values: str, largest: int = _LARGEST) -> tuple[Signature, ...]:
    """An aggregate that makes an array, without and with a limit on its size."""
    signatures: list[Signature] = []
    for parameter, size in (("", f"{largest}"), (", maxSize: const integer", _ASKED)):
        argument = ", maxSize" if parameter else ""
        signatures += [
            sig(f"(expr: real{parameter}) -> reals", duckdb=_list(values, size)),
            sig(f"(expr: integer{parameter}) -> longs", duckdb=_list(values, size)),
            sig(f"(expr: dynamic{parameter}) -> dynamic", duckdb=_array(dynamic_values, size)),
            sig(
                f"(expr: datetime|timespan|decimal{parameter}) -> dynamic",
                kql=f"{name}_if(tostring(expr), {{if expr}}{argument})",
            ),
            sig(f"(expr: scalar{parameter}) -> dynamic", duckdb=_array(values, size)),
        ]
    return tuple(signatures)


_pair(
    ("make_list", "make_list_if"),
    "Array of all values, in the order of the rows. Of dynamic arrays, their elements: pack_array() keeps an array whole.",
    *_collected("make_list", _VALUES, _VALUES_OF_ELEMENTS),
    result=("list_{first}", "list_{first}"),
    examples={
        "range x from 1 to 4 step 1 | sort by x desc | summarize make_list(x)": [4, 3, 2, 1],
        "range x from 1 to 4 step 1 | sort by x asc | summarize make_list(x, 2)": [1, 2],
        "datatable(x: int)[1, int(null)] | summarize make_list(x)": [1],
        "print x = 90m | summarize make_list(x)": ["01:30:00"],
        "datatable(x: dynamic)[dynamic([1, 2]), dynamic([[3]]), dynamic(4)] | summarize make_list(x)": [1, 2, [3], 4],
        "datatable(x: long)[] | summarize make_list(x)": [],
    },
    conditional_examples={"range x from 1 to 4 step 1 | sort by x asc | summarize make_list_if(x, x > 2)": [3, 4]},
)
alias("makelist", "make_list", *map(_plain, _collected("make_list", _VALUES, _VALUES_OF_ELEMENTS, largest=128)))
aggregate(
    "make_list_with_nulls",
    "Array of all values, nulls included, in the order of the rows.",
    sig("(expr: real) -> reals", duckdb=_list("list({expr} {order})", f"{_LARGEST}")),
    sig("(expr: integer) -> longs", duckdb=_list("list({expr} {order})", f"{_LARGEST}")),
    sig("(expr: datetime|timespan|decimal) -> dynamic", kql="make_list_with_nulls(__dynamic(expr))"),
    sig("(expr: scalar) -> dynamic", duckdb=_array("list({expr} {order})", f"{_LARGEST}")),
    result="list_{first}",
    examples={"datatable(x: int)[1, int(null), 2] | summarize make_list_with_nulls(x)": [1, None, 2]},
)
_pair(
    ("make_set", "make_set_if"),
    "Array of the distinct values. Of dynamic arrays, their elements.",
    *_collected("make_set", _SET, _SET_OF_ELEMENTS),
    result=("set_{first}", "set_{first}"),
    examples={
        "datatable(x: string)['b', 'a', 'b'] | summarize make_set(x)": ["a", "b"],
        "datatable(x: dynamic)[dynamic([1, 2]), dynamic([2, 3]), dynamic(4)] | summarize make_set(x)": [1, 2, 3, 4],
        "datatable(x: real)[] | summarize make_set(x)": [],
    },
    conditional_examples={"range x from 1 to 9 step 1 | summarize make_set_if(x % 3, x > 1, 2)": [0, 1]},
)
alias("makeset", "make_set", *map(_plain, _collected("make_set", _SET, _SET_OF_ELEMENTS, largest=128)))

# Entries of all bags, sorted so that equal keys stand together; each but the first of a key goes.
_ENTRIES = "list_sort(flatten(coalesce(list(list_zip(json_keys({expr}), json_extract({expr}, '$.*'))){if}, [])))"
_FIRST_OF_KEY = (
    f"list_transform(list_filter(list_transform([{_ENTRIES}], lambda entries: list_zip(entries, [NULL] || entries))[1], "
    "lambda pair: pair[1] IS NOT NULL AND pair[1][1] IS DISTINCT FROM pair[2][1]), lambda pair: pair[1])"
)


def _bag(size: str) -> str:
    return f"to_json(map_from_entries({_FIRST_OF_KEY}[:{size}]))"


_pair(
    ("make_bag", "make_bag_if"),
    "Bag with the entries of all bags; one of the values of a key that occurs again. Values that are no bag are skipped.",
    sig("(expr: bag) -> dynamic", duckdb=_bag(f"{_LARGEST}")),
    sig("(expr: bag, maxSize: const integer) -> dynamic", duckdb=_bag(_ASKED)),
    result=("bag_{first}", "bag_{first}"),
    examples={
        "datatable(k: string, v: long)['a', 1, 'b', 2] | summarize make_bag(bag_pack(k, v))": {"a": 1, "b": 2},
        "datatable(d: dynamic)[dynamic({'a': 1}), dynamic({'a': 1, 'b': null}), dynamic([5])] | summarize make_bag(d)": {
            "a": 1,
            "b": None,
        },
        "datatable(d: dynamic)[] | summarize make_bag(d)": {},
    },
    conditional_examples={"range x from 1 to 3 step 1 | summarize make_bag_if(bag_pack(strcat('k', x), x), x > 2)": {"k3": 3}},
)
alias(
    "make_dictionary",
    "make_bag",
    _plain(sig("(expr: bag) -> dynamic", duckdb=_bag("128"))),
    _plain(sig("(expr: bag, maxSize: const integer) -> dynamic", duckdb=_bag(_ASKED))),
    result="dictionary_{first}",
)
aggregate(
    "buildschema",
    "The least schema that all the values have: bags by key, `indexer` for the elements of arrays, lists of alternatives.",
    sig("(expr: bag) -> dynamic", python="schemas.buildschema"),
    result="schema_{first}",
    examples={
        "datatable(d: dynamic)[dynamic({'a': 1}), dynamic({'a': 'x', 'b': [2.5]})] | summarize buildschema(d)": {
            "a": ["long", "string"],
            "b": {"`indexer`": "double"},
        },
        "datatable(d: dynamic)[dynamic(null)] | summarize buildschema(d)": None,
    },
)

# ---------------------------------------------------------------------------------------------------------------- rows

_ANY = sig("(expr: scalar) -> expr", duckdb="any_value({expr}){if}")
_ANY_TEXT = sig("(expr: string) -> string", duckdb="coalesce(any_value(nullif({expr}, '')){if}, '')")
# first() takes the value of the first row even if it is null, so that several of them tell of one row.
_ANY_ROW = (
    sig("(expr: string, others: scalar...) -> string", duckdb="coalesce(first({expr}), '')"),
    sig("(expr: scalar, others: scalar...) -> expr", duckdb="first({expr})"),
    sig("(columns: star) -> dynamic"),
)

aggregate(
    "take_any",
    "The value of any one row, one that is not empty if there is such. Several values are those of one row.",
    _plain(_ANY_TEXT),
    _plain(_ANY),
    *_ANY_ROW,
    examples={
        "datatable(x: string)['', 'a'] | summarize take_any(x)": "a",
        "datatable(x: int)[int(null), 5] | summarize take_any(x)": 5,
        "datatable(x: string)[] | summarize take_any(x)": "",
    },
    differs="Which row it is may be another one than in Kusto, where no order is promised either.",
)
alias("any", "take_any", result="any_{first}")
aggregate(
    "take_anyif",
    "The value of any one row where a condition holds, one that is not empty if there is such.",
    _conditional(_ANY_TEXT),
    _conditional(_ANY),
    result="{first}",
    examples={"range x from 1 to 4 step 1 | summarize take_anyif(x, x > 3)": 4},
)
alias("anyif", "take_anyif", result="anyif_{first}")


def _of_row(by: str, extreme: str) -> tuple[Signature, ...]:
    """A value of the row where `by` is extreme. Rows where it is null are taken when there is no other."""
    body = f"CASE WHEN count({{{by}}}) > 0 THEN arg_{extreme}_null({{returned}}, {{{by}}}) ELSE first({{returned}}) END"
    return (
        sig(f"({by}: orderable) -> {by}", kql=f"{extreme}({by})"),
        sig(f"({by}: orderable, returned: string) -> string", duckdb=f"coalesce({body}, '')"),
        sig(f"({by}: orderable, returned: scalar) -> returned", duckdb=f"({body})"),
        sig(f"({by}: orderable, returned: scalar...) -> {by}"),
        sig(f"({by}: orderable, columns: star) -> {by}"),
    )


aggregate(
    "arg_max",
    "The row with the largest value: that value, and what else is asked for (* for all columns).",
    *_of_row("maximized", "max"),
    examples={
        "datatable(x: long, y: string)[1, 'a', 2, 'b'] | summarize arg_max(x, y) | project y": "b",
        "datatable(x: long, y: string)[] | summarize arg_max(x, y) | project y": "",
    },
)
alias("argmax", "arg_max")
aggregate(
    "arg_min",
    "The row with the smallest value: that value, and what else is asked for (* for all columns).",
    *_of_row("minimized", "min"),
    examples={
        "datatable(x: long, y: string)[1, 'a', 2, 'b'] | summarize arg_min(x, y) | project y": "a",
        "datatable(x: long, y: long)[] | summarize arg_min(x, y) | project y": None,
    },
)
alias("argmin", "arg_min")
aggregate(
    "passthrough",
    "The value as it is.",
    sig("(expr: scalar) -> expr"),
    result="{first}",
    differs="Refused, since which of the values of a group it gives is not documented. take_any() gives any one of them.",
)
