"""Alert rules and action groups, managed by Azure's own client as it is, on a server whose clock the test moves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.monitor import MonitorManagementClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from receiver import Receiver, until

import kqlog
from kqlog.alerts.schedule import Scheduler, scheduler_of
from kqlog.alerts.windows import MINUTE, moment
from kqlog.errors import QueryError
from kqlog.server.access import Access, read_access
from kqlog.server.app import application
from kqlog.store.store import Store, create
from kqlog.store.tokens import Role
from kqlog.store.tokens import create as create_token

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights"
HEARTBEATS = "/dataCollectionRules/dcr-default/streams/Microsoft-Heartbeat?api-version=2023-01-01"


class Running:
    """A server in this process. `now` is what time its rules think it is."""

    def __init__(self, store: Store, access: Access) -> None:
        self.folder, self.now = store.root, moment(NOON)
        self.alerts = scheduler_of(store.root).alerts
        alerts = Scheduler(self.alerts, lambda: self.now, 0.02)
        self._server = uvicorn.Server(uvicorn.Config(application(store, access, alerts), port=0, log_level="error"))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def client(self, token: str = "token") -> MonitorManagementClient:
        return MonitorManagementClient(
            Credential(token), "s", base_url=self.url, authentication_policy=Bearer(token), retry_total=0
        )

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


class Credential:
    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *scopes, **options):
        return AccessToken(self.token, 2**40)


class Bearer(SansIOHTTPPolicy):
    """Azure's own policy sends no token without TLS."""

    def __init__(self, token: str) -> None:
        self.token = token

    def on_request(self, request) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    store = create(tmp_path_factory.mktemp("arm") / "logs")
    running = Running(store, Access(store, open=True))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(server) -> Iterator[MonitorManagementClient]:
    with server.client() as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def log_rule(query: str = "Heartbeat | where Computer == 'down'", groups: tuple[str, ...] = (), **more) -> dict:
    condition = {"query": query, "timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0}
    times = {"evaluationFrequency": "PT1M", "windowSize": "PT1M"}
    properties = {"severity": 1, "enabled": True, "scopes": ["/subscriptions/s"], **times, "criteria": {"allOf": [condition]}}
    return {
        "location": "westeurope",
        "tags": {"team": "ops"},
        "properties": properties | {"actions": {"actionGroups": list(groups)}} | more,
    }


METRIC = {
    "location": "global",
    "properties": {
        "severity": 2,
        "enabled": True,
        "scopes": ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/one"],
        "evaluationFrequency": "PT1M",
        "windowSize": "PT5M",
        "criteria": {
            "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            "allOf": [
                {
                    "criterionType": "StaticThresholdCriterion",
                    "name": "slow",
                    "metricName": "ResponseTime",
                    "operator": "GreaterThan",
                    "threshold": 4,
                    "timeAggregation": "Average",
                }
            ],
        },
    },
}
ACTIVITY = {
    "location": "global",
    "properties": {
        "scopes": ["/subscriptions/s"],
        "condition": {"allOf": [{"field": "category", "equals": "Administrative"}]},
        "actions": {"actionGroups": []},
    },
}
HOOK = {"name": "hook", "serviceUri": "http://127.0.0.1:9/", "useCommonAlertSchema": True}


def group(*hooks: dict, **more) -> dict:
    properties = {"groupShortName": "ops", "enabled": True, "webhookReceivers": list(hooks or (HOOK,))}
    return {"location": "global", "properties": properties | more}


def told_by(receiver: Receiver) -> dict:
    return json.loads(receiver.requests[-1][1])["data"]["essentials"]


