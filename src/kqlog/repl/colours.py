"""Which colour each part of a query has: the grammar's own tokens as Pygments' kinds. Pygments knows it as `kqlog`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pygments.lexer import Lexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from kqlog.syntax.words import Kind, pieces

_COLOURS = {
    Kind.COMMENT: Comment.Single,
    Kind.STRING: String,
    Kind.NUMBER: Number,
    Kind.LITERAL: Keyword.Constant,
    Kind.KEYWORD: Keyword,
    Kind.FUNCTION: Name.Function,
    Kind.NAME: Name,
    Kind.OPERATOR: Operator,
    Kind.PUNCTUATION: Punctuation,
}
_DIRECTIVE = re.compile(r"\s*#\w+")


class KqlLexer(Lexer):  # type: ignore[misc]
    """KQL as the parser reads it; what is unfinished or wrong has colours too.

    Pygments' own lexer has the names kql and kusto, which no other can take.
    """

    name = "KQL as kqlog reads it"
    aliases = ("kqlog",)
    filenames = ("*.kql", "*.csl", "*.kusto")
    url = "https://learn.microsoft.com/kusto/query/"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Each part of the text with its place and kind; a directive of the prompt, such as #tables, is one word."""
        directive = _DIRECTIVE.match(text)
        end = query = directive.end() if directive is not None else 0
        if query:
            yield 0, Keyword, text[:query]
        for kind, span in pieces(text[query:]):
            start = query + span.start
            if start > end:
                yield end, Whitespace, text[end:start]
            end = query + span.end
            yield start, _COLOURS[kind], text[start:end]
        if end < len(text):
            yield end, Whitespace, text[end:]
