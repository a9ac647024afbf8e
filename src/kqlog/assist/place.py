"""The grammar's view of a place in an unfinished text: what may stand there, and what is open around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from kqlog.errors import QueryError, Span
from kqlog.syntax import grammar
from kqlog.syntax.parse import methods_of
from kqlog.syntax.tables import Beginning, StumbleError, Token
from kqlog.syntax.words import Kind, pieces

_MOST_REPAIRS = 4
"""Stretches with a mistake that are left out before a place, before giving up."""
_BEGUN = re.compile(r"!?\$?\w*\Z")
_HYPHENED = re.compile(r"(?<![\w-])[a-z]\w*(?:-\w*)+\Z")
_OPEN, _CLOSED = frozenset({"LPAR", "LSQB", "LBRACE"}), frozenset({"RPAR", "RSQB", "RBRACE"})
OPERANDS = frozenset({"EQUALITY", "COMPARISON", "TEXT_OPERATOR", "IN", "MEMBERSHIP", "BETWEEN"})
"""Terminals between two values that are compared."""
_CALLED = frozenset({"name", "NAME", "SUBQUERY_CALL", "TYPEOF"})
_CLAUSES = frozenset({"BY", "ON", "WITH", "OF", "TO", "FROM", "STEP", "DEFAULT", "LIMIT", "ID", "IN", "DECLARE", "PARTITION"})


@dataclass(frozen=True)
class Call:
    """An open call: what is called, from which place on, and the arguments before the one at hand."""

    name: str
    name_span: Span
    arguments: tuple[Any, ...]
    label: str | None = None
    """The name before the argument at hand, as in f(x = ...)."""

    @property
    def active(self) -> int:
        """The number of the argument at hand, from 0."""
        return len(self.arguments)


@dataclass(frozen=True)
class Place:
    """A place in a text: the word begun there, and the parser's stack before that word."""

    text: str
    """As it was read: stretches with a mistake are blank."""
    span: Span
    """Of the word begun, which is empty where nothing is."""
    beginning: Beginning

    @property
    def begun(self) -> str:
        """The word begun."""
        return self.text[self.span.start : self.span.end]

    @cached_property
    def accepted(self) -> set[str]:
        """The terminals that may stand here."""
        return grammar.tables().accepted(tuple(self.beginning.states))

    @cached_property
    def symbols(self) -> list[str]:
        """The grammar's symbols before the place that are not yet part of another one, from the outermost."""
        known = _symbols()
        return [known[state] for state in self.beginning.states[1:]]

    @property
    def last(self) -> str:
        """The symbol just before the place; empty at the beginning."""
        return self.symbols[-1] if self.symbols else ""

    def after_name(self) -> set[str]:
        """The terminals that may follow a name here."""
        return grammar.tables().accepted_behind(self.beginning.states, "NAME")

    @property
    def operators_may_stand(self) -> bool:
        """Whether an operator begins here."""
        return {"WHERE", "SUMMARIZE", "EXTEND"} <= self.accepted

    @property
    def begins_operator(self) -> bool:
        """Whether the first thing of an operator, behind its word and parameters, stands here."""
        return self.last in operator_terminals() or self.last in {"hints", "parameters"}

    def value(self, back: int = 1) -> Any:
        """What was made of a symbol, counted from the end."""
        return self.beginning.values[-back] if len(self.beginning.values) >= back else None

    @cached_property
    def operator(self) -> str:
        """The word of the innermost open operator; empty before its word, and outside of all."""
        for back, symbol in self._open():
            if symbol in {"SEMICOLON", "VBAR", "LBRACE"}:
                return ""
            if symbol in operator_terminals():
                return str(self.value(back))
        return ""

    @cached_property
    def clause(self) -> str:
        """The keyword of the open operator that was read last, such as BY, or the operator's own."""
        for _, symbol in self._open():
            if symbol in _OPEN | {"SEMICOLON", "VBAR"}:
                return ""
            if symbol in operator_terminals() or symbol in _CLAUSES:
                return symbol
        return ""

    @cached_property
    def statement(self) -> str:
        """The word of the open statement that begins with one, such as LET."""
        for _, symbol in self._open():
            if symbol in {"LET", "SET", "DECLARE", "ALIAS", "RESTRICT"}:
                return symbol
            if symbol in {"SEMICOLON", "LBRACE"}:
                return ""
        return ""

    @cached_property
    def bracket(self) -> int | None:
        """Where the innermost open bracket is among the symbols."""
        return next((len(self.symbols) - back for back, symbol in self._open() if symbol in _OPEN), None)

    @cached_property
    def call(self) -> Call | None:
        """The call whose arguments are open here; None inside of other brackets."""
        at = self.bracket
        if not at or self.symbols[at] != "LPAR" or self.symbols[at - 1] not in _CALLED:
            return None
        if self.symbols[at - 1] == "NAME" and at > 1 and self.symbols[at - 2] in {"RENDER", "LET"}:
            return None
        values = self.beginning.values
        commas = [number for number in range(at, len(self.symbols)) if self.symbols[number] == "COMMA"]
        before = values[at + 1 : commas[-1]] if commas else []
        flat = [one for value in before for one in (value if value.__class__ is list else [value])]
        arguments = tuple(one for one in flat if not isinstance(one, Token))
        begun = (commas[-1] if commas else at) + 1
        named = self.symbols[begun + 1 : begun + 2] == ["EQUAL"]
        return Call(_text(values[at - 1]), _span(values[at - 1]), arguments, _text(values[begun]) if named else None)

    @cached_property
    def compared(self) -> tuple[Any, str] | None:
        """The value that the one here is compared with, and how: the left side, or what a list is searched for."""
        if self.last in OPERANDS:
            return self.value(2), str(self.value())
        at = self.bracket
        if at and at > 1 and self.symbols[at - 1] in OPERANDS and self.last in {"LPAR", "COMMA", "DOTS"}:
            return self.beginning.values[at - 2], str(self.beginning.values[at - 1])
        return None

    def _open(self) -> Iterator[tuple[int, str]]:
        """The symbols before the place from the last one back, without those between brackets that are closed."""
        closed = 0
        for back, symbol in enumerate(reversed(self.symbols), start=1):
            if symbol in _CLOSED:
                closed += 1
            elif symbol in _OPEN and closed:
                closed -= 1
            elif not closed:
                yield back, symbol