def test_a_rule_fires_and_tells_its_group_until_it_is_deleted(server, client, receiver):
    told = client.action_groups.create_or_update("g", "on call", group(HOOK | {"serviceUri": receiver.url}))
    client.scheduled_query_rules.create_or_update("g", "Machine is down", log_rule(groups=(told.id,)))
    row = {"TimeGenerated": NOON.isoformat(), "Computer": "down"}
    assert httpx.post(server.url + HEARTBEATS, json=[row], timeout=60).status_code == 204

    # The rule begins with the window that ends after it came.
    server.now += MINUTE
    until(lambda: server.alerts.progress.get("Machine is down") is not None)
    server.now += MINUTE
    until(lambda: receiver.requests)
    essentials = told_by(receiver)
    assert (essentials["alertRule"], essentials["monitorCondition"], essentials["severity"]) == (
        "Machine is down",
        "Fired",
        "Sev1",
    )
    client.scheduled_query_rules.delete("g", "Machine is down")
    server.now += MINUTE
    until(lambda: len(receiver.requests) > 1)
    assert told_by(receiver)["monitorCondition"] == "Resolved"
    assert list(client.scheduled_query_rules.list_by_resource_group("g")) == []
    client.action_groups.delete("g", "on call")


def test_a_log_rule_is_what_was_put(server, client):
    rules = client.scheduled_query_rules
    query = "['Heartbeat'] | where Computer == '\u2028\x85é한\"😀' or dynamic([1])[0] == 2 or dynamic(['x'])[0] == Computer\n"
    made = rules.create_or_update("g", "cpu", log_rule(query, description="[concat('a', 'b')]", displayName="[[x"))
    found = rules.get("g", "CPU")
    assert found.as_dict() == made.as_dict()
    assert (found.id, found.name, found.type) == (
        f"{GROUP}/scheduledQueryRules/cpu",
        "cpu",
        "Microsoft.Insights/scheduledQueryRules",
    )
    assert (found.criteria.all_of[0].query, found.description, found.display_name) == (query, "[concat('a', 'b')]", "[[x")
    assert (found.tags, found.location, found.is_legacy_log_analytics_rule) == ({"team": "ops"}, "westeurope", False)
    assert (
        [one.name for one in rules.list_by_subscription()] == [one.name for one in rules.list_by_resource_group("g")] == ["cpu"]
    )
    changed = rules.update("g", "cpu", {"tags": {"a": "b"}, "properties": {"enabled": False}})
    assert (changed.enabled, changed.tags, changed.criteria.all_of[0].query) == (False, {"a": "b"}, query)
    assert rules.get("g", "cpu").enabled is False
    rules.delete("g", "cpu")
    rules.delete("g", "cpu")
    with pytest.raises(ResourceNotFoundError):
        rules.get("g", "cpu")
    with pytest.raises(ResourceNotFoundError):
        rules.update("g", "cpu", {"properties": {"enabled": False}})


@pytest.mark.parametrize(
    ("operations", "listing", "sent", "part"),
    [
        ("metric_alerts", "list_by_subscription", METRIC, {"properties": {"severity": 4}}),
        ("activity_log_alerts", "list_by_subscription_id", ACTIVITY, {"properties": {"enabled": False}}),
        ("action_groups", "list_by_subscription_id", group(), {"properties": {"enabled": False}}),
    ],
)
def test_the_other_kinds(client, operations, listing, sent, part):
    kind = getattr(client, operations)
    made = kind.create_or_update("g", "one", sent)
    assert kind.create_or_update("g", "one", made).as_dict() == made.as_dict() == kind.get("g", "one").as_dict()
    assert [one.id for one in getattr(kind, listing)()] == [made.id]
    assert [one.name for one in kind.list_by_resource_group("g")] == ["one"]
    (name, value), *_ = part["properties"].items()
    assert getattr(kind.update("g", "one", part), name) == getattr(kind.get("g", "one"), name) == value
    kind.delete("g", "one")
    assert list(kind.list_by_resource_group("g")) == []


