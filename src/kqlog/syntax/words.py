"""The tokens of a text that may be unfinished or wrong, and what each piece of it is, so far as its colour goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

from kqlog.errors import QueryError, Span
from kqlog.syntax import grammar
from kqlog.syntax.tables import END, StumbleError, Token, token_of


class Kind(StrEnum):
    """What a piece of a query is, so far as its colour goes."""

    COMMENT = "comment"
    STRING = "string"
    NUMBER = "number"
    LITERAL = "literal"
    KEYWORD = "keyword"
    FUNCTION = "function"
    NAME = "name"
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"


class Piece(NamedTuple):
    """A part of a query and its kind."""

    kind: Kind
    span: Span


_PIECE = r"""(?P<comment>//[^\n]*)
    |(?P<string>[hH]?(?:@"(?:""|[^"])*"?|@'(?:''|[^'])*'?|```(?:(?!```)[\s\S])*(?:```)?|~~~(?:(?!~~~)[\s\S])*(?:~~~)?
        |"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))
    |(?P<literal>\b(?:datetime|date|timespan|time|guid|bool|int|long|real|double|decimal)\([^()\n]*\)|\b(?:true|false)\b)
    |(?P<number>\b\d+(?:\.(?!\.)\d*)?(?:[eE][+-]?\d+)?[a-z]*\b)
    |(?P<keyword>(?<![\w.])(?:%s)(?![\w]))
    |(?P<function>[A-Za-z_]\w*(?=\s*\())
    |(?P<name>\$?[A-Za-z_]\w*)
    |(?P<operator>[=!<>]=|=~|!~|<>|\.\.|=>|[-+*/%%<>=|])
    |(?P<punctuation>[()\[\]{},;:.])"""


UNKNOWN = "?"
"""The terminal of what does not fit."""
_CALLED = re.compile(r"\(")
_CALLABLE = frozenset({"NAME", "SUBQUERY_CALL", "TYPEOF", UNKNOWN})
_COMMENT = re.compile(r"//[^\n]*")
_PUNCTUATION = frozenset("()[]{},;:.")
_KINDS = {
    "NAME": Kind.NAME,
    "QUOTED_NAME": Kind.NAME,
    "TYPED_NAME": Kind.NAME,
    "WILDCARD": Kind.NAME,
    "NUMBER": Kind.NUMBER,
    "STRING": Kind.STRING,
    "BOOL": Kind.LITERAL,
    "TYPED_LITERAL": Kind.LITERAL,
    "DYNAMIC": Kind.LITERAL,
}


@cache
def _piece_pattern() -> re.Pattern[str]:
    words = {word for words in grammar.tables().words.values() for word in words if word[-1].isalpha()}
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(_PIECE % "|".join(re.escape(word).replace("\\ ", r"\s+") for word in longest_first), re.VERBOSE)


@lru_cache(maxsize=4)  # one place in a text is asked about in several ways, one after the other
def pieces(text: str) -> tuple[Piece, ...]:
    """The parts of a text in order, also of one that is no valid query; spaces are left out.

    A name or keyword followed by `(`, such as count(), is a function.
    """
    found: list[Piece] = []
    end = 0
    for token in tokens(text):
        found += _comments(text, end, token.start)
        found.append(Piece(_kind(token, text), Span(token.start, token.end)))
        end = token.end
    return (*found, *_comments(text, end, len(text)))


def _comments(text: str, start: int, end: int) -> Iterator[Piece]:
    """The comments between two tokens."""
    return (Piece(Kind.COMMENT, Span(*match.span())) for match in _COMMENT.finditer(text, start, end))


def _kind(token: Token, text: str) -> Kind:
    if token.type == UNKNOWN:
        match = _piece_pattern().match(token)
        kind = Kind(match.lastgroup or Kind.NAME) if match is not None else Kind.PUNCTUATION
    else:
        kind = _KINDS.get(token.type) or _kind_of_words(token.type)
    called = kind in (Kind.KEYWORD, Kind.NAME) and token[-1].isalnum() and _CALLED.match(text, token.end) is not None
    return Kind.FUNCTION if called and token.type in _CALLABLE else kind


@cache
def _kind_of_words(terminal: str) -> Kind:
    words = grammar.tables().words[terminal]
    if not words or words[0][-1].isalpha():
        return Kind.KEYWORD
    return Kind.PUNCTUATION if words[0] in _PUNCTUATION else Kind.OPERATOR


def tokens(text: str) -> list[Token]:
    """The tokens of a text with their terminals. Where it is no KQL they are UNKNOWN until the next operator or statement."""
    tables = grammar.tables()
    found: list[Token] = []
    # Where reading can begin anew: before the last pipe, and at the beginning of the statement.
    before_pipe, statement = None, [tables.start]
    states = [tables.start]

    def see(token: Token) -> None:
        nonlocal before_pipe, statement
        if token.type == "VBAR":
            before_pipe = [*states]
        elif found and found[-1].type == "SEMICOLON" and "LET" in tables.actions[states[-1]]:
            before_pipe, statement = None, [*states]
        if token.type != END:
            found.append(token)

    position = 0
    while True:
        try:
            tables.read(text, position, states, see)
        except StumbleError as stumble:
            if found and found[-1].start == stumble.position:
                found.pop()
            position, mark = _skipped(text, stumble.position, found)
        except QueryError:
            return found
        else:
            return found
        if not mark:
            return found
        states = [*(before_pipe or statement)]
        if mark == ";":
            found.append(token_of("SEMICOLON", ";", position, position + 1))
            position, before_pipe, states = position + 1, None, [*statement]
        elif before_pipe is None:
            tables.read("T", 0, states, lambda token: None)


def _skipped(text: str, position: int, found: list[Token]) -> tuple[int, str]:
    """Add what stands from a position to the next pipe or semicolon; the place of that, and which it is."""
    depth = 0
    for match in _piece_pattern().finditer(text, position):
        mark = match[0]
        if mark in ("|", ";") and depth <= 0 and match.start() > position:
            return match.start(), mark
        depth += (mark in "([{") - (mark in ")]}")
        if match.lastgroup != Kind.COMMENT:
            found.append(token_of(UNKNOWN, mark, *match.span()))
    return len(text), ""
