"""What is told of ingestion: events in _LogOperation, counted and not too many, and what came in per hour in Usage."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kqlog
from kqlog.errors import QueryError
from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.metering import ended, meter
from kqlog.ingest.operations import Kind, Level, Operations
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create

HOUR = 3600


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def query(store: Store, text: str) -> list[tuple[object, ...]]:
    return kqlog.connect(store.root).query(text).rows


def events(store: Store) -> list[tuple[object, ...]]:
    return query(store, "_LogOperation | project Operation, Level, Detail | order by Detail asc")


def test_log_operation_has_azure_monitors_columns_and_stands_where_a_table_can(store: Store) -> None:
    workspace = kqlog.connect(store.root)
    columns = [column.name for column in workspace.check("_LogOperation").columns or []]
    assert columns == ["TimeGenerated", "Category", "Operation", "Level", "Detail", "_ResourceId", "Computer", "CorrelationId"]
    for text in ("_LogOperation() | count", "let x = _LogOperation; x | count", "union Usage, _LogOperation | count"):
        assert workspace.query(text).rows == [(0,)]
    assert "_LogOperation" not in workspace.tables
    assert kqlog.connect().check("_LogOperation").errors


def test_what_values_and_fields_were_lost_is_told_soon_and_by_table(store: Store) -> None:
    ingestor = Ingestor(store, age=0)
    for _ in range(2):
        rows = [{"CounterValue": "x", "Mood": 1}, {"CounterValue": "2", "Mood": 1}, {"CounterValue": "y", "Mood": 2}]
        ingestor.submit(shape(store, "Perf", rows)).result(10)
    until = time.monotonic() + 10
    while not events(store) and time.monotonic() < until:
        time.sleep(0.05)
    assert events(store) == [
        ("Field content validation", "Warning", f"Perf: {what}")
        for what in (
            "rows with a field that the table does not have, which was left out: Mood (6)",
            "values that could not be converted, and are null: CounterValue (4)",
        )
    ]
    ingestor.close()


def test_what_happens_again_is_counted_and_told_later(store: Store) -> None:
    told: list[list[dict[str, object]]] = []
    operations = Operations(period=0.2)
    operations.note(Kind.RATE, "requests")
    operations.tell(told.append)
    for number in range(100):
        operations.note(Kind.RATE, "requests", counts=number)
    operations.tell(told.append)
    time.sleep(0.25)
    operations.tell(told.append)
    assert [[row["Detail"] for row in rows] for rows in told] == [["requests: 1"], ["requests: 4,950"]]


def test_what_cannot_be_told_now_is_told_later(store: Store) -> None:
    operations, told = Operations(), []

    def full(rows: object) -> None:
        raise QueryError("ING002", "the disk is full")

    operations.note(Kind.STOPPED, "rows", counts=2, level=Level.ERROR)
    operations.tell(full)
    operations.note(Kind.STOPPED, "rows", counts=3, level=Level.ERROR)
    operations.tell(told.extend)
    assert [(row["Detail"], row["OperationStatus"]) for row in told] == [("rows: 5", "Error")]


def test_of_many_names_the_most_frequent_are_told() -> None:
    told: list[dict[str, object]] = []
    operations = Operations()
    operations.note(Kind.VALUES, "values", "T_CL", {f"c{at}": at for at in range(1, 101)})
    operations.tell(told.extend)
    assert str(told[0]["Detail"]).startswith("T_CL: values: c100 (100), c99 (99)")
    assert str(told[0]["Detail"]).endswith("c81 (81) and 80 more")


def test_who_is_told_to_come_later_is_counted(store: Store) -> None:
    ingestor = Ingestor(store, age=5, most=1)
    ingestor.submit(shape(store, "T_CL", [{"n": 1}]))
    for _ in range(3):
        with pytest.raises(BusyError):
            ingestor.submit(shape(store, "T_CL", [{"n": 2}]))
    ingestor.close()
    what = "requests that were told to come later, because too many rows waited: 3"
    assert events(store) == [("Ingestion rate", "Warning", what)]


def test_of_several_tables_all_rows_are_accepted_or_none(store: Store) -> None:
    ingestor = Ingestor(store, age=5, most=3)
    one, three = (shape(store, table, [{"n": n} for n in range(count)]) for table, count in (("A_CL", 1), ("B_CL", 3)))
    ingestor.submit(one)
    with pytest.raises(BusyError):
        ingestor.submit_all([(one, "r 0"), (three, "r 1")])
    ingestor.close()
    assert (query(store, "A_CL | count"), "B_CL" in store) == ([(1,)], False)


def test_files_tell_as_well(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "perf.jsonl"
    file.write_text(json.dumps({"CounterValue": "x", "Mood": 1}) + "\n")
    command = [sys.executable, "-m", "kqlog.cli", "ingest", "-d", str(store.root), "Perf", str(file)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert len(events(store)) == 2


def received(store: Store, table: str, moment: float, count: int = 1) -> None:
    """Rows that were received at that moment."""
    rows = [{"TimeGenerated": "2001-01-01T00:00:00Z", "n": number} for number in range(count)]
    made = shape(store, table, rows, transform="source | extend n = tolong(n)")
    ticks = int(moment) * 10_000_000 + 621_355_968_000_000_000
    at = made.rows.column_names.index("_TimeReceived")
    import pyarrow

    stamped = made.rows.set_column(at, "_TimeReceived", pyarrow.array([ticks] * count))
    store.table(table).append(stamped, made.columns)


def test_usage_has_a_row_for_each_table_and_hour_that_has_ended(store: Store) -> None:
    start = 1_800_000_000 // HOUR * HOUR
    received(store, "A_CL", start + 10, 3)
    received(store, "A_CL", start + HOUR - 1)
    received(store, "A_CL", start + HOUR, 5)
    received(store, "Heartbeat", start + 10)
    assert meter(store, ended(start + HOUR + 200)) == 0  # what is on its way is waited for
    assert meter(store, ended(start + HOUR + 400)) == 2
    columns = "TimeGenerated, StartTime, EndTime, DataType, QuantityUnit, IsBillable, round(Quantity * 1e6)"
    begin, end = (datetime.fromtimestamp(moment, UTC) for moment in (start, start + HOUR))
    sizes = query(store, f"A_CL | where _TimeReceived < datetime({end:%Y-%m-%dT%H:%M:%SZ}) | summarize sum(_BilledSize)")
    assert query(store, f"Usage | project {columns} | order by DataType asc") == [
        (begin, begin, end, "A_CL", "MBytes", True, *sizes[0]),
        (begin, begin, end, "Heartbeat", "MBytes", False, 8.0),
    ]
    assert query(store, "Heartbeat | distinct _IsBillable") == [("False",)]


def test_usage_counts_nothing_twice_and_not_itself(store: Store) -> None:
    start = 1_800_000_000 // HOUR * HOUR
    received(store, "A_CL", start, 3)
    assert meter(store, ended(start + 2 * HOUR)) == 1
    assert meter(Store(store.root), ended(start + 2 * HOUR)) == 0  # another process, or after a restart
    received(store, "Usage", start + HOUR)
    received(store, "A_CL", start + 30 * HOUR)
    assert meter(store, ended(start + 48 * HOUR)) == 1
    assert query(store, "Usage | where DataType == 'A_CL' | summarize count(), dcount(StartTime)") == [(2, 2)]
    assert query(store, "Usage | where DataType == 'Usage' | count") == [(0,)]


def test_two_that_count_at_once_count_once(store: Store) -> None:
    start = int(time.time()) // HOUR * HOUR - 10 * HOUR
    for hour in range(5):
        received(store, "A_CL", start + hour * HOUR)
    command = [sys.executable, "-m", "kqlog.cli", "compact", "-d", str(store.root)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    for one in both:
        one.communicate(timeout=60)
    assert [one.returncode for one in both] == [0, 0]
    assert query(store, "Usage | where DataType == 'A_CL' | summarize count(), dcount(StartTime)") == [(5, 5)]
