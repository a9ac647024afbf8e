"""All that may stand at a place, and how likely it is. The grammar says of what kinds, the binder which names there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from kqlog.assist import habits
from kqlog.assist.expected import expected, is_boolean
from kqlog.assist.place import OPERANDS, Place
from kqlog.assist.proposal import Candidate, Kind, operator_called, usage_of
from kqlog.assist.sight import Functions, Sight
from kqlog.functions.declare import FUNCTIONS
from kqlog.functions.declare import Kind as Role
from kqlog.operators.render import KINDS
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import Database, EntityGroup, Pattern, UserFunction, Variable
from kqlog.plan.statements import OPTIONS
from kqlog.plugins import NOT_OFFERED, OFFERED
from kqlog.syntax import grammar, words
from kqlog.syntax.words import Kind as Piece
from kqlog.types import ALIASES, NUMBERS, Schema, Type

_PARAMETERS = frozenset({"KIND", "PARAMETER", "HINT"})
_LISTED_ONCE = frozenset({"project", "distinct", "project-away", "project-keep", "project-reorder", "sort", "order", "summarize"})
"""Operators that name a column once."""
_SCALARS_ONLY = frozenset({"take", "limit", "sample"})
_OLD_WORDS = frozenset({"notcontainscs", "containscs", "notcontains", "notlikecs", "notlike", "likecs", "like", "<>", "mvapply"})
_OF_NUMBERS = frozenset({"sum", "avg", "max", "min", "percentile", "percentiles", "stdev", "sumif", "avgif", "round"})
_CHOICES = frozenset({"iff", "case", "strcat", "datetime_diff"})
_WITHOUT_ARGUMENTS = frozenset(name for name, one in FUNCTIONS.items() if one.signatures and not one.signatures[0].parameters)
_WHOLE_ROWS = frozenset({"arg_max", "arg_min", "take_any", "any", "argmax", "argmin"})
_IN_CONDITIONS = frozenset({"ago", "isnotempty", "not", "isempty", "now"})
_STANDARD = frozenset(
    {"TenantId", "SourceSystem", "MG", "_ItemId", "_SubscriptionId", "_BilledSize", "_IsBillable", "ManagementGroupName"}
)


@dataclass(frozen=True)
class Around:
    """A place with all that is known of it."""

    place: Place
    sight: Sight | None
    tables: Mapping[str, Schema]
    functions: Functions
    whole: str
    """The text with what stands behind the place, where names are used as well."""

    @cached_property
    def used(self) -> Counter[str]:
        """How often each name stands in the text, without the one begun."""
        here = self.place.span
        spans = [piece.span for piece in self._pieces if piece.kind is Piece.NAME]
        return Counter(self.whole[span.start : span.end] for span in spans if span.end <= here.start or span.start >= here.end)

    @cached_property
    def said(self) -> frozenset[str]:
        """The words of the comments, in small letters: they often say what the query is about."""
        comments = [self.whole[piece.span.start : piece.span.end] for piece in self._pieces if piece.kind is Piece.COMMENT]
        return frozenset(word.rstrip("s") for comment in comments for word in re.findall(r"[a-z]{3,}", comment.lower()))

    @cached_property
    def _pieces(self) -> list[words.Piece]:
        return words.pieces(self.whole)

    @cached_property
    def listed(self) -> frozenset[str]:
        """The words of the open operator, so far."""
        stage = self.place.text[: self.place.span.start].rpartition("|")[2]
        return frozenset(re.findall(r"[A-Za-z_]\w*", stage))

    @cached_property
    def wanted(self) -> frozenset[Type]:
        """The types that fit best; empty for any."""
        return expected(self.place, self.sight)

    @property
    def is_expression(self) -> bool:
        """Whether any value may stand here."""
        return "NUMBER" in self.place.accepted and "NAME" in self.place.accepted

    @property
    def is_condition(self) -> bool:
        """Whether a condition begins here."""
        last, operator = self.place.last, self.place.operator
        return last in {"AND", "OR"} or (
            operator in {"where", "filter"} and last in {"hints", "LPAR"} and self.place.call is None
        )


def candidates(around: Around) -> Iterator[Candidate]:
    """What may stand at a place."""
    place = around.place
    if place.last in _PARAMETERS:
        yield from _parameter_words(place)
    elif _wants_type(place):
        yield from (Candidate(20 - number, name, Kind.TYPE) for number, name in enumerate(_types()))
    elif place.last == "RENDER":
        yield from _charts()
    elif place.last == "SET":
        yield from (Candidate(10, name, Kind.WORD) for name in OPTIONS)
    elif place.operator == "evaluate" and place.last in {"EVALUATE", "parameters"} and "NAME" in place.accepted:
        names = sorted(OFFERED | NOT_OFFERED)
        yield from (Candidate(habits.weight(habits.FUNCTIONS, name), name, Kind.PLUGIN) for name in names)
    elif not _is_declaration(place):
        yield from _names(around)
    yield from _keywords(around)


def _parameter_words(place: Place) -> Iterator[Candidate]:
    name = re.sub(r"[\s=]", "", str(place.value()))
    declared = operator_called(place.operator)
    words = declared.words.get(name, ()) if declared is not None else ()
    for number, word in enumerate(sorted(words, key=lambda word: _rank(habits.JOIN_KINDS, word))):
        yield Candidate(50 - number, word, Kind.WORD)


def _wants_type(place: Place) -> bool:
    at_colon = place.last == "COLON" and "NAME" in place.accepted and "STRING" not in place.accepted
    return at_colon or (place.last == "LPAR" and place.symbols[-2:-1] == ["TYPEOF"])


@cache
def _types() -> list[str]:
    names = [str(type_) for type_ in (Type.STRING, Type.LONG, Type.DATETIME, Type.DYNAMIC, Type.REAL, Type.INT, Type.BOOL)]
    return list(dict.fromkeys([*names, *map(str, Type), *sorted(ALIASES)]))


def _charts() -> Iterator[Candidate]:
    for name in KINDS:
        yield Candidate(50 - _rank(habits.CHARTS, name), name, Kind.WORD)


def _is_declaration(place: Place) -> bool:
    """Whether the name that may stand here is a new one."""
    if "NAME" not in place.accepted:
        return "TYPED_NAME" in place.accepted
    if place.operator == "as" and place.last in {"AS_", "parameters"}:
        return True
    return place.after_name() <= {"EQUAL", "COLON", "FROM"} or place.last in {"LET", "AS_", "PATTERN"}


# --------------------------------------------------------------------------------------------------------------- names


def _names(around: Around) -> Iterator[Candidate]:
    sight, accepted = around.sight, around.place.accepted
    if sight is None or "NAME" not in accepted:
        return
    if sight.wanted == "function":
        yield from _own_functions(around, 30)
        return
    yield from _columns(around, sight)
    yield from _guessed(around, sight)
    if sight.wanted in sight.scope.records or sight.wanted == "both sides":
        yield from (Candidate(40, name, Kind.KEYWORD) for name in sight.scope.records)
        return
    if around.place.last == "DOT" and sight.wanted != "table":
        return
    yield from _variables(around, sight)
    if sight.wanted == "table" or "UNION" in accepted:
        yield from _tables(around, sight)
    if sight.wanted == "table":
        yield from _own_functions(around, 25)
    if around.is_expression and sight.wanted != "table":
        yield from _functions(around, sight)
        yield from _own_functions(around, 20)
        yield from _literals(around)


def _columns(around: Around, sight: Sight) -> Iterator[Candidate]:
    place, wanted = around.place, around.wanted
    base = 45.0
    if place.operator in _SCALARS_ONLY or (sight.aggregates and place.clause == "SUMMARIZE"):
        base = 5.0
    elif place.compared is not None:
        base = 8.0
    elif place.operator == "extend" and place.call is None:
        base = 20.0
    once = place.operator in _LISTED_ONCE and place.call is None
    stored = sight.scope.environment.tables
    known = {column.name for schema in stored.values() for column in schema}
    subjects = frozenset().union(*map(_parts, stored)) if len(stored) < 5 else frozenset()
    for number, (name, type_) in enumerate(sight.columns.items()):
        score = base + habits.weight(habits.COLUMNS, name) / 2 - number / 20
        if name not in habits.COLUMNS:
            score += max((gain for part, gain in habits.COLUMN_PARTS.items() if part in name), default=0) / 2
        if name in _STANDARD:
            score -= 10
        score += min(6.0 * len(around.said & _parts(name)), 12) + 4.0 * bool(subjects & _parts(name))
        if around.used[name]:
            score += 14 + min(around.used[name], 4)
        if name not in known:
            score += 12
        if once and name in around.listed:
            score -= 40
        if wanted:
            score += 10 if type_ in wanted else -60
        if place.compared is not None and getattr(place.compared[0], "name", None) == name:
            score -= 30
        if place.call is not None and place.call.name in _OF_NUMBERS and type_ in NUMBERS:
            score += max((gain for part, gain in habits.MEASURES.items() if part in name), default=0)
        yield Candidate(score, name, Kind.COLUMN, str(type_))


def _guessed(around: Around, sight: Sight) -> Iterator[Candidate]:
    """Where no column is known, as over a table that is not here: the names that the text uses elsewhere."""
    if sight.columns or sight.scope.columns is None or around.place.operator == "print":
        return
    for name, count in around.used.items():
        if name.isidentifier() and name not in FUNCTIONS and name not in sight.variables:
            yield Candidate(30 + min(count, 5), name, Kind.COLUMN)


def _variables(around: Around, sight: Sight) -> Iterator[Candidate]:
    for name, meaning in sight.variables.items():
        if isinstance(meaning, (UserFunction, Pattern, EntityGroup, Database)):
            continue
        tabular = isinstance(meaning, plan.Node)
        type_ = "table" if isinstance(meaning, plan.Node) else str(_type_of(meaning))
        fits = tabular == (sight.wanted == "table") or around.place.last == "LPAR"
        score = (55.0 if fits else 12.0) - 8 * min(around.used[name] - 1, 3)
        if not tabular:
            score = 40.0 - 6 * min(around.used[name] - 1, 3)
            if around.wanted:
                score += 25 if type_ in around.wanted else -20
            elif around.is_condition or around.place.operator in {"summarize", "project", "distinct"}:
                score -= 20
        yield Candidate(score, name, Kind.QUERY_PARAMETER if name in sight.parameters else Kind.LET, type_)


def _type_of(meaning: Variable) -> Type | None:
    return meaning.type if isinstance(meaning, plan.Value) else None


def _tables(around: Around, sight: Sight) -> Iterator[Candidate]:
    let = around.place.statement == "LET" and around.place.last == "EQUAL"
    subquery = around.place.symbols[-2:] == ["SUBQUERY_CALL", "LPAR"]
    base = 30.0 if sight.wanted == "table" or subquery else 18.0 if let else -20.0
    names = list(sight.scope.tables if sight.scope.access is not None else around.tables)
    # A word that many tables have in their name says little of which is meant.
    common = Counter(part for name in names for part in _parts(name) & around.said)
    for name in names:
        score = base + (10 - _rank(habits.TABLES, name) / 4 if name in habits.TABLES else 0)
        score += sum(14 / (1 + common[part] / 6) for part in _parts(name) & around.said)
        yield Candidate(score + 10 * min(around.used[name], 2) - len(name) / 20, name, Kind.TABLE)


def _functions(around: Around, sight: Sight) -> Iterator[Candidate]:
    place, wanted = around.place, around.wanted
    for name, function in FUNCTIONS.items():
        if not name[0].isalpha() or not name.isidentifier() or (function.kind is Role.AGGREGATE and not sight.aggregates):
            continue
        if function.kind is Role.WINDOW and sight.scope.windows is None:
            continue
        score = habits.weight(habits.FUNCTIONS, name)
        if function.kind is Role.AGGREGATE:
            kind, score = Kind.AGGREGATE, score + 30
        else:
            kind, score = Kind.FUNCTION, score - (25 if sight.aggregates else 0) + (10 if place.operator == "extend" else 0)
        if function.deprecated:
            score -= 15
        if wanted:
            score += 15 if _results(name) & wanted else -25
        elif around.is_condition:
            score += 18 if is_boolean(name) else -12
        elif place.operator == "extend":
            score += -14 if name in _IN_CONDITIONS else 10 if name in _CHOICES else 0
        elif place.clause == "BY":
            score += 28 if name == "bin" else -10
        elif place.operator in {"project", "distinct", "sort", "order", "top"} and place.call is None:
            score -= 10
        takes = any(signature.parameters for signature in function.signatures)
        yield Candidate(score, name, kind, "", takes)


def _own_functions(around: Around, base: float) -> Iterator[Candidate]:
    """Functions of the query, and stored ones."""
    found = dict(around.functions)
    if around.sight is not None:
        found |= {name: meaning.body for name, meaning in around.sight.variables.items() if isinstance(meaning, UserFunction)}
    for name, body in found.items():
        kind = Kind.STORED_FUNCTION if name in around.functions else Kind.FUNCTION
        yield Candidate(base, name, kind, "", bool(body.parameters), usage_of(name, body))


@cache
def _results(name: str) -> frozenset[Type]:
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


def _literals(around: Around) -> Iterator[Candidate]:
    place, wanted = around.place, around.wanted
    if Type.DATETIME in wanted:
        yield Candidate(34, "datetime", Kind.FUNCTION, str(Type.DATETIME))
    if place.statement == "LET" and place.last == "EQUAL":
        yield Candidate(34, "dynamic", Kind.FUNCTION, str(Type.DYNAMIC))
    if Type.TIMESPAN in wanted and len(wanted) < len(Type):
        sure = 40 if wanted == {Type.TIMESPAN} else 22
        for number, text in enumerate(habits.TIMESPANS):
            yield Candidate(sure - number, text, Kind.TIMESPAN, str(Type.TIMESPAN))
    if place.operator in {"take", "limit", "top", "sample"} and place.begins_operator:
        for number, text in enumerate(("10", "100", "5", "20", "50", "1000", "1", "500")):
            yield Candidate(40 - number, text, Kind.VALUE, str(Type.LONG))
    if place.compared is None:
        return
    if wanted == {Type.STRING}:
        yield Candidate(55, '""', Kind.VALUE, str(Type.STRING))
    elif wanted and wanted <= {Type.INT, Type.LONG, Type.REAL, Type.DECIMAL}:
        for number, text in enumerate(("0", "1", "10", "100")):
            yield Candidate(35 - number, text, Kind.VALUE, str(Type.LONG))
    elif wanted == {Type.BOOL}:
        yield from (Candidate(45, text, Kind.VALUE, str(Type.BOOL)) for text in ("true", "false"))


# ------------------------------------------------------------------------------------------------------------ keywords


def _keywords(around: Around) -> Iterator[Candidate]:
    """The words and marks of the grammar that may stand here."""
    place = around.place
    begins = place.operators_may_stand
    compared_by = _comparisons(around)
    for terminal in place.accepted:
        for word in grammar.tables().words[terminal]:
            if word in _OLD_WORDS or word.startswith("__"):
                continue
            if (
                terminal in _PARAMETERS
                or (terminal == "BOOL" and place.last not in _PARAMETERS)
                or word.istitle()
                or word.isupper()
            ):
                continue
            if terminal == "RANGE" and "PRINT" not in place.accepted:
                continue
            if begins and operator_called(word) is not None:
                yield Candidate(20 + habits.weight(habits.OPERATORS, word), word, Kind.OPERATOR)
            elif terminal in OPERANDS and word in compared_by:
                yield Candidate(compared_by[word], word, Kind.KEYWORD if word[-1].isalpha() else Kind.MARK)
            else:
                kind = Kind.KEYWORD if word[-1].isalpha() else Kind.MARK
                yield Candidate(_keyword_score(around, terminal, word), word, kind)
    if place.accepted & _PARAMETERS:
        yield from _parameters(around)
    if "WILDCARD" in place.accepted and place.operator == "union":
        yield Candidate(58, "*", Kind.MARK)


def _parameters(around: Around) -> Iterator[Candidate]:
    declared = operator_called(around.place.operator)
    usual = around.place.operator in {"join", "lookup", "render"} and around.place.last != "RPAR"
    for number, name in enumerate(declared.words if declared is not None else ()):
        if name not in around.listed and not name.startswith("__"):
            score = (58 if usual else 15) - number / 10 + 5 * (name in habits.PROPERTIES)
            yield Candidate(score, f"{name}=", Kind.PARAMETER)


def _comparisons(around: Around) -> dict[str, float]:
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


def _keyword_score(around: Around, terminal: str, word: str) -> float:
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
        return 50.0
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


_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def _rank(order: tuple[str, ...], name: str) -> int:
    return order.index(name) if name in order else len(order)
