"""The names that a text declares: let names, functions and their parameters, and where each holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from kqlog.assist.hover import hover
from kqlog.assist.proposal import Kind
from kqlog.assist.sight import Functions
from kqlog.errors import Span
from kqlog.syntax.build import unquote_name
from kqlog.syntax.tables import Token
from kqlog.syntax.words import tokens
from kqlog.types import Schema

_OPENERS, _CLOSERS = frozenset("([{"), frozenset(")]}")
_NAMES = frozenset({"NAME", "QUOTED_NAME", "TYPED_NAME"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """A name with the place of the name, the whole declaration, and the part of the text in which it means this.

    `kind` is FUNCTION, LET or QUERY_PARAMETER, which stands for parameters of functions as well. `detail` is the type of a
    parameter or how a function is called. `inner` are a function's parameters, and what is declared in its body.
    """

    name: str
    kind: Kind
    name_span: Span
    span: Span
    holds: Span
    detail: str = ""
    inner: list[Declaration] = field(default_factory=list)


def declarations(text: str) -> list[Declaration]:
    """What a text declares, in its order. A text that is unfinished or wrong has declarations as well."""
    read = tokens(text)
    return list(_block(text, read, 0, len(read)))


def declaration(
    text: str, position: int, tables: Mapping[str, Schema] | None = None, functions: Functions | None = None
) -> Declaration | None:
    """Where the name at a position is declared in its text; None for one that is not, such as a column or a stored function."""
    token = next((token for token in tokens(text) if token.start <= position <= token.end and token.type in _NAMES), None)
    if token is None:
        return None
    name = _name(token)
    fitting = [one for one in _all(declarations(text)) if one.name == name]
    if own := next((one for one in fitting if one.name_span.start == token.start), None):
        return own
    seen = [one for one in fitting if one.holds.start <= token.start < one.holds.end]
    if not seen or text[max(0, token.start - 1)] == "." or _is_column(text, token, tables or {}, functions or {}):
        return None
    return max(seen, key=lambda one: one.holds.start)


def _is_column(text: str, token: Token, tables: Mapping[str, Schema], functions: Functions) -> bool:
    found = hover(text, token.start, tables, functions)
    return found is not None and found.kind is Kind.COLUMN


def _all(found: list[Declaration]) -> Iterator[Declaration]:
    for one in found:
        yield one
        yield from _all(one.inner)


def _block(text: str, read: list[Token], first: int, last: int) -> Iterator[Declaration]:
    """The declarations of statements, between two tokens."""
    end = read[last].start if last < len(read) else len(text)
    at = first
    while at < last:
        stop = _statement_end(read, at, last)
        if read[at].type == "LET" and at + 1 < stop and read[at + 1].type in _NAMES:
            yield _let(text, read, at, stop, end)
        elif read[at].type == "DECLARE":
            opening = next((number for number in range(at, stop) if read[number] == "("), stop)
            yield from _parameters(text, read, opening, _closing(read, opening, stop), Span(read[at].start, end))
        at = stop + 1


def _let(text: str, read: list[Token], at: int, stop: int, end: int) -> Declaration:
    name, last = read[at + 1], read[stop - 1]
    whole, holds = Span(read[at].start, last.end), Span(last.end, end)
    value = at + 3
    if value < stop and read[value] == "view":
        value += 1
    closing = _closing(read, value, stop) if value < stop and read[value] == "(" else stop
    if closing + 1 >= stop or read[closing + 1] != "{":
        return Declaration(_name(name), Kind.LET, Span(name.start, name.end), whole, holds)
    body_end = _closing(read, closing + 1, stop)
    body = Span(read[closing + 1].start, read[body_end].end if body_end < stop else last.end)
    inner = [*_parameters(text, read, value, closing, body), *_block(text, read, closing + 2, body_end)]
    called = " ".join(text[read[value].start : read[closing].end].split())
    return Declaration(_name(name), Kind.FUNCTION, Span(name.start, name.end), whole, holds, called, inner)


def _parameters(text: str, read: list[Token], opening: int, closing: int, holds: Span) -> Iterator[Declaration]:
    """Each `name: type` between two brackets."""
    at = opening + 1
    while at < closing:
        parts = list(takewhile(lambda number: number < closing, _element(read, at, closing)))
        token = read[at]
        if token.type in _NAMES or token.isidentifier():
            whole = Span(token.start, read[parts[-1]].end)
            type_ = text[token.end : whole.end].lstrip(" :")
            yield Declaration(
                _name(token), Kind.QUERY_PARAMETER, Span(token.start, token.start + len(token.rstrip(": "))), whole, holds, type_
            )
        at = parts[-1] + 2


def _element(read: list[Token], at: int, closing: int) -> Iterator[int]:
    """The numbers of the tokens up to the next comma of a list."""
    depth = 0
    for number in range(at, closing):
        if read[number] == "," and not depth and number > at:
            return
        depth += (read[number] in _OPENERS) - (read[number] in _CLOSERS)
        yield number


def _statement_end(read: list[Token], at: int, last: int) -> int:
    """The number of the semicolon that ends a statement."""
    depth = 0
    for number in range(at, last):
        depth += (read[number] in _OPENERS) - (read[number] in _CLOSERS)
        if read[number] == ";" and depth <= 0:
            return number
    return last


def _closing(read: list[Token], opening: int, stop: int) -> int:
    """The number of the bracket that closes one."""
    depth = 0
    for number in range(opening, stop):
        depth += (read[number] in _OPENERS) - (read[number] in _CLOSERS)
        if not depth:
            return number
    return stop


def _name(token: Token) -> str:
    return unquote_name(token) if token.type == "QUOTED_NAME" else str(token).rstrip(": ")
