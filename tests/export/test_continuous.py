"""Continuous exports: what comes in goes out once, in the order in which it came in."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import deltalake
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receiver import Receiver

import kqlog
from kqlog.cli import main
from kqlog.errors import QueryError
from kqlog.export.declared import read_declaration
from kqlog.export.running import Exports
from kqlog.store.additions import log_file
from kqlog.store.cursors import Cursor
from kqlog.store.store import Store, create
from kqlog.store.upkeep import compact, expire, tidy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = create(tmp_path / "logs")
    (store.root / "exports").mkdir()
    return store


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def declare(store: Store, name: str = "out", **said: object) -> None:
    text = {"query": "T_CL", "to": {"folder": "../out", "format": "jsonl"}, **said}
    (store.root / "exports" / f"{name}.json").write_text(json.dumps(text))


def append(store: Store, query: str) -> None:
    result = kqlog.query(query)
    store.table("T_CL").append(result.stored(), tuple(result.columns))


def add(store: Store, *numbers: int, time: str = "2026-03-01 10:00:00.1234567") -> None:
    append(store, f"print TimeGenerated = datetime({time}), n = dynamic({list(numbers)}) | mv-expand n to typeof(long)")


def run(store: Store, *names: str) -> list[str]:
    told: list[str] = []
    Exports(store).run_once(names, told.append)
    return told


def exported(store: Store) -> list[int]:
    files = sorted((store.root.parent / "out").rglob("*.jsonl"))
    return [json.loads(line)["n"] for file in files for line in file.read_text("utf-8").splitlines()]


def test_rows_are_exported_once_in_the_order_they_came_in_however_late_they_are(store: Store) -> None:
    add(store, 0)
    declare(store)
    assert run(store) == ["out: 0 rows"]
    add(store, 1, 2)
    add(store, 3, time="1999-01-01")
    assert run(store) == ["out: 3 rows"]
    assert run(store) == ["out: 0 rows"]
    add(store, 4, time="2000-01-01")
    run(store)
    assert exported(store) == [1, 2, 3, 4]
    assert [path.name for path in (store.root.parent / "out").iterdir() if not path.name.endswith(".jsonl")] == []


def test_compaction_and_retention_export_nothing_again_and_lose_nothing(store: Store) -> None:
    declare(store, start="beginning")
    for number in range(4):
        add(store, number)
    run(store)
    add(store, 4)
    assert compact(store.table("T_CL"), 2) == (5, 1)
    add(store, 5, time="2020-01-01")
    assert expire(store.table("T_CL"), 93) > 0
    assert run(store) == ["out: 2 rows"]
    assert sorted(exported(store)) == [0, 1, 2, 3, 4, 5]


def test_new_columns_come_along(store: Store) -> None:
    add(store, 0)
    declare(store, start="beginning", to={"delta": "../lake"})
    run(store)
    append(store, "print TimeGenerated = datetime(2026-03-01), n = 1, more = 'x'")
    run(store)
    assert polars.read_delta(str(store.root.parent / "lake")).select("n", "more").sort("n").rows() == [(0, None), (1, "x")]


def test_a_table_that_comes_into_being_is_exported_from_its_first_row(store: Store, receiver: Receiver) -> None:
    declare(store)
    declare(store, "hook", to={"webhook": receiver.url}, query="T_CL | where n > 1 | project n, twice = n * 2")
    assert "SEM001" in run(store)[0]
    add(store, 1, 2)
    assert run(store) == ["hook: 1 row", "out: 2 rows"]
    assert (exported(store), receiver.rows()) == ([1, 2], [{"n": 2, "twice": 4}])


def test_a_table_of_azure_monitor_that_holds_nothing_yet_is_exported_from_its_first_row(store: Store) -> None:
    declare(store, query="Heartbeat | project n = Version")
    assert run(store) == ["out: 0 rows"]
    result = kqlog.query("print TimeGenerated = now(), Version = '7'")
    store.table("Heartbeat").append(result.stored(), tuple(result.columns))
    assert run(store) == ["out: 1 row"]
    assert exported(store) == ["7"]


def test_a_broken_delta_table_is_told(store: Store) -> None:
    add(store, 1)
    declare(store, start="beginning", to={"delta": "../lake"})
    log = store.root.parent / "lake" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("{")
    assert "EXP002" in run(store)[0]


def test_partitions_are_by_the_time_of_rows(store: Store) -> None:
    declare(store, start="beginning", to={"folder": "../out", "partitionBy": "TimeGenerated:hour"})
    add(store, 1)
    add(store, 2, time="2026-03-02")
    run(store)
    folder = store.root.parent / "out"
    assert sorted(str(file.parent.relative_to(folder)) for file in folder.rglob("*.parquet")) == [
        "day=2026-03-01/hour=10",
        "day=2026-03-02/hour=00",
    ]
    times = polars.read_parquet(folder / "**" / "*.parquet", hive_partitioning=True).sort("n")["TimeGenerated"]
    assert times.dt.nanosecond().to_list() == [123456700, 0]


def test_a_delta_table_knows_itself_what_it_has(store: Store) -> None:
    add(store, 1)
    declare(store, start="beginning", to={"delta": "../lake"})
    run(store)
    cursor = Cursor(store.table("T_CL").folder, "out")
    before = cursor.read()
    add(store, 2)
    run(store)
    # As if killed after the rows were stored, and before that was noted down.
    assert before is not None
    cursor.write(before)
    add(store, 3)
    run(store)
    assert sorted(polars.read_delta(str(store.root.parent / "lake"))["n"].to_list()) == [1, 2, 3]
    assert deltalake.DeltaTable(store.root.parent / "lake").version() == 2


def test_files_that_were_ready_when_it_was_killed_get_their_names_and_no_others(store: Store) -> None:
    declare(store, start="beginning", to={"folder": "../out", "format": "jsonl", "partitionBy": "n"}, query="T_CL | extend m = n")
    add(store, 1, 2, 3)
    run(store)
    folder, cursor = store.root.parent / "out", Cursor(store.table("T_CL").folder, "out")
    files = sorted(file.relative_to(folder) for file in folder.rglob("*.jsonl"))
    # As if killed when one of three files had its name, and before that some of another try were left.
    position = cursor.read()
    assert position is not None
    staging = folder / f".out-{position.id[:8]}"
    for file in files[1:]:
        (staging / file).parent.mkdir(parents=True)
        (folder / file).rename(staging / f"{file}.part")
    (staging / "left.jsonl.part").write_text("half")
    position.until, position.ready, position.ready_rows = position.version, [str(file) for file in files], 3
    cursor.write(position)
    # What is ready goes out as it is, whatever the query is now.
    declare(store, to={"folder": "../out", "format": "jsonl"}, query="T_CL | where n > 3")
    add(store, 4)
    assert run(store) == ["out: 4 rows"]
    assert sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file())[:3] == files
    assert len(list(folder.rglob("*.jsonl"))) == 4
    assert not staging.exists()


def test_what_is_not_exported_yet_stays_in_the_log_and_on_disk(store: Store) -> None:
    declare(store)
    add(store, 0)
    run(store)
    table = store.table("T_CL")
    deltalake.DeltaTable(table.folder).alter.set_table_properties({"delta.checkpointInterval": "5"})
    add(store, 1)
    add(store, 2)
    compact(table, 2)
    for _ in range(3):
        for _ in range(6):
            add(store, 3)
        long_ago = time.time() - 3 * 86_400
        for file in table.folder.rglob("*"):
            if "_kqlog" not in file.parts:
                os.utime(file, (long_ago, long_ago))
    # After checkpoints that are old themselves the log has all that is waited for; what was compacted away is still on disk.
    tidy(table, 0)
    first = min(int(file.stem) for file in (table.folder / "_delta_log").glob("0*.json"))
    assert first <= 2
    assert run(store) == ["out: 20 rows"]
    assert sorted(exported(store)) == [1, 2, *[3] * 18]
    assert tidy(table, 0) > 0
    for _ in range(12):
        add(store, 4)
    assert min(int(file.stem) for file in (table.folder / "_delta_log").glob("0*.json")) > 2


def test_an_export_that_fell_behind_says_so_until_it_is_reset(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    declare(store)
    add(store, 0)
    run(store)
    add(store, 1)
    add(store, 2)
    # What Delta's own upkeep does to versions before a checkpoint.
    deltalake.DeltaTable(store.table("T_CL").folder).create_checkpoint()
    for version in range(3):
        log_file(store.table("T_CL").folder, version).unlink()
    assert "EXP003: the export of 'T_CL' fell behind" in run(store)[0]
    assert "EXP003" in run(store)[0]
    assert main(["exports", "-d", str(store.root)]) == 0
    assert "versions behind" in (told := capsys.readouterr().out) and "fell behind" in told
    assert main(["exports", "reset", "-d", str(store.root), "out"]) == 0
    assert run(store) == ["out: 0 rows"]
    add(store, 3)
    run(store)
    assert exported(store) == [3]


def test_a_deleted_file_of_rows_is_told(store: Store) -> None:
    declare(store)
    add(store, 0)
    run(store)
    add(store, 1)
    Path(store.table("T_CL").snapshot().files()[0]).unlink()
    newest = max(store.table("T_CL").folder.glob("_day=*/*.parquet"), key=lambda file: file.stat().st_mtime_ns, default=None)
    if newest is not None:
        newest.unlink()
    assert "was deleted" in run(store)[0]


def test_a_cursor_that_is_broken_stops_its_export_and_nothing_else(store: Store) -> None:
    declare(store)
    add(store, 0)
    run(store)
    next((store.table("T_CL").folder / "_kqlog" / "cursors").glob("*.json")).write_text("{")
    add(store, 1)
    assert compact(store.table("T_CL"), 2) == (2, 1)
    assert "EXP003: how far the export is cannot be read" in run(store)[0]


def test_only_one_process_runs_an_export(store: Store) -> None:
    add(store, 0)
    declare(store)
    with Cursor(store.table("T_CL").folder, "out").alone():
        assert "run by another process" in run(store)[0]
    assert run(store) == ["out: 0 rows"]


def test_a_folder_that_cannot_be_written_is_told_and_gets_everything_later(store: Store) -> None:
    declare(store, start="beginning")
    add(store, 1)
    (store.root.parent / "out").write_text("a file")
    assert "out" in run(store)[0]
    (store.root.parent / "out").unlink()
    assert run(store) == ["out: 1 row"]
    assert exported(store) == [1]


ROW_BY_ROW = [
    "T_CL",
    "T_CL | where n > 1 and TimeGenerated > ago(1d) | extend twice = n * 2 | project twice, TimeGenerated",
    "let most = 5; T_CL | where n < most | project-away TimeGenerated",
    "T_CL | parse 'a=1' with 'a=' a:long | parse-kv 'b=2' as (b: long) with (pair_delimiter=',', kv_delimiter='=')",
    "T_CL | mv-expand x = dynamic([1, 2]) | project-rename y = x | project-reorder y",
    "T_CL | where n in (dynamic([1, 2]))",
    "let rows = T_CL | where n > 1; rows | project n",
]
NOT_ROW_BY_ROW = {
    "T_CL | summarize count() by n": "'summarize'",
    "T_CL | take 5": "'take'",
    "T_CL | sort by n asc": "'sort'",
    "T_CL | distinct n": "'distinct'",
    "T_CL | join kind=inner (T_CL) on n": "'join'",
    "union T_CL, T_CL": "'union'",
    "T_CL | where n > toscalar(T_CL | summarize max(n))": "'summarize'",
    "T_CL | where n in (T_CL | project n)": "one table",
    "T_CL | extend m = toscalar(Syslog | project TimeGenerated)": "one table",
    "let f = (t: (n: long)) { t | count }; T_CL | invoke f()": "'count'",
    "print n = 1": "'print'",
    "datatable(n: long) [1]": "one table",
    "T_CL; T_CL": "2 results",
    "T_CL | where": "SYN001",
    "T_CL | where m > 1": "SEM001",
}


@pytest.mark.parametrize("query", ROW_BY_ROW)
def test_queries_that_make_rows_one_by_one_run(store: Store, query: str) -> None:
    add(store, 1, 2, 3)
    declare(store, query=query, start="beginning")
    assert run(store)[0].startswith("out: ")
    assert "EXP" not in run(store)[0]


@pytest.mark.parametrize("query", NOT_ROW_BY_ROW)
def test_other_queries_are_refused(store: Store, query: str) -> None:
    add(store, 1)
    declare(store, query=query)
    told = run(store)[0]
    assert NOT_ROW_BY_ROW[query] in told
    if NOT_ROW_BY_ROW[query].startswith("'"):
        assert "^" in told


WRONG = {
    "no JSON": ("{", "it is no JSON"),
    "a list": ("[]", "it is no export"),
    "no destination": ('{"query": "T_CL"}', "it is no export"),
    "two destinations": ('{"query": "T_CL", "to": {"folder": "a", "delta": "b"}}', "one folder, delta table or webhook"),
    "another key": ('{"query": "T_CL", "to": {"folder": "a"}, "ever": "1m"}', "there is no 'ever' here"),
    "a key of another destination": ('{"query": "T_CL", "to": {"delta": "a", "format": "csv"}}', "there is no 'format' here"),
    "another format": ('{"query": "T_CL", "to": {"folder": "a", "format": "xlsx"}}', "parquet, csv or jsonl"),
    "packed Parquet": ('{"query": "T_CL", "to": {"folder": "a", "gzip": true}}', "compressed already"),
    "another start": ('{"query": "T_CL", "to": {"folder": "a"}, "start": "never"}', "not 'never'"),
    "no time": ('{"query": "T_CL", "to": {"folder": "a"}, "every": "soon"}', "such as 30s"),
    "no time at all": ('{"query": "T_CL", "to": {"folder": "a"}, "every": 5}', "such as 30s"),
    "too often": ('{"query": "T_CL", "to": {"folder": "a"}, "every": "10ms"}', "a second or more"),
    "no address": ('{"query": "T_CL", "to": {"webhook": "ftp://a/b"}}', "no address of a webhook"),
    "not encrypted": ('{"query": "T_CL", "to": {"webhook": "http://example.org/"}}', "without encryption"),
    "a password": ('{"query": "T_CL", "to": {"webhook": "https://a:b@example.org/"}}', "no password in it"),
    "headers": ('{"query": "T_CL", "to": {"webhook": "https://a/", "headers": {"a": 1}}}', "are texts"),
    "an unknown variable": ('{"query": "T_CL", "to": {"webhook": "https://a/", "headers": {"a": "${NO_SUCH}"}}}', "no variable 'NO_SUCH'"),
    "no rows": ('{"query": "T_CL", "to": {"webhook": "https://a/", "rows": 0}}', "1 to 100,000 rows"),
    "a table of the workspace": ('{"query": "T_CL", "to": {"delta": "tables/T_CL"}}', "among the tables of the workspace"),
    "a broken host": ('{"query": "T_CL", "to": {"webhook": "https://[a/"}}', "no address of a webhook"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_declaration_says_what_is_wrong(store: Store, text: str, reason: str) -> None:
    add(store, 1)
    (store.root / "exports" / "wrong.json").write_text(text)
    assert reason in run(store)[0]


def test_a_name_that_no_export_has(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    declare(store, "errors")
    assert main(["exports", "run", "--once", "error", "-d", str(store.root)]) == 1
    assert "did you mean 'errors'?" in capsys.readouterr().err


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["T_CL", "5m", "a/b", "https://[", "TimeGenerated:day"]),
    lambda inner: st.dictionaries(st.sampled_from(["folder", "delta", "webhook", "format", "rows", "headers", "partitionBy"]), inner, max_size=3)
    | st.lists(inner, max_size=2),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> kqlog.Workspace:
    store = create(tmp_path_factory.mktemp("fuzz") / "logs")
    add(store, 1)
    (store.root / "exports").mkdir()
    return kqlog.connect(store.root)


@settings(max_examples=150, deadline=None)
@given(declared=st.dictionaries(st.sampled_from(["query", "to", "every", "start"]), VALUES))
def test_no_declaration_is_a_crash(workspace: kqlog.Workspace, declared: dict[str, object]) -> None:
    assert workspace.store is not None
    file = workspace.store.root / "exports" / "fuzz.json"
    file.write_text(json.dumps({"query": "T_CL", **declared}))
    with contextlib.suppress(QueryError):
        assert read_declaration(file, workspace).table == "T_CL"
