"""Files into tables: every format, what is broken, and every row once."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest import file_batches, files
from kqlog.ingest.files import ingest_file
from kqlog.store.store import Store, create


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def rows(store: Store, query: str) -> list[list[str]]:
    return kqlog.connect(store.root).query(query).texts()


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


# ------------------------------------------------------------------------------------------------------------- each format


def test_json_lines(store: Store, tmp_path: Path) -> None:
    text = '{"host":"a","n":1,"tags":["x"]}\n\n{"host":"b","n":2.5,"extra":null}\n'
    told = ingest_file(store, "App_CL", written(tmp_path, "app.jsonl", text))
    assert told.endswith("app.jsonl: 2 rows in App_CL")
    assert rows(store, "App_CL | project host, n, tags | order by host asc") == [["a", "1.0", '["x"]'], ["b", "2.5", ""]]
    assert "extra" not in [column.name for column in kqlog.connect(store.root).schema("App_CL")]


def test_values_of_several_kinds_in_one_column_are_text(store: Store, tmp_path: Path) -> None:
    text = '{"v":1}\n{"v":"x"}\n{"v":true}\n{"v":123456789012345678901}\n'
    ingest_file(store, "V_CL", written(tmp_path, "v.jsonl", text))
    assert sorted(rows(store, "V_CL | project v")) == [["1"], ["123456789012345678901"], ["true"], ["x"]]


def test_a_json_array(store: Store, tmp_path: Path) -> None:
    ingest_file(store, "A_CL", written(tmp_path, "a.json", ' [ {"n": 1},\n {"n": 2, "b": {"c": NaN}} ]'.replace("NaN", "null")))
    assert rows(store, "A_CL | summarize sum(n), take_any(b)") == [["3", '{"c":null}']]


def test_csv_has_the_types_that_all_of_its_values_have(store: Store, tmp_path: Path) -> None:
    text = 'id;amount;at;note;flag\r\n1;2.5;2026-03-01T10:00:00.1234567Z;"two\r\nlines";true\r\n2;;;"say ""hi""";false\r\n'
    ingest_file(store, "C_CL", written(tmp_path, "c.csv", text))
    schema = {column.name: str(column.type) for column in kqlog.connect(store.root).schema("C_CL")}
    assert [schema[name] for name in ("id", "amount", "at", "note", "flag")] == ["long", "real", "datetime", "string", "bool"]
    found = rows(store, "C_CL | project id, amount, at, note, flag | order by id asc")
    assert found[0] == ["1", "2.5", "2026-03-01T10:00:00.1234567Z", "two\nlines", "true"]
    assert found[1] == ["2", "", "", 'say "hi"', "false"]


