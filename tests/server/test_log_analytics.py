"""Azure Monitor's query API, asked by its own client as it is."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.monitor.query import LogsBatchQuery, LogsQueryClient, LogsQueryStatus
from azure.monitor.query.aio import LogsQueryClient as AsyncLogsQueryClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kqlog.store.store import Store

KEY = AzureKeyCredential("token")


def policy():
    return AzureKeyCredentialPolicy(KEY, "Authorization", prefix="Bearer")


@pytest.fixture(scope="module")
def workspace(server):
    rows = [
        {"Computer": f"web-{at}", "TimeGenerated": f"2024-05-0{at}T12:00:00Z", "_ResourceId": f"/subscriptions/s/resourceGroups/g/providers/x/vm/vm{at}"}
        for at in (1, 2, 3)
    ]  # fmt: skip
    sent = httpx.post(
        f"{server.url}/dataCollectionRules/dcr-default/streams/Microsoft-Heartbeat?api-version=2023-01-01", json=rows, timeout=60
    )
    assert sent.status_code == 204, sent.text
    return Store(server.folder).workspace_id


@pytest.fixture(scope="module")
def client(server):
    with LogsQueryClient(KEY, endpoint=server.url, authentication_policy=policy(), retry_total=0) as client:
        yield client


def post(server, workspace, body=None, path="query", **more):
    return httpx.post(f"{server.url}/v1/workspaces/{workspace}/{path}", json=body, timeout=60, **more)


VALUES = """print text = '한글 "quoted" \\\\ \\n line', whole = int(-2147483648), long = 9223372036854775807, least = long(-9223372036854775808),
    real = 1.5e-300, nan = real(nan), plus = real(+inf), minus = real(-inf), exact = decimal(12345678901234567890.123456789),
    yes = true, moment = datetime(2024-01-02T03:04:05.6789012Z), length = timespan(-1.02:03:04.5678901), id = guid(74be27de-1e4e-49d9-b579-fe0b331d3642),
    bag = dynamic({'a': [1, {'b': null}], '키': '값'}), none = int(null), nothing = '', never = datetime(null), nobody = guid(null)"""


def test_all_types_of_values(client, workspace):
    table = client.query_workspace(workspace, VALUES, timespan=None).tables[0]
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert table.name == "PrimaryResult"
    assert table.columns_types == ["string", "int", "long", "long", "real", "real", "real", "real", "decimal", "bool", "datetime", "timespan",
        "guid", "dynamic", "int", "string", "datetime", "guid"]  # fmt: skip
    assert math.isnan(float(row.pop("nan")))
    assert row == {
        "text": '한글 "quoted" \\ \n line', "whole": -(2**31), "long": 2**63 - 1, "least": -(2**63), "real": 1.5e-300, "plus": "Infinity",
        "minus": "-Infinity", "exact": "12345678901234567890.123456789", "yes": True,
        "moment": datetime(2024, 1, 2, 3, 4, 5, 678901, UTC), "length": "-1.02:03:04.5678901", "id": "74be27de-1e4e-49d9-b579-fe0b331d3642",
        "bag": '{"a":[1,{"b":null}],"키":"값"}', "none": None, "nothing": "", "never": None, "nobody": "None",
    }  # fmt: skip


def test_the_seventh_digit_is_on_the_wire(server, workspace):
    answer = post(server, workspace, {"query": "print datetime(2024-01-02T03:04:05.6789012Z)"})
    assert answer.json()["tables"][0]["rows"] == [["2024-01-02T03:04:05.6789012Z"]]


TIMES = {
    "no limit": (None, 3),
    "a length up to now": (timedelta(days=1), 0),
    "a long one": (timedelta(days=36500), 3),
    "start and length": ((datetime(2024, 5, 2, tzinfo=UTC), timedelta(days=1)), 1),
    "start and end": ((datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC)), 2),
    "a fraction of a second": ((datetime(2024, 5, 1, 12, tzinfo=UTC), timedelta(milliseconds=1)), 1),
}


@pytest.mark.parametrize(("timespan", "count"), TIMES.values(), ids=TIMES)
def test_time_ranges(client, workspace, timespan, count):
    assert client.query_workspace(workspace, "Heartbeat | count", timespan=timespan).tables[0].rows[0][0] == count


def test_a_time_range_and_the_filter_of_the_query_hold_together(server, workspace):
    query = "Heartbeat | where TimeGenerated < datetime(2024-05-03) | count"
    body = {"query": query, "timespan": "2024-05-02/2024-06-01"}
    assert post(server, workspace, body).json()["tables"][0]["rows"] == [[1]]
    # The address limits it as well.
    for timespan in ("2024-05-01/P1D", "PT1H"):
        assert post(server, workspace, body, params={"timespan": timespan}).json()["tables"][0]["rows"] == [[0]]


def test_get(server, workspace):
    address = f"{server.url}/v1/workspaces/{workspace.upper()}/query"
    answer = httpx.get(
        address, params={"query": "Heartbeat | project Computer | sort by Computer asc", "timespan": "2024-05-01/2024-05-03"}
    )
    assert answer.json()["tables"][0]["rows"] == [["web-1"], ["web-2"]]


def test_statistics_and_render(client, workspace):
    query = "Heartbeat | summarize count() by Computer | render barchart with (title='Beats', kind=stacked)"
    found = client.query_workspace(
        workspace, query, timespan=None, include_statistics=True, include_visualization=True, server_timeout=30
    )
    assert (found.visualization["visualization"], found.visualization["title"], found.visualization["kind"]) == (
        "barchart",
        "Beats",
        "stacked",
    )
    assert found.statistics["query"]["executionTime"] > 0
    assert found.statistics["query"]["datasetStatistics"][0]["tableRowCount"] == 3
    without = client.query_workspace(workspace, query, timespan=None)
    assert (without.visualization, without.statistics) == (None, None)


def test_kustos_tables_for_older_tools(server, workspace):
    answer = post(server, workspace, {"query": "print 1 | render table"}, headers={"Prefer": "ai.response-thinning=false"}).json()
    assert (len(answer["Tables"]), answer["Tables"][0]["Rows"]) == (4, [[1]])
    assert [row[1] for row in answer["Tables"][-1]["Rows"]] == ["QueryResult", "QueryProperties", "QueryStatus"]


def test_several_results(client, workspace):
    tables = client.query_workspace(workspace, "print 1; Heartbeat | count", timespan=None).tables
    assert [(table.name, table.rows[0][0]) for table in tables] == [("PrimaryResult", 1), ("Table_1", 3)]


def test_no_rows_and_no_columns(client, workspace):
    assert client.query_workspace(workspace, "Heartbeat | where false", timespan=None).tables[0].rows == []


def test_more_rows_than_azure_gives_is_a_partial_answer(client, workspace):
    found = client.query_workspace(workspace, "range x from 1 to 500001 step 1", timespan=None)
    assert found.status == LogsQueryStatus.PARTIAL
    assert len(found.partial_data[0].rows) == 500_000
    assert "500,000" in str(found.partial_error.details)


def test_more_bytes_than_azure_gives_is_a_partial_answer(server, workspace):
    answer = post(server, workspace, {"query": "range x from 1 to 150000 step 1 | extend y = strrep('x', 1000)"}).json()
    assert answer["error"]["code"] == "PartialError"
    assert 60_000 < len(answer["tables"][0]["rows"]) < 150_000


def test_errors_are_those_of_azure(client, server, workspace):
    with pytest.raises(HttpResponseError) as raised:
        client.query_workspace(workspace, "Heartbeat | where Compute == 1", timespan=None)
    assert (raised.value.status_code, raised.value.error.code) == (400, "BadArgumentError")
    assert "did you mean 'Computer'?" in str(raised.value)
    error = post(server, workspace, {"query": "Heartbeat | wher"}).json()["error"]
    assert error["innererror"]["code"] == "SyntaxError"
    assert (error["innererror"]["innererror"]["line"], error["innererror"]["innererror"]["pos"]) == (1, 13)
    assert post(server, workspace, {"query": "let x = 1;"}).json()["error"]["innererror"]["code"] == "SyntaxError"


def test_an_error_after_the_first_rows_is_a_partial_error(server, workspace):
    query = "range x from 1 to 1000000 step 1 | extend y = todecimal(10000000000000000000) * todecimal(x) * todecimal(x)"
    answer = post(server, workspace, {"query": query})
    assert answer.status_code in (200, 400)
    assert answer.json()["error"]["code"] in ("PartialError", "BadArgumentError")


def test_a_query_that_takes_too_long_is_a_gateway_timeout(server, workspace):
    query = "range x from 1 to 100000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize dcount(y), max(y), take_any(y) by x % 1000"
    started = time.monotonic()
    answer = post(server, workspace, {"query": query}, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "GatewayTimeout")
    assert time.monotonic() - started < 20


def test_batch(client, workspace):
    requests = [
        LogsBatchQuery(workspace, "Heartbeat | count", timespan=None, include_statistics=True),
        LogsBatchQuery(workspace, "Nothing", timespan=timedelta(hours=1)),
        LogsBatchQuery("another", "print 1", timespan=None),
        LogsBatchQuery(workspace, "range x from 1 to 500001 step 1", timespan=None, server_timeout=60),
        LogsBatchQuery(workspace, "print 2", timespan=None, additional_workspaces=[workspace]),
    ]
    answers = client.query_batch(requests)
    assert [answer.status for answer in answers] == ["Success", "Failure", "Failure", "PartialError", "Success"]
    assert (answers[0].tables[0].rows[0][0], answers[4].tables[0].rows[0][0]) == (3, 2)
    assert answers[0].statistics is not None
    assert (answers[1].code, answers[2].code) == ("BadArgumentError", "FailedToResolveResource")


def test_the_asynchronous_client(server, workspace):
    async def ask():
        async with AsyncLogsQueryClient(KEY, endpoint=server.url, authentication_policy=policy()) as client:
            waiting = [client.query_workspace(workspace, f"print {at}", timespan=None) for at in range(8)]
            single = [found.tables[0].rows[0][0] for found in await asyncio.gather(*waiting)]
            batch = await client.query_batch([LogsBatchQuery(workspace, "print 1", timespan=None)])
            return single, batch[0].tables[0].rows[0][0]

    assert asyncio.run(ask()) == (list(range(8)), 1)


def test_a_credential_of_tokens_over_plain_http(server, workspace):
    class Credential:
        def get_token(self, *scopes, **options):
            assert scopes == (f"{server.url}/.default",)
            return AccessToken("token", int(time.time()) + 3600)

    client = LogsQueryClient(Credential(), endpoint=server.url)
    assert client.query_workspace(workspace, "print 1", timespan=None, enforce_https=False).tables[0].rows[0][0] == 1


RESOURCE = "/subscriptions/s/resourceGroups/g/providers/x/vm/vm2"


@pytest.mark.parametrize(("resource", "computers"), [(RESOURCE, ["web-2"]), (RESOURCE.upper(), ["web-2"]), ("/subscriptions/s", ["web-1", "web-2", "web-3"]),
    ("/subscriptions/s/resourceGroups/g/providers/x/vm/vm", []), ("/subscriptions/" + "%22%20or%20true", [])])  # fmt: skip
def test_what_a_workspace_has_of_a_resource(client, resource, computers):
    found = client.query_resource(resource, "Heartbeat | project Computer | sort by Computer asc", timespan=None)
    assert [row[0] for row in found.tables[0].rows] == computers


def test_the_workspace_as_a_resource(client, workspace):
    address = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/{workspace}"
    assert client.query_resource(address, "Heartbeat | count", timespan=None).tables[0].rows[0][0] == 3
    with pytest.raises(HttpResponseError):
        client.query_resource(address + "x", "Heartbeat | count", timespan=None)


def test_other_workspaces_are_refused(client, workspace):
    with pytest.raises(HttpResponseError) as raised:
        client.query_workspace(workspace, "Heartbeat", timespan=None, additional_workspaces=["another"])
    assert raised.value.error.code == "FailedToResolveResource"
    with pytest.raises(HttpResponseError):
        client.query_workspace(workspace, "workspace('another').Heartbeat", timespan=None)
    query = f"union Heartbeat, workspace('{workspace}').Heartbeat | count"
    assert client.query_workspace(workspace, query, timespan=None).tables[0].rows[0][0] == 6


def test_metadata(server, workspace):
    for method in ("GET", "POST"):
        found = httpx.request(method, f"{server.url}/v1/workspaces/{workspace}/metadata").json()
        table = next(table for table in found["tables"] if table["name"] == "Heartbeat")
        assert {"name": "Computer", "type": "string"} in table["columns"]
        assert found["workspaces"][0]["id"] == workspace


def test_whoever_hangs_up_ends_the_query(server, workspace):
    query = "range x from 1 to 1000000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize dcount(y), max(y)"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/v1/workspaces/{workspace}/query", json={"query": query}, timeout=1)
    until = time.monotonic() + 20
    while "kqlog_queries_running 0.0" not in httpx.get(f"{server.url}/metrics").text:
        assert time.monotonic() < until
        time.sleep(0.1)


BAD = {
    "no JSON": (b"{", {}),
    "nothing": (b"", {}),
    "no object": (b"[]", {}),
    "no query": (b"{}", {}),
    "an empty query": (b'{"query": ""}', {}),
    "a number": (b'{"query": 1}', {}),
    "a wrong timespan": (b'{"query": "print 1", "timespan": "soon"}', {}),
    "a timespan that is too long": (b'{"query": "print 1", "timespan": "P999999999999D"}', {}),
    "a timespan that ends before it starts": (b'{"query": "print 1", "timespan": "2024-05-02/2024-05-01"}', {}),
    "a timespan of a number": (b'{"query": "print 1", "timespan": 1}', {}),
    "workspaces that are none": (b'{"query": "print 1", "workspaces": "x"}', {}),
    "half a surrogate": (b'{"query": "print \'\\ud800\'"}', {}),
    "invalid UTF-8": (b'{"query": "print \'\xff\'"}', {}),
    "deep JSON": (b'{"query":' + b"[" * 100_000, {}),
    "a deep query": (b'{"query": "print ' + b"(" * 100_000 + b'"}', {}),
    "a long query": (b'{"query": "print \'' + b"x" * 10_000_000 + b"'\"}", {}),
    "no gzip": (b"x", {"Content-Encoding": "gzip"}),
    "NUL": (b'{"query": "print \\u0000"}', {}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "headers"), BAD.values(), ids=BAD)
def test_a_bad_body_is_refused(server, workspace, body, headers):
    answer = httpx.post(f"{server.url}/v1/workspaces/{workspace}/query", content=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) in ((400, "BadArgumentError"), (400, "InvalidPayload"))
    assert "x" * 1000 not in answer.text


@pytest.mark.parametrize(
    "body",
    [{}, {"requests": 1}, {"requests": [{}]}, {"requests": [{"id": "1", "workspace": "x"}] * 2}, {"requests": [{"id": 1, "workspace": "x"}]},
     {"requests": [{"id": str(at), "workspace": "x"} for at in range(101)]}],
)  # fmt: skip
def test_a_bad_batch_is_refused(server, body):
    assert httpx.post(f"{server.url}/v1/$batch", json=body).status_code == 400


def test_members_of_a_batch_that_are_wrong(server, workspace):
    members = [{"id": "path", "path": "/fakePath"}, {"id": "method", "method": "DELETE"}, {"id": "get", "path": "/query?query=print%201"},
        {"id": "nothing", "method": "POST", "body": None}, {"id": "number", "method": "POST", "body": {"query": 1}}]  # fmt: skip
    answer = httpx.post(
        f"{server.url}/v1/$batch", json={"requests": [{"workspace": workspace} | member for member in members]}
    ).json()
    assert {one["id"]: one["status"] for one in answer["responses"]} == {
        "path": 404,
        "method": 404,
        "get": 200,
        "nothing": 400,
        "number": 400,
    }


@pytest.mark.parametrize(
    "prefer",
    [
        "",
        ",",
        "wait",
        "wait=",
        "wait=x",
        "wait=-1",
        "wait=0",
        "wait=1e9",
        "wait=99999999999999",
        "=",
        "a=b=c",
        "wait=30;x, respond-async",
        "WAIT=5",
    ],
)
def test_odd_preferences_mean_nothing(server, workspace, prefer):
    assert post(server, workspace, {"query": "print 1"}, headers={"Prefer": prefer}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/workspaces/../../etc/passwd/query", "/v1/workspaces/%2e%2e/query", "/v1/workspaces/%00/query", "/v1/workspaces//query",
    "/v1/workspaces/a/b/query", "/../tokens.json", "/%2e%2e/tokens.json", "/v1/subscriptions/../../x/query", "//etc/passwd", "/docs/../tokens.json", "/v1/rest/../query"])  # fmt: skip
def test_tricks_with_paths_lead_nowhere(server, path):
    import http.client

    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request("GET", f"{path}?query=print%201")
    answer = connection.getresponse()
    assert answer.status in (200, 400, 404)
    assert b"workspace" not in (content := answer.read()) or b"error" in content or answer.status == 200
    assert b"root:" not in content
    connection.close()


def test_a_slow_query_does_not_hold_up_others(server, workspace):
    slow = threading.Thread(
        target=post,
        args=(
            server,
            workspace,
            {"query": "range x from 1 to 30000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize max(y)"},
        ),
    )
    slow.start()
    assert post(server, workspace, {"query": "print 1"}).status_code == 200
    assert slow.is_alive()
    slow.join()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(max_size=40),
    timespan=st.one_of(st.none(), st.text(max_size=20)),
    prefer=st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=20),
)
def test_no_text_makes_the_server_fail(server, workspace, query, timespan, prefer):
    answer = post(server, workspace, {"query": query, "timespan": timespan}, headers={"Prefer": prefer})
    assert answer.status_code in (200, 400), answer.text