def place(text: str, position: int) -> Place | None:
    """The place of a position, as the grammar sees it; None inside comments and strings, or behind text that is not KQL."""
    position = max(0, min(position, len(text)))
    if _inside(text, position):
        return None
    read = text[:position]
    for _ in range(_MOST_REPAIRS):
        try:
            return _place(read, position)
        except StumbleError as stumble:
            read = _repaired(read, stumble.position)
        except QueryError as error:
            if error.span is None:
                return None
            read = _repaired(read, error.span.start)
    return None


def _place(text: str, position: int) -> Place:
    tables = grammar.tables()
    for pattern in (_HYPHENED, _BEGUN):
        if (found := pattern.search(text)) is None:
            continue
        begun = found[0]
        beginning = tables.beginning(text, position - len(begun), methods_of())
        here = Place(text, Span(position - len(begun), position), beginning)
        if pattern is _BEGUN or any(word.startswith(begun) for name in here.accepted for word in tables.words[name]):
            return here
    raise AssertionError("a word is always begun, if only an empty one")


def _inside(text: str, position: int) -> bool:
    """Whether a position is within a comment or a string."""
    for piece in pieces(text):
        if piece.span.start >= position:
            return False
        if piece.kind is Kind.COMMENT and position <= piece.span.end:
            return True
    return string_around(text, position) is not None


def string_around(text: str, position: int) -> Span | None:
    """The string that a position is inside of; its end is that of the text where it is not closed."""
    for piece in pieces(text):
        if piece.span.start >= position:
            return None
        string = text[piece.span.start : piece.span.end]
        if piece.kind is Kind.STRING and (position < piece.span.end or not _ended(string)) and position <= piece.span.end:
            return piece.span
    return None


def _ended(string: str) -> bool:
    """Whether a string has its closing quote."""
    body = string.lstrip("hH@")
    quote = body[:3] if body[:3] in ("```", "~~~") else body[:1]
    return len(body) >= 2 * len(quote) and body.endswith(quote)


def _repaired(text: str, position: int) -> str:
    """The text with blanks for the operator or statement in which it stumbles."""
    start, end = 0, len(text)
    for piece in pieces(text):
        mark = text[piece.span.start : piece.span.end]
        if mark in ("|", ";") and piece.kind in (Kind.OPERATOR, Kind.PUNCTUATION):
            if piece.span.start >= position:
                end = piece.span.start if mark == "|" or not start else piece.span.end
                break
            start = piece.span.start if mark == "|" else piece.span.end
    if end == len(text):
        start = max(start, position)
    return text[:start] + re.sub(r"\S", " ", text[start:end]) + text[end:]


@cache
def _symbols() -> dict[int, str]:
    """The symbol that leads to each state."""
    tables = grammar.tables()
    known = {}
    for actions in tables.actions:
        known.update({target: name for name, target in actions.items() if target >= 0})
    for follows in tables.follows:
        known.update({target: name for name, target in follows.items()})
    return known


@cache
def operator_terminals() -> frozenset[str]:
    """The terminals that begin an operator."""
    tables = grammar.tables()
    operators = {rule.parts[0] for rule in tables.rules if rule.origin in ("operator", "leading") and len(rule.parts) == 1}
    grown = True
    begin: set[str] = set()
    while grown:
        size = len(operators)
        for rule in tables.rules:
            if rule.origin in operators and rule.parts:
                first = rule.parts[0]
                (begin if first in tables.words else operators).add(first)
        grown = len(operators) > size
    return frozenset(begin)


def _text(value: Any) -> str:
    return str(getattr(value, "name", value))


def _span(value: Any) -> Span:
    return Span(value.start, value.end) if isinstance(value, Token) else value.span
