"""Logic: conditions, and what to do about null."""

from __future__ import annotations

from kqlog.functions.declare import alias, scalar, sig

_NULLABLE = ("bool", "int", "long", "real", "decimal", "datetime", "timespan", "guid", "dynamic")

# ------------------------------------------------------------------------------------------------------------ conditions

scalar(
    "and",
    "True when both sides are; false when either is false, even beside a null.",
    sig("(left: bool, right: bool) -> bool", sql="({left} AND {right})"),
    examples={"true and false": False, "bool(null) and false": False, "bool(null) and true": None},
)
scalar(
    "or",
    "True when either side is, even beside a null.",
    sig("(left: bool, right: bool) -> bool", sql="({left} OR {right})"),
    examples={"true or false": True, "bool(null) or true": True, "bool(null) or false": None},
)
scalar(
    "not",
    "The opposite of a condition; null stays null.",
    sig("(expression: bool) -> bool", sql="(NOT {expression})"),
    examples={"not(true)": False, "not(bool(null))": None},
)

scalar(
    "iff",
    "One value when a condition is true, another when it is false or null.",
    sig(
        "(condition: bool, then: common, otherwise: common) -> common",
        sql="(CASE WHEN {condition} THEN {then} ELSE {otherwise} END)",
    ),
    sig(
        "(condition: bool, then: packed, otherwise: packed) -> dynamic",
        sql="(CASE WHEN {condition} THEN {then} ELSE {otherwise} END)",
    ),
    examples={"iff(2 > 1, 'more', 'less')": "more", "iff(bool(null), 1, 2.5)": 2.5, "iff(true, 1, 'one')": 1},
)
alias("iif", "iff", deprecated=False)


def _case(count: int) -> str:
    """`{predicate.0}`, `{predicate.1}` ... are all arguments in order: condition, value, condition, value ..., value."""
    branches = [f"WHEN {{predicate.{position}}} THEN {{predicate.{position + 1}}}" for position in range(0, count - 1, 2)]
    return f"(CASE {' '.join(branches)} ELSE {{predicate.{count - 1}}} END)"


scalar(
    "case",
    "The value after the first condition that is true, or the last value when none is.",
    sig("(predicate: bool..., then: common..., otherwise: common) -> common", sql=_case),
    sig("(predicate: bool..., then: packed..., otherwise: packed) -> dynamic", sql=_case),
    examples={"case(1 > 2, 'a', 2 > 1, 'b', 'c')": "b", "case(false, 1, bool(null), 2, 3.5)": 3.5},
)

# ------------------------------------------------------------------------------------------------------------ null and empty

scalar(
    "isnull",
    "True when there is no value. Text is never null, only empty.",
    sig("(expression: scalar) -> bool", sql="({expression} IS NULL)"),
    examples={"isnull(long(null))": True, "isnull('')": False, "isnull(dynamic(null))": True, "isnull(toint('x'))": True},
)
scalar(
    "isnotnull",
    "True when there is a value. Text is never null, only empty.",
    sig("(expression: scalar) -> bool", sql="({expression} IS NOT NULL)"),
    examples={"isnotnull(0)": True, "isnotnull('')": True, "isnotnull(datetime(null))": False},
)
alias("notnull", "isnotnull")
scalar(
    "isempty",
    "True for an empty text, and for null.",
    sig("(value: string) -> bool", sql="({value} = '')"),
    sig("(value: dynamic) -> bool", duckdb="(coalesce({value} ->> '$', '') = '')"),
    sig("(value: notdynamic) -> bool", sql="({value} IS NULL)"),
    examples={"isempty('')": True, "isempty(' ')": False, "isempty(long(null))": True, "isempty(dynamic(''))": True},
)
scalar(
    "isnotempty",
    "True for a text that is not empty, and for any other value that is not null.",
    sig("(value: string) -> bool", sql="({value} <> '')"),
    sig("(value: dynamic) -> bool", duckdb="(coalesce({value} ->> '$', '') <> '')"),
    sig("(value: notdynamic) -> bool", sql="({value} IS NOT NULL)"),
    examples={"isnotempty('a')": True, "isnotempty('')": False, "isnotempty(0)": True, "isnotempty(dynamic(null))": False},
)
alias("notempty", "isnotempty")


def _first_text(count: int) -> str:
    rest = "".join(f", nullif({{more.{position}}}, '')" for position in range(count))
    return f"coalesce(nullif({{arg}}, ''){rest}, '')"


scalar(
    "coalesce",
    "The first value that is not null (for text: not empty).",
    sig("(arg: string, more: string...) -> string", sql=_first_text),
    *(sig(f"(arg: {type_}, more: {type_}...) -> {type_}", sql="coalesce({arg}, {more})") for type_ in _NULLABLE),
    examples={"coalesce('', 'b', 'c')": "b", "coalesce(long(null), 2, 3)": 2, "coalesce(tolong('x'), 1.5)": 1.5},
)

_ORDERED = ("int", "long", "real", "decimal", "datetime", "timespan", "string", "bool")

scalar(
    "max_of",
    "The largest of several values; nulls do not count.",
    *(sig(f"(arg: {type_}, more: {type_}...) -> {type_}", sql="greatest({arg}, {more})") for type_ in _ORDERED),
    examples={"max_of(1, 3.5, 2)": 3.5, "max_of(int(null), 4)": 4, "max_of('a', 'b')": "b"},
)
scalar(
    "min_of",
    "The smallest of several values; nulls do not count.",
    *(sig(f"(arg: {type_}, more: {type_}...) -> {type_}", sql="least({arg}, {more})") for type_ in _ORDERED),
    examples={
        "min_of(1, 3.5, 2)": 1.0,
        "min_of(1h, 90s)": "00:01:30",
        "min_of(datetime(null), datetime(2024-02-29))": "2024-02-29T00:00:00.0000000Z",
    },
)
