"""What can come next at a place of a text, for completion; and what each piece of it is, for colour."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from kqlog.errors import Span
from kqlog.syntax import grammar
from kqlog.syntax.tables import StumbleError

_LAST_WORD = re.compile(r"!?[\w-]*$")


def next_words(text: str, position: int) -> set[str]:
    """The keywords and marks that can follow at `position`, and the kinds of terminals such as NAME, NUMBER or STRING.

    A word begun just before the position is left out of account: it is what is being completed. Empty behind an error.
    """
    tables = grammar.tables()
    begun = len(_LAST_WORD.search(text[:position])[0])  # type: ignore[index]
    try:
        states = tables.states_at(text, position - begun)
    except StumbleError:
        return set()
    return {word for terminal in tables.accepted(states) for word in tables.words[terminal] or (terminal,)}


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


@cache
def _piece_pattern() -> re.Pattern[str]:
    words = {word for words in grammar.tables().words.values() for word in words if word[-1].isalpha()}
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(_PIECE % "|".join(re.escape(word).replace("\\ ", r"\s+") for word in longest_first), re.VERBOSE)


def pieces(text: str) -> list[Piece]:
    """The parts of a text in order, also of one that is no valid query; spaces are left out.

    A keyword followed by `(`, such as count(), is a function.
    """
    found: list[Piece] = []
    for match in _piece_pattern().finditer(text):
        kind = Kind(match.lastgroup or Kind.NAME)
        called = kind is Kind.KEYWORD and text[match.end() : match.end() + 1] == "("
        found.append(Piece(Kind.FUNCTION if called else kind, Span(*match.span())))
    return found
