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
