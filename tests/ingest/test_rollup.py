"""Metrics by the minute: each value counted once, whatever comes late and whoever is killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.cli import main
from kqlog.ingest import rollup
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.rollup import roll_up
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create
from kqlog.store.upkeep import compact

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
BY_SERIES = "by TimeGenerated, Category, MetricName, Resource, Dimensions_CF"
ALL = f"AzureMetrics | summarize Count = sum(Count), Total = sum(Total), Low = min(Minimum), High = max(Maximum) {BY_SERIES}"
WANTED = """
    Perf | where isfinite(CounterValue) and TimeGenerated < ago(4m)
    | summarize Count = count(), Total = sum(CounterValue), Low = min(CounterValue), High = max(CounterValue)
      by bin(TimeGenerated, 1m), ObjectName, CounterName, Computer, InstanceName"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def perf(ago: timedelta, value: float, **more: object) -> dict[str, object]:
    name = {"ObjectName": "Processor", "InstanceName": "_Total", "CounterName": "% Processor Time"}
    return {"TimeGenerated": (NOW - ago).isoformat(), "Computer": "web-01", **name, "CounterValue": value, **more}


def put(store: Store, rows: list[dict[str, object]], table: str = "Perf") -> None:
    shaped = shape(store, table, rows)
    store.table(table).append(shaped.rows, shaped.columns)


def query(store: Store, text: str) -> list[tuple[object, ...]]:
    return kqlog.connect(store.root).query(text).rows


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_a_minute_has_total_count_extremes_and_average(store: Store) -> None:
    put(store, [perf(minutes(10) - timedelta(seconds=at), value) for at, value in [(0, 1.0), (30, 4.0), (59.9, 2.5)]])
    put(store, [perf(minutes(10), float("nan")), perf(minutes(9), 7.0), perf(minutes(-60), 9.0)])
    assert roll_up(store) == 2
    columns = "MetricName, Category, Resource, Dimensions_CF, Total, Count, Minimum, Maximum, Average, TimeGrain, UnitName, Type"
    assert query(store, f"AzureMetrics | order by TimeGenerated asc | take 1 | project TimeGenerated, {columns}") == [
        (
            NOW - minutes(10),
            "% Processor Time",
            "Processor",
            "web-01",
            '{"InstanceName":"_Total"}',
            7.5,
            3.0,
            1.0,
            4.0,
            2.5,
            "PT1M",
            "Percent",
            "AzureMetrics",
        )
    ]
    assert roll_up(store) == 0


def test_what_comes_late_makes_a_further_row_so_that_sums_are_right(store: Store) -> None:
    put(store, [perf(minutes(10), 1.0), perf(minutes(10), 3.0)])
    roll_up(store)
    put(store, [perf(minutes(10), 8.0), perf(minutes(2880), 5.0)])
    assert roll_up(store) == 2
    assert query(store, f"{ALL} | order by TimeGenerated desc | project Count, Total, Low, High") == [
        (3.0, 12.0, 1.0, 8.0),
        (1.0, 5.0, 5.0, 5.0),
    ]


def test_metrics_with_tags(store: Store) -> None:
    rows = [
        {"TimeGenerated": (NOW - minutes(10)).isoformat(), "Namespace": "prometheus", "Name": "http_requests_total", "Val": value}
        | {"Tags": f'{{"code":"{code}"}}', "Computer": "web-01"}
        for code, value in [("200", 5.0), ("200", 6.0), ("500", 1.0)]
    ]
    put(store, rows, "InsightsMetrics")
    assert roll_up(store) == 2
    found = query(
        store, f"{ALL} | extend code = tostring(parse_json(Dimensions_CF).code) | project Category, MetricName, code, Total"
    )
    assert sorted(found) == [
        ("prometheus", "http_requests_total", "200", 11.0),
        ("prometheus", "http_requests_total", "500", 1.0),
    ]


