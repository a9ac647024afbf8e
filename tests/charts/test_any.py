"""Whatever a result holds and whatever `render` says of it: it is drawn, or there is one line that says why not."""

from __future__ import annotations

import json
import re

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kqlog.charts.canvas import Terminal
from kqlog.charts.chart import ChartError
from kqlog.charts.choose import choose
from kqlog.charts.palette import Theme
from kqlog.charts.terminal import draw
from kqlog.charts.vega import specification
from kqlog.formats import width_of
from kqlog.operators.render import KINDS, PROPERTIES
from kqlog.plan.nodes import Render
from kqlog.types import MAX_DATETIME_TICKS, UNIX_EPOCH_TICKS, Column, Type

TEXTS = st.one_of(
    st.sampled_from(["", " ", "web-01", "서버", "é" * 30, "a\nb", "\x1b[31mred", "[]", '"', "1", "NaN", "x" * 200]),
    st.text(max_size=12),
)
DAY = 864_000_000_000
TICKS = st.one_of(
    st.integers(0, MAX_DATETIME_TICKS),
    st.integers(0, 30).map(lambda day: UNIX_EPOCH_TICKS + 20_000 * DAY + day * DAY),
    st.integers(0, 10**8).map(lambda more: UNIX_EPOCH_TICKS + more),
)
ARRAYS = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False)), max_size=5),
    st.lists(st.integers(1, 28).map(lambda day: f"2026-03-{day:02d}T00:00:00.0000000Z"), max_size=5),
    st.lists(st.sampled_from(["x", "2026-99-99T00Z", None, True, {"a": 1}]), max_size=3),
).map(json.dumps)
VALUES = {
    Type.STRING: (TEXTS, pa.string()),
    Type.BOOL: (st.booleans(), pa.bool_()),
    Type.INT: (st.integers(-(2**31), 2**31 - 1), pa.int32()),
    Type.LONG: (st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1)), pa.int64()),
    Type.REAL: (st.one_of(st.integers(-5, 5).map(float), st.floats()), pa.float64()),
    Type.DATETIME: (TICKS, pa.int64()),
    Type.TIMESPAN: (st.one_of(st.integers(-(10**9), 10**9), st.integers(-(2**62), 2**62)), pa.int64()),
    Type.GUID: (st.uuids().map(str), pa.string()),
    Type.DYNAMIC: (st.one_of(ARRAYS, st.sampled_from(["{}", '"x"', "1", "null"])), pa.string()),
}
SAID = st.one_of(
    st.sampled_from(
        [
            "log",
            "hidden",
            "true",
            "axes",
            "panels",
            "stacked",
            "stacked100",
            "map",
            "-5",
            "1e308",
            "nan",
            "a",
            "b",
            "a, b",
            "c,zz",
        ]
    ),
    st.text(max_size=5),
)


@st.composite
def results(draw_: st.DrawFn) -> tuple[tuple[Column, ...], pa.Table]:
    types = draw_(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=5))
    rows = draw_(st.integers(0, 8))
    columns = tuple(Column("abcde"[at], type_) for at, type_ in enumerate(types))
    arrays = []
    for type_ in types:
        values, arrow = VALUES[type_]
        nullable = values if type_ is Type.STRING else st.one_of(st.none(), values)
        arrays.append(pa.array(draw_(st.lists(nullable, min_size=rows, max_size=rows)), arrow))
    return columns, pa.table(arrays, names=[column.name for column in columns])


RENDERS = st.builds(
    Render,
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(st.sampled_from(PROPERTIES), SAID, max_size=4).map(lambda some: tuple(some.items())),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(results(), RENDERS, st.integers(20, 120), st.integers(1, 40), st.booleans(), st.booleans())
def test_any_result_is_drawn_or_says_why_not(result, render, width, height, colour, unicode):
    try:
        chart = choose(*result, render)
    except ChartError as error:
        assert str(error)
        return
    text = draw(chart, Terminal(width, height, colour, unicode))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(width_of(line) for line in plain.split("\n")) <= width
    assert "\x1b" not in plain
    assert colour or plain == text
    assert unicode or plain.isascii()
    json.dumps(specification(chart, Theme.DARK), allow_nan=False)
