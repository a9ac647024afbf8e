"""The Logs Ingestion API, with Azure's own client as the sender."""

from __future__ import annotations

import gzip
import json
import signal
import time

import httpx
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.monitor.ingestion import LogsIngestionClient

RULE = {
    "immutableId": "dcr-shop",
    "properties": {
        "streamDeclarations": {
            "Custom-Shop": {
                "columns": [
                    {"name": "At", "type": "datetime"},
                    {"name": "Message", "type": "string"},
                    {"name": "Cents", "type": "int"},
                    {"name": "Context", "type": "dynamic"},
                    {"name": "Paid", "type": "boolean"},
                ]
            }
        },
        "dataFlows": [
            {
                "streams": ["Custom-Shop"],
                "transformKql": "source | where Cents > 0 | extend TimeGenerated = At, Euros = Cents / 100.0 | project-away Cents",
                "outputStream": "Custom-Sales_CL",
            },
            {
                "streams": ["Custom-Shop"],
                "transformKql": "source | where isempty(Message) | project TimeGenerated = At, Kind = 'silent'",
                "outputStream": "Custom-Problems_CL",
            },
        ],
    },
}


def client(url: str, token: str = "any") -> LogsIngestionClient:
    # Azure's own policy for tokens refuses plain HTTP.
    key = AzureKeyCredential(token)
    policy = AzureKeyCredentialPolicy(key, "Authorization", prefix="Bearer")
    return LogsIngestionClient(url, key, authentication_policy=policy, retry_total=0)


def test_rows_for_a_table_of_azure_monitor(server):
    rows = [
        {"TimeGenerated": f"2026-03-01T10:00:{at:02}.1234567Z", "Computer": "web-01", "SeverityLevel": "err"} for at in range(60)
    ]
    client(server.url).upload("dcr-default", "Microsoft-Syslog", rows)
    query = "Syslog | where Computer == 'web-01' | summarize count(), max(TimeGenerated) | extend t = tostring(max_TimeGenerated)"
    assert server.query(f"{query} | project count_, t") == [(60, "2026-03-01T10:00:59.1234567Z")]


def test_an_upload_of_several_requests_is_stored_once(server):
    rows = [{"n": at, "text": "x" * 1000} for at in range(3000)]
    for _ in range(2):
        client(server.url).upload("dcr-default", "Custom-Big_CL", rows, headers={"x-ms-client-request-id": "the-same-for-all"})
    assert server.query("Big_CL | summarize count(), dcount(n)") == [(3000, 3000)]


def test_values_of_all_kinds_find_a_type(server):
    sent = [
        {"whole": 1, "mixed": 1, "nested": {"a": [1]}, "wide": 2**63, "odd name": True, "none": None},
        {"whole": None, "mixed": "two", "nested": None, "wide": 1.5},
        {},
    ]
    client(server.url).upload("dcr-default", "Custom-Kinds_CL", sent)
    assert server.query("Kinds_CL | getschema | where ColumnName !has '_' or ColumnName == 'odd_name' | where DataType !has 'DateTime' | project ColumnName, ColumnType | where ColumnName !in ('TenantId', 'Type')") == [
        ("whole", "long"),
        ("mixed", "string"),
        ("nested", "dynamic"),
        ("wide", "real"),
        ("odd_name", "bool"),
    ]  # fmt: skip
    assert server.query("Kinds_CL | where isnotnull(whole) | project mixed, nested.a[0]") == [("1", 1)]
    assert server.query("Kinds_CL | count") == [(3,)]


