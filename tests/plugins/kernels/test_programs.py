"""What scan computes from its steps is what the engine computes from rows."""

from __future__ import annotations

import re

import pytest

import kqlog

ROWS = """datatable(n: int, a: long, b: long, x: real, y: real, t: datetime, s: timespan, p: bool, q: bool, u: string, v: string) [
    1, 7, 2, 7.5, 2.0, datetime(2024-02-29), 36h, true, false, "a", "",
    2, -7, 2, -7.5, 2.0, datetime(2024-01-01), -1m, bool(null), true, "", "b",
    3, 7, 0, 1.0, 0.0, datetime(null), timespan(null), false, bool(null), "a", "a",
    4, long(null), 3, real(nan), 1.5, datetime(1999-12-31), 1tick, true, bool(null), "x", "y",
    5, -7, -2, real(+inf), real(null), datetime(2024-02-29), 2h, bool(null), bool(null), "B", "b",
    6, 9, 9, 9.0, 9.0, datetime(2024-02-29), 2h, true, true, "z", "z",
]"""
EXPRESSIONS = [
    *(f"a {operator} b" for operator in ("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=")),
    *(f"x {operator} y" for operator in ("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=")),
    *(f"u {operator} v" for operator in ("==", "!=")),
    *("s + s", "t - t", "t + s", "t - s", "s / 1m", "s / 2", "s / 1.5", "s * x", "s * 2", "s % 1h", "t % 1d"),
    *("p and q", "p or q", "not(p)", "-a", "-x", "-s", "abs(a)", "abs(x)", "toreal(a)", "a + x", "tolong(n) + 1", "toint(a)"),
    *("iff(p, a, b)", "case(p, u, q, v, 'none')", "coalesce(a, b)", "coalesce(u, v)", "isnull(a)", "isnotnull(t)"),
    *("isempty(u)", "isnotempty(v)", "isempty(a)", "strcat(u, '-', v)", "min_of(a, b)", "max_of(x, y)", "min_of(t, t + s)"),
    *(f"u {operator} v" for operator in ("=~", "!~", "contains", "!contains_cs", "startswith", "!startswith", "endswith_cs")),
    *("bin(a, 3)", "startofday(t)", "u in ('a', 'B')", "tostring(a)", "strcat(u, a)", "toupper(v)", "strlen(u) + a"),
    *("datetime_diff('hour', t, t - s)", "hourofday(t) == 3", "todynamic(u)", "parse_json(u).k", "bin(x, 0.5) > y"),
    *("a between (b .. 8)", "a !between (b .. 8)", "t between (t .. 1d)", "x between (y .. 8.0)"),
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_same_as_the_engine(expression: str) -> None:
    words = expression
    for name in "nabxytspquv":
        words = re.sub(rf"(?<![\w'.]){name}(?![\w'(])", f"s_.{name}", words)
    type_ = kqlog.query(f"{ROWS} | project r = {expression} | getschema | project ColumnType").rows[0][0]
    scanned = kqlog.query(f"{ROWS} | sort by n asc | scan declare (r: {type_}) with (step s_: true => r = {words};) | project r")
    computed = kqlog.query(f"{ROWS} | sort by n asc | project r = {expression}")
    # A step knows the row before.
    assert [str(row) for row in scanned.rows[1:]] == [str(row) for row in computed.rows[:-1]]
