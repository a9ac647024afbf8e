"""What the name at a place of a text means there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kqlog.assist.place import place
from kqlog.assist.proposal import Kind, operator_called, usage_of
from kqlog.assist.sight import Functions, Sight, body_of, columns_of, sight
from kqlog.errors import QueryError, Span
from kqlog.functions.declare import FUNCTIONS
from kqlog.functions.declare import Kind as Role
from kqlog.manual import function_help, help
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import UserFunction
from kqlog.plugins import OFFERED
from kqlog.syntax.build import unquote_name
from kqlog.syntax.tables import Token
from kqlog.syntax.words import tokens
from kqlog.types import Schema, Type

_SHOWN = frozenset({Type.LONG, Type.INT, Type.REAL, Type.STRING, Type.BOOL})
MOST_COLUMNS = 100
"""Columns of a table that are shown."""


@dataclass(frozen=True, slots=True)
class Hover:
    """What stands at `span`, and a text on it, the first line of which says what it is."""

    span: Span
    kind: Kind
    text: str


def hover(text: str, position: int, tables: Mapping[str, Schema], functions: Functions | None = None) -> Hover | None:
    """What the word at a position means; None for what has no meaning of its own, such as a number or a mark."""
    read = tokens(text)
    at = next((number for number, token in enumerate(read) if token.start <= position < token.end), None)
    if at is None or not (read[at][0].isalpha() or read[at][0] in "_$![="):
        return None
    token = read[at]
    span = Span(token.start, token.end)
    following = read[at + 1] if at + 1 < len(read) else ""
    if token.type in ("NAME", "QUOTED_NAME"):
        here = place(text, token.start)
        seen = sight(here, tables, functions or {}) if here is not None else None
        name = unquote_name(token)
        plugin = bool(at) and read[at - 1] == "evaluate" and name in OFFERED
        if following == "(":
            return _called(name, span, seen, functions or {}, plugin)
        found = _named(name, seen, tables)
        return Hover(span, *found) if found is not None else None
    return _word(token, span)


def _called(name: str, span: Span, seen: Sight | None, functions: Functions, plugin: bool) -> Hover | None:
    body = seen.function(name) if seen is not None else body_of(name, functions)
    if body is not None:
        return Hover(span, Kind.STORED_FUNCTION if name in functions else Kind.FUNCTION, usage_of(name, body))
    if plugin:
        return _page(name, span, Kind.PLUGIN)
    if name not in FUNCTIONS:
        return None
    return Hover(span, Kind.AGGREGATE if FUNCTIONS[name].kind is Role.AGGREGATE else Kind.FUNCTION, str(function_help(name)))


def _named(name: str, seen: Sight | None, tables: Mapping[str, Schema]) -> tuple[Kind, str] | None:
    """What a name that is not called means."""
    if seen is not None and name in seen.columns and seen.wanted != "table":
        return Kind.COLUMN, f"{name}: {seen.columns[name]}"
    meaning = seen.variables.get(name) if seen is not None else None
    if meaning is None:
        columns = columns_of(name, tables) if name in tables else None
        return (Kind.TABLE, _table(name, columns)) if columns is not None else None
    if isinstance(meaning, UserFunction):
        return Kind.FUNCTION, usage_of(name, meaning.body)
    if isinstance(meaning, plan.Node):
        return Kind.LET, _table(name, meaning.columns)
    if isinstance(meaning, plan.Literal) and meaning.value is not None and meaning.type in _SHOWN:
        return Kind.LET, f"{name}: {meaning.type} = {meaning.value}"
    return (Kind.LET, f"{name}: {meaning.type}") if isinstance(meaning, plan.Value) else None


def _table(name: str, columns: Schema) -> str:
    shown = [f"  {column.name}: {column.type}" for column in columns[:MOST_COLUMNS]]
    more = [f"  and {len(columns) - MOST_COLUMNS} more"] if len(columns) > MOST_COLUMNS else []
    return "\n".join([f"{name} (table of {len(columns)} columns)", *shown, *more])


def _word(token: Token, span: Span) -> Hover | None:
    word = " ".join(token.split()).rstrip("= ")
    kind = Kind.OPERATOR if operator_called(word) is not None else Kind.KEYWORD
    return _page(word, span, kind)


def _page(name: str, span: Span, kind: Kind) -> Hover | None:
    try:
        return Hover(span, kind, str(help(name)))
    except QueryError:
        return None
