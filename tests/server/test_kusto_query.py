"""Kusto's REST protocol for queries, with Azure's own client."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pandas
import pytest
from azure.kusto.data import ClientRequestProperties, KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.aio import KustoClient as AsyncKustoClient
from azure.kusto.data.exceptions import KustoApiError, KustoMultiApiError, KustoServiceError
from azure.kusto.data.helpers import dataframe_from_result_table

DATABASE = "NetDefaultDB"
ALL_TYPES = """
datatable(b: bool, i: int, l: long, r: real, d: decimal, s: string, t: datetime, p: timespan, g: guid, y: dynamic) [
    true, -5, 9223372036854775807, 0.1, decimal(1.50), '한글 "q" \\n\\t\\\\', datetime(2024-01-02 03:04:05.6789012),
        time(1.02:03:04.0000005), guid(74be27de-1e4e-49d9-b579-fe0b331d3642), dynamic({"a": [1, {"b": "한"}], "c": null}),
    bool(null), int(null), long(null), real(nan), decimal(null), "", datetime(null), timespan(null), guid(null), dynamic(null),
    false, -2147483648, -9223372036854775807, real(+inf), decimal(-0.000000001), '\\u0001\\u2028', datetime(0001-01-01),
        -1tick, guid(00000000-0000-0000-0000-000000000000), dynamic("x"),
    false, 0, 0, real(-inf), decimal(0), "a", datetime(9999-12-31 23:59:59.9999999), 0s, guid(null), dynamic([1.0, 1e300])
]
"""


@pytest.fixture(scope="module")
def client(server):
    with KustoClient(KustoConnectionStringBuilder(server.url)) as made:
        yield made


def raw(server, text, version=2, **properties):
    path = {0: "v1/rest/mgmt", 1: "v1/rest/query", 2: "v2/rest/query"}[version]
    body = {"db": DATABASE, "csl": text, "properties": {"Options": properties}}
    return httpx.post(f"{server.url}/{path}", json=body, timeout=60)


def test_a_query(client):
    answer = client.execute_query(DATABASE, "print x = 1, s = 'a'")
    assert [list(row) for row in answer.primary_results[0]] == [[1, "a"]]
    assert answer.errors_count == 0


def test_all_types_come_back_exactly(client):
    table = client.execute_query(DATABASE, ALL_TYPES).primary_results[0]
    first, nulls, low, high = (list(row) for row in table)
    assert [column.column_type for column in table.columns] == [
        "bool",
        "int",
        "long",
        "real",
        "decimal",
        "string",
        "datetime",
        "timespan",
        "guid",
        "dynamic",
    ]
    assert first[:6] == [True, -5, 2**63 - 1, 0.1, Decimal("1.5"), '한글 "q" \n\t\\']
    assert first[6:] == [
        datetime(2024, 1, 2, 3, 4, 5, 678901, UTC),
        timedelta(days=1, hours=2, minutes=3, seconds=4),
        "74be27de-1e4e-49d9-b579-fe0b331d3642",
        {"a": [1, {"b": "한"}], "c": None},
    ]
    assert nulls == [None, None, None, "NaN", None, "", None, None, None, None]
    assert low[:7] == [False, -(2**31), -(2**63) + 1, "Infinity", Decimal("-1e-9"), "\x01\u2028", datetime(1, 1, 1, tzinfo=UTC)]
    assert low[9] == "x"
    assert high[3] == "-Infinity"
    assert high[9] == [1.0, 1e300]
    assert [row[6] for row in table.raw_rows] == [
        "2024-01-02T03:04:05.6789012Z",
        None,
        "0001-01-01T00:00:00.0000000Z",
        "9999-12-31T23:59:59.9999999Z",
    ]
    assert [row[7] for row in table.raw_rows] == ["1.02:03:04.0000005", None, "-00:00:00.0000001", "00:00:00"]


def test_a_data_frame_keeps_100_ns(client):
    text = "print t = datetime(2024-01-02 03:04:05.6789012), p = 1d + 1tick, r = real(nan), l = 9223372036854775807"
    frame = dataframe_from_result_table(client.execute_query(DATABASE, text).primary_results[0])
    assert frame.t[0] == pandas.Timestamp("2024-01-02 03:04:05.678901200", tz="UTC")
    assert frame.p[0] == pandas.Timedelta(days=1, nanoseconds=100)
    assert pandas.isna(frame.r[0])
    assert frame.l[0] == 2**63 - 1


def test_streaming(client):
    answer = client.execute_streaming_query(DATABASE, "range x from 1 to 20000 step 1 | extend s = strcat('row ', x); print 2")
    one, two = ([list(row) for row in table] for table in answer.iter_primary_results())
    assert one == [[x, f"row {x}"] for x in range(1, 20001)]
    assert two == [[2]]


def test_streaming_of_all_types(client):
    tables = client.execute_streaming_query(DATABASE, ALL_TYPES).iter_primary_results()
    streamed = [list(row) for row in next(tables)]
    assert streamed == [list(row) for row in client.execute_query(DATABASE, ALL_TYPES).primary_results[0]]


def test_async(server):
    async def ask():
        async with AsyncKustoClient(KustoConnectionStringBuilder(server.url)) as client:
            answers = await asyncio.gather(*[client.execute(DATABASE, f"print {number}") for number in range(20)])
            streamed = await client.execute_streaming_query(DATABASE, "range x from 1 to 3 step 1")
            rows = [list(row) async for table in streamed.iter_primary_results() async for row in table]
            return [answer.primary_results[0][0][0] for answer in answers], rows

    assert asyncio.run(ask()) == (list(range(20)), [[1], [2], [3]])


def test_errors_before_the_first_row(client):
    with pytest.raises(KustoApiError) as semantic:
        client.execute(DATABASE, "print foo")
    error = semantic.value.get_api_error()
    assert semantic.value.is_semantic_error()
    assert (error.code, error.permanent) == ("General_BadRequest", True)
    assert "no column named 'foo'" in error.description
    with pytest.raises(KustoApiError, match=r"Syntax error: .*line:position=1:9"):
        client.execute(DATABASE, "print 1 |")
    with pytest.raises(KustoApiError, match="no database 'Other'"):
        client.execute("Other", "print 1")
    with pytest.raises(KustoApiError, match="a caller of a server reads tables"):
        client.execute(DATABASE, 'externaldata(l: string) ["kqlog.json"] with (format = "txt")')


def test_errors_after_the_first_row(client, server):
    text = "set truncationmaxrecords = 10; range x from 1 to 11 step 1"
    with pytest.raises(KustoMultiApiError, match="more than 10 rows"):
        client.execute(DATABASE, text)
    with pytest.raises(KustoMultiApiError, match="more than 10 rows"):
        list(next(client.execute_streaming_query(DATABASE, text).iter_primary_results()))
    deferred = ClientRequestProperties()
    deferred.set_option("deferpartialqueryfailures", True)
    answer = client.execute(DATABASE, text, deferred)
    assert (answer.errors_count, len(answer.primary_results[0])) == (1, 10)
    assert "more than 10 rows" in answer.get_exceptions()[0]
    last = raw(server, text).json()[-1]
    assert (last["FrameType"], last["HasErrors"]) == ("DataSetCompletion", True)
    assert "more than 10 rows" in last["OneApiErrors"][0]["error"]["@message"]
    assert "more than 10 rows" in raw(server, text, version=1).json()["Exceptions"][0]


def test_the_engine_fails_after_the_first_row(server):
    text = "set notruncation; range x from 1 to 1500000 step 1 | extend y = todecimal(iff(x == 1490000, 1e30, 1.0)) | where y > 0"
    answer = raw(server, text)
    *rows, error = answer.json()[2]["Rows"]
    assert (answer.status_code, rows[0]) == (200, [1, "1"])
    assert "overflow" in error["OneApiErrors"][0]["error"]["@message"]


def test_truncation(client):
    properties = ClientRequestProperties()
    properties.set_option("truncationmaxrecords", 10)
    with pytest.raises(KustoMultiApiError, match="more than 10 rows"):
        client.execute(DATABASE, "range x from 1 to 11 step 1", properties)
    assert len(client.execute(DATABASE, "range x from 1 to 10 step 1", properties).primary_results[0]) == 10
    with pytest.raises(KustoMultiApiError, match="more than 500,000 rows"):
        client.execute(DATABASE, "range x from 1 to 500001 step 1")
    assert len(client.execute(DATABASE, "set notruncation; range x from 1 to 500001 step 1").primary_results[0]) == 500_001
    with pytest.raises(KustoMultiApiError, match="more than 3 rows"):
        client.execute(DATABASE, "set truncationmaxrecords = 3; range x from 1 to 11 step 1")


@pytest.mark.parametrize("timeout", [timedelta(milliseconds=200), "00:00:00.2", "200ms", "time(0.00:00:00.2)"])
def test_timeouts(client, server, timeout):
    properties = ClientRequestProperties()
    properties.set_option("servertimeout", timeout)
    if isinstance(timeout, timedelta):
        started = time.monotonic()
        with pytest.raises(KustoApiError, match=r"longer than 0\.2 seconds"):
            client.execute(DATABASE, SLOW, properties)
        assert time.monotonic() - started < 5
        return
    answer = httpx.post(f"{server.url}/v2/rest/query", json={"db": "", "csl": SLOW, "properties": properties.to_json()})
    assert answer.status_code == 504


SLOW = "range a from 1 to 300000000 step 1 | extend b = a % 1000 | summarize dcount(strcat(a, b)), count() by b | count"


def test_parameters_and_options(client, server):
    text = """
    declare query_parameters(n: long, s: string, t: datetime, p: timespan, y: dynamic, g: guid, b: bool = true);
    print n, s, t, p, y, g, b, now()
    """
    properties = ClientRequestProperties()
    for name, value in {
        "n": "long(5)",
        "s": 'it\'s "text"',
        "t": "datetime(2024-01-02T03:04:05.6789012Z)",
        "p": "time(1.00:00:00)",
        "y": 'dynamic({"a": 1})',
        "g": "74be27de-1e4e-49d9-b579-fe0b331d3642",
    }.items():
        properties.set_parameter(name, value)
    properties.set_option("query_now", datetime(2020, 5, 6, tzinfo=UTC).isoformat())
    (row,) = client.execute(DATABASE, text, properties).primary_results[0].raw_rows
    assert row == [
        5,
        'it\'s "text"',
        "2024-01-02T03:04:05.6789012Z",
        "1.00:00:00",
        {"a": 1},
        "74be27de-1e4e-49d9-b579-fe0b331d3642",
        True,
        "2020-05-06T00:00:00.0000000Z",
    ]
    quoted = ClientRequestProperties()
    quoted.set_parameter("s", "'a\\'b'")
    assert client.execute(DATABASE, "declare query_parameters(s: string); print s", quoted).primary_results[0][0][0] == "a'b"
    answer = raw(server, "print 1", servertimeout="soon")
    assert (answer.status_code, "servertimeout" in answer.text) == (400, True)


def test_version_1(server):
    tables = raw(server, "print x = true, t = 1d | render table; print 2", version=1).json()["Tables"]
    assert [table["TableName"] for table in tables] == [f"Table_{number}" for number in range(5)]
    assert tables[0]["Columns"][0] == {"ColumnName": "x", "DataType": "SByte", "ColumnType": "bool"}
    assert tables[0]["Rows"] == [[True, "1.00:00:00"]]
    assert json.loads(tables[2]["Rows"][0][0])["Visualization"] == "table"
    assert [row[1:3] for row in tables[4]["Rows"]] == [
        ["QueryResult", "PrimaryResult"],
        ["QueryResult", "PrimaryResult"],
        ["QueryProperties", "@ExtendedProperties"],
        ["QueryStatus", "QueryStatus"],
    ]


def test_a_chart_is_told(server):
    frames = raw(server, "range x from 1 to 2 step 1 | render timechart with (title = 'a \"title\"')").json()
    assert frames[1]["TableName"] == "@ExtendedProperties"
    shown = json.loads(frames[1]["Rows"][0][2])
    assert (shown["Visualization"], shown["Title"]) == ("timechart", 'a "title"')


def test_progressive_frames(server):
    frames = raw(server, "range x from 1 to 250000 step 1", results_progressive_enabled=True).json()
    kinds = [frame["FrameType"] for frame in frames]
    assert frames[0]["IsProgressive"] is True
    assert kinds[2] == "TableHeader"
    rows = [row for frame in frames if frame["FrameType"] == "TableFragment" for row in frame["Rows"]]
    assert sorted(rows) == [[x] for x in range(1, 250_001)]
    assert next(frame for frame in frames if frame["FrameType"] == "TableCompletion")["RowCount"] == 250_000


def test_frames_are_as_streaming_clients_want_them(server):
    for frame in json.loads(raw(server, "print 1").content, object_pairs_hook=list):
        keys = [key for key, _ in frame]
        assert keys[0] == "FrameType"
        assert "Rows" not in keys[:-1]


def test_the_probe_of_kqlmagic(server):
    answer = raw(server, "range c from 1 to 10 step 1 | count", version=1)
    assert answer.json()["Tables"][0]["Rows"] == [[10]]


def test_ids_come_back(server):
    body = {"db": DATABASE, "csl": "print 1"}
    answer = httpx.post(f"{server.url}/v2/rest/query", json=body, headers={"x-ms-client-request-id": "mine;1"})
    assert answer.headers["x-ms-client-request-id"] == "mine;1"
    assert len(answer.headers["x-ms-activity-id"]) == 36
    info = next(frame for frame in answer.json() if frame.get("TableKind") == "QueryCompletionInformation")
    assert info["Rows"][0][1] == "mine;1"


def test_a_slow_query_blocks_no_fast_one_and_is_cancelled(client, server):
    properties = ClientRequestProperties()
    properties.client_request_id = "slow;1"
    errors = []

    def slow():
        with KustoClient(KustoConnectionStringBuilder(server.url)) as own, pytest.raises(KustoServiceError) as raised:
            own.execute(DATABASE, SLOW, properties)
        errors.append(str(raised.value))

    running = [threading.Thread(target=slow) for _ in range(3)]
    for thread in running:
        thread.start()
    wait_for(client, 3)
    started = time.monotonic()
    assert client.execute(DATABASE, "print 1").primary_results[0][0][0] == 1
    assert time.monotonic() - started < 2
    cancelled = client.execute_mgmt(DATABASE, ".cancel query 'slow;1'").primary_results[0]
    started = time.monotonic()
    for thread in running:
        thread.join()
    assert time.monotonic() - started < 2
    assert [list(row) for row in cancelled] == [["slow;1", "", True]] * 3
    assert all("cancelled" in error for error in errors)


def test_who_hangs_up_ends_the_query(client, server):
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/v2/rest/query", json={"db": "", "csl": SLOW}, timeout=0.5)
    wait_for(client, 0)


def test_who_hangs_up_while_rows_come_ends_the_query(client, server):
    text = "set notruncation; range x from 1 to 100000000 step 1 | extend s = strcat('a long text that fills buffers ', x)"
    with httpx.stream("POST", f"{server.url}/v2/rest/query", json={"db": "", "csl": text}, timeout=30) as answer:
        next(answer.iter_bytes())
    wait_for(client, 0)


@pytest.mark.parametrize("rows", [1_500_000, pytest.param(10_000_000, marks=pytest.mark.heavy)])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to read a process's memory from")
def test_an_answer_of_any_size_takes_the_same_memory(server, rows):
    text = f"set notruncation; range x from 1 to {rows} step 1 | extend s = strcat('row ', x), t = datetime(2026-01-01) + x * 1s"
    status = Path(f"/proc/{server.process.pid}/status")

    def memory():
        return int(status.read_text().partition("VmRSS:")[2].split()[0]) * 1024

    body = {"db": "", "csl": text}
    size, before, seen = 0, memory(), []
    with httpx.stream("POST", f"{server.url}/v2/rest/query", json=body, timeout=120) as answer:
        for chunk in answer.iter_raw():
            size += len(chunk)
            seen.append(memory())
    assert size > 50 * rows
    assert max(seen) - before < 150 * 2**20


def wait_for(client, count):
    """Wait until so many queries run that are slow."""
    until = time.monotonic() + 20
    text = ".show queries | where Text has 'range' and Text !has 'show' | count"
    while client.execute_mgmt(DATABASE, text).primary_results[0][0][0] != count:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_bad_bodies_are_errors_of_kusto(server):
    for body in (
        b"",
        b"{",
        b"[]",
        b'{"db": 1, "csl": "print 1"}',
        b'{"db": "x"}',
        b'{"csl": "print 1", "properties": "{"}',
        b"\xff",
    ):
        answer = httpx.post(f"{server.url}/v2/rest/query", content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["@permanent"] is True


def test_metadata_for_credentials(server):
    assert "LoginEndpoint" in httpx.get(f"{server.url}/v1/rest/auth/metadata").json()["AzureAD"]


def test_tokens(guarded):
    def ask(token):
        builder = KustoConnectionStringBuilder.with_aad_application_token_authentication(guarded.url, token)
        with KustoClient(builder) as client:
            return client.execute(DATABASE, "print 1").primary_results[0][0][0]

    assert ask("from-file") == 1
    with pytest.raises(KustoServiceError, match="401"):
        ask("wrong")
