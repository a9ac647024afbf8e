"""How likely each candidate is at a place.

All scores are on one scale: what nearly every query has at such a place is near 60, what hardly any has near 0. They are
sums of small gains, each for one reason: how often queries use the thing at all, whether its type fits, whether this query has
used or said it. Over real queries, what follows is among the first ten in four of five cases (bench/completion.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from kqlog.assist import habits
from kqlog.assist.around import Around
from kqlog.assist.expected import is_boolean
from kqlog.assist.sight import Sight
from kqlog.functions.declare import FUNCTIONS, Function
from kqlog.functions.declare import Kind as Role
from kqlog.types import NUMBERS, Type

_LISTED_ONCE = frozenset({"project", "distinct", "project-away", "project-keep", "project-reorder", "sort", "order", "summarize"})
"""Operators that name a column once."""
_SCALARS_ONLY = frozenset({"take", "limit", "sample"})
_STANDARD = frozenset(
    {"TenantId", "SourceSystem", "MG", "_ItemId", "_SubscriptionId", "_BilledSize", "_IsBillable", "ManagementGroupName"}
)
"""Columns that Azure Monitor gives to every table."""
_OF_NUMBERS = frozenset({"sum", "avg", "max", "min", "percentile", "percentiles", "stdev", "sumif", "avgif", "round"})
_OF_ORDER = frozenset({"max", "min", "round"})
_CHOICES = frozenset({"iff", "case", "strcat", "datetime_diff"})
_IN_CONDITIONS = frozenset({"ago", "isnotempty", "not", "isempty", "now"})
_WITHOUT_ARGUMENTS = frozenset(name for name, one in FUNCTIONS.items() if one.signatures and not one.signatures[0].parameters)
_WHOLE_ROWS = frozenset({"arg_max", "arg_min", "take_any", "any", "argmax", "argmin"})
_LEAST_BEGINNING = 5
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


class ColumnScores:
    """How likely the columns at a place are."""

    def __init__(self, around: Around, sight: Sight) -> None:
        self._around = around
        stored = sight.scope.environment.tables
        self._stored = {column.name for schema in stored.values() for column in schema}
        self._subjects = frozenset[str]().union(*map(_parts, stored)) if len(stored) < 5 else frozenset()
        self._base = self._any_column(sight)

    def _any_column(self, sight: Sight) -> float:
        place = self._around.place
        if place.operator in _SCALARS_ONLY or (sight.aggregates and place.clause == "SUMMARIZE"):
            return 5.0
        if place.compared is not None:
            return 8.0
        return 20.0 if place.operator == "extend" and place.call is None else 45.0

    def __call__(self, name: str, type_: Type, number: int) -> float:
        """The score of a column, the one of this number from 0 on."""
        used = self._around.used[name]
        score = self._base - number / 20 + self._of_name(name)
        score += 14 + min(used, 4) if used else 0
        # What the query has made itself it will use.
        score += 12 if name not in self._stored else 0
        if self._around.wanted:
            score += 10 if type_ in self._around.wanted else -60
        return score + self._at_place(name, type_)

    def _of_name(self, name: str) -> float:
        said, parts = self._around.said, _parts(name)
        score = habits.weight(habits.COLUMNS, name) / 2
        if name not in habits.COLUMNS:
            score = max((gain for part, gain in habits.COLUMN_PARTS.items() if part in name), default=0) / 2
        return score + min(6 * len(said & parts), 12) + 4 * bool(self._subjects & parts) - 10 * (name in _STANDARD)

    def _at_place(self, name: str, type_: Type) -> float:
        place, score = self._around.place, 0.0
        if place.call is None and place.operator in _LISTED_ONCE and name in self._around.listed:
            score -= 40
        if place.compared is not None and getattr(place.compared[0], "name", None) == name:
            score -= 30
        if place.call is not None and place.call.name in _OF_NUMBERS:
            if type_ in NUMBERS:
                score += max((gain for part, gain in habits.MEASURES.items() if part in name), default=0)
            elif place.call.name not in _OF_ORDER:
                score -= 20
        return score


def variable_score(around: Around, sight: Sight, name: str, type_: Type | None) -> float:
    """The score of a variable of the query; of one without a type, which is a table."""
    again = min(around.used[name] - 1, 3)
    if type_ is None:
        return (55 if sight.wanted == "table" or around.place.last == "LPAR" else 12) - 8 * again
    score = 40.0 - 6 * again
    if around.wanted:
        return score + (25 if type_ in around.wanted else -20)
    return score - 20 * (around.is_condition or around.place.operator in {"summarize", "project", "distinct"})


def table_scores(around: Around, sight: Sight, names: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Tables with their scores."""
    names = list(names)
    place = around.place
    base = -20.0
    if sight.wanted == "table" or place.symbols[-2:] == ["SUBQUERY_CALL", "LPAR"]:
        base = 30.0
    elif place.statement == "LET" and place.last == "EQUAL":
        base = 18.0
    # A word that many tables have in their name says little of which is meant.
    common = Counter(part for name in names for part in _parts(name) & around.said)
    for name in names:
        score = base + (10 - rank(habits.TABLES, name) / 4 if name in habits.TABLES else 0) - len(name) / 20
        score += sum(14 / (1 + common[part] / 6) for part in _parts(name) & around.said)
        score += 14 * any(name[:end].lower() in around.said for end in range(_LEAST_BEGINNING, len(name) + 1))
        yield name, score + 10 * min(around.used[name], 2)


