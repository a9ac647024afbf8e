"""`kqlog export`: files that other programs read, in constant memory, and nothing half."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import deltalake
import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import kqlog
from kqlog.cli import main
from kqlog.errors import QueryError
from kqlog.export.once import Target
from kqlog.export.partitions import By
from kqlog.export.streams import Source
from kqlog.store.store import create

ALL = """
datatable(b: bool, i: int, l: long, r: real, m: decimal, s: string, t: datetime, p: timespan, g: guid, d: dynamic) [
    true, 1, 9007199254740993, 0.1, decimal(1.25), 'a "quoted", text\u2028', datetime(2026-03-01 10:00:00.1234567), timespan(1.02:03:04.0000005),
    guid(74be27de-1e4e-49d9-b579-fe0b331d3642), dynamic({"a": [1, "x"]}),
    bool(null), int(null), long(null), real(null), decimal(null), "", datetime(null), timespan(null), guid(null), dynamic(null)
]
"""


def export(query: str, path: Path, *, mode: str = "error", by: str | None = None, format_: str | None = None) -> int:
    workspace = kqlog.connect()
    source = Source(lambda: workspace.stream(query))
    Target(path, format_, By.read(by) if by else None, mode).write(source)
    return source.rows


def test_parquet_keeps_every_type_for_every_reader(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    assert export(ALL, path) == 2
    table = pq.read_table(path)
    assert [str(field.type) for field in table.schema] == [
        "bool",
        "int32",
        "int64",
        "double",
        "decimal128(38, 18)",
        "string",
        "timestamp[ns, tz=UTC]",
        "duration[ns]",
        "extension<arrow.uuid>",
        "extension<arrow.json>",
    ]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    frame = polars.read_parquet(path)
    assert frame["t"].dt.nanosecond()[0] == 123456700
    assert (frame["l"][0], frame["s"][0]) == (9007199254740993, 'a "quoted", text\u2028')
    moment, number, bag = duckdb.sql(f"select epoch_ns(t), m, d from '{path}' where b").fetchall()[0]
    assert (moment % 10**9, float(number), json.loads(bag)) == (123456700, 1.25, {"a": [1, "x"]})
    assert kqlog.connect(path).query("all | order by i").texts() == kqlog.query(f"{ALL} | order by i").texts()


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_text_is_that_of_a_query(tmp_path: Path, ending: str, packed: str) -> None:
    path = tmp_path / f"all{ending}{packed}"
    export(ALL, path)
    kqlog.query(ALL).save(tmp_path / f"query{ending}")
    written = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    assert written == (tmp_path / f"query{ending}").read_bytes()
    if ending == ".jsonl":
        assert json.loads(written.splitlines()[0])["s"] == 'a "quoted", text\u2028'


def test_times_far_away_make_their_column_microseconds_in_the_whole_file(tmp_path: Path) -> None:
    query = "range n from 1 to 250000 step 1 | extend t = iff(n == 249999, datetime(9999-12-31), datetime(2026-03-01)), u = datetime(2026-03-01)"
    export(query, tmp_path / "far.parquet")
    schema = pq.read_schema(tmp_path / "far.parquet")
    assert (str(schema.field("t").type), str(schema.field("u").type)) == ("timestamp[us, tz=UTC]", "timestamp[ns, tz=UTC]")
    assert export(query, tmp_path / "far", by="t:day", format_="parquet") == 250_000
    assert len(list((tmp_path / "far").rglob("*.parquet"))) == 2


def test_partitions_are_read_by_others(tmp_path: Path) -> None:
    query = "range n from 0 to 99 step 1 | extend t = datetime(2026-03-01) + n * 1h, who = iff(n % 2 == 0, 'a/b c', '')"
    export(query, tmp_path / "hours", by="t:hour", format_="parquet")
    assert (tmp_path / "hours" / "day=2026-03-05" / "hour=03").is_dir()
    assert polars.scan_parquet(tmp_path / "hours", hive_partitioning=True).select(polars.len()).collect().item() == 100
    export(query, tmp_path / "who", by="who", format_="parquet")
    table = pyarrow.dataset.dataset(tmp_path / "who", partitioning="hive").to_table()
    assert table.group_by("who").aggregate([("n", "count")]).sort_by("who").to_pylist() == [
        {"who": "a/b c", "n_count": 50},
        {"who": None, "n_count": 50},
    ]
    names = duckdb.sql(
        f"select distinct who from read_parquet('{tmp_path}/who/**/*.parquet', hive_partitioning = true)"
    ).fetchall()
    assert ("a/b c",) in names


def test_more_partitions_than_files_may_be_open(tmp_path: Path) -> None:
    assert export("range n from 1 to 500 step 1 | extend k = n % 200", tmp_path / "many", by="k", format_="csv") == 500
    files = list((tmp_path / "many").rglob("*.csv"))
    assert sum(len(file.read_text().splitlines()) - 1 for file in files) == 500


def test_delta_is_appended_to_or_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    query = "datatable(t: datetime, p: timespan, d: dynamic) [datetime(2026-03-01 10:00:00.1234567), 1h, dynamic([1])]"
    export(query, lake)
    with pytest.raises(QueryError, match="is a Delta table already"):
        export(query, lake)
    export(f"{query} | extend more = 1", lake, mode="append")
    table = deltalake.DeltaTable(lake)
    assert table.version() == 1
    assert polars.read_delta(str(lake)).select("t", "more").sort("more").rows()[1] == (
        datetime(2026, 3, 1, 10, 0, 0, 123456, UTC),
        1,
    )
    export("print only = 1", lake, mode="overwrite")
    assert pa.table(deltalake.DeltaTable(lake).to_pyarrow_table()).to_pylist() == [{"only": 1}]
    with pytest.raises(QueryError, match="has 'only' as int64, and the query as string"):
        export("print only = 'text'", lake, mode="append")
    assert deltalake.DeltaTable(lake).version() == 2


REFUSED = {
    "unknown ending": ("print x = 1", "a.xlsx", {}, "cannot tell a format"),
    "packed parquet": ("print x = 1", "a.parquet.gz", {}, "twice"),
    "several results": ("print x = 1; print y = 2", "a.csv", {}, "2 results"),
    "no result": ("let x = 1", "a.csv", {}, "0 results"),
    "append to a file": ("print x = 1", "a.csv", {"mode": "append"}, "only a Delta table"),
    "partition by nothing": ("print x = 1", "a", {"by": "y", "format_": "csv"}, "no column 'y'"),
    "partition by a real": ("print x = 1.5", "a", {"by": "x", "format_": "csv"}, "makes no partitions"),
    "partition by the day of a long": ("print x = 1", "a", {"by": "x:day", "format_": "csv"}, "of each day"),
    "delta by day": ("print x = now()", "a", {"by": "x:day"}, "parted by its columns"),
    "wrong query": ("print x = y", "a.csv", {}, "SEM001"),
    "fails on the way": ("range n from 1 to 300000 step 1 | extend x = n + iff(n == 299999, 9223372036854775807, 0)", "a.csv", {}, "ENG002"),
    "fails on the way to delta": ("range n from 1 to 300000 step 1 | extend x = n + iff(n == 299999, 9223372036854775807, 0)", "a", {}, "ENG002"),
}  # fmt: skip


@pytest.mark.parametrize(("query", "name", "options", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_exported_leaves_nothing(
    tmp_path: Path, query: str, name: str, options: dict[str, str], reason: str
) -> None:
    with pytest.raises(QueryError, match=reason):
        export(query, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_whole_when_an_export_fails(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("before")
    with pytest.raises(QueryError, match="ENG002"):
        export(REFUSED["fails on the way"][0], tmp_path / "a.csv")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.csv", "before")]
    export("print x = 1", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "x\n1\n"


def test_tables_of_a_workspace_are_not_written_from_outside(tmp_path: Path) -> None:
    create(tmp_path / "logs")
    with pytest.raises(QueryError, match="among the tables"):
        export("print x = 1", tmp_path / "logs" / "tables" / "T_CL")


def test_a_cancelled_export_ends_at_once(tmp_path: Path) -> None:
    workspace = kqlog.connect()
    source = Source(lambda: workspace.stream("range n from 1 to 1000000000 step 1"))
    threading.Timer(0.3, source.cancel).start()
    started = time.monotonic()
    with pytest.raises(QueryError, match="ENG004"):
        Target(tmp_path / "n.parquet").write(source)
    assert time.monotonic() - started < 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["n.csv", "n.parquet", "lake"])
def test_ctrl_c_leaves_nothing_half(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "kqlog.cli", "export", "range n from 1 to 10000000000 step 1", "-o", str(tmp_path / name)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not any(file.is_file() and file.stat().st_size for file in tmp_path.rglob("*")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, out, errors) == (130, "", "interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_result(tmp_path: Path) -> None:
    code = """
