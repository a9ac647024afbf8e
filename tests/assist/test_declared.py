"""The names that texts declare, also texts that are unfinished or wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.assist.declared import declaration, declarations
from kqlog.assist.proposal import Kind

PIECES = st.lists(
    st.sampled_from(
        [
            "let ",
            "a",
            "b",
            " = ",
            "(",
            ")",
            "{",
            "}",
            ": ",
            "string",
            ", ",
            ";",
            "|",
            " where ",
            "view ",
            "1",
            "['x y']",
            "declare ",
        ]
    ),
    max_size=25,
).map("".join)


def outline(text):
    return [(one.name, one.kind, [inner.name for inner in one.inner]) for one in declarations(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("let a = 1; print a", [("a", Kind.LET, [])]),
        ("let f = (x: long, T: (y: real)) { let z = 1; T }; f(1)", [("f", Kind.FUNCTION, ["x", "T", "z"])]),
        ("let g = view () { print 1 };", [("g", Kind.FUNCTION, [])]),
        ("let ['a b'] = 3;", [("a b", Kind.LET, [])]),
        ("declare query_parameters(n: long = 3, s: string);", [("n", Kind.QUERY_PARAMETER, []), ("s", Kind.QUERY_PARAMETER, [])]),
        ("let a = (1 + 2); T | where", [("a", Kind.LET, [])]),
        ("let f = (x: long) { T | where x", [("f", Kind.FUNCTION, ["x"])]),
        ("let", []),
        ("let a", [("a", Kind.LET, [])]),
        ("T | where a == ';' | take 3; let b = 'let c = 1;'; // let d = 2;", [("b", Kind.LET, [])]),
    ],
)
def test_what_a_text_declares(text, found):
    assert outline(text) == found


def test_the_innermost_declaration_before_a_name_is_meant():
    text = "let n = 1; let f = () { let n = 2; print n }; print n"
    inner, outer = text.index("print n") + 6, text.rindex("n")
    assert declaration(text, inner).name_span.start == text.index("n = 2")
    assert declaration(text, outer).name_span.start == text.index("n = 1")


def test_a_name_does_not_mean_what_is_declared_behind_it(tables):
    assert declaration("let a = b; let b = 1;", 8, tables) is None


def test_a_column_hides_a_let_name(tables):
    text = "let Computer = 1; Perf | where Computer == ''"
    assert declaration(text, text.rindex("Computer"), tables) is None
    assert declaration(text, 5, tables).name == "Computer"


@given(PIECES, st.integers(0, 60))
def test_any_text_has_declarations_within_it(text, position):
    declaration(text, position)
    for one in declarations(text):
        assert 0 <= one.span.start <= one.name_span.start < one.name_span.end <= one.span.end <= len(text)
