"""What is wrong with a text that is not KQL, in the reader's terms."""

from __future__ import annotations

import difflib
import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from kqlog.errors import QueryError, Span

MAX_LENGTH = 2_000_000
MAX_NESTING = 400


def check_size(text: str) -> None:
    """Raises QueryError LIM001 for a text too long or too deeply nested to be read."""
    if len(text) > MAX_LENGTH:
        raise QueryError("LIM001", f"the query is longer than {MAX_LENGTH:,} characters", text=text)


def did_you_mean(word: str, known: list[str]) -> str | None:
    """A hint naming the known word most like this one."""
    close = difflib.get_close_matches(word.lower(), known, 1, 0.7)
    return f"did you mean '{close[0]}'?" if close else None


def syntax_error(error: UnexpectedInput, text: str) -> QueryError:
    start = error.pos_in_stream or 0
    return QueryError("SYN001", "unexpected text here", Span(start, start + 1), text=text)
