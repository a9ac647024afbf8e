"""Python values in queries: what goes in is what the query computes with."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.errors import QueryError
from kqlog.notebook.values import filled

VALUES = [
    True,
    7,
    -(2**62),
    1e-7,
    float("inf"),
    'it\'s "quoted" \\ \n and 안녕',
    datetime(2026, 3, 9, 12, 30, 0, 250, UTC),
    timedelta(days=-1, microseconds=3),
    UUID("12345678-1234-5678-1234-567812345678"),
    ["a", 1, {"b": None}],
    {"key": [1.5, True]},
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_value_is_the_same_in_the_query(value):
    assert kqlog.query(filled("print x = {value}", {"value": value})).rows == [(value,)]


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (date(2026, 3, 9), datetime(2026, 3, 9, tzinfo=UTC)),
        (datetime(2026, 3, 9), datetime(2026, 3, 9, tzinfo=UTC)),
        (numpy.int64(5), 5),
        (numpy.float64(0.5), 0.5),
        (("a", "b"), ["a", "b"]),
        (Decimal("1.25"), Decimal("1.25")),
        (None, None),
    ],
    ids=str,
)
def test_a_value_that_kql_knows_otherwise(value, seen):
    assert kqlog.query(filled("print x = {value}", {"value": value})).rows == [(seen,)]


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_no_text_gets_out_of_its_quotes(text):
    assert kqlog.query(filled("print x = {text}", {"text": text})).rows == [(text.encode("utf-8", "replace").decode(),)]


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=5,
    )
)
def test_any_collection_comes_back(value):
    if isinstance(value, list | dict):
        (answer,) = kqlog.query(filled("print x = tostring({value})", {"value": value})).rows[0]
        assert json.loads(answer) == value


def test_strings_comments_and_names_without_a_value_stay_as_they_are():
    text = 'print a = \'{x}\', b = "{x}", c = {x} // {x}\n; let f = () {y}; print dynamic({"x": 1})'
    assert filled(text, {"x": 5}) == text.replace("c = {x}", "c = long(5)")


def test_what_has_no_literal_is_refused_with_its_place():
    with pytest.raises(QueryError) as caught:
        filled("print {frame}", {"frame": object()})
    assert (caught.value.code, caught.value.column) == ("SEM002", 7)