def test_parquet_keeps_its_types(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    kqlog.query("print n=1, at=datetime(2026-03-01 10:00:00.1234567), bag=dynamic({'a': 1}), span=5m").save(path)
    ingest_file(store, "P_CL", path)
    assert rows(store, "P_CL | project n, at, bag, span") == [["1", "2026-03-01T10:00:00.1234567Z", '{"a":1}', "00:05:00"]]


def test_iis(store: Store, tmp_path: Path) -> None:
    text = (
        "#Software: Internet Information Services\r\n#Date: 2026-03-01 10:00:00\r\n"
        "#Fields: date time s-computername cs-method cs-uri-stem s-port cs(User-Agent) sc-status time-taken\r\n"
        "2026-03-01 10:00:01 WEB1 GET /shop 443 Browser/1.0+(x) 200 15\r\n"
        "#Fields: time cs-method sc-status\r\n10:00:02 POST -\r\n"
    )
    assert "2 rows in W3CIISLog" in ingest_file(store, None, written(tmp_path, "u_ex.log", text))
    columns = "TimeGenerated, Computer, csMethod, csUriStem, sPort, csUserAgent, scStatus, TimeTaken"
    assert rows(store, f"W3CIISLog | project {columns} | order by TimeGenerated asc") == [
        ["2026-03-01T10:00:01.0000000Z", "WEB1", "GET", "/shop", "443", "Browser/1.0+(x)", "200", "15"],
        ["2026-03-01T10:00:02.0000000Z", "", "POST", "", "", "", "", ""],
    ]


def test_access_logs_common_and_combined(store: Store, tmp_path: Path) -> None:
    text = (
        '192.0.2.7 - ann lee [01/Mar/2026:10:00:00 +0200] "GET /a?q=\\"x HTTP/1.1" 200 512 "-" "probe/2"\n'
        '2001:db8::1 - - [01/Mar/2026:10:00:01 +0000] "-" 408 -\n'
        '192.0.2.8 - - [01/Mar/2026:10:00:02 +0000] "GET / HTTP/2.0" 304 0 "https://a.example/" "b" rt=0.2\n'
    )
    ingest_file(store, None, written(tmp_path, "access.log", text))
    query = (
        "AccessLog_CL | order by TimeGenerated asc | project TimeGenerated, ClientIP, UserName, Method, Url, Status, Bytes, More"
    )
    assert rows(store, query) == [
        ["2026-03-01T08:00:00.0000000Z", "192.0.2.7", "ann lee", "GET", '/a?q=\\"x', "200", "512", ""],
        ["2026-03-01T10:00:01.0000000Z", "2001:db8::1", "", "", "-", "408", "", ""],
        ["2026-03-01T10:00:02.0000000Z", "192.0.2.8", "", "GET", "/", "304", "0", "rt=0.2"],
    ]


def test_counters_are_in_the_time_of_their_zone(store: Store, tmp_path: Path) -> None:
    text = (
        '"(PDH-CSV 4.0) (W. Europe Standard Time)(-60)","\\\\WEB1\\Processor(_Total)\\% Processor Time",'
        '"\\\\WEB1\\LogicalDisk(C:)\\Free Megabytes","\\\\WEB1\\Memory\\Available MBytes"\r\n'
        '"03/01/2026 10:00:00.500"," ","1000","2048.5"\r\n\r\nThe command completed successfully.\r\n'
    )
    ingest_file(store, None, written(tmp_path, "c.csv", text))
    query = (
        "Perf | project TimeGenerated, Computer, ObjectName, InstanceName, CounterName, CounterValue | order by ObjectName asc"
    )
    assert rows(store, query) == [
        ["2026-03-01T09:00:00.5000000Z", "WEB1", "LogicalDisk", "C:", "Free Megabytes", "1000.0"],
        ["2026-03-01T09:00:00.5000000Z", "WEB1", "Memory", "", "Available MBytes", "2048.5"],
    ]


def event(channel: str, event_id: object, data: dict[str, object] | None) -> str:
    system = {
        "Provider": {"#attributes": {"Name": "Test-Provider"}},
        "EventID": event_id,
        "Level": 4,
        "Task": 12,
        "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T10:00:00.123456Z"}},
        "Channel": channel,
        "Computer": "dc1.example",
        "Execution": {"#attributes": {"ProcessID": 7, "ThreadID": 8}},
    }
    return json.dumps({"Event": {"System": system, "EventData": data}}) + "\n"


def test_events_go_to_the_table_of_their_channel(store: Store, tmp_path: Path) -> None:
    logon = {
        "SubjectUserName": "-",
        "TargetUserName": "WEB1$",
        "TargetDomainName": "CORP",
        "LogonType": 3,
        "IpAddress": "10.0.0.5",
    }
    text = event("Security", 4624, logon) + event("System", {"#text": 7036, "#attributes": {"Qualifiers": 1}}, {"p": "a<b"})
    told = ingest_file(store, None, written(tmp_path, "all.jsonl", text))
    assert "1 rows in SecurityEvent; 1 rows in Event" in told
    security = "SecurityEvent | project TimeGenerated, EventID, Account, AccountType, LogonType, IpAddress, SystemProcessId"
    assert rows(store, security) == [["2026-03-01T10:00:00.1234560Z", "4624", "CORP\\WEB1$", "Machine", "3", "10.0.0.5", "7"]]
    plain = "Event | project Source, EventLog, EventID, EventLevelName, Value = parse_xml(EventData).EventData.Data['#text']"
    assert rows(store, plain) == [["Test-Provider", "System", "7036", "Information", "a<b"]]


VAULT = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000001/resourceGroups/rg-one/providers/Microsoft.KeyVault/vaults/v1"


def record(**properties: object) -> dict[str, object]:
    return {"time": "2026-03-01T10:00:00Z", "resourceId": VAULT, "category": "AuditEvent", "properties": properties}


