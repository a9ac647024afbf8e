"""Literals: what is written becomes the value that Kusto means."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.errors import QueryError
from kqlog.syntax import literals
from kqlog.syntax.nodes import Literal, Pipeline, Query
from kqlog.syntax.parse import parse
from kqlog.text import datetime_text, timespan_text
from kqlog.types import MAX_DATETIME_TICKS, TICKS_PER_DAY, TICKS_PER_SECOND, UNIX_EPOCH_TICKS, Type

HOUR = 3600 * TICKS_PER_SECOND


def literal(text: str) -> tuple[Type, object]:
    (statement,) = parse(f"print {text}").statements
    assert isinstance(statement, Query) and isinstance(statement.value, Pipeline)
    value = statement.value.source.items[0]  # type: ignore[union-attr]
    assert isinstance(value, Literal)
    return value.type, value.value


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("12", Type.LONG, 12),
        ("-12", Type.LONG, -12),
        ("long(-9223372036854775808)", Type.LONG, -(2**63)),
        ("0xFf", Type.LONG, 255),
        ("1.5", Type.REAL, 1.5),
        ("1.", Type.REAL, 1.0),
        ("1e3", Type.REAL, 1000.0),
        ("2.5e-1", Type.REAL, 0.25),
        ("true", Type.BOOL, True),
        ("FALSE", Type.BOOL, False),
        ("int(7)", Type.INT, 7),
        ("int(-7)", Type.INT, -7),
        ("int(null)", Type.INT, None),
        ("long(0x10)", Type.LONG, 16),
        ("real(2)", Type.REAL, 2.0),
        ("double(+inf)", Type.REAL, math.inf),
        ("real(-inf)", Type.REAL, -math.inf),
        ("decimal(0.10)", Type.DECIMAL, Decimal("0.10")),
        ("bool(null)", Type.BOOL, None),
        ("bool(1)", Type.BOOL, True),
        ("guid(0A0B0C0D-0000-1111-2222-333344445555)", Type.GUID, "0a0b0c0d-0000-1111-2222-333344445555"),
        ('guid("0a0b0c0d000011112222333344445555")', Type.GUID, "0a0b0c0d-0000-1111-2222-333344445555"),
        ("guid(null)", Type.GUID, None),
    ],
)
def test_numbers_and_other_plain_literals(text: str, type_: Type, value: object) -> None:
    assert literal(text) == (type_, value)


def test_nan() -> None:
    type_, value = literal("real(nan)")
    assert type_ is Type.REAL and isinstance(value, float) and math.isnan(value)


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("1d", TICKS_PER_DAY),
        ("1.5h", HOUR * 3 // 2),
        ("-2m", -120 * TICKS_PER_SECOND),
        ("3sec", 3 * TICKS_PER_SECOND),
        ("10ms", 100_000),
        ("5microseconds", 50),
        ("10tick", 10),
        ("200nanoseconds", 2),
        ("2days", 2 * TICKS_PER_DAY),
        ("timespan(3)", 3 * TICKS_PER_DAY),
        ("time(15 seconds)", 15 * TICKS_PER_SECOND),
        ("timespan(1.02:03:04.5)", TICKS_PER_DAY + 2 * HOUR + 180 * TICKS_PER_SECOND + 45_000_000),
        ("timespan(-00:00:01)", -TICKS_PER_SECOND),
        ("timespan('01:30')", HOUR * 3 // 2),
        ("timespan(null)", None),
    ],
)
def test_timespans_count_ticks(text: str, ticks: int | None) -> None:
    assert literal(text) == (Type.TIMESPAN, ticks)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01", 0),
        ("1970", 0),
        ("1970-02", 31 * 86400),
        ("1970-01-01 00:01", 60),
        ("1970-01-01T00:00:01Z", 1),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01 00:00:00.5", 0.5),
        ("'1970-01-02'", 86400),
        ("1970, 1, 2", 86400),
        ("01/02/1970 01:00:00 AM", 86400 + 3600),
        ("Thu, 1 Jan 1970 00:00:02 GMT", 2),
        ("1 Jan 70 00:00 UTC", 0),
        ("Thursday, 01-Jan-70 00:00:03 UTC", 3),
    ],
)
def test_datetimes_in_all_their_forms(text: str, seconds: float) -> None:
    assert literal(f"datetime({text})") == (Type.DATETIME, UNIX_EPOCH_TICKS + int(seconds * TICKS_PER_SECOND))


def test_all_seven_decimals_of_a_second_are_kept() -> None:
    assert literals.parse_datetime("0001-01-01T00:00:00.1234567Z") == 1_234_567
    assert literals.parse_datetime("9999-12-31T23:59:59.9999999Z") == MAX_DATETIME_TICKS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it'", "it"),
        ('"it\'s"', "it's"),
        (r"'a\tb\\c\'d'", "a\tb\\c'd"),
        (r"'\u00e9\x41'", "\u00e9A"),
        (r"'\U0001F600'", "\U0001f600"),
        (r"'\ud83d\ude00'", "\U0001f600"),
        (r"@'c:\temp'", r"c:\temp"),
        ('@"say ""x"""', 'say "x"'),
        ("h'secret'", "secret"),
        ("H@'a\\b'", "a\\b"),
        ("```two\nlines```", "two\nlines"),
        ("~~~with `ticks`~~~", "with `ticks`"),
        ("'a' \"b\" @'c'", "abc"),
        ("''", ""),
    ],
)
def test_strings(text: str, value: str) -> None:
    assert literal(text) == (Type.STRING, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("1", "1"),
        ("0.10000000000000000001", "0.10000000000000000001"),
        ('{"a": [1, 2.50, true, null]}', '{"a":[1,2.50,true,null]}'),
        ("['it\\'s']", '["it\'s"]'),
        ('{"a)": "(["}', '{"a)":"(["}'),
        ("datetime(2024-01-02)", '"2024-01-02T00:00:00.0000000Z"'),
        ("[-1d, 5]", '["-1.00:00:00",5]'),
        ("[1d, time(1:00:00)]", '["1.00:00:00","01:00:00"]'),
    ],
)
def test_dynamic_is_json_with_its_numbers_as_written(text: str, value: str | None) -> None:
    assert literal(f"dynamic({text})") == (Type.DYNAMIC, value)


