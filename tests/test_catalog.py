"""Folders and files as tables."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

import kqlog
from kqlog.types import Type


def parquet(path: Path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


@pytest.fixture
def folder(tmp_path):
    parquet(tmp_path / "Perf.parquet", Computer=["a", "b"], Value=[1.5, 2.5])
    (tmp_path / "Users.csv").write_text("name,age\nalice,31\nbob,\n")
    (tmp_path / "Events.json").write_text(json.dumps([{"id": 1, "bag": {"x": [1, 2]}}, {"id": 2, "bag": None}]))
    (tmp_path / "Lines.jsonl").write_text('{"id": 1}\n{"id": 2}\n{"id": 3}\n')
    parquet(tmp_path / "Parts" / "one.parquet", n=[1])
    parquet(tmp_path / "Parts" / "deeper" / "two.parquet", n=[2])
    parquet(tmp_path / "Daily" / "day=2024-05-01" / "x.parquet", n=[1, 2])
    parquet(tmp_path / "Daily" / "day=2024-05-02" / "x.parquet", n=[3])
    (tmp_path / "README.md").write_text("# no table")
    (tmp_path / "make.py").write_text("no = 'table'")
    (tmp_path / ".hidden.csv").write_text("a\n1\n")
    (tmp_path / "Perf_temp.parquet").write_bytes(b"half")
    (tmp_path / "empty").mkdir()
    return tmp_path


def count(workspace, table):
    return workspace.query(f"{table} | count").rows[0][0]


def test_every_data_file_and_every_folder_of_them_is_a_table(folder):
    assert kqlog.connect(folder).tables == ["Daily", "Events", "Lines", "Parts", "Perf", "Users"]


@pytest.mark.parametrize(("table", "rows"), [("Perf", 2), ("Users", 2), ("Events", 2), ("Lines", 3), ("Parts", 2), ("Daily", 3)])
def test_rows_of_each_kind_of_table(folder, table, rows):
    assert count(kqlog.connect(folder), table) == rows


def test_a_schema_has_kql_types(folder):
    workspace = kqlog.connect(folder)
    assert workspace.schema("Perf") == [("Computer", Type.STRING), ("Value", Type.REAL)]
    assert workspace.schema("Users") == [("name", Type.STRING), ("age", Type.LONG)]
    assert workspace.schema("Events") == [("id", Type.LONG), ("bag", Type.DYNAMIC)]


def test_hive_folders_are_a_column(folder):
    workspace = kqlog.connect(folder)
    assert "day" in [column.name for column in workspace.schema("Daily")]


def test_one_file_is_one_table(folder):
    workspace = kqlog.connect(folder / "Perf.parquet")
    assert workspace.tables == ["Perf"]
    assert count(workspace, "Perf") == 2


def test_compressed_text_is_read(tmp_path):
    (tmp_path / "Users.csv.gz").write_bytes(gzip.compress(b"name\nalice\n"))
    workspace = kqlog.connect(str(tmp_path))
    assert workspace.tables == ["Users"]
    assert count(workspace, "Users") == 1


def test_names_with_quotes_and_blanks_stay_names(tmp_path):
    parquet(tmp_path / "it's; drop --.parquet", a=[1, 2])
    parquet(tmp_path / 'say "hi".parquet', a=[1])
    workspace = kqlog.connect(tmp_path)
    assert workspace.tables == ["it's; drop --", 'say "hi"']
    assert workspace.query("""["it's; drop --"] | count""").rows == [(2,)]
    assert workspace.query("""['say "hi"'] | count""").rows == [(1,)]


def test_listing_opens_no_file_and_a_broken_one_harms_no_other(folder):
    (folder / "Broken.parquet").write_bytes(b"PAR1 and then nothing")
    workspace = kqlog.connect(folder)
    assert "Broken" in workspace.tables
    assert count(workspace, "Perf") == 2
    for ask in (lambda: workspace.query("Broken | count"), lambda: workspace.schema("Broken")):
        with pytest.raises(kqlog.QueryError) as caught:
            ask()
        assert caught.value.code == "ENG003"
        assert "Broken.parquet" in caught.value.message


def test_a_file_that_is_gone_is_named(folder):
    workspace = kqlog.connect(folder)
    workspace.schema("Perf")
    (folder / "Perf.parquet").unlink()
    with pytest.raises(kqlog.QueryError) as caught:
        workspace.query("Perf | where Value > 1")
    assert caught.value.code == "ENG003"
    assert "Perf.parquet" in caught.value.message


def test_a_table_in_two_formats_is_refused_when_it_is_used(folder):
    (folder / "Perf.csv").write_text("Computer\nx\n")
    workspace = kqlog.connect(folder)
    assert count(workspace, "Users") == 2
    with pytest.raises(kqlog.QueryError, match="Perf") as caught:
        workspace.schema("Perf")
    assert caught.value.code == "ING001"


def test_tables_that_cannot_be_used_are_known_without_opening_them(folder):
    (folder / "Parts" / "more.csv").write_text("n\n1\n")
    workspace = kqlog.connect(folder)
    assert "Parts" in workspace.tables
    assert [str(error) for error in workspace.unusable.values()] == [
        "ING001: table 'Parts' would be csv and parquet files at once\nhint: keep the files of one table in one format"
    ]
    with pytest.raises(kqlog.QueryError, match="table 'Parts'"):
        workspace.query("union *")


def test_parquet_columns_that_differ_in_case_only_are_refused(tmp_path):
    parquet(tmp_path / "T.parquet", a=[1], A=[2])
    with pytest.raises(kqlog.QueryError, match="'a' and 'A'") as caught:
        kqlog.connect(tmp_path).schema("T")
    assert caught.value.code == "ING001"


def test_a_delta_table_is_refused(folder):
    (folder / "Parts" / "_delta_log").mkdir()
    with pytest.raises(kqlog.QueryError, match="Delta"):
        kqlog.connect(folder).schema("Parts")


def test_connecting_to_nothing_says_what_to_give(tmp_path):
    with pytest.raises(kqlog.QueryError) as caught:
        kqlog.connect(tmp_path / "missing")
    assert caught.value.code == "ING001"
    assert caught.value.hint


def test_connecting_to_another_kind_of_file_says_so(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(kqlog.QueryError) as caught:
        kqlog.connect(tmp_path / "notes.txt")
    assert caught.value.code == "ING001"


def test_an_unknown_table_gets_a_suggestion(folder):
    with pytest.raises(kqlog.QueryError) as caught:
        kqlog.connect(folder).schema("perf")
    assert caught.value.code == "SEM001"
    assert caught.value.hint == "did you mean 'Perf'?"


def test_an_empty_workspace_has_no_tables():
    assert kqlog.connect().tables == []
    assert kqlog.connect(None).query("print 1").rows == [(1,)]
