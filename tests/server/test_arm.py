"""Saved searches and data collection rules, managed by Azure's own clients as they are."""

from __future__ import annotations

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.loganalytics import LogAnalyticsManagementClient
from azure.mgmt.monitor import MonitorManagementClient

from kqlog.store.store import Store

PLACE = ("group", "workspace")


class Credential:
    def get_token(self, *scopes, **options):
        return AccessToken("token", 2**40)


@pytest.fixture(scope="module")
def searches(server):
    client = LogAnalyticsManagementClient(
        Credential(), "subscription", base_url=server.url, authentication_policy=SansIOHTTPPolicy(), retry_total=0
    )
    with client:
        yield client.saved_searches


@pytest.fixture(scope="module")
def rules(server):
    client = MonitorManagementClient(
        Credential(), "subscription", base_url=server.url, authentication_policy=SansIOHTTPPolicy(), retry_total=0
    )
    with client:
        yield client.data_collection_rules


def search(query, **more):
    return {"properties": {"category": "Health", "displayName": "Who is there", "query": query, "version": 2, **more}}


def test_a_saved_search_is_a_function(server, searches):
    made = searches.create_or_update(
        *PLACE, "beats-1", search("range x from 1 to n step 1", functionAlias="Beats", functionParameters="n: long = 3")
    )
    assert (made.name, made.properties.function_alias, made.properties.query) == (
        "beats-1",
        "Beats",
        "range x from 1 to n step 1\n",
    )
    assert made.properties.function_parameters == "n: long = 3"
    workspace = Store(server.folder).workspace_id
    answer = httpx.post(f"{server.url}/v1/workspaces/{workspace}/query", json={"query": "Beats(2) | count"}, timeout=60)
    assert answer.json()["tables"][0]["rows"] == [[2]]
    assert [one.name for one in searches.list_by_workspace(*PLACE).value] == ["beats-1"]
    changed = searches.create_or_update(*PLACE, "beats-1", search("print 1", functionAlias="Renamed"))
    assert (changed.properties.function_alias, changed.properties.display_name) == ("Renamed", "Who is there")
    assert searches.get(*PLACE, "beats-1").properties.query == "print 1\n"
    searches.delete(*PLACE, "beats-1")
    with pytest.raises(ResourceNotFoundError):
        searches.get(*PLACE, "beats-1")
    searches.delete(*PLACE, "beats-1")


@pytest.mark.parametrize(
    "sent",
    [
        search("prin 1"),
        search("print 1", functionAlias="../x"),
        search("print 1", functionAlias="strlen"),
        {"properties": {}},
        {},
        search("print 1", functionParameters="n: long); T; ("),
    ],
)
def test_a_search_that_is_wrong_is_refused(server, searches, sent):
    with pytest.raises(HttpResponseError) as raised:
        searches.create_or_update(*PLACE, "wrong", sent)
    assert raised.value.status_code == 400
    assert list(searches.list_by_workspace(*PLACE).value) == []


def test_two_searches_do_not_share_a_name(searches):
    searches.create_or_update(*PLACE, "one", search("print 1", functionAlias="Shared"))
    with pytest.raises(HttpResponseError) as raised:
        searches.create_or_update(*PLACE, "two", search("print 2", functionAlias="Shared"))
    assert raised.value.status_code == 409
    searches.delete(*PLACE, "one")


RULE = {
    "location": "local",
    "properties": {
        "streamDeclarations": {"Custom-Paid": {"columns": [{"name": "cents", "type": "int"}]}},
        "dataFlows": [
            {
                "streams": ["Custom-Paid"],
                "outputStream": "Custom-Paid_CL",
                "transformKql": "source | extend euros = cents / 100.0",
            }
        ],
    },
}


def test_a_data_collection_rule_acts_at_once(server, rules):
    made = rules.create("group", "paid", RULE)
    assert made.immutable_id.startswith("dcr-")
    assert [rule.name for rule in rules.list_by_resource_group("group")] == ["paid"]
    assert rules.get("group", "paid").data_flows[0].output_stream == "Custom-Paid_CL"
    assert rules.create("group", "paid", RULE).immutable_id == made.immutable_id
    address = f"{server.url}/dataCollectionRules/{made.immutable_id}/streams/Custom-Paid?api-version=2023-01-01"
    for _ in range(50):
        sent = httpx.post(address, json=[{"cents": 250}], timeout=60)
        if sent.status_code == 204:
            break
    assert sent.status_code == 204
    assert server.query("Paid_CL | project euros | take 1") == [(2.5,)]
    rules.delete("group", "paid")
    with pytest.raises(ResourceNotFoundError):
        rules.get("group", "paid")


@pytest.mark.parametrize("name", ["..", "%2e%2e%2ftokens", ".hidden", "x" * 200])
def test_a_rule_that_is_wrong_is_refused(server, rules, name):
    with pytest.raises(HttpResponseError):
        rules.create(
            "group", "bad", RULE | {"properties": {"dataFlows": [{"streams": ["Custom-Paid"], "transformKql": "nothing |"}]}}
        )
    answer = httpx.put(
        f"{server.url}/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/{name}", json=RULE
    )
    assert answer.status_code in (400, 404, 405)
    assert not list((server.folder / "rules").glob("*"))