def test_a_rule_declares_transforms_and_routes(guarded):
    (guarded.folder / "rules").mkdir()
    (guarded.folder / "rules" / "shop.json").write_text(json.dumps(RULE))
    (guarded.folder / "rules" / "broken.json").write_text(json.dumps(RULE).replace("Cents > 0", "Censt > 0"))
    guarded.stop()
    guarded.__init__(guarded.folder)
    rows = [
        {
            "At": "2026-03-01T10:00:00Z",
            "Message": "sold",
            "Cents": "1250",
            "Context": {"shop": 7},
            "Paid": "true",
            "Undeclared": 1,
        },
        {"At": "2026-03-01T11:00:00Z", "Cents": 0},
    ]
    client(guarded.url, "from-file").upload("dcr-shop", "Custom-Shop", rows)
    assert guarded.query("Sales_CL | project Message, Euros, Context.shop, Paid, gettype(Context)") == [
        ("sold", 12.5, 7, True, "dictionary")
    ]
    assert guarded.query("Problems_CL | project Kind, hourofday(TimeGenerated)") == [("silent", 11)]
    broken = httpx.get(f"{guarded.url}/healthz").json()["brokenRules"]
    assert list(broken) == ["broken.json"]
    assert "no column named 'Censt'" in broken["broken.json"]


def test_a_rule_that_changes_while_the_server_runs(guarded):
    file, shop = guarded.folder / "rules" / "shop.json", client(guarded.url, "from-file")
    file.parent.mkdir()

    def changed(rule: str, seen) -> None:
        file.write_text(rule)
        until = time.monotonic() + 20
        while not seen(httpx.get(f"{guarded.url}/healthz").json()["brokenRules"]) and time.monotonic() < until:
            time.sleep(0.1)

    row = {"At": "2026-03-01T10:00:00Z", "Message": "sold", "Cents": 100}
    changed("{", lambda broken: "shop.json" in broken)
    with pytest.raises(ResourceNotFoundError, match=r"shop\.json cannot be used: it is no JSON"):
        shop.upload("dcr-shop", "Custom-Shop", [row])
    changed(json.dumps(RULE), lambda broken: not broken)
    shop.upload("dcr-shop", "Custom-Shop", [row])
    changed(json.dumps(RULE).replace("Cents > 0", "Censt > 0"), lambda broken: "shop.json" in broken)
    shop.upload("dcr-shop", "Custom-Shop", [row])
    assert guarded.query("Sales_CL | count") == [(2,)]
    assert guarded.stop() in (0, -signal.SIGTERM)
    assert [line for line in guarded.log if "shop.json cannot be used" in line]
    told = guarded.query("_LogOperation | project Operation, Level, Detail | order by Detail asc")
    assert [(operation, level) for operation, level, _ in told] == [("Data collection rule", "Error")] * 2
    assert "no column named 'Censt'" in told[1][2]


def test_what_is_not_there_is_not_found(server):
    for rule, stream, reason in [
        ("dcr-nowhere", "Microsoft-Syslog", "no data collection rule 'dcr-nowhere'"),
        ("dcr-default", "Microsoft-Nothing", "no table 'Nothing'"),
        ("dcr-default", "Syslog", "'Syslog' is no stream"),
    ]:
        with pytest.raises(ResourceNotFoundError, match=reason):
            client(server.url).upload(rule, stream, [{"a": 1}])


def test_a_token_is_wanted(guarded):
    for token in ("from-file", "from-environment", "another"):
        client(guarded.url, token).upload("dcr-default", "Custom-T_CL", [{"token": token}])
    for token in ("wrong", "from-file2"):
        with pytest.raises(HttpResponseError) as refused:
            client(guarded.url, token).upload("dcr-default", "Custom-T_CL", [{"token": token}])
        assert refused.value.status_code == 401
    assert guarded.query("T_CL | count") == [(3,)]


def test_gzip_and_none(server):
    url = f"{server.url}/dataCollectionRules/dcr-default/streams/Custom-Zip_CL?api-version=2023-01-01"
    body = json.dumps([{"n": 1}]).encode()
    two = gzip.compress(body[:5]) + gzip.compress(body[5:])
    for content, headers in [
        (body, {}),
        (gzip.compress(body), {"Content-Encoding": "gzip"}),
        (two, {"Content-Encoding": "gzip"}),
    ]:
        assert httpx.post(url, content=content, headers=headers).status_code == 204
    assert server.query("Zip_CL | summarize sum(n)") == [(3,)]
