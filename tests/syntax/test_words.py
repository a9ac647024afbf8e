"""What each piece of a text is."""

from __future__ import annotations

import pytest

from kqlog.syntax.words import UNKNOWN, Kind, pieces, tokens


def kinds(text: str) -> list[tuple[str, str]]:
    return [(text[piece.span.start : piece.span.end], piece.kind.value) for piece in pieces(text)]


def test_pieces_of_a_query() -> None:
    assert kinds("T | where count_ > 1.5h and a has @'x' // why") == [
        ("T", "name"),
        ("|", "operator"),
        ("where", "keyword"),
        ("count_", "name"),
        (">", "operator"),
        ("1.5h", "number"),
        ("and", "keyword"),
        ("a", "name"),
        ("has", "keyword"),
        ("@'x'", "string"),
        ("// why", "comment"),
    ]


def test_a_called_word_is_a_function_and_a_member_a_name() -> None:
    assert ("count", "function") in kinds("T | summarize count()")
    assert ("count", "keyword") in kinds("T | count")
    assert ("count", "name") in kinds("T | extend d.count")


def test_hyphens_and_types_belong_to_their_word() -> None:
    assert ("project-away", "keyword") in kinds("T | project-away a")
    assert ("datetime(2024-01-01)", "literal") in kinds("print datetime(2024-01-01)")


@pytest.mark.parametrize("text", ["T | where a == 'unclosed", 'print @"', "((((", "é ü ?", ""])
def test_a_text_that_is_no_query_has_pieces_too(text: str) -> None:
    assert all(piece.kind in Kind for piece in pieces(text))


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("T | nonsense a | where b", ["where"]),
        ("T | where (a | take 5; U | count", ["where", "take", "count"]),
        ("let x = ; T | take 5", ["let", "take"]),
        ("foo bar | where x", ["where"]),
        ("T | scan with (step s: true => a = 1;)) | where b", ["scan", "with", "step", "where"]),
        ("let f = () { T | where a b }; U | take 5", ["let", "where", "take"]),
    ],
)
def test_reading_goes_on_behind_a_mistake(text: str, keywords: list[str]) -> None:
    assert [word for word, kind in kinds(text) if kind == "keyword"] == keywords


def test_tokens_have_the_terminals_of_the_grammar() -> None:
    assert [(str(token), token.type) for token in tokens("T | take 5 )")] == [
        ("T", "NAME"),
        ("|", "VBAR"),
        ("take", "TAKE"),
        ("5", "NUMBER"),
        (")", UNKNOWN),
    ]