def function_score(around: Around, sight: Sight, function: Function) -> float:
    """The score of a declared function."""
    name, operator = function.name, around.place.operator
    score = habits.weight(habits.FUNCTIONS, name) - 15 * (function.deprecated is not None)
    if function.kind is Role.AGGREGATE:
        score += 30
    elif sight.aggregates:
        score -= 25
    if around.wanted:
        return score + 10 * (operator == "extend") + (15 if result_types(name) & around.wanted else -25)
    if around.is_condition:
        return score + (18 if is_boolean(name) else -12)
    if operator == "extend":
        return score + 10 + (-14 if name in _IN_CONDITIONS else 10 if name in _CHOICES else 0)
    if around.place.clause == "BY":
        return score + ((28 if name in around.listed else 42) if name == "bin" else -10)
    return score - 10 * (operator in {"project", "distinct", "sort", "order", "top"} and around.place.call is None)


@cache
def result_types(name: str) -> frozenset[Type]:
    """The types that a function may give."""
    known = {str(type_): type_ for type_ in Type}
    found = set()
    for signature in FUNCTIONS[name].signatures:
        parameters = {one.name: one.types for one in signature.parameters}
        if signature.returns in known:
            found.add(known[signature.returns])
        elif signature.returns in parameters:
            found |= parameters[signature.returns]
        elif signature.returns == "common":
            found |= frozenset().union(*(one.types for one in signature.parameters if one.kind == "common"))
        else:
            found.add(Type.DYNAMIC)
    return frozenset(found)


def comparison_scores(around: Around) -> dict[str, float]:
    """What the value before the place is compared by."""
    sight = around.sight
    if sight is None or sight.left is None:
        return {}
    type_ = sight.type_of(sight.left)
    words = habits.COMPARISONS.get(type_) or habits.COMPARISONS[None]
    base = 62.0 if around.place.operator in {"where", "filter"} and around.place.bracket is None else 30.0
    return {word: base - 2 * number for number, word in enumerate(words)}


_MARKS = {
    "|": 55.0,
    ",": 50.0,
    ")": 30.0,
    "(": 18.0,
    "=": 22.0,
    "+": 8.0,
    "-": 9.0,
    "*": 12.0,
    "/": 12.0,
    "%": 3.0,
    ".": 14.0,
    "[": 8.0,
    "]": 40.0,
    "}": 40.0,
    ";": 16.0,
    ":": 2.0,
    "..": 60.0,
    "=>": 20.0,
    "{": 30.0,
}


def keyword_score(around: Around, terminal: str, word: str) -> float:
    """The score of a word or mark of the grammar."""
    place = around.place
    complete = "NAME" not in place.accepted
    if not complete:
        return _starting(around, terminal, word)
    score = _MARKS.get(word, 10 + habits.weight(habits.KEYWORDS, word))
    left = around.sight.left if around.sight is not None else None
    bare = place.last in {"NAME", "name"}
    if place.bracket is not None and word in {")", ",", "]"}:
        score += 25
    if word == "=":
        name = str(getattr(left, "name", place.value()))
        new = bare and around.sight is not None and name not in around.sight.columns and name not in around.sight.variables
        certain = new or place.statement == "LET" or place.operator == "extend"
        score += 60 if bare and certain and place.bracket is None else -15
    elif word == "(":
        score += 60 if bare and str(place.value()) in FUNCTIONS else -20
    elif word in {".", "["} and around.sight is not None and around.sight.type_of(left) is Type.DYNAMIC:
        score += 40
    elif word in {"/", "*", "-"} and place.operator in {"summarize", "extend", "project"} and not bare:
        score += 28
    elif word == ";" and place.statement:
        score += 40
    elif word in {"by", "on", "with", "of", "to"}:
        score += 25
    elif word in {"and", "or"}:
        score += 10 if place.operator in {"where", "filter"} else -15
    return score


def _starting(around: Around, terminal: str, word: str) -> float:
    """For a word or mark where a name may stand as well."""
    place = around.place
    if word == ")":
        return 90.0 if place.call is not None and place.call.name in _WITHOUT_ARGUMENTS and place.last == "LPAR" else 9.0
    if word == "*":
        after = place.call is not None and place.call.name in _WHOLE_ROWS and place.last == "COMMA"
        return 60.0 if after or place.operator in {"union", "search"} else 5.0
    if not word[-1].isalpha():
        return {"(": 12.0}.get(word, 1.0)
    if word == "in" and place.operator in {"search", "find"}:
        return 75.0
    if word in {"let", "set", "declare", "alias", "restrict"}:
        return 44.0 if word == "let" and place.last in {"", "SEMICOLON", "LBRACE"} else -20.0
    if word in {"union", "search", "print", "range", "datatable", "find", "externaldata"}:
        return habits.weight(habits.OPERATORS, word) + 18
    if word in {"by", "on", "with"}:
        return 52.0
    return habits.weight(habits.KEYWORDS, word) - 4


@cache
def _parts(name: str) -> frozenset[str]:
    """The words that a name is made of, in small letters and without a plural's s."""
    return frozenset(part.lower().rstrip("s") for part in _PART.findall(name) if len(part) > 2)


def rank(order: tuple[str, ...], name: str) -> int:
    """The place of a name in an order; behind all for one that is not there."""
    return order.index(name) if name in order else len(order)
