"""How what is being written is called."""

from __future__ import annotations

import pytest

from kqlog.assist.proposal import Kind
from kqlog.assist.signature import signature


@pytest.mark.parametrize(
    ("text", "name", "kind", "overload", "parameter"),
    [
        ("print substring(", "substring", Kind.FUNCTION, 0, 0),
        ("print substring('abc', ", "substring", Kind.FUNCTION, 0, 1),
        ("print substring('abc', 1, ", "substring", Kind.FUNCTION, 1, 2),
        ("print substring('a, b", "substring", Kind.FUNCTION, 0, 0),
        ("print substring(strcat('a', 'b'), 1 + ", "substring", Kind.FUNCTION, 0, 1),
        ("print strcat('a', 'b', 'c', ", "strcat", Kind.FUNCTION, 0, 0),
        ("Perf | summarize dcount(Computer, ", "dcount", Kind.AGGREGATE, 1, 1),
        ("Perf | evaluate pivot(Computer, ", "pivot", Kind.PLUGIN, 0, 1),
        ("let f = (a: long, b: string = 'x') { a }; print f(1, ", "f", Kind.FUNCTION, 0, 1),
        ("let f = (a: long, b: string = 'x') { a }; print f(b = ", "f", Kind.FUNCTION, 0, 1),
        ("Perf | where ", "where", Kind.OPERATOR, 0, 0),
        ("Perf | where strlen(Computer) > 3 and ", "where", Kind.OPERATOR, 0, 0),
        ("Perf | where Computer in (", "where", Kind.OPERATOR, 0, 0),
    ],
)
def test_signature(text: str, name: str, kind: Kind, overload: int, parameter: int, tables) -> None:
    found = signature(text, len(text), tables)
    assert found is not None
    assert (found.name, found.kind, found.overload, found.parameter) == (name, kind, overload, parameter)
    for one in found.overloads:
        assert all(text in one.usage for text in one.parameters)


def test_signature_says_how_it_is_called(tables) -> None:
    found = signature("print substring(", 16, tables)
    assert [one.usage for one in found.overloads] == [
        "substring(source: any, start: long) -> string",
        "substring(source: any, start: long, length: long) -> string",
    ]
    assert found.doc.startswith("Part of a text.")


@pytest.mark.parametrize("text", ["", "Perf", "Perf | ", "// strlen(", "let x = 1; "])
def test_nothing_is_called(text: str, tables) -> None:
    assert signature(text, len(text), tables) is None
