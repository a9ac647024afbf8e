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


@pytest.fixture(scope="module")
def workspace() -> kqlog.Workspace:
    return kqlog.connect(None)


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


@pytest.mark.parametrize("comparison", ["'5' == 5", "datetime(2024-02-29) == '2024-02-29'", "1h == 5", "new_guid() != 'x'"])
def test_what_cannot_be_compared_is_refused(workspace: kqlog.Workspace, comparison: str) -> None:
    with pytest.raises(kqlog.QueryError):
        workspace.query(f"print {comparison}")


def test_an_assertion_that_fails_is_the_error(workspace: kqlog.Workspace) -> None:
    with pytest.raises(kqlog.QueryError, match="too few"):
        workspace.query("print assert(1 > 2, 'too few')")
