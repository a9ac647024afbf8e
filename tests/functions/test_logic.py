"""Comparisons and conditions over nulls, NaN and mixed types, as values and as filters."""

from __future__ import annotations

import pytest

import kqlog

PAIRS = """
datatable(l: long, r: long, x: real, y: real, s: string, t: string)
[
    1, 1, 1.0, 1.0, 'a', 'a',
    1, 2, 1.0, 2.0, 'a', 'A',
    long(null), 1, real(null), 1.0, '', 'a',
    1, long(null), 1.0, real(null), 'a', '',
    long(null), long(null), real(null), real(null), '', '',
    3, 2, real(nan), 2.0, 'b', 'a',
    2, 3, 2.0, real(nan), 'a', 'b',
    2, 2, real(nan), real(nan), 'b', 'b',
]
"""
EXPECTED = {
    "l == r": [True, False, False, False, None, False, False, True],
    "l != r": [False, True, True, True, None, True, True, False],
    "l < r": [False, True, None, None, None, False, True, False],
    "l >= r": [True, False, None, None, None, True, False, True],
    "x == y": [True, False, False, False, None, False, False, False],
    "x != y": [False, True, True, True, None, True, True, True],
    "x < y": [False, True, None, None, None, False, False, False],
    "x <= y": [True, True, None, None, None, False, False, False],
    "x > y": [False, False, None, None, None, False, False, False],
    "x >= y": [True, False, None, None, None, False, False, False],
    "s == t": [True, False, False, False, True, False, False, True],
    "s != t": [False, True, True, True, False, True, True, False],
    "l in (1, 2)": [True, True, False, True, False, False, True, True],
    "l !in (1, 2)": [False, False, True, False, True, True, False, False],
    "s in (t, 'x')": [True, False, False, False, True, False, False, True],
    "l between (1 .. 2)": [True, True, None, True, None, False, True, True],
    "l == r and s == t": [True, False, False, False, None, False, False, True],
    "l < r or s == t": [True, True, None, None, True, False, True, True],
    "not(l == r)": [False, True, True, True, None, True, True, False],
    "isnull(l)": [False, False, True, False, True, False, False, False],
    "isempty(s)": [False, False, True, False, True, False, False, False],
}


@pytest.mark.parametrize(("condition", "expected"), EXPECTED.items())
def test_a_condition_is_true_false_or_null(workspace: kqlog.Workspace, condition: str, expected: list[bool | None]) -> None:
    result = workspace.query(f"{PAIRS} | extend answer = {condition}")
    assert [row[-1] for row in result.rows] == expected


@pytest.mark.parametrize(("condition", "expected"), EXPECTED.items())
def test_a_filter_keeps_exactly_what_is_true(workspace: kqlog.Workspace, condition: str, expected: list[bool | None]) -> None:
    result = workspace.query(f"{PAIRS} | serialize n = row_number(0) | where {condition} | project n")
    assert [row[0] for row in result.rows] == [position for position, answer in enumerate(expected) if answer]


@pytest.mark.parametrize(("condition", "expected"), EXPECTED.items())
def test_a_negated_filter_keeps_exactly_what_is_false(
    workspace: kqlog.Workspace, condition: str, expected: list[bool | None]
) -> None:
    result = workspace.query(f"{PAIRS} | serialize n = row_number(0) | where not({condition}) | project n")
    assert [row[0] for row in result.rows] == [position for position, answer in enumerate(expected) if answer is False]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("d.v == 5", [0, 1]),
        ("d.v != 5", [2, 3, 4, 5, 6]),
        ("d.v > 5", [2]),
        ("d.v >= 5", [0, 1, 2]),
        ("5 < d.v", [2]),
        ("d.v == 'five'", [3]),
        ("d.v in (5, 6)", [0, 1]),
        ("d.v in (dynamic([5, 'five']))", [0, 3]),
        ("d.v between (5 .. 6)", [0, 1, 2]),
        ("isnull(d.v)", [5, 6]),
        ("isempty(d.v)", [4, 5, 6]),
        ("isnotempty(d.v)", [0, 1, 2, 3]),
    ],
)
def test_dynamic_values_compare_by_what_they_hold(workspace: kqlog.Workspace, condition: str, kept: list[int]) -> None:
    rows = """datatable(n: long, d: dynamic)[0, dynamic({"v": 5}), 1, dynamic({"v": 5.0}), 2, dynamic({"v": 5.5}),
        3, dynamic({"v": "five"}), 4, dynamic({"v": ""}), 5, dynamic({"v": null}), 6, dynamic({})]"""
    result = workspace.query(f"{rows} | where {condition} | sort by n asc | project n")
    assert [row[0] for row in result.rows] == kept