@pytest.mark.parametrize("lines", [True, False])
def test_resource_logs_get_columns_by_their_types(store: Store, tmp_path: Path, lines: bool) -> None:
    given = record(
        size=5, who="x", on=True, at="2026-03-01T11:00:00Z", id="0a1b2c3d-0000-4000-8000-00000000000f", sku={"name": "A"}
    )
    text = json.dumps(given) + "\n" + json.dumps(given) if lines else json.dumps({"records": [given, given]}, indent=2)
    assert "2 rows in AzureDiagnostics" in ingest_file(store, None, written(tmp_path, "PT1H.json", text))
    query = (
        "AzureDiagnostics | take 1 | project size_d, who_s, on_b, at_t, id_g, sku_name_s, Resource, ResourceType, ResourceGroup"
    )
    assert rows(store, query) == [
        [
            "5.0",
            "x",
            "true",
            "2026-03-01T11:00:00.0000000Z",
            "0a1b2c3d-0000-4000-8000-00000000000f",
            "A",
            "V1",
            "VAULTS",
            "RG-ONE",
        ]
    ]


def test_more_columns_than_500_are_in_a_bag(store: Store, tmp_path: Path) -> None:
    text = "\n".join(json.dumps(record(**{f"p{at}": at for at in range(first, first + 300)})) for first in (0, 300))
    ingest_file(store, None, written(tmp_path, "many.json", text), format_="resource-logs")
    assert len(kqlog.connect(store.root).schema("AzureDiagnostics")) == 500
    assert rows(store, "AzureDiagnostics | where isnotempty(AdditionalFields.p599_d) | project AdditionalFields.p599_d") == [
        ["599.0"]
    ]
    ingest_file(store, None, written(tmp_path, "later.json", json.dumps(record(late="x"))), format_="resource-logs")
    assert rows(store, "AzureDiagnostics | where AdditionalFields.late_s == 'x' | count") == [["1"]]


def test_names_that_differ_in_case_only_are_one_column(store: Store, tmp_path: Path) -> None:
    ingest_file(store, None, written(tmp_path, "case.json", json.dumps(record(clientIp="1", CLIENTIP="2"))))
    assert rows(store, "AzureDiagnostics | project clientIP_s, AdditionalFields") == [["1", '{"CLIENTIP_s":"2"}']]


def test_the_activity_log(store: Store, tmp_path: Path) -> None:
    one = {
        "eventTimestamp": "2026-03-01T10:00:00.1234567Z",
        "operationName": {"value": "Microsoft.Compute/virtualMachines/restart/action", "localizedValue": "Restart"},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "category": {"value": "Administrative"},
        "caller": "ann@example.org",
        "claims": {"ipaddr": "192.0.2.1"},
        "httpRequest": {"clientIpAddress": "192.0.2.1"},
        "resourceId": VAULT,
        "properties": {"hierarchy": "a/b"},
    }
    ingest_file(store, None, written(tmp_path, "activity.json", json.dumps({"value": [one], "nextLink": "x"}, indent=1)))
    columns = (
        "OperationName, OperationNameValue, ActivityStatusValue, Caller, CallerIpAddress, Claims_d.ipaddr, Hierarchy, Resource"
    )
    assert rows(store, f"AzureActivity | project {columns}") == [
        [
            "Restart",
            "MICROSOFT.COMPUTE/VIRTUALMACHINES/RESTART/ACTION",
            "Success",
            "ann@example.org",
            "192.0.2.1",
            "192.0.2.1",
            "a/b",
            "v1",
        ]
    ]


