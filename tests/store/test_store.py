"""Tables of a workspace: Delta tables that other readers know, with every tick and one version for each query."""

from __future__ import annotations

from pathlib import Path

import deltalake
import polars
import pyarrow
import pytest

import kqlog
from kqlog.ingest.shaping import shape
from kqlog.store import table as table_module
from kqlog.store.store import Store, create


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def append(store: Store, table: str, query: str) -> None:
    result = kqlog.query(query)
    store.table(table).append(result.stored(), tuple(result.columns))


EVERY_TYPE = """print TimeGenerated = datetime(2026-03-01 10:00:00.1234567), b = true, i = int(-7), l = 9007199254740993, r = real(nan),
    d = decimal(12.345678901234567), s = 'a "text" 한글', t = timespan(1.02:03:04.0000005), g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642),
    j = dynamic({"a": [1, null, 12345678901234567890]}), early = datetime(0001-01-01), none = datetime(null), no_text = ''"""


def test_every_type_comes_back_to_the_last_digit(store: Store) -> None:
    append(store, "All_CL", EVERY_TYPE)
    stored, computed = kqlog.connect(store.root).query("All_CL"), kqlog.query(EVERY_TYPE)
    assert stored.columns == computed.columns
    assert stored.texts() == computed.texts()


def test_other_readers_find_real_timestamps(store: Store) -> None:
    append(store, "All_CL", EVERY_TYPE)
    frame = polars.read_delta(str(store.root / "tables" / "All_CL"))
    assert str(frame.schema["TimeGenerated"]) == "Datetime(time_unit='us', time_zone='UTC')"
    assert frame["l"].to_list() == [9007199254740993]
    assert not [name for name in frame.columns if "#" in name]


def test_a_query_reads_only_the_files_of_its_time(store: Store) -> None:
    for day in range(1, 6):
        append(store, "Days_CL", f"range n from 1 to 3 step 1 | extend TimeGenerated = datetime(2026-03-0{day}) + n * 1h")
    for end in ("datetime(2026-03-03 23:00)", "23h"):
        plan = kqlog.connect(store.root).explain(
            f"Days_CL | extend x = n + 1 | where TimeGenerated between (datetime(2026-03-03) .. {end}) and x > 2"
        )
        assert [f"_day=2026-03-0{day}" in plan for day in range(1, 6)] == [False, False, True, False, False]


def test_a_bound_never_loses_a_tick(store: Store) -> None:
    append(store, "T_CL", "print TimeGenerated = datetime(2026-03-01 10:00:00.1234567)")
    workspace = kqlog.connect(store.root)
    for comparison, rows in ((">= datetime(2026-03-01 10:00:00.1234567)", 1), ("> datetime(2026-03-01 10:00:00.1234567)", 0)):
        assert len(workspace.query(f"T_CL | where TimeGenerated {comparison}")) == rows
    assert len(workspace.query("T_CL | where TimeGenerated == datetime(2026-03-01 10:00:00.1234567)")) == 1
    assert len(workspace.query("T_CL | where TimeGenerated < datetime(2026-03-01 10:00:00.1234567)")) == 0


def test_every_comparison_sees_the_last_digit_and_the_timestamp(store: Store) -> None:
    ticks = [f"2026-03-01 10:00:00.123456{digit}" for digit in (0, 6, 7, 8)] + ["2026-03-01 10:00:00.1234571"]
    append(store, "T_CL", f"datatable(TimeGenerated: datetime) [{', '.join(f'datetime({tick})' for tick in ticks)}]")
    workspace = kqlog.connect(store.root)
    for operator, rows in ((">", 2), (">=", 3), ("<", 2), ("<=", 3), ("==", 1)):
        query = f"T_CL | where TimeGenerated {operator} datetime({ticks[2]})"
        assert len(workspace.query(query)) == rows
        assert "TIMESTAMPTZ '2026-03-01 10:00:00.123456+00'" in workspace.explain(query)
    assert len(workspace.query(f"T_CL | where TimeGenerated between (datetime({ticks[1]}) .. datetime({ticks[3]}))")) == 3
    assert len(workspace.query(f"T_CL | where not(TimeGenerated > datetime({ticks[2]}))")) == 3


def test_new_columns_widen_a_table(store: Store) -> None:
    append(store, "W_CL", "print TimeGenerated = datetime(2026-03-01), a = 1")
    append(store, "W_CL", "print TimeGenerated = datetime(2026-03-02), a = 2, b = 'x', c = dynamic([1])")
    result = kqlog.connect(store.root).query("W_CL | sort by a asc | project a, b, c")
    assert result.texts() == [["1", "", ""], ["2", "x", "[1]"]]


def test_tables_of_azure_monitor_are_there_before_their_rows(store: Store) -> None:
    workspace = kqlog.connect(store.root)
    assert "SecurityEvent" in workspace.tables
    assert workspace.query("SecurityEvent | where EventID == 4625 | project Account, EventID, TimeGenerated").texts() == []
    assert [str(one.type) for one in workspace.query("Perf | project CounterValue, TimeGenerated").columns] == [
        "real",
        "datetime",
    ]


def test_a_query_sees_one_version_of_a_table(store: Store) -> None:
    append(store, "V_CL", "print TimeGenerated = now(), n = 1")
    snapshot = store.table("V_CL").snapshot()
    append(store, "V_CL", "print TimeGenerated = now(), n = 2")
    assert (snapshot.rows, len(snapshot.files())) == (1, 1)
    assert store.table("V_CL").snapshot().rows == 2


def test_a_folder_in_use_is_no_place_for_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(kqlog.QueryError, match="is not empty"):
        create(tmp_path)


def test_a_null_text_of_another_writer_is_found_as_an_empty_one(store: Store) -> None:
    result = kqlog.query("datatable(TimeGenerated: datetime, s: string)[datetime(2026-03-01), 'a', datetime(2026-03-01), 'b']")
    rows = result.stored()
    rows = rows.set_column(1, "s", pyarrow.array(["a", None]))
    store.table("N_CL").append(rows, tuple(result.columns))
    assert kqlog.connect(store.root).query("N_CL | where s == '' | count").rows == [(1,)]


def test_positions_are_kept_for_good_and_requests_for_a_week(tmp_path, monkeypatch):
    store = create(tmp_path / "logs")
    long_ago = table_module._milliseconds() - 8 * 86_400_000
    shaped = shape(store, "T_CL", [{"n": 1}])
    with monkeypatch.context() as earlier:
        earlier.setattr(table_module, "_milliseconds", lambda: long_ago)
        store.table("T_CL").append(shaped.rows, shaped.columns, ["old"], {"tail": 7})
    store.table("T_CL").append(shaped.rows, shaped.columns, ["new"])
    deltalake.DeltaTable(str(store.table("T_CL").folder)).create_checkpoint()
    table = Store(store.root).table("T_CL")
    assert table.position("tail") == 7
    with table.writing():
        assert (table.seen("old"), table.seen("new")) == (False, True)
