"""DuckDB: tables from files and frames, what queries may reach, and stopping them."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import sys
import threading
import time
import types

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

from kqlog.engines.duckdb.engine import DuckDBEngine
from kqlog.engines.engine import FileFormat, Files, Frame
from kqlog.errors import QueryError
from kqlog.functions.declare import FUNCTIONS
from kqlog.plan.nodes import Aggregate, Call, Custom, External, Filter, Item, Limit, Literal, Range, Scan, Sort, SortKey
from kqlog.plan.nodes import ColumnRef as Ref
from kqlog.types import UNIX_EPOCH_TICKS, Column, Type

COUNT = Call(FUNCTIONS["count"], FUNCTIONS["count"].signatures[0], (), Type.LONG)


@pytest.fixture
def engine(tmp_path):
    engine = DuckDBEngine(tmp_path)
    yield engine
    engine.close()


def attached(engine, path, format_=FileFormat.PARQUET, **options):
    schema = engine.attach("T", Files((str(path),), format_, **options))
    return Scan("T", schema)


def numbers(count):
    return Range(Column("x", Type.LONG), Literal(Type.LONG, 1), Literal(Type.LONG, count), Literal(Type.LONG, 1))


# ---------------------------------------------------------------------------------------------------------------- types

STORED = [
    ("1::TINYINT", Type.INT, 1),
    ("4000000000::UINTEGER", Type.LONG, 4_000_000_000),
    ("5::UBIGINT", Type.LONG, 5),
    ("18446744073709551615::UBIGINT", Type.DECIMAL, decimal.Decimal(2**64 - 1)),
    ("1.5::FLOAT", Type.REAL, 1.5),
    ("2.25::DECIMAL(10,4)", Type.DECIMAL, decimal.Decimal("2.25")),
    ("true", Type.BOOL, True),
    ("'74be27de-1e4e-49d9-b579-fe0b331d3642'::UUID", Type.GUID, "74be27de-1e4e-49d9-b579-fe0b331d3642"),
    ("TIMESTAMP '1970-01-02 00:00:00.000001'", Type.DATETIME, UNIX_EPOCH_TICKS + 864_000_000_010),
    ("TIMESTAMPTZ '1970-01-01 02:00:00+02'", Type.DATETIME, UNIX_EPOCH_TICKS),
    ("TIMESTAMP_NS '1969-12-31 23:59:59.9999999'", Type.DATETIME, UNIX_EPOCH_TICKS - 1),
    ("DATE '1970-01-02'", Type.DATETIME, UNIX_EPOCH_TICKS + 864_000_000_000),
    ("TIME '00:00:01'", Type.TIMESPAN, 10_000_000),
    ("'caf\\xC3\\xA9'::BLOB", Type.STRING, "café"),
    ("'\\xFF\\x00'::BLOB", Type.STRING, "/wA="),
    ("'a'::ENUM('a', 'b')", Type.STRING, "a"),
    ("NULL::VARCHAR", Type.STRING, ""),
    ("{'a': 1, 'b': [1, 2]}", Type.DYNAMIC, '{"a":1,"b":[1,2]}'),
    ("[1, NULL]", Type.DYNAMIC, "[1,null]"),
    ("MAP {'k': 1}", Type.DYNAMIC, '{"k":1}'),
    ("'{\"z\": 1.50}'::JSON", Type.DYNAMIC, '{"z": 1.50}'),
]


@pytest.mark.parametrize(("sql", "type_", "value"), STORED, ids=[row[0] for row in STORED])
def test_stored_types_become_kql_types(engine, tmp_path, sql, type_, value):
    duckdb.execute(f"copy (select {sql} as c) to '{tmp_path}/T.parquet'")
    scan = attached(engine, tmp_path / "T.parquet")
    assert scan.columns == (Column("c", type_),)
    assert engine.run(scan).rows() == [(value,)]


@pytest.mark.parametrize("format_", [FileFormat.CSV, FileFormat.JSONL])
def test_moments_in_text_keep_the_seventh_digit(engine, tmp_path, format_):
    path = tmp_path / f"T.{format_}"
    texts = ["2024-05-01T00:00:00.1234567Z", "2024-05-01T02:00:00+02:00"]
    lines = ["t", *texts] if format_ is FileFormat.CSV else [f'{{"t": "{text}"}}' for text in texts]
    path.write_text("\n".join(lines))
    scan = attached(engine, path, format_)
    midnight = 638_501_184_000_000_000
    assert engine.run(scan).rows() == [(midnight + 1_234_567,), (midnight,)]


def test_nested_json_is_dynamic_and_missing_keys_are_null(engine, tmp_path):
    (tmp_path / "T.jsonl").write_text('{"a": 1, "p": {"x": [1, null]}, "s": "x"}\n{"p": null, "late": true}\n')
    scan = attached(engine, tmp_path / "T.jsonl", FileFormat.JSONL)
    assert [str(column.type) for column in scan.columns] == ["long", "dynamic", "string", "bool"]
    assert engine.run(scan).rows() == [(1, '{"x":[1,null]}', "x", None), (None, None, "", True)]


def test_files_with_different_columns_are_one_table(engine, tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "1.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"a": [2], "s": ["x"]}), tmp_path / "2.parquet")
    paths = (str(tmp_path / "1.parquet"), str(tmp_path / "2.parquet"))
    scan = Scan("T", engine.attach("T", Files(paths, FileFormat.PARQUET)))
    assert engine.run(scan).rows() == [(1, ""), (2, "x")]


def test_folders_of_a_partitioned_table_are_columns(engine, tmp_path):
    (tmp_path / "day=2024-05-01").mkdir()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "day=2024-05-01" / "1.parquet")
    scan = attached(engine, tmp_path / "day=2024-05-01" / "1.parquet", hive=True)
    assert [column.name for column in scan.columns] == ["a", "day"]
    assert engine.run(scan).rows() == [(1, 638_501_184_000_000_000)]


def test_wildcards_in_a_file_name_mean_themselves(engine, tmp_path):
    (tmp_path / "a[1]*.csv").write_text("n\n1\n")
    (tmp_path / "a1x.csv").write_text("n\n2\n")
    assert engine.run(attached(engine, tmp_path / "a[1]*.csv", FileFormat.CSV)).rows() == [(1,)]


@pytest.mark.parametrize("library", [pyarrow.table, pandas.DataFrame, polars.DataFrame])
def test_data_frames_are_tables(engine, library):
    moment = datetime.datetime(1970, 1, 2)
    frame = library({"n": [1, 2], "s": ["x", None], "t": [moment, moment]})
    scan = Scan("T", engine.attach("T", Frame(frame)))
    later = UNIX_EPOCH_TICKS + 864_000_000_000
    assert engine.run(scan).rows() == [(1, "x", later), (2, "", later)]


# ---------------------------------------------------------------------------------------------------------------- reading


def test_a_time_range_is_compared_as_it_is_stored(engine, tmp_path):
    duckdb.execute(
        f"copy (select TIMESTAMP '2024-05-01' + to_microseconds(i) as t from range(10) r(i)) to '{tmp_path}/T.parquet'"
    )
    scan = attached(engine, tmp_path / "T.parquet")
    midnight = 638_501_184_000_000_000
    for name, offset, expected in [
        (">", 25, 7),
        (">=", 25, 7),
        ("<", 25, 3),
        ("<=", 25, 3),
        ("==", 25, 0),
        (">=", 20, 8),
        ("==", 20, 1),
    ]:
        function = FUNCTIONS[name]
        signature = next(one for one in function.signatures if Type.DATETIME in one.parameters[0].types)
        predicate = Call(function, signature, (Ref("t", Type.DATETIME), Literal(Type.DATETIME, midnight + offset)), Type.BOOL)
        count = Aggregate(Filter(scan, predicate), (), (Item("n", COUNT),))
        assert engine.run(count).rows() == [(expected,)]
        assert "TIMESTAMP '2024-05-01" in engine.compile(count) or name == "=="


def test_large_answers_are_the_same_as_rows_and_as_arrow(engine):
    answer = engine.run(numbers(10_000))
    assert answer.rows() == [(number,) for number in range(1, 10_001)]
    assert answer.arrow().column("x").to_pylist() == list(range(1, 10_001))
    assert answer.arrow().schema == engine.run(numbers(3)).arrow().schema


def test_guids_and_dynamic_values_are_text(engine):
    frame = pyarrow.table({"d": [{"x": 1}]})
    scan = Scan("T", engine.attach("T", Frame(frame)))
    answer = engine.run(scan)
    assert answer.rows() == [('{"x":1}',)]
    assert answer.arrow().column("d").to_pylist() == ['{"x":1}']


# ---------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("content", ["", "not a parquet file at all"])
def test_a_broken_file_is_named(engine, tmp_path, content):
    (tmp_path / "T.parquet").write_text(content)
    with pytest.raises(QueryError) as caught:
        attached(engine, tmp_path / "T.parquet")
    assert caught.value.code == "ENG003"
    assert "T.parquet" in caught.value.message


def test_a_file_that_vanished_is_named(engine, tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "T.parquet")
    scan = attached(engine, tmp_path / "T.parquet")
    (tmp_path / "T.parquet").unlink()
    with pytest.raises(QueryError) as caught:
        engine.run(scan)
    assert caught.value.code == "ENG003"
    assert "T.parquet" in caught.value.message


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.csv", "link.csv", "sub/../../secret.csv"])
def test_nothing_outside_of_the_folder_can_be_read(tmp_path, path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.csv").write_text("secret")
    (root / "link.csv").symlink_to("/etc/passwd")
    engine = DuckDBEngine(root)
    columns = (Column("a", Type.STRING),)
    with pytest.raises(QueryError) as caught:
        engine.run(External(columns, (path,), "csv"))
    assert caught.value.code == "ENG003"
    with pytest.raises(QueryError):
        engine.attach("T", Files((str(root / path),), FileFormat.CSV))
    engine.close()


def test_files_of_the_folder_can_be_read_by_a_query(engine, tmp_path):
    (tmp_path / "x.csv").write_text("a,t\n1,2024-05-01\n,\n")
    columns = (Column("n", Type.LONG), Column("when", Type.DATETIME))
    external = External(columns, ("x.csv",), "csv", (("header", True),))
    assert engine.run(external).rows() == [(1, 638_501_184_000_000_000), (None, None)]


def test_more_memory_than_allowed_is_an_error_of_its_own(tmp_path):
    engine = DuckDBEngine(memory="20MB")
    rows = numbers(20_000_000)
    with pytest.raises(QueryError) as caught:
        engine.run(Sort(rows, (SortKey(Ref("x", Type.LONG)),)))
    assert caught.value.code == "LIM003"
    engine.close()


def test_a_running_query_can_be_cancelled_and_others_go_on(engine):
    slow = Aggregate(numbers(20_000_000_000), (), (Item("n", COUNT),))
    run = engine.start(slow)
    caught = []

    def wait():
        try:
            run.answer()
        except QueryError as error:
            caught.append(error.code)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    assert engine.run(numbers(2)).rows() == [(1,), (2,)]
    run.cancel()
    thread.join(timeout=30)
    assert caught == ["ENG004"]
    assert engine.run(numbers(1)).rows() == [(1,)]


def test_a_query_that_was_cancelled_before_it_began_does_not_run(engine):
    run = engine.start(numbers(1))
    run.cancel()
    with pytest.raises(QueryError) as caught:
        run.answer()
    assert caught.value.code == "ENG004"


def test_threads_share_an_engine(engine):
    found = []
    threads = [threading.Thread(target=lambda n=n: found.append(len(engine.run(numbers(n)).rows()))) for n in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 17))


def test_a_running_query_says_how_far_it_is(engine):
    run = engine.start(Aggregate(numbers(20_000_000_000), (), (Item("n", COUNT),)))
    assert run.progress() is None

    def wait():
        with contextlib.suppress(QueryError):
            run.answer()

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    done = run.progress()
    run.cancel()
    thread.join(timeout=30)
    assert done is not None
    assert 0 <= done < 1


def test_a_python_function_over_tables_gives_a_table(engine, monkeypatch):
    def doubled(table, times):
        numbers = [number * times for number in table["x"].to_pylist()]
        return pyarrow.table([numbers, ['{"k":1}'] * len(numbers)], names=["a", "A"])

    module = types.ModuleType("kqlog.plugins.kernels.doubling")
    module.doubled = doubled
    monkeypatch.setitem(sys.modules, module.__name__, module)
    columns = (Column("a", Type.LONG), Column("A", Type.DYNAMIC))
    custom = Custom("doubling.doubled", (numbers(3),), (("times", 2),), columns)
    assert engine.run(Limit(custom, Literal(Type.LONG, 2))).rows() == [(2, '{"k":1}'), (4, '{"k":1}')]


def test_times_without_an_offset_are_utc_wherever_it_runs(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    (tmp_path / "T.csv").write_text("t\n1970-01-01 00:00:00\n1970-01-01T00:00:00Z\n")
    assert engine.run(attached(engine, tmp_path / "T.csv", FileFormat.CSV)).rows() == [(UNIX_EPOCH_TICKS,), (UNIX_EPOCH_TICKS,)]
    monkeypatch.undo()
    time.tzset()