def test_rows_of_others_in_the_table_are_left_alone(store: Store) -> None:
    azure = {"TimeGenerated": (NOW - minutes(10)).isoformat(), "MetricName": "% Processor Time", "Count": 99.0, "Total": 99.0}
    put(store, [azure], "AzureMetrics")
    put(store, [perf(minutes(10), 1.0)])
    assert roll_up(store) == 1
    assert query(store, "AzureMetrics | where SourceSystem == 'kqlog' | project Count, Total") == [(1.0, 1.0)]


STEPS = st.lists(
    st.sampled_from(["roll up", "compact", "forget"])
    | st.lists(st.tuples(st.integers(5, 30) | st.just(-60), st.integers(0, 2)), max_size=3),
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_each_value_counts_once_in_whatever_order_things_happen(tmp_path: Path, steps: list[object]) -> None:
    folder = tmp_path / "logs"
    shutil.rmtree(folder, ignore_errors=True)
    store = create(folder)
    put(store, [perf(minutes(20), 1.0)])
    for step in steps:
        if step == "roll up":
            roll_up(store)
        elif step == "compact":
            compact(store.table("Perf"), 2)
        elif step == "forget":
            # As Delta does with old versions.
            DeltaTable(store.table("Perf").folder).create_checkpoint()
            for file in sorted((store.table("Perf").folder / "_delta_log").glob("*.json"))[:-1]:
                file.unlink()
        else:
            put(store, [perf(minutes(ago), 1.5, InstanceName=str(cpu)) for ago, cpu in step] or [perf(minutes(9), 2.0)])
    roll_up(store)
    rolled = query(
        store, f"{ALL} | project TimeGenerated, MetricName, parse_json(Dimensions_CF).InstanceName, Count, Total, Low, High"
    )
    wanted = query(store, f"{WANTED} | project TimeGenerated, CounterName, InstanceName, toreal(Count), Total, Low, High")
    assert sorted(rolled) == sorted(wanted)


def test_two_at_once_count_nothing_twice(store: Store) -> None:
    put(store, [perf(minutes(ago), 1.0) for ago in range(5, 60)])
    threads = [threading.Thread(target=roll_up, args=(Store(store.root),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert query(store, "AzureMetrics | summarize count(), sum(Count)") == [(55, 55.0)]


KILLED = """
import sys
from pathlib import Path
from kqlog.ingest.rollup import roll_up
from kqlog.store.store import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    roll_up(store)
"""


def test_killed_at_any_moment_it_counts_nothing_twice(store: Store) -> None:
    put(store, [perf(minutes(2000), 1.0)])
    for life in range(6):
        process = subprocess.Popen([sys.executable, "-c", KILLED, store.root], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        for day in range(3):
            put(store, [perf(minutes(10 + 1440 * day + life), 1.0), perf(minutes(9 + 1440 * day), 2.0)])
        time.sleep(0.1 + life * 0.07)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    roll_up(store)
    rolled = query(store, f"{ALL} | project TimeGenerated, Count, Total")
    assert sorted(rolled) == sorted(query(store, f"{WANTED} | project TimeGenerated, toreal(Count), Total"))


def test_a_server_rolls_up_by_itself_unless_told_not_to(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rollup, "_LATENESS", 0)
    data = ["-d", str(store.root)]
    assert main(["rollup", *data, "off"]) == 0
    ingestor = Ingestor(store, age=0.01, upkeep=0.05)
    try:
        ingestor.submit(shape(store, "Perf", [perf(minutes(1), 1.0)])).result()
        time.sleep(0.5)
        assert not store.table("AzureMetrics").exists
        store.set_rollup(True)
        end = time.monotonic() + 10
        while not store.table("AzureMetrics").exists or query(store, "AzureMetrics | project Count") != [(1.0,)]:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        ingestor.close()
    assert main(["rollup", *data]) == 0
    assert capsys.readouterr().out == "metrics are not rolled up\n0 rows in AzureMetrics\n"
