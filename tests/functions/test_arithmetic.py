"""Arithmetic against the same arithmetic in Python, and what cannot be told by one example."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import kqlog

LONGS = st.integers(-(2**53), 2**53)
SIZES = st.integers(-1000, 1000)
quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _answers(
    workspace: kqlog.Workspace, types: tuple[str, str], rows: list[tuple[object, object]], expression: str
) -> list[object]:
    cells = ", ".join(f"{type_}({value})" for row in rows for type_, value in zip(types, row, strict=True))
    table = f"datatable(n: {types[0]}, d: {types[1]})[{cells}]"
    return [row[0] for row in workspace.query(f"{table} | project {expression}").rows]


@quick
@given(rows=st.lists(st.tuples(LONGS, SIZES), min_size=5, max_size=20))
def test_whole_numbers(workspace: kqlog.Workspace, rows: list[tuple[int, int]]) -> None:
    types = ("long", "long")
    quotients = [math.trunc(Fraction(n, d)) if d else None for n, d in rows]
    assert _answers(workspace, types, rows, "n / d") == quotients
    assert _answers(workspace, types, rows, "n % d") == [n % abs(d) if d else None for n, d in rows]
    assert _answers(workspace, types, rows, "bin(n, d)") == [n // d * d if d > 0 else None for n, d in rows]
    assert _answers(workspace, types, rows, "bin(n, 7)") == [n // 7 * 7 for n, _ in rows]
    assert _answers(workspace, types, rows, "bin_at(n, 7, d)") == [d + (n - d) // 7 * 7 for n, d in rows]


@quick
@given(rows=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.01, 100)), min_size=5, max_size=20))
def test_reals(workspace: kqlog.Workspace, rows: list[tuple[float, float]]) -> None:
    types = ("real", "real")
    for got, (n, d) in zip(_answers(workspace, types, rows, "n % d"), rows, strict=True):
        assert isinstance(got, float)
        assert 0 <= got <= d
        assert got == pytest.approx(math.fmod(n, d) + (d if math.fmod(n, d) < 0 else 0), abs=1e-9)
    assert _answers(workspace, types, rows, "bin(n, d)") == [math.floor(n / d) * d for n, d in rows]


@quick
@example(rows=[(Decimal("0.536870912"), Decimal("34.359738365"))])
@given(rows=st.lists(st.tuples(st.decimals(-1000, 1000, places=9), st.decimals(-1000, 1000, places=9)), min_size=5, max_size=10))
def test_decimals_are_exact(workspace: kqlog.Workspace, rows: list[tuple[object, object]]) -> None:
    exact = [Fraction(str(n)) * Fraction(str(d)) for n, d in rows]
    assert [Fraction(str(value)) for value in _answers(workspace, ("decimal", "decimal"), rows, "n * d")] == exact


def test_dividing_by_zero(workspace: kqlog.Workspace) -> None:
    row = workspace.query("print 1 / 0, 1 % 0, 1.0 / 0, -1.0 / 0, decimal(1) / decimal(0), 1h / 0, 1h / 0s").rows[0]
    assert row == (None, None, math.inf, -math.inf, None, None, math.inf)


@pytest.mark.parametrize(
    ("operator", "held_by"),
    [
        ("project x * 2", "a long"),
        ("summarize sum(x)", "a long"),
        ("summarize sumif(x, x > 0)", "a long"),
        ("project timespan(10675199.00:00:00) + 1d * (x - x + 1)", "a long"),
        ("serialize row_cumsum(x)", "a long"),
        ("serialize row_cumsum(x, false)", "a long"),
        ("project -(x - 9223372036854775807 - 9223372036854775807 - 2)", "a long"),
        ("project decimal(99999999999) * x", "a decimal"),
        ("project todecimal(x) / decimal(0.01)", "a decimal"),
        ("project 1e20 + decimal(1)", "a decimal"),
        ("project todecimal(strcat('1', x, x))", "a decimal"),
        ("summarize sum(decimal(99999999999999999999))", "a decimal"),
        ("project y = toint(2147483647) | serialize row_cumsum(y)", "an int"),
        ("project y = toint(2147483647) | serialize row_cumsum(y, false)", "an int"),
    ],
)
def test_an_overflow_is_an_error_and_no_number(workspace: kqlog.Workspace, operator: str, held_by: str) -> None:
    with pytest.raises(kqlog.QueryError, match=f"overflow: a number is larger than {held_by} can hold") as caught:
        workspace.query(f"range x from 9223372036854775806 to 9223372036854775807 step 1 | {operator}")
    assert caught.value.code == "ENG002"


@pytest.mark.parametrize(
    ("before", "expression", "types"),
    [
        ("print ", "1h == 1", "timespan and long"),
        ("print ", "bin(now(), now())", "(datetime, datetime)"),
        ("print x = dynamic(1) | summarize ", "percentilew(x, 1, 5)", "(dynamic, long, long)"),
        ("print x = 1 | serialize ", "prev(x, 1, 0.5)", "(long, long, real)"),
    ],
)
def test_what_no_engine_answers_is_refused_at_its_place(
    workspace: kqlog.Workspace, before: str, expression: str, types: str
) -> None:
    text = before + expression
    with pytest.raises(kqlog.QueryError) as caught:
        workspace.query(text)
    assert caught.value.code == "ENG001"
    assert caught.value.message.endswith(types)
    assert caught.value.span is not None
    assert text[caught.value.span.start : caught.value.span.end] == expression
    assert kqlog.check(text).errors == []


@pytest.mark.parametrize(
    "expression", ["datetime(2024-02-29) + datetime(2024-02-29)", "datetime(2024-02-29) + 1", "'a' + 'b'", "1d + 1"]
)
def test_what_has_no_sum_is_refused(workspace: kqlog.Workspace, expression: str) -> None:
    with pytest.raises(kqlog.QueryError, match="SEM002"):
        workspace.query(f"print {expression}")


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("int(7) + int(1)", "long"),
        ("-int(7)", "long"),
        ("int(7) / 2.0", "real"),
        ("1.5 * decimal(2)", "decimal"),
        ("1h * 2", "timespan"),
        ("2.5 * 1h", "timespan"),
        ("1h / 1m", "real"),
        ("datetime(2024-02-29) - datetime(2024-02-28)", "timespan"),
        ("dynamic(1) + 1", "long"),
        ("dynamic(1) + 1.5", "real"),
        ("dynamic(1) + dynamic(1)", "dynamic"),
        ("dynamic('2024-02-29') - datetime(2024-02-28)", "timespan"),
        ("-dynamic(1)", "dynamic"),
        ("bin(int(7), int(2))", "long"),
        ("bin(7, 2.0)", "real"),
        ("abs(int(-7))", "long"),
        ("round(int(7))", "int"),
    ],
)
def test_the_type_of_an_answer(workspace: kqlog.Workspace, expression: str, type_: str) -> None:
    assert workspace.query(f"print x = {expression}").columns[0].type == type_


def test_a_random_argument_is_drawn_once(workspace: kqlog.Workspace) -> None:
    drawn = "range x from 1 to 500 step 1 | extend b = bin(tolong(rand() * 10), 3), m = (rand() - 0.5) % 0.25"
    assert workspace.query(f"{drawn} | where b % 3 != 0 or m >= 0.25 or m < 0 | count").rows == [(0,)]