def test_gzip_is_seen_by_its_content(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(gzip.compress(b'{"n":1}\n{"n":2}\n'))
    assert "2 rows in G_CL" in ingest_file(store, "G_CL", path)


# ----------------------------------------------------------------------------------------------------------- what is broken

BROKEN = {
    "a broken line": (b'{"n":1}\n{"n":\n', "line 2: not JSON"),
    "another value": (b'{"n":1}\n[1]\n', "line 2: not a JSON object"),
    "invalid UTF-8": (b'{"n":1}\n{"n":"\xff"}\n', "line 2: byte 7 is not UTF-8"),
    "NUL": (b'{"n":1}\n{"n":"a\x00"}\n', "line 2: character 8 is NUL"),
    "deep nesting": (b'{"n":1}\n{"n":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "line 2: the JSON is nested too deeply"),
    "truncated gzip": (gzip.compress(b'{"n":1}\n' * 10_000)[:-20], "the gzip data is broken or ends here"),
    "names in two cases": (b'{"n":1,"N":2}\n', "differ in case only"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_of_a_broken_file_nothing_is_stored(store: Store, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_batches, "MOST_ROWS", 1)
    data, message = BROKEN[name]
    path = tmp_path / "broken.log"
    path.write_bytes(data)
    with pytest.raises(kqlog.QueryError, match=message):
        ingest_file(store, "B_CL", path, format_="jsonl")
    assert "B_CL" not in kqlog.connect(store.root).tables


@pytest.mark.parametrize(
    ("format_", "text", "message"),
    [
        ("csv", "a,b\n1\n", "line 2: 1 values under 2 names"),
        ("csv", 'a,b\n1,"x\n', "line 2: the file ends inside of quotes"),
        ("csv", "a,A\n1,2\n", "line 1: the first line does not name every column"),
        ("iis", "10:00:00 GET\n", "line 1: no '#Fields:'"),
        ("iis", "#Fields: time cs-method\n10:00:00\n", "line 2: 1 values under 2 fields"),
        ("access", "hello\n", "line 1: not in the common or combined format"),
        ("access", 'a - - [31/Feb/2026:10:00:00 +0000] "-" 200 1\n', "line 1: there is no such time"),
        ("counters", '"03/01/2026 10:00:00.500","1"\n', "line 1: no line beginning with"),
        ("evtx", '{"Event":{}}\n', "line 1: not an event"),
        ("json", '[{"n":1},{"n":]', "item 2: not JSON"),
        ("json", "[1]", "item 1: not a JSON object"),
        ("resource-logs", '{\n"rows":[]}', "there is no 'records'"),
        ("parquet", "PAR1 no", "not Parquet"),
    ],
)
def test_what_is_not_of_its_format_is_said_with_the_place(
    store: Store, tmp_path: Path, format_: str, text: str, message: str
) -> None:
    with pytest.raises(kqlog.QueryError, match=message):
        ingest_file(store, "X_CL", written(tmp_path, "x", text), format_=format_)


def test_what_cannot_be_told_apart_wants_a_format(store: Store, tmp_path: Path) -> None:
    with pytest.raises(kqlog.QueryError, match="cannot tell the format"):
        ingest_file(store, "X_CL", written(tmp_path, "x.txt", "a,b\n1,2\n"))
    with pytest.raises(kqlog.QueryError, match="name one"):
        ingest_file(store, None, written(tmp_path, "x.jsonl", '{"a":1}\n'))


# ------------------------------------------------------------------------------------------------------------ each row once


def test_a_file_is_stored_once(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"n":1}\n')
    ingest_file(store, "T_CL", path)
    assert "1 of 1 were stored before" in ingest_file(Store(store.root), "T_CL", path)
    assert rows(store, "T_CL | count") == [["1"]]


def test_an_interrupted_file_goes_on_where_it_stopped(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a.jsonl", "".join(f'{{"n":{n}}}\n' for n in range(10)))
    monkeypatch.setattr(file_batches, "MOST_ROWS", 3)
    shaped, calls = files.shaped_rows, []

    def interrupted(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return shaped(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "shaped_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest_file(store, "T_CL", path)
    assert rows(store, "T_CL | count") == [["6"]]
    monkeypatch.setattr(file_batches, "MOST_ROWS", 4)
    assert "4 rows in T_CL" in ingest_file(store, "T_CL", path)
    assert rows(store, "T_CL | summarize count(), sum(n)") == [["10", "45"]]


def test_the_types_of_a_file_are_those_of_all_of_it(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_batches, "MOST_ROWS", 2)
    for name in ("t.jsonl", "t.csv"):
        text = "n\n1\n2\n3\n4.5\n" if name.endswith("csv") else '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4.5}\n'
        table = f"T_{name[2:]}_CL"
        ingest_file(store, table, written(tmp_path, name, text))
        assert rows(store, f"{table} | summarize sum(n)") == [["10.5"]]


def test_a_transformation_and_what_is_lost(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path, "p.csv", "CounterValue,Mood,Skip\n1.5,good,0\nhigh,bad,0\n3,bad,1\n")
    told = ingest_file(store, "Perf", path, transform="source | where Skip == 0 | project-away Skip")
    assert told.endswith(
        "2 rows in Perf (1 of 3 were stored before or are not wanted); 1 values of CounterValue could not be read; "
        "left out Mood, which Perf does not have"
    )
