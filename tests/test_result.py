"""What a query answers with, in all its forms. Everything here runs through the engine."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pyarrow
import pyarrow.parquet
import pytest

import kqlog
from kqlog.formats import Format

GUID = "74be27de-1e4e-49d9-b579-fe0b331d3642"
EVERY_TYPE = f"""
print yes = true, i = int(1), l = 9007199254740993, r = 1.5, m = decimal(1.50), s = "text",
      t = datetime(2024-05-01T12:00:00.1234567Z), p = 1d + 1tick, g = guid({GUID}), d = dynamic({{"a": [1, null, "x"]}})
"""
NULLS = """
print yes = bool(null), i = int(null), l = long(null), r = real(null), m = decimal(null), s = "",
      t = datetime(null), p = timespan(null), g = guid(null), d = dynamic(null)
"""


@pytest.fixture(scope="module")
def every():
    return kqlog.query(EVERY_TYPE)


def test_rows_are_python_values(every):
    assert every.rows == [
        (
            True,
            1,
            9007199254740993,
            1.5,
            Decimal("1.5"),
            "text",
            datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC),
            timedelta(days=1),
            UUID(GUID),
            {"a": [1, None, "x"]},
        )
    ]


def test_null_is_none_and_a_string_is_never_null():
    assert kqlog.query(NULLS).rows == [(None, None, None, None, None, "", None, None, None, None)]


def test_texts_keep_the_seventh_digit(every):
    (row,) = every.texts()
    assert row[6:8] == ["2024-05-01T12:00:00.1234567Z", "1.00:00:00.0000001"]


def test_arrow_keeps_the_seventh_digit(every):
    table = every.to_arrow()
    assert table.schema.field("t").type == pyarrow.timestamp("ns", tz="UTC")
    assert table.schema.field("p").type == pyarrow.duration("ns")
    assert table.column("t").cast(pyarrow.int64()).to_pylist()[0] % 1_000_000_000 == 123_456_700
    assert table.column("p").cast(pyarrow.int64()).to_pylist() == [86_400_000_000_100]
    assert table.column("g").to_pylist() == [GUID]
    assert json.loads(table.column("d").to_pylist()[0]) == {"a": [1, None, "x"]}


def test_arrow_of_nulls_and_of_no_rows_keeps_the_types(every):
    types = every.to_arrow().schema.types
    assert kqlog.query(NULLS).to_arrow().schema.types == types
    assert kqlog.query(EVERY_TYPE + "| where false").to_arrow().schema.types == types


def test_arrow_counts_far_years_in_microseconds():
    table = kqlog.query("print t = datetime(9999-12-31), p = 200000d").to_arrow()
    assert table.schema.types == [pyarrow.timestamp("us", tz="UTC"), pyarrow.duration("us")]
    assert table.column("t").to_pylist() == [datetime(9999, 12, 31, tzinfo=UTC)]


def test_arrow_refuses_to_lose_a_digit():
    with pytest.raises(kqlog.QueryError) as caught:
        kqlog.query("print t = datetime(9999-12-31 23:59:59.9999999)").to_arrow()
    assert caught.value.code == "ENG001"


def test_pandas_and_polars(every):
    frame = every.to_pandas()
    assert frame["t"][0].nanosecond == 700
    assert list(frame.columns) == [column.name for column in every.columns]
    assert every.to_polars()["p"].dt.total_nanoseconds().to_list() == [86_400_000_000_100]


def test_json_has_exact_numbers_and_every_digit(every):
    (row,) = json.loads(every.to_json())
    assert row["l"] == 9007199254740993
    assert row["t"] == "2024-05-01T12:00:00.1234567Z"
    assert row["d"] == {"a": [1, None, "x"]}


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "md", "parquet", "txt"])
def test_save_writes_the_format_of_the_ending(every, tmp_path, ending):
    path = tmp_path / f"result.{ending}"
    every.save(path)
    match ending:
        case "csv":
            assert list(csv.reader(path.open()))[1][6] == "2024-05-01T12:00:00.1234567Z"
        case "json":
            assert len(json.loads(path.read_text())) == 1
        case "jsonl":
            assert json.loads(path.read_text())["s"] == "text"
        case "parquet":
            assert pyarrow.parquet.read_table(path).num_rows == 1
        case _:
            assert "text" in path.read_text()


def test_save_refuses_an_ending_it_does_not_know(every, tmp_path):
    with pytest.raises(ValueError, match=r"\.parquet"):
        every.save(tmp_path / "result.xlsx")


def test_a_saved_result_is_a_table_again(tmp_path):
    kqlog.query("print t = datetime(2024-05-01T12:00:00.1234567Z), n = 1").save(tmp_path / "Saved.parquet")
    workspace = kqlog.connect(tmp_path)
    assert workspace.query("Saved | project s = tostring(t), n").rows == [("2024-05-01T12:00:00.1234567Z", 1)]


@pytest.mark.parametrize(
    "query", [EVERY_TYPE, NULLS, EVERY_TYPE + "| where false", "print t = datetime(9999-12-31), p = 200000d"]
)
def test_parquet_keeps_every_type(tmp_path, query):
    result = kqlog.query(query)
    result.save(tmp_path / "Saved.parquet")
    saved = kqlog.connect(tmp_path).query("Saved")
    assert saved.columns == result.columns
    assert saved.texts() == result.texts()


def test_parquet_says_to_others_what_a_text_is(every, tmp_path):
    every.save(tmp_path / "Saved.parquet")
    schema = pyarrow.parquet.ParquetFile(tmp_path / "Saved.parquet").schema
    kinds = {schema.column(at).name: str(schema.column(at).logical_type) for at in range(len(schema))}
    assert (kinds["g"], kinds["d"]) == ("UUID", "JSON")
    assert pyarrow.parquet.read_schema(tmp_path / "Saved.parquet").field("p").type == pyarrow.duration("ns")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_that_others_saved_are_timespans(tmp_path, unit):
    table = pyarrow.table({"p": pyarrow.array([timedelta(days=1), None], pyarrow.duration(unit)), "n": [1, 2]})
    pyarrow.parquet.write_table(table, tmp_path / "T.parquet")
    assert kqlog.connect(tmp_path).query("T").rows == [(timedelta(days=1), 1), (None, 2)]


def test_durations_of_two_units_are_no_column(tmp_path):
    for unit in ("s", "ms"):
        (tmp_path / "T").mkdir(exist_ok=True)
        table = pyarrow.table({"p": pyarrow.array([1], pyarrow.duration(unit))})
        pyarrow.parquet.write_table(table, tmp_path / "T" / f"{unit}.parquet")
    with pytest.raises(kqlog.QueryError, match="'p'") as caught:
        kqlog.connect(tmp_path).query("T")
    assert caught.value.code == "ING001"


@pytest.mark.parametrize(
    "query", ["print a = 1, A = 'x'", "print a = 1, A = 'x' | where false", "print [''] = 1", "range [''] from 1 to 2 step 1"]
)
def test_every_form_takes_unusual_names_and_no_rows(query):
    result = kqlog.query(query)
    for format_ in Format:
        result.write(io.BytesIO(), format_)
    names = [column.name for column in result.columns]
    assert result.to_arrow().column_names == list(result.to_pandas().columns) == names
    assert len(result.to_polars()) == len(result)
    assert "<table " in result._repr_html_()


def test_length_and_iteration():
    result = kqlog.query("range n from 1 to 3 step 1")
    assert len(result) == 3
    assert [n for (n,) in result] == [1, 2, 3]
    assert result.statistics.rows == 3
    assert 0 < result.statistics.seconds < 60


def test_repr_is_a_table_that_fits(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    text = repr(kqlog.query("range n from 1 to 120 step 1 | extend long_text = strrep('x', 500)"))
    assert max(len(line) for line in text.splitlines()) <= 60
    assert text.splitlines()[-1] == "120 rows, the first 50 shown"


def test_html_for_notebooks_escapes():
    html = kqlog.query("print x = '<script>'")._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_render_is_metadata_of_the_result():
    result = kqlog.query("range n from 1 to 3 step 1 | render timechart with (title='Three')")
    assert result.render is not None
    assert result.render.kind == "timechart"
    assert dict(result.render.properties)["title"] == "Three"
    assert kqlog.query("print 1").render is None


def test_the_first_and_the_last_moment():
    rows = kqlog.query("print a = datetime(0001-01-01), b = datetime(9999-12-31 23:59:59.9999999)").rows
    assert rows == [(datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=dt.UTC))]
