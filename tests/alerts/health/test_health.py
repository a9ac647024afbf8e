"""Health of services and resources, over the sample's stories and over a workspace that falls silent."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import kqlog
from kqlog.alerts.health import record
from kqlog.alerts.schedule import scheduler_of
from kqlog.catalog.functions import system_functions
from kqlog.ingest.shaping import shape
from kqlog.store.store import create

SAMPLE = Path(__file__).parents[3] / "sample_data"
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
MACHINE = "/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/virtualmachines/web"


@pytest.fixture(scope="module")
def sample():
    return kqlog.connect(SAMPLE)


# --------------------------------------------------------------------------------------------------------------- services


def test_a_service_issue_as_it_is_known_at_last(sample):
    (row,) = sample.query("ServiceHealth(5000d) | project TrackingId, Kind, Service, Region, Status, Updates, ImpactStart").rows
    assert row == (
        "CX7K-9Q8",
        "Service issue",
        "SQL Database",
        "West Europe",
        "Resolved",
        3,
        datetime(2026, 3, 10, 9, 42, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("region = 'europe'", 1),
        ("region = 'East US'", 0),
        ("service = 'sql'", 1),
        ("service = 'Storage'", 0),
        ("kind = 'planned maintenance'", 0),
        ("kind = 'service issue'", 1),
        ("subscription = 'bce5cc8f-cfe9-5c53-b049-d775b1533117'", 1),
        ("subscription = 'other'", 0),
    ],
)
def test_services_are_filtered(sample, filters, count):
    assert len(sample.query(f"ServiceHealth(since = 5000d, {filters})").rows) == count


def test_the_history_of_a_service_issue(sample):
    rows = sample.query("ServiceHealthHistory(5000d) | project Stage, Communication").rows
    assert [stage for stage, _ in rows] == ["Resolved", "Active", "Active"]
    assert rows[-1][1].startswith("We are investigating")


def test_kinds_and_services_of_events():
    def event(kind: str, **more) -> dict:
        properties = {"incidentType": kind, "trackingId": kind, "title": "t", "stage": "Active", **more}
        return {
            "TimeGenerated": datetime.now(UTC),
            "CategoryValue": "ServiceHealth",
            "CorrelationId": "",
            "ActivityStatusValue": "Active",
            "SubscriptionId": "s",
            "Properties": json.dumps(properties),
            "Properties_d": properties,
        }

    impacted = json.dumps(
        [{"ServiceName": "A", "ImpactedRegions": [{"RegionName": "x"}, {"RegionName": "y"}]}, {"ServiceName": "B"}]
    )
    events = [
        event("Maintenance", impactedServices=impacted),
        event("Security"),
        event("ActionRequired"),
        event("Informational", service="C"),
    ]
    text = (SAMPLE.parent / "src/kqlog/catalog/system/ServiceHealthHistory.kql").read_text()
    rows = kqlog.query(f"{text}\n| project TrackingId, Kind, Service, Region", {"AzureActivity": events}).rows
    found = {row[0]: row[1:] for row in rows}
    assert {name: kind for name, (kind, *_) in found.items()} == {
        "Maintenance": "Planned maintenance",
        "Security": "Security advisory",
        "ActionRequired": "Health advisory",
        "Informational": "Health advisory",
    }
    assert found["Maintenance"][1:] == ("A, B", "x, y")
    assert found["Informational"][1] == "C"


# -------------------------------------------------------------------------------------------------------------- resources


def test_a_machine_that_fell_silent_is_unknown(sample):
    rows = sample.query(
        "ResourceHealth(datetime(2026-03-11 04:00)) | where Status != 'Available' | project Name, Status, Reason, Since"
    ).rows
    assert rows == [("app-lin-02", "Unknown", "No sign of life for 10 minutes", datetime(2026, 3, 11, 3, 40, tzinfo=UTC))]


@pytest.mark.parametrize(("minute", "status"), [(43, "Available"), (45, "Unknown")])
def test_ten_minutes_without_a_sign(sample, minute, status):
    """The last sign of life is of 03:33."""
    at = f"datetime(2026-03-11 03:{minute})"
    assert sample.query(f"ResourceHealth({at}) | where Name == 'app-lin-02' | project Status").rows == [(status,)]


def test_what_azure_says_of_a_database_and_what_requests_show(sample):
    rows = sample.query(
        "ResourceHealth(datetime(2026-03-10 10:00)) | where Status != 'Available' | project Name, Status, Reason"
    ).rows
    assert rows == [
        ("shopdb", "Unavailable", "Database is unavailable"),
        ("contoso-orders-api", "Degraded", "5 of 12 requests failed with 5xx"),
        ("contoso-shop", "Degraded", "148 of 272 requests failed with 5xx"),
    ]


def test_the_history_by_day(sample):
    text = "ResourceHealthHistory(3, datetime(2026-03-11 23:00), resource = 'app-lin-02') | project Day, Worst, UpPercent, Unknown, Degraded | order by Day asc"
    days = {row[0].day: row[1:] for row in sample.query(text).rows}
    assert days[9] == days[10] == ("Available", 100.0, 0.0, 0.0)
    assert days[11] == ("Unknown", 91.3, 120.0, 140.0)


def test_a_saved_query_says_what_else_counts(tmp_path):
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "HealthSignals.kql").write_text(
        "declare query_parameters(since: datetime, until: datetime);\n"
        "Probe | where TimeGenerated between (since .. until)\n"
        "| project TimeGenerated, Resource = Host, Status = 'Unavailable', Reason = 'The probe fails'\n"
    )
    (tmp_path / "Probe.csv").write_text("TimeGenerated,Host\n2026-03-20T11:55:00Z,web\n")
    rows = kqlog.connect(tmp_path).query("ResourceHealth(datetime(2026-03-20 12:00)) | project Name, Status, Reason").rows
    assert rows == [("web", "Unavailable", "The probe fails")]


def test_a_folder_without_tables_has_no_health(tmp_path):
    assert kqlog.connect(tmp_path).query("ResourceHealth()").rows == []


def test_every_function_is_right():
    functions = system_functions()
    assert {"ServiceHealth", "ResourceHealth", "ResourceHealthHistory"} <= functions.keys()
    for name in functions:
        assert functions[name].body is not None
    with pytest.raises(KeyError):
        functions["Other"]


# --------------------------------------------------------------------------------------------------------------- recorded


@pytest.fixture
def workspace(tmp_path):
    return kqlog.connect(create(tmp_path / "logs").root)


def beat(workspace, *moments: datetime) -> None:
    store = workspace.store
    rows = [{"TimeGenerated": one, "Computer": "web", "_ResourceId": MACHINE} for one in moments]
    shaped = shape(store, "Heartbeat", rows)
    with store.table("Heartbeat").writing():
        store.table("Heartbeat").append(shaped.rows, shaped.columns)


def told(workspace) -> list[tuple]:
    text = """AzureActivity | order by TimeGenerated asc
        | project ActivityStatusValue, tostring(Properties_d.previousHealthStatus), tostring(Properties_d.currentHealthStatus), Level"""
    return workspace.query(text).rows


def test_changes_become_events_once(workspace):
    minute = timedelta(minutes=1)
    assert record(workspace, NOW) == 0
    beat(workspace, *(NOW - step * minute for step in range(1, 30)))
    assert record(workspace, NOW) == 0
    later = NOW + 12 * minute
    assert record(workspace, later) == 1
    assert record(workspace, later) == record(workspace, later + minute) == 0
    beat(workspace, later + minute)
    assert record(kqlog.connect(workspace.store.root), later + 2 * minute) == 1
    assert told(workspace) == [
        ("Active", "Available", "Unknown", "Warning"),
        ("Resolved", "Unknown", "Available", "Informational"),
    ]
    assert record(workspace, later + 30 * minute) == 1
    assert len({id_ for (id_,) in workspace.query("AzureActivity | project EventDataId").rows}) == 3


def test_an_event_is_that_of_azure(workspace):
    beat(workspace, NOW - timedelta(minutes=30))
    record(workspace, NOW)
    text = "AzureActivity | project CategoryValue, OperationNameValue, ResourceGroup, Resource, _ResourceId, Reason = tostring(Properties_d.title)"
    assert workspace.query(text).rows == [
        (
            "ResourceHealth",
            "MICROSOFT.RESOURCEHEALTH/HEALTHEVENT/ACTIVATED/ACTION",
            "rg",
            "web",
            MACHINE,
            "No sign of life for 10 minutes",
        )
    ]


# ---------------------------------------------------------------------------------------------------------------- command


def kqlog_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kqlog", "-d", str(SAMPLE), *arguments], capture_output=True, text=True, check=False
    )


def test_the_command():
    done = kqlog_command("health", "--at", "2026-03-11 04:00", "--resource", "app-lin-02", "--format", "json")
    assert [(row["Name"], row["Status"]) for row in json.loads(done.stdout)] == [("app-lin-02", "Unknown")]
    done = kqlog_command("health", "services", "--since", "5000d", "--region", "West")
    assert "SQL Database - West Europe" in done.stdout
    done = kqlog_command("health", "services", "--at", "2026-03-11")
    assert done.returncode == 1 and "--at is nothing for services" in done.stderr


def test_whoever_evaluates_rules_records_health(workspace):
    beat(workspace, datetime.now(UTC) - timedelta(minutes=30))
    scheduler = scheduler_of(workspace.store.root)
    scheduler.start()
    try:
        deadline = time.monotonic() + 30
        while not workspace.store.table("AzureActivity").exists and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        scheduler.close()
    assert [row[:3] for row in told(workspace)] == [("Active", "Available", "Unknown")]
