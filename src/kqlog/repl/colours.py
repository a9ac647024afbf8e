"""Which colour each part of a query has while it is typed."""

from __future__ import annotations

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

from kqlog.functions.declare import FUNCTIONS
from kqlog.operators import operators
from kqlog.types import ALIASES

_WORDS = frozenset("by on with to from step in and or not asc desc nulls first last let set kind".split())  # noqa: SIM905


class KqlLexer(RegexLexer):  # type: ignore[misc]
    """KQL as Pygments sees it: enough to tell strings, numbers, names and words apart while a query is unfinished."""

    name = "KQL"
    tokens = {  # noqa: RUF012  (Pygments' own form)
        "root": [
            (r"//[^\n]*", Comment),
            (r"```(?:.|\n)*?(?:```|\Z)", String),
            (r"@?\"[^\"\n]*\"?|@?'[^'\n]*'?", String),
            (r"#\w+", Keyword),
            (r"\d[\d.]*(?:e[+-]?\d+|ms|microseconds?|ticks?|[dhms])?\b", Number),
            (words(sorted(operators(), key=len, reverse=True), prefix=r"(?<![\w-])", suffix=r"(?![\w-])"), Keyword),
            (words((*_WORDS, *ALIASES), prefix=r"\b", suffix=r"\b"), Keyword),
            (words([name for name in FUNCTIONS if name.isidentifier()], prefix=r"\b", suffix=r"(?=\s*\()"), Name.Function),
            (r"[A-Za-z_]\w*", Name),
            (r"[|=<>!~+*/%-]+", Operator),
            (r"[()\[\]{},.;:]", Punctuation),
            (r"\s+|.", Text),
        ],
    }
