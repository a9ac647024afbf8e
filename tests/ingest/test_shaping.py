"""Rows of any shape made to fit a table."""

from __future__ import annotations

from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def test_values_become_what_the_table_has_and_what_cannot_is_counted(store: Store) -> None:
    rows = [{"Computer": "web-01", "CounterValue": "12.5", "InstanceName": 3}, {"CounterValue": "high"}]
    shaped = shape(store, "Perf", rows)
    found = kqlog.query("T | project Computer, CounterValue, InstanceName, Type", tables={"T": shaped.rows})
    assert found.rows == [("web-01", 12.5, "3", "Perf"), ("", None, "", "Perf")]
    assert shaped.unreadable == {"CounterValue": 1}


def test_a_table_of_azure_monitor_does_not_grow_and_ones_own_does(store: Store) -> None:
    assert shape(store, "Perf", [{"Mood": "good"}]).dropped == ("Mood",)
    assert "Mood" in [column.name for column in shape(store, "Moods_CL", [{"Mood": "good"}]).columns]


def test_rows_without_a_time_get_the_time_they_came(store: Store) -> None:
    shaped = shape(store, "T_CL", [{"TimeGenerated": "yesterday"}, {"TimeGenerated": "2026-03-01T10:00:00.1234567Z"}])
    times = shaped.rows.column("TimeGenerated").to_pylist()
    moment = kqlog.query("print datetime(2026-03-01 10:00:00.1234567)").stored()
    assert times == [shaped.rows.column("_TimeReceived")[0].as_py(), moment.column(0)[0].as_py()]
    assert shaped.unreadable == {"TimeGenerated": 1}


def test_a_transformation_runs_first(store: Store) -> None:
    transform = "source | where Level != 'debug' | extend Host = toupper(Host)\n| project-away Level // noise"
    shaped = shape(store, "T_CL", [{"Host": "a", "Level": "debug"}, {"Host": "b", "Level": "info"}], transform=transform)
    assert shaped.rows.column("Host").to_pylist() == ["B"]


def test_a_wrong_transformation_is_pointed_at(store: Store) -> None:
    with pytest.raises(kqlog.QueryError, match="no column named 'Hots'"):
        shape(store, "T_CL", [{"Host": "a"}], transform="source | where Hots == 'a'")


MOMENTS = [
    "2026-03-01T10:00:00.1234567Z",
    "2026-03-01 10:00:00+02:00",
    "1601-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "2026-03-01T10:00:00.123456789Z",
    "2026-02-30T10:00:00Z",
    "2026-03-01T10Z",
    "2026-03-01",
    "",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_moments_are_read_as_kql_reads_them(store: Store, moment: str) -> None:
    shaped = shape(store, "M_CL", [{"TimeGenerated": moment}])
    found, received = (shaped.rows.column(name)[0].as_py() for name in ("TimeGenerated", "_TimeReceived"))
    wanted = kqlog.query(f"print todatetime('{moment}')").stored().column(0)[0].as_py()
    assert found == (received if wanted is None else wanted)


def test_a_shape_that_was_found_out_once_serves_other_rows(store: Store) -> None:
    first, second = (shape(store, "T_CL", [{"Host": host, "n": 1}]) for host in ("a", "b"))
    assert [one.rows.column("Host").to_pylist() for one in (first, second)] == [["a"], ["b"]]
    assert first.rows.column("_ItemId")[0] != second.rows.column("_ItemId")[0]
    assert first.rows.column("_TimeReceived")[0].as_py() < second.rows.column("_TimeReceived")[0].as_py()
    ago = "source | extend Then = ago(1h)"
    times = [shape(store, "T_CL", [{"n": 1}], transform=ago).rows.column("Then")[0].as_py() for _ in range(2)]
    assert times[0] < times[1]


def test_a_name_that_differs_in_case_only_is_the_column_of_the_table(store: Store) -> None:
    shaped = shape(store, "Perf", [{"computer": "web-01", "_day": 1, "x#7": 2}], keep=True)
    assert shaped.rows.column("Computer").to_pylist() == ["web-01"]
    assert shaped.dropped == ("_day", "x#7")


def test_a_number_that_a_column_of_whole_ones_would_cut_is_counted(store: Store) -> None:
    shaped = shape(store, "T_CL", [{"n": 1}])
    store.table("T_CL").append(shaped.rows, shaped.columns)
    later = shape(store, "T_CL", [{"n": 2.5}, {"n": 3.0}])
    assert later.rows.column("n").to_pylist() == [None, 3]
    assert later.unreadable == {"n": 1}