WRONG_RULES = {
    "a query that does not bind": log_rule("Heartbeat | where Nothing == 1"),
    "no query": log_rule(""),
    "no time": log_rule(evaluationFrequency="PT0S"),
    "a time before all": log_rule(windowSize="P900000D"),
    "half a minute": log_rule(windowSize="PT30S"),
    "no severity": log_rule(severity=9),
    "an unknown property": log_rule(sevrity=1),
    "periods beyond all": log_rule(
        criteria={"allOf": [{"query": "Heartbeat", "failingPeriods": {"numberOfEvaluationPeriods": "inf"}}]}
    ),
    "nothing": {},
    "a list": {"properties": []},
    "tags that are none": log_rule() | {"tags": [1]},
}


@pytest.mark.parametrize("wrong", WRONG_RULES)
def test_a_rule_that_is_wrong_is_refused(server, wrong):
    answer = httpx.put(f"{server.url}{GROUP}/scheduledQueryRules/wrong", json=WRONG_RULES[wrong])
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidPayload" and answer.json()["error"]["message"]
    assert not (server.folder / "alerts" / "wrong.json").exists()


BROKEN = [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 50_000, b'{"properties": {"a": "\\ud800"}}']
DEEP = [b'{"properties": {"a": ' + b"[" * depth + b"]" * depth + b"}}" for depth in (100, 400, 900, 3_000, 30_000)]


@pytest.mark.parametrize("body", [*BROKEN, *DEEP])
def test_a_body_that_is_broken_is_refused(server, body):
    for kind in ("scheduledQueryRules", "actionGroups"):
        answer = httpx.put(f"{server.url}{GROUP}/{kind}/broken", content=body)
        assert answer.status_code in (400, 413) and set(answer.json()["error"]) == {"code", "message"}


def test_a_query_may_wait_for_its_table_when_the_client_says_so(client):
    rules = client.scheduled_query_rules
    with pytest.raises(HttpResponseError, match="Later_CL"):
        rules.create_or_update("g", "later", log_rule("Later_CL"))
    assert rules.create_or_update("g", "later", log_rule("Later_CL", skipQueryValidation=True)).skip_query_validation
    rules.delete("g", "later")


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e%2ftokens", ".hidden", "x" * 300, "a%00b", "a%5Cb", "cpu.parameters", "groups%2Fx", "dot.", "%20"]
)
def test_a_name_leads_nowhere(server, name):
    before = files(server)
    for kind, sent in (("scheduledQueryRules", log_rule()), ("actionGroups", group())):
        for method in ("PUT", "GET", "DELETE", "PATCH"):
            answer = httpx.request(method, f"{server.url}{GROUP}/{kind}/{name}", json=sent)
            assert answer.status_code in (400, 404, 405) and set(answer.json()["error"]) == {"code", "message"}
    assert files(server) == before


def files(server) -> set[Path]:
    """All but those of tables, which change by themselves."""
    return {file for file in server.folder.parent.rglob("*.json") if "tables" not in file.parts}


@pytest.mark.parametrize(
    "path", [f"{GROUP}/webtests/x", f"{GROUP}/actionGroups/x/createNotifications", "/subscriptions/s/nothing"]
)
def test_an_unknown_address_is_told_in_azures_form(server, path):
    answer = httpx.post(server.url + path, json={})
    assert answer.status_code == 404 and set(answer.json()["error"]) == {"code", "message"}


def test_rules_do_not_share_a_name(server, client):
    folder = server.folder / "alerts"
    written = "name: same\nevaluationFrequency: PT5M\ncriteria: {allOf: [{query: Heartbeat}]}\n"
    (folder / "other.yaml").write_text(written)
    (folder / "plain.yaml").write_text(written.replace("same", "plain"))
    client.metric_alerts.create_or_update("g", "metric", METRIC)
    for name in ("same", "plain", "Metric"):
        with pytest.raises(HttpResponseError) as raised:
            client.scheduled_query_rules.create_or_update("g", name, log_rule())
        assert raised.value.status_code == 409
    client.scheduled_query_rules.delete("g", "metric")
    assert client.metric_alerts.get("g", "metric").name == "metric"
    client.metric_alerts.delete("g", "metric")
    for name in ("other", "plain"):
        (folder / f"{name}.yaml").unlink()


