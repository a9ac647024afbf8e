"""Pygments' lexer of KQL: the grammar's own tokens, and colours for what is wrong or unfinished too."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.token import Comment, Keyword, Name, Number, String

from kqlog.repl.colours import KqlLexer


def colours(text: str) -> list[tuple[str, object]]:
    return [(part, kind) for _, kind, part in KqlLexer().get_tokens_unprocessed(text) if part.strip()]


def test_a_word_is_a_keyword_only_where_it_is_one() -> None:
    assert colours("T | where count > 5 | summarize count() by kind") == [
        ("T", Name),
        ("|", colours("|")[0][1]),
        ("where", Keyword),
        ("count", Name),
        (">", colours("T | where a > 1")[4][1]),
        ("5", Number),
        ("|", colours("|")[0][1]),
        ("summarize", Keyword),
        ("count", Name.Function),
        ("(", colours("(")[0][1]),
        (")", colours("(")[0][1]),
        ("by", Keyword),
        ("kind", Name),
    ]


@pytest.mark.parametrize(
    ("text", "part", "kind"),
    [
        ("T | where a == 'unclosed", "'unclosed", String),
        ("T | nonsense a | where b", "where", Keyword),
        ("T | where (a; U | take 5", "take", Keyword),
        ("T // why", "// why", Comment.Single),
        ("#schema T", "#schema", Keyword),
        ("print datetime(2024-01-01)", "datetime(2024-01-01)", Keyword.Constant),
        ("T | project-away a", "project-away", Keyword),
    ],
)
def test_colour(text: str, part: str, kind: object) -> None:
    assert (part, kind) in colours(text)


@given(st.text(alphabet="T|where(a)=='\"; \n//#`~[]{}.,5dé\U0001f600\u200b-!", max_size=60))
def test_every_text_comes_back_whole(text: str) -> None:
    parts = list(KqlLexer().get_tokens_unprocessed(text))
    assert "".join(part for _, _, part in parts) == text
    assert all(text.startswith(part, start) for start, _, part in parts)


def test_pygments_is_told_of_it() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["kqlog"].partition(":")
    assert getattr(importlib.import_module(module), name) is KqlLexer
    assert "kqlog" in KqlLexer.aliases


def test_it_is_cheap_to_import() -> None:
    script = "import sys, kqlog.repl.colours; print([name for name in ('duckdb', 'pyarrow', 'kqlog.functions', 'lark') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