@pytest.mark.parametrize(
    "text",
    [
        "datetime(2024-13-01)",
        "datetime(2024-02-30)",
        "datetime(yesterday)",
        "datetime(2024-01-01 25:00)",
        "timespan(25:00:00)",
        "timespan(soon)",
        "int(2147483648)",
        "int(1.5)",
        "9223372036854775808",
        "long(x)",
        "real(x)",
        "decimal(one)",
        "guid(123)",
        "bool(perhaps)",
        "dynamic({a)",
        "dynamic([1,])",
        "dynamic({'a':NaN})",
        r"'\q'",
        r"'\u12'",
        r"'\UFFFFFFFF'",
        "99999999999999d",
        "1e999999999d",
        "9" * 5000,
        "bool(" + "9" * 5000 + ")",
        "decimal(1e999999999)",
        "decimal(1e20)",
        "decimal(0.1234567890123456789)",
        "dynamic(dynamic())",
        "timespan(" + "9" * 5000 + ".00:00)",
        "1.5l",
        "dynamic([1 2])",
        "dynamic([1weeks])",
    ],
)
def test_what_is_no_literal_of_its_type_is_refused(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(f"print {text}")
    assert caught.value.code == "SYN003"
    assert caught.value.span is not None and caught.value.span.start == len("print ")


@given(st.integers(0, MAX_DATETIME_TICKS))
def test_a_datetime_reads_back_what_it_shows(ticks: int) -> None:
    assert literals.parse_datetime(datetime_text(ticks)) == ticks


@given(st.integers(-(10**18), 10**18))
def test_a_timespan_reads_back_what_it_shows(ticks: int) -> None:
    assert literals.parse_timespan(timespan_text(ticks)) == ticks


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_verbatim_string_is_the_text_itself(text: str) -> None:
    assert literals.parse_string("@'" + text.replace("'", "''") + "'") == text