import resource, sys
from kqlog.cli import main
main(["export", f"range n from 1 to {sys.argv[1]} step 1 | extend s = strcat('message ', n), t = datetime(2026-03-01)", "-o", sys.argv[2]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    peaks = []
    for rows in (300_000, 3_000_000):
        command = [sys.executable, "-c", code, str(rows), str(tmp_path / "n.parquet")]
        peaks.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]))
    # All of the rows would be 150 MB more.
    assert peaks[1] - peaks[0] < 80


def test_the_command_tells_how_many_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.chdir(tmp_path)
    (tmp_path / "q.kql").write_text("declare query_parameters(most: long); range n from 1 to most step 1")
    assert main(["export", "-f", "q.kql", "--param", "most=1234", "-o", "n.csv.gz"]) == 0
    assert main(["export", "print x = 1", "-o", "x.zip"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.splitlines()[0]) == ("n.csv.gz: 1,234 rows\n", "EXP001: cannot tell a format from 'x.zip'")
    with contextlib.suppress(SystemExit):
        main(["export", "print x = 1"])
    assert "-o/--output" in capsys.readouterr().err


def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kqlog.cli", "export", "range n from 1 to 10000000000 step 1", "-o", str(tmp_path / "n.csv")]
    controller, terminal = pty.openpty()
    process = subprocess.Popen(command, stderr=terminal, stdout=subprocess.DEVNULL)
    os.close(terminal)
    shown = b""
    while not re.search(rb"n\.csv \[#* *\] +\d+%  [1-9][\d,]+ rows  \d+ MB", shown):
        shown += os.read(controller, 1000)
    process.send_signal(signal.SIGINT)
    while b"interrupted" not in shown:
        shown += os.read(controller, 1000)
    assert process.wait(30) == 130
    os.close(controller)
