"""All that may stand at a place, and how likely it is. The grammar says of what kinds, the binder which names there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from kqlog.assist import habits
from kqlog.assist.around import Around
from kqlog.assist.place import OPERANDS, Place
from kqlog.assist.proposal import Candidate, Kind, operator_called, usage_of
from kqlog.assist.ranking import (
    ColumnScores,
    comparison_scores,
    function_score,
    keyword_score,
    rank,
    table_scores,
    variable_score,
)
from kqlog.assist.sight import Sight, body_of
from kqlog.functions.declare import FUNCTIONS
from kqlog.functions.declare import Kind as Role
from kqlog.operators.render import KINDS
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import Database, EntityGroup, Pattern, UserFunction
from kqlog.plan.statements import OPTIONS
from kqlog.plugins import NOT_OFFERED, OFFERED
from kqlog.syntax import grammar
from kqlog.types import ALIASES, Type

_PARAMETERS = frozenset({"KIND", "PARAMETER", "HINT"})
_OLD_WORDS = frozenset({"notcontainscs", "containscs", "notcontains", "notlikecs", "notlike", "likecs", "like", "<>", "mvapply"})


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
    for number, word in enumerate(sorted(words, key=lambda word: rank(habits.JOIN_KINDS, word))):
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
        yield Candidate(50 - rank(habits.CHARTS, name), name, Kind.WORD)


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
    score = ColumnScores(around, sight)
    for number, (name, type_) in enumerate(sight.columns.items()):
        yield Candidate(score(name, type_, number), name, Kind.COLUMN, str(type_))


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
        type_ = meaning.type if isinstance(meaning, plan.Value) else None
        kind = Kind.QUERY_PARAMETER if name in sight.parameters else Kind.LET
        yield Candidate(variable_score(around, sight, name, type_), name, kind, str(type_ or "table"))


def _tables(around: Around, sight: Sight) -> Iterator[Candidate]:
    names = sight.scope.tables if sight.scope.access is not None else around.tables
    return (Candidate(score, name, Kind.TABLE) for name, score in table_scores(around, sight, names))


def _functions(around: Around, sight: Sight) -> Iterator[Candidate]:
    for name, function in FUNCTIONS.items():
        aggregate = function.kind is Role.AGGREGATE
        if not name.isidentifier() or name.startswith("__") or (aggregate and not sight.aggregates):
            continue
        if function.kind is Role.WINDOW and sight.scope.windows is None:
            continue
        takes = any(signature.parameters for signature in function.signatures)
        yield Candidate(function_score(around, sight, function), name, Kind.AGGREGATE if aggregate else Kind.FUNCTION, "", takes)


def _own_functions(around: Around, base: float) -> Iterator[Candidate]:
    """Functions of the query, and stored ones."""
    found = {name: body for name in around.functions if (body := body_of(name, around.functions)) is not None}
    if around.sight is not None:
        found |= {name: meaning.body for name, meaning in around.sight.variables.items() if isinstance(meaning, UserFunction)}
    for name, body in found.items():
        kind = Kind.STORED_FUNCTION if name in around.functions else Kind.FUNCTION
        yield Candidate(base, name, kind, "", bool(body.parameters), usage_of(name, body))


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
    compared_by = comparison_scores(around)
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
                yield Candidate(keyword_score(around, terminal, word), word, kind)
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
