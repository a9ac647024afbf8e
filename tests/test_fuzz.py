"""Whatever text comes in, a result or a QueryError comes out: random and mutated queries through parse, bind and run."""

from __future__ import annotations

import string

import pytest
from casefiles import ALL
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kqlog

TABLES = """let T = datatable(k: string, n: long, x: real, d: dynamic, t: datetime, s: timespan, b: bool)
["a", 1, 1.5, dynamic({"p": [1, "q"]}), datetime(2024-01-01), 1h, true, "", long(null), real(nan), dynamic(null), datetime(null), -1d, false];
"""
QUERIES = [case.query for case in ALL]
COLUMNS = ("k", "n", "x", "d", "t", "s", "b", "nope", "['k']", "d.p", "d.p[0]", "d['q']")
LITERALS = (
    "1",
    "-2",
    "0",
    "1.5",
    "'it''s'",
    '"a\\"b"',
    "null",
    "true",
    "1h",
    "datetime(2024-02-30)",
    "dynamic([1,{}])",
    "long(null)",
    "9" * 25,
)
OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", ">=", "and", "or", "has", "!contains", "=~", "matches regex", "in~")
CALLS = (
    "strlen",
    "tolong",
    "tostring",
    "bin",
    "iff",
    "case",
    "count",
    "sum",
    "arg_max",
    "prev",
    "parse_json",
    "extract",
    "ago",
    "nope",
)

values = st.recursive(
    st.sampled_from(COLUMNS + LITERALS),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds(lambda name, arguments: f"{name}({', '.join(arguments)})", st.sampled_from(CALLS), st.lists(inner, max_size=3)),
    ),
    max_leaves=6,
)
steps = st.one_of(
    st.builds("where {}".format, values),
    st.builds("extend y = {}".format, values),
    st.builds("project {}, k".format, values),
    st.builds("summarize {} by {}".format, values, values),
    st.builds("sort by {}".format, values),
    st.builds("mv-expand {}".format, values),
    st.builds("join kind=inner (T) on {}".format, values),
    st.builds("top {} by {}".format, values, values),
    st.builds("union (T | extend n = {})".format, values),
    st.builds("parse k with * 'a' z:long {}".format, values),
    st.builds("make-series c = count() on t step {}".format, values),
    st.just("serialize r = row_number()"),
    st.just("getschema"),
)


def answered(workspace: kqlog.Workspace, text: str) -> None:
    """Run a text: any exception but QueryError fails the test."""
    try:
        workspace.query(text)
    except kqlog.QueryError as error:
        assert str(error)


quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(st.lists(steps, min_size=1, max_size=4))
def test_queries_of_random_parts(workspace: kqlog.Workspace, parts: list[str]) -> None:
    answered(workspace, TABLES + "T | " + " | ".join(parts))


@quick
@given(st.sampled_from(QUERIES), st.integers(0, 400), st.integers(0, 12), st.text(string.printable + "\0é€𝄞", max_size=6))
def test_mutated_queries(workspace: kqlog.Workspace, query: str, start: int, length: int, inserted: str) -> None:
    start %= len(query) + 1
    answered(workspace, query[:start] + inserted + query[start + length :])


@quick
@given(st.text(max_size=60))
def test_any_text(workspace: kqlog.Workspace, text: str) -> None:
    answered(workspace, text)


@quick
@given(st.text(max_size=20))
def test_a_literal_stays_data(workspace: kqlog.Workspace, text: str) -> None:
    written = "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else letter for letter in text)
    try:
        result = workspace.query(f'print x = "{written}"')
    except kqlog.QueryError:
        assert any(0xD800 <= ord(letter) < 0xE000 for letter in text)
    else:
        assert result.rows == [(text,)] or [tuple(row) for row in result.rows] == [(text,)]


@quick
@given(st.text(min_size=1, max_size=20).filter(lambda name: not any(0xD800 <= ord(letter) < 0xE000 for letter in name)))
def test_a_name_stays_a_name(workspace: kqlog.Workspace, name: str) -> None:
    written = "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else letter for letter in name)
    result = workspace.query(f"print a = 1 | project ['{written}'] = a")
    assert [column.name for column in result.columns] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "print " + "(" * 500 + "1" + ")" * 500,
        "print " + "+".join(["1"] * 20_000),
        "print x = '" + "a" * 200_000,
        "T" + " | where n > 1" * 15_000,
        "print " + "dynamic([" * 500,
        "print " + "strcat(" * 500 + "'a'" + ")" * 500,
        "let f = (n: long) { f(n) }; print f(1)",
        "datatable(a: long) [" + "1," * 60_000 + "1] | count",
    ],
    ids=["brackets", "sum", "string", "pipeline", "open brackets", "calls", "recursion", "values"],
)
def test_large_texts_end(workspace: kqlog.Workspace, text: str) -> None:
    answered(workspace, text)
