"""Data in memory as tables: what types come out, and what is refused."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import numpy
import pandas
import polars
import pyarrow
import pytest

import kqlog
from kqlog.errors import QueryError
from kqlog.types import Type


def read(data):
    result = kqlog.query("T", tables={"T": data})
    return [column.type for column in result.columns], result.texts()


@pytest.mark.parametrize("library", [pyarrow.table, polars.DataFrame, pandas.DataFrame])
def test_unsigned_numbers_are_long_if_all_fit(library):
    for largest, type_ in ((2**63 - 1, Type.LONG), (2**63, Type.DECIMAL)):
        assert read(library({"u": numpy.array([1, largest], numpy.uint64)})) == ([type_], [["1"], [str(largest)]])


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (Decimal("1.5"), Type.DECIMAL, "1.5"),
        (Decimal("12345678901234567890123456789.5"), Type.REAL, "1.2345678901234568e+28"),
        (Decimal("1" * 50), Type.REAL, "1.1111111111111111e+49"),
    ],
)
def test_decimals_with_too_many_digits_are_real(value, type_, text):
    assert read(pyarrow.table({"d": [value]})) == ([type_], [[text]])


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([{"a": 1}, {"b": [1]}], ['{"a":1}', '{"b":[1]}']),
        ([[1, "x"], None], ['[1,"x"]', ""]),
        ([{"a": float("nan")}, 5], ['{"a":"NaN"}', "5"]),
        ([numpy.array([1, 2]), numpy.array([3])], ["[1,2]", "[3]"]),
        ([{"n": numpy.int64(5)}, pandas.NA], ['{"n":5}', ""]),
    ],
)
def test_dicts_and_lists_in_pandas_are_dynamic(values, texts):
    frame = pandas.DataFrame({"n": [1, 2], "d": pandas.Series(values, dtype=object)})
    assert read(frame) == ([Type.LONG, Type.DYNAMIC], [["1", texts[0]], ["2", texts[1]]])


def test_a_list_of_dicts_is_a_table():
    guid = uuid.UUID(int=5)
    rows = [{"a": 1, "g": guid}, {"b": "x", "d": {"k": [1]}}, {"t": datetime.datetime(2026, 1, 1)}]
    types, texts = read(rows)
    assert types == [Type.LONG, Type.GUID, Type.STRING, Type.DYNAMIC, Type.DATETIME]
    assert texts[0] == ["1", str(guid), "", "", ""]
    assert texts[1:] == [["", "", "x", '{"k":[1]}', ""], ["", "", "", "", "2026-01-01T00:00:00.0000000Z"]]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([{"a": 1}, {"a": "x"}], "column 'a' of table 'T' has no one type"),
        ([{"a": {(1, 2): 3}}], "column 'a' of table 'T' cannot be dynamic"),
        ([{"a": 1, "A": 2}], "the columns 'a' and 'A' of table 'T' differ in case only"),
        ([1], "table 'T' is a list with a int in it"),
        ([], "table 'T' has no columns"),
        (pandas.DataFrame(), "table 'T' has no columns"),
        ({"a": [1]}, "table 'T' is a dict"),
        ("text", "table 'T' is a str"),
        (None, "table 'T' is a NoneType"),
    ],
)
def test_what_is_no_table_is_refused(data, problem):
    with pytest.raises(QueryError) as caught:
        read(data)
    assert caught.value.code == "ING001"
    assert caught.value.message.startswith(problem)


def test_a_reader_of_batches_is_read_once_and_kept():
    workspace = kqlog.connect(tables={"T": pyarrow.table({"a": [1, 2]}).to_reader()})
    assert workspace.query("T").rows == workspace.query("T").rows == [(1,), (2,)]


def test_a_lazy_frame_is_collected():
    assert read(polars.LazyFrame({"a": [1]})) == ([Type.LONG], [["1"]])
