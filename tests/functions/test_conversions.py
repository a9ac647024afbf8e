"""Conversions there and back, and the texts that are read or refused."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.types import MAX_DATETIME_TICKS

quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _column(workspace: kqlog.Workspace, type_: str, values: list[object], expression: str) -> list[object]:
    cells = ", ".join(f"{type_}({value})" for value in values)
    return [row[0] for row in workspace.query(f"datatable(v: {type_})[{cells}] | project {expression}").rows]


@quick
@given(ticks=st.lists(st.integers(0, MAX_DATETIME_TICKS), min_size=5, max_size=20))
def test_a_datetime_survives_its_text(workspace: kqlog.Workspace, ticks: list[int]) -> None:
    assert _column(workspace, "long", [*ticks], "tolong(todatetime(tostring(todatetime(v))))") == ticks


@quick
@given(ticks=st.lists(st.integers(-(2**62), 2**62), min_size=5, max_size=20))
def test_a_timespan_survives_its_text(workspace: kqlog.Workspace, ticks: list[int]) -> None:
    assert _column(workspace, "long", [*ticks], "tolong(totimespan(tostring(totimespan(v))))") == ticks


@quick
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=5, max_size=20))
def test_a_real_survives_its_text(workspace: kqlog.Workspace, numbers: list[float]) -> None:
    assert _column(workspace, "real", [*numbers], "toreal(tostring(v))") == numbers


@quick
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=5, max_size=20))
def test_a_long_survives_text_and_json(workspace: kqlog.Workspace, numbers: list[int]) -> None:
    assert _column(workspace, "long", [*numbers], "tolong(tostring(v))") == numbers
    assert _column(workspace, "long", [*numbers], "tolong(bag_pack('n', v).n)") == numbers


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-29T13:14:15.123456Z", "2024-02-29T13:14:15.1234560Z"),
        ("2024-02-29T13:14:15.1234567+02:00", "2024-02-29T11:14:15.1234567Z"),
        ("2024-02-29T13:14:15.1+02:30", "2024-02-29T10:44:15.1000000Z"),
        ("2024-02-29T13:14", "2024-02-29T13:14:00.0000000Z"),
        ("2024-2-9 1:02:03", "2024-02-09T01:02:03.0000000Z"),
        ("2024-02-29 13:14:15 GMT", "2024-02-29T13:14:15.0000000Z"),
        (" 2024-02-29 ", "2024-02-29T00:00:00.0000000Z"),
        ("29 Feb 24 13:14", "2024-02-29T13:14:00.0000000Z"),
        ("Thu, 29 Feb 2024 13:14:15", "2024-02-29T13:14:15.0000000Z"),
        ("29-Feb-24 13:14:15 GMT", "2024-02-29T13:14:15.0000000Z"),
        ("02-29-2024", "2024-02-29T00:00:00.0000000Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
    ],
)
def test_a_text_is_read_as_a_datetime(workspace: kqlog.Workspace, text: str, moment: str) -> None:
    assert workspace.query(f"print todatetime('{text}')").texts() == [[moment]]


@pytest.mark.parametrize(
    "text",
    [
        "0000-01-01",
        "10000-01-01",
        "2024-02-30",
        "2024-13-01",
        "infinity",
        "epoch",
        "2024-02-29 (BC)",
        "29",
        "2024-02-29T25:00",
        "now",
    ],
)
def test_another_text_is_no_datetime(workspace: kqlog.Workspace, text: str) -> None:
    assert workspace.query(f"print todatetime('{text}')").rows == [(None,)]


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("tolong('-12')", -12),
        ("tolong('+12')", 12),
        ("tolong('12.9')", 12),
        ("tolong('-12.9')", -12),
        ("tolong('')", None),
        ("tolong('9223372036854775808')", None),
        ("tolong(1e30)", None),
        ("tolong(dynamic('12'))", 12),
        ("tolong(dynamic(12.9))", 12),
        ("tolong(dynamic(9007199254740993))", 9007199254740993),
        ("tolong(dynamic([12]))", None),
        ("tolong(dynamic(null))", None),
        ("toint('2147483648')", None),
        ("toint(-0.9)", 0),
        ("toreal('1_000')", None),
        ("toreal(dynamic('1.5'))", 1.5),
        ("toreal(dynamic(true))", 1.0),
        ("tobool(' true ')", True),
        ("tobool('t')", None),
        ("tobool('2')", True),
        ("tobool(dynamic(false))", False),
        ("tobool(dynamic('false'))", False),
        ("tostring(0.1)", "0.1"),
        ("tostring(1e-7)", "1E-07"),
        ("tostring(-0.5)", "-0.5"),
        ("tostring(real(nan))", "NaN"),
        ("tostring(real(null))", ""),
        ("tostring(decimal(100))", "100"),
        ("tostring(decimal(-0.050))", "-0.05"),
        ("tostring(dynamic(null))", ""),
        ("tostring(dynamic(1.5))", "1.5"),
        ("tostring(dynamic(true))", "true"),
        ("tostring(guid(6F9619FF-8B86-D011-B42D-00C04FC964FF))", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("tostring(timespan(null))", ""),
        ("tostring(-1tick)", "-00:00:00.0000001"),
        ("tostring(datetime(0001-01-01))", "0001-01-01T00:00:00.0000000Z"),
        ("isnull(toguid(''))", True),
        ("tostring(bag_pack('d', datetime(2024-02-29), 's', 90s, 'm', decimal(1.50), 't', '1'))",
         '{"d":"2024-02-29T00:00:00.0000000Z","s":"00:01:30","m":"1.5","t":"1"}'),
    ],
)  # fmt: skip
def test_a_conversion(workspace: kqlog.Workspace, expression: str, answer: object) -> None:
    assert workspace.query(f"print {expression}").rows == [(answer,)]


@pytest.mark.parametrize("offset", ["", "Z", " GMT", "+02:30", " -0130"])
@pytest.mark.parametrize("clock", ["", "07:08", "7:08:09", "17:08:09.1234567", "23:59:59.123456789"])
@pytest.mark.parametrize(
    "day", ["2024-02-29", "2024/2/9", "Thu, 29 Feb 24", "29-Feb-1931", "1 March 69", "2/9/2024", "02-09-2024"]
)
def test_a_text_is_the_datetime_that_its_literal_is(workspace: kqlog.Workspace, day: str, clock: str, offset: str) -> None:
    written = f"{day} {clock}{offset}" if clock else day
    try:
        literal = workspace.query(f"print tolong(datetime({written}))").rows[0][0]
    except kqlog.QueryError:
        literal = None
    assert workspace.query(f"print tolong(todatetime('{written}'))").rows == [(literal,)]


@pytest.mark.parametrize(
    "text", ["5", "1.5h", ".5s", "15 seconds", "100nanos", "-2d", "1:02", "1.02:03:04.1234567", "24:00:00", "3w", "x"]
)
def test_a_text_is_the_timespan_that_its_literal_is(workspace: kqlog.Workspace, text: str) -> None:
    try:
        literal = workspace.query(f"print tolong(timespan({text}))").rows[0][0]
    except kqlog.QueryError:
        literal = None
    assert workspace.query(f"print tolong(totimespan('{text}'))").rows == [(literal,)]