@pytest.mark.parametrize(
    "sent",
    [
        group(commandReceivers=[{"name": "run", "command": ["touch", "/tmp/x"]}]),
        group(HOOK | {"serviceUri": "https://example.org/${file:/etc/passwd}"}),
        group(HOOK | {"bearerToken": "${HOME}"}),
        group(smsReceivers=[{"name": "me", "countryCode": "1", "phoneNumber": "2"}]),
        group(emailReceivers=[{"name": "me", "emailAddress": "me@example.org"}]),
        group(groupShortName="longer than twelve"),
    ],
    ids=["a command", "a file's secret", "a secret of the environment", "sms", "no mail server", "a long name"],
)
def test_a_group_that_is_wrong_or_unsafe_is_refused(server, sent):
    answer = httpx.put(f"{server.url}{GROUP}/actionGroups/bad", json=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidPayload")
    assert not (server.folder / "alerts" / "groups" / "bad.json").exists()


def test_rules_read_no_files_of_the_server(server):
    (server.folder / "secret.csv").write_text("key\n")
    query = "externaldata(a: string) ['secret.csv'] with (format='csv')"
    assert kqlog.connect(server.folder).query(query).rows == [("key",)]
    with pytest.raises(QueryError, match="a caller of a server reads tables"):
        server.alerts.workspace.query(query)
    (server.folder / "secret.csv").unlink()


def test_only_contributors_who_see_everything_change_rules(tmp_path):
    folder = tmp_path / "logs"
    store = create(folder)
    (folder / "server.json").write_text(json.dumps({"callers": {"part": {"deny": ["LAQueryLogs"]}}}))
    roles = {"all": Role.CONTRIBUTOR, "part": Role.CONTRIBUTOR, "reader": Role.READER, "ingestor": Role.INGESTOR}
    tokens = {name: create_token(folder, role, name)[0] for name, role in roles.items()} | {"nobody": "unknown"}
    running = Running(store, read_access(store))
    try:
        found = {}
        for name, token in tokens.items():
            with running.client(token) as client:
                rules = client.scheduled_query_rules
                found[name] = [
                    _status(lambda rules=rules: rules.create_or_update("g", "one", log_rule())),
                    _status(lambda rules=rules: rules.get("g", "one")),
                    _status(lambda rules=rules: list(rules.list_by_subscription())),
                    _status(lambda rules=rules: rules.update("g", "one", {"properties": {"severity": 2}})),
                    _status(lambda rules=rules: rules.delete("g", "none")),
                ]
    finally:
        running.stop()
    refused, reads = [403, 200, 200, 403, 403], [403] * 5
    assert found == {"all": [200] * 5, "part": refused, "reader": refused, "ingestor": reads, "nobody": [401] * 5}


def _status(call) -> int:
    try:
        call()
    except HttpResponseError as error:
        return error.status_code
    return 200


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
    | st.sampled_from(["[", "[a]", "[[b", "nan", "PT0M", "PT1M", "-1", "P900000D", "${x}", "\u2028"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_sent_is_kept_as_it_is_or_refused(server, data):
    kind, sent = data.draw(
        st.sampled_from([("scheduledQueryRules", log_rule()), ("metricAlerts", METRIC), ("actionGroups", group())])
    )
    sent = json.loads(json.dumps(sent))
    at = sent
    while isinstance(at, dict | list) and at:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            at[key] = data.draw(_VALUES)
            break
        at = at[key]
    address = f"{server.url}{GROUP}/{kind}/any"
    answer = httpx.put(address, json=sent)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 200:
        found = httpx.get(address).json()
        assert {name: found["properties"][name] for name in sent["properties"]} == sent["properties"]
        server.alerts.rules.refresh()
        assert not server.alerts.rules.broken
        server.alerts.shared(server.alerts.due(server.now), server.now)
        assert httpx.delete(address).status_code == 200