MIXED = """
datatable(s: string, n: long, r: real, b: bool, t: datetime, p: timespan, g: guid, d: dynamic)
[
    '0', 0, 0.5, false, datetime(2024-02-29), 1h, guid(74be27de-1e4e-49d9-b579-fe0b331d3642), dynamic({"b": true, "t": "2024-02-29"}),
    'true', 1, 1.0, true, datetime(null), 2h, guid(null), dynamic({}),
]
"""


@pytest.mark.parametrize(
    ("equality", "expected"),
    [
        ("s == 0", [True, False]),
        ("0 == s", [True, False]),
        ("s == n", [True, False]),
        ("s != 0", [False, True]),
        ("n == '1'", [False, True]),
        ("n == '01'", [False, False]),
        ("r == '0.5'", [True, False]),
        ("b == 1", [False, True]),
        ("b == 'true'", [False, True]),
        ("t == '2024-02-29 00:00'", [True, False]),
        ("t != '2024-02-29 00:00'", [False, True]),
        ("t == 'yesterday'", [False, None]),
        ("'02:00' == p", [False, True]),
        ("g == '74BE27DE-1E4E-49D9-B579-FE0B331D3642'", [True, False]),
        ("d.b == true", [True, False]),
        ("d.t == datetime(2024-02-29)", [True, False]),
    ],
)
def test_text_equals_values_of_other_types(workspace: kqlog.Workspace, equality: str, expected: list[bool | None]) -> None:
    result = workspace.query(f"{MIXED} | extend answer = {equality}")
    assert [row[-1] for row in result.rows] == expected


@pytest.mark.parametrize(
    ("value", "items", "expected"),
    [
        ("s", "0, 5", [True, False]),
        ("n", "'01', '1'", [False, True]),
        ("n", "0.5, '1'", [False, True]),
        ("b", "1, 2", [False, True]),
        ("b", "2", [False, False]),
        ("t", "'2024-02-29 00:00'", [True, False]),
        ("g", "'74BE27DE-1E4E-49D9-B579-FE0B331D3642'", [True, False]),
        ("s", "datetime(2024-02-29)", [False, False]),
        ("d.b", "true", [True, False]),
        ("s", "(range x from 0 to 3 step 1)", [True, False]),
        ("n", "(datatable(x: string)['01', '1'])", [False, True]),
    ],
)
def test_in_agrees_with_equality(workspace: kqlog.Workspace, value: str, items: str, expected: list[bool]) -> None:
    result = workspace.query(f"{MIXED} | project among = {value} in ({items}), other = {value} !in ({items})")
    assert result.rows == [(one, not one) for one in expected]


@pytest.mark.parametrize(
    "comparison", ["1h == 5", "now() != 1", "true == 1h", "guid(null) == 5", "now() in (1)", "now() in ((print 1))"]
)
def test_what_cannot_be_compared_is_refused_at_its_place(workspace: kqlog.Workspace, comparison: str) -> None:
    with pytest.raises(kqlog.QueryError, match=r"timespan|datetime|guid") as caught:
        workspace.query(f"print {comparison}")
    assert caught.value.code == "ENG001"
    assert caught.value.span is not None
    assert kqlog.check(f"print {comparison}").errors == []


def test_an_assertion_that_fails_is_the_error(workspace: kqlog.Workspace) -> None:
    with pytest.raises(kqlog.QueryError, match="too few"):
        workspace.query("print assert(1 > 2, 'too few')")
