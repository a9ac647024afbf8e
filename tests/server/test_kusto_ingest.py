"""Kusto's streaming ingestion, with Azure's own client as the sender."""

from __future__ import annotations

import gzip
import io

import httpx
import pandas
import pytest
from azure.kusto.data import ClientRequestProperties, DataFormat, KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.exceptions import KustoApiError
from azure.kusto.ingest import IngestionProperties, KustoStreamingIngestClient


def send(url, table, text, format_=DataFormat.MULTIJSON):
    with KustoStreamingIngestClient(KustoConnectionStringBuilder(url)) as client:
        properties = IngestionProperties(database="logs", table=table, data_format=format_)
        client.ingest_from_stream(io.BytesIO(text), properties)


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (DataFormat.JSON, b'{"n": 1, "s": "x"}\n{"n": 2}\n'),
        (DataFormat.MULTIJSON, b'{"n": 1,\n "s": "x"}\n\n{"n":\n2}'),
        (DataFormat.MULTIJSON, b'[{"n": 1, "s": "x"}, {"n": 2}]'),
    ],
    ids=["lines", "sequence", "array"],
)
def test_json(server, request, format_, text):
    table = f"Json_{request.node.callspec.id}_CL"
    send(server.url, table, text, format_)
    assert server.query(f"{table} | project n, s | order by n asc") == [(1, "x"), (2, "")]


def test_values_by_position_fill_the_tables_own_columns(server):
    text = b'2026-03-01T10:00:00Z,Linux,"web-01, rack 2",CPU,% Used\n2026-03-01T11:00:00Z,,web-02,CPU,% Used\n'
    names = server.query(
        "Perf | getschema | where ColumnName !in ('TenantId', 'Type') and ColumnName !startswith '_' | take 3 | project ColumnName"
    )
    at = [name for (name,) in names]
    send(server.url, "Perf", text, DataFormat.CSV)
    assert server.query("Perf | count") == [(2,)]
    assert server.query(f"Perf | where {at[2]} has 'rack' | project {at[1]}") == [("Linux",)]


def test_a_data_frame(server):
    frame = pandas.DataFrame({"Host": ["a", "b"], "Ms": [1.5, None]})
    with KustoStreamingIngestClient(KustoConnectionStringBuilder(server.url)) as client:
        client.ingest_from_dataframe(frame, IngestionProperties(database="logs", table="Frame_CL"))
    assert server.query("Frame_CL | project Host, Ms | order by Host asc") == [("a", 1.5), ("b", None)]


def test_a_request_that_is_sent_again_is_stored_once(server):
    properties = ClientRequestProperties()
    properties.client_request_id = "ingest;1"
    with KustoClient(KustoConnectionStringBuilder(server.url)) as client:
        for body in (b'{"n": 1}', b'{"n": 1}', b'{"n": 2}'):
            client.execute_streaming_ingest(
                "logs", "Again_CL", io.BytesIO(gzip.compress(body, mtime=0)), None, "json", properties
            )
    assert server.query("Again_CL | summarize count(), sum(n)") == [(2, 3)]


def test_what_cannot_be_taken_is_an_error_of_kusto(server):
    with pytest.raises(KustoApiError, match="no table 'Nothing'"):
        send(server.url, "Nothing", b'{"n": 1}')
    with pytest.raises(KustoApiError, match="not JSON"):
        send(server.url, "Bad_CL", b'{"n": ')
    with pytest.raises(KustoApiError, match="format 'parquet' is not known"):
        send(server.url, "Bad_CL", b"PAR1", DataFormat.PARQUET)
    with pytest.raises(KustoApiError, match="no columns yet"):
        send(server.url, "Bad_CL", b"1,2", DataFormat.CSV)


def test_the_ids_of_a_request_come_back(server):
    headers = {"x-ms-client-request-id": "mine"}
    answer = httpx.post(f"{server.url}/v1/rest/ingest/logs/Ids_CL?streamFormat=json", content=b'{"n": 1}', headers=headers)
    assert answer.json()["Tables"][0]["Rows"][0][0] == 1
    assert answer.headers["x-ms-client-request-id"] == "mine"
