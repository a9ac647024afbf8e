"""Every type has one text form, with all seven digits of a second."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.text import to_python, write, write_all, write_json, write_json_all
from kqlog.types import MAX_DATETIME_TICKS, TICKS_PER_DAY, UNIX_EPOCH_TICKS, Type


@pytest.mark.parametrize(
    ("type_", "stored", "text"),
    [
        (Type.DATETIME, 0, "0001-01-01T00:00:00.0000000Z"),
        (Type.DATETIME, UNIX_EPOCH_TICKS + 1, "1970-01-01T00:00:00.0000001Z"),
        (Type.DATETIME, MAX_DATETIME_TICKS, "9999-12-31T23:59:59.9999999Z"),
        (Type.TIMESPAN, 0, "00:00:00"),
        (Type.TIMESPAN, 1, "00:00:00.0000001"),
        (Type.TIMESPAN, -TICKS_PER_DAY - 10_000_000, "-1.00:00:01"),
        (Type.DECIMAL, Decimal("1.500000000000000000"), "1.5"),
        (Type.DECIMAL, Decimal("1E+3"), "1000"),
        (Type.REAL, 0.1, "0.1"),
        (Type.REAL, math.nan, "NaN"),
        (Type.REAL, -math.inf, "-Infinity"),
        (Type.BOOL, True, "true"),
        (Type.DYNAMIC, '{"a": 1.10}', '{"a": 1.10}'),
        (Type.LONG, None, ""),
    ],
)
def test_text_of_a_value(type_, stored, text):
    assert write(stored, type_) == text


@pytest.mark.parametrize(
    ("type_", "stored", "json"),
    [
        (Type.LONG, 9223372036854775807, "9223372036854775807"),
        (Type.REAL, math.nan, '"NaN"'),
        (Type.REAL, 1.5, "1.5"),
        (Type.STRING, 'a "b"\n', '"a \\"b\\"\\n"'),
        (Type.DYNAMIC, "[1, 2]", "[1, 2]"),
        (Type.DATETIME, 0, '"0001-01-01T00:00:00.0000000Z"'),
        (Type.GUID, "74be27de-1e4e-49d9-b579-fe0b331d3642", '"74be27de-1e4e-49d9-b579-fe0b331d3642"'),
        (Type.DYNAMIC, None, "null"),
    ],
)
def test_json_of_a_value(type_, stored, json):
    assert write_json(stored, type_) == json


@pytest.mark.parametrize(
    ("type_", "stored", "value"),
    [
        (Type.DATETIME, UNIX_EPOCH_TICKS + 19, datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        (Type.TIMESPAN, -19, timedelta(microseconds=-1)),
        (Type.DECIMAL, Decimal("2.50"), Decimal("2.5")),
        (Type.GUID, "74be27de-1e4e-49d9-b579-fe0b331d3642", UUID("74be27de-1e4e-49d9-b579-fe0b331d3642")),
        (Type.DYNAMIC, '{"a": [1, null]}', {"a": [1, None]}),
        (Type.STRING, "", ""),
        (Type.LONG, None, None),
    ],
)
def test_python_of_a_value(type_, stored, value):
    assert to_python(stored, type_) == value


VALUES = {
    Type.STRING: st.text(),
    Type.DATETIME: st.integers(0, MAX_DATETIME_TICKS),
    Type.TIMESPAN: st.integers(-(2**63), 2**63 - 1),
    Type.GUID: st.uuids().map(str),
    Type.REAL: st.floats(),
    Type.LONG: st.integers(-(2**63), 2**63 - 1),
    Type.BOOL: st.booleans(),
    Type.DYNAMIC: st.sampled_from(['"a"', "[1]", "null"]),
}
COLUMNS = st.sampled_from(list(VALUES)).flatmap(
    lambda type_: st.tuples(st.just(type_), st.lists(st.none() | VALUES[type_], max_size=5))
)


@given(COLUMNS)
def test_a_column_of_texts_has_that_of_each_value(column):
    type_, values = column
    assert write_all(values, type_) == [write(value, type_) for value in values]
    assert write_json_all(values, type_) == [write_json(value, type_) for value in values]
