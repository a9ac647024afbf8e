"""Who comes in, what each may see and take, and that every query is noted down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import kqlog
from kqlog.errors import QueryError
from kqlog.server.settings import Most, read_settings
from kqlog.store.store import create
from kqlog.store.tokens import Role
from kqlog.store.tokens import create as create_token

from .conftest import Server

STREAM = "/dataCollectionRules/dcr-default/streams/Custom-Seen_CL?api-version=2023-01-01"
SETTINGS = {
    "cors": ["https://grafana.example"],
    "roles": {"reader": {"deny": ["LAQueryLogs"], "limits": {"seconds": 20}}},
    "callers": {
        "web": {"tables": {"Seen_CL": "where Computer startswith 'web'"}, "limits": {"rows": 3, "concurrency": 1}},
        "one": {"allow": ["Heartbeat"]},
    },
}


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kqlog.cli", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


class Guarded:
    """A server with a token for each role, and settings."""

    def __init__(self, folder: Path) -> None:
        self.store = create(folder)
        self.tokens = {name: create_token(folder, role, name)[0] for name, role in (
            ("contributor", Role.CONTRIBUTOR), ("reader", Role.READER), ("ingestor", Role.INGESTOR), ("web", Role.READER), ("one", Role.READER))}  # fmt: skip
        (folder / "server.json").write_text(json.dumps(SETTINGS))
        self.server = Server(folder, "--log", "json")
        self.url = self.server.url
        rows = [{"Computer": f"{kind}-{at}"} for kind in ("web", "db") for at in range(5)]
        assert self.send("ingestor", rows).status_code == 204

    def headers(self, name):
        return {"Authorization": f"Bearer {self.tokens.get(name, name)}"} if name else {}

    def send(self, name, rows):
        return httpx.post(self.url + STREAM, json=rows, headers=self.headers(name), timeout=60)

    def ask(self, name, query, **more):
        address = f"{self.url}/v1/workspaces/{self.store.workspace_id}/query"
        return httpx.post(address, json={"query": query}, headers=self.headers(name) | more, timeout=60)

    def kusto(self, name, text, path="/v1/rest/mgmt"):
        return httpx.post(self.url + path, json={"db": "NetDefaultDB", "csl": text}, headers=self.headers(name), timeout=60)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    guarded = Guarded(tmp_path_factory.mktemp("guarded") / "logs")
    yield guarded
    guarded.server.stop()
    assert not [line for line in guarded.server.log if "Traceback" in line]


def rows_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["tables"][0]["rows"]


# ------------------------------------------------------------------------------------------------------------------ tokens


def test_a_token_is_shown_once_and_kept_as_a_hash(tmp_path):
    create(tmp_path / "logs")
    done = run("token", "create", "-d", str(tmp_path / "logs"), "--role", "reader", "--name", "grafana", "--expires", "30d")
    text = done.stdout.split()[0]
    assert (done.returncode, text.startswith("kqlog_"), len(text) > 40) == (0, True, True)
    file = tmp_path / "logs" / "tokens.json"
    assert text not in file.read_text()
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    listed = run("token", "list", "-d", str(tmp_path / "logs")).stdout
    assert "grafana: reader, expires" in listed
    assert text not in listed
    assert run("token", "create", "-d", str(tmp_path / "logs"), "--role", "reader", "--name", "grafana").returncode == 1
    assert run("token", "revoke", "-d", str(tmp_path / "logs"), "grafana").returncode == 0
    assert run("token", "revoke", "-d", str(tmp_path / "logs"), "grafana").returncode == 1
    assert run("token", "-d", str(tmp_path / "logs")).stdout == ""


@pytest.mark.parametrize("length", ["0d", "-1d", "soon", "", "9999999999d"])
def test_a_token_lasts_for_a_length_of_time(tmp_path, length):
    create(tmp_path / "logs")
    done = run("token", "create", "-d", str(tmp_path / "logs"), "--role", "reader", f"--expires={length}")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_other_secrets_stay_when_a_token_is_made(tmp_path):
    create(tmp_path / "logs")
    (tmp_path / "logs" / "tokens.json").write_text('{"tokens": ["old"], "sharedKey": "a2V5", "forwardKey": "x"}')
    create_token(tmp_path / "logs", Role.READER)
    found = json.loads((tmp_path / "logs" / "tokens.json").read_text())
    assert (found["tokens"][0], found["sharedKey"], found["forwardKey"], found["tokens"][1]["name"]) == (
        "old",
        "a2V5",
        "x",
        "reader-1",
    )


def test_tokens_that_are_made_at_once_are_all_there(tmp_path):
    create(tmp_path / "logs")
    makers = [threading.Thread(target=create_token, args=(tmp_path / "logs", Role.READER)) for _ in range(8)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(json.loads((tmp_path / "logs" / "tokens.json").read_text())["tokens"]) == 8


def test_a_running_server_knows_new_tokens_and_refuses_revoked_and_expired_ones(guarded):
    folder = guarded.store.root
    text, _ = create_token(folder, Role.READER, "late", timedelta(seconds=1))
    assert guarded.ask(text, "print 1").status_code == 200
    time.sleep(1.1)
    expired = guarded.ask(text, "print 1")
    assert (expired.status_code, expired.json()["error"]["code"]) == (403, "InvalidAuthenticationToken")
    text, _ = create_token(folder, Role.READER, "revoked")
    assert guarded.ask(text, "print 1").status_code == 200
    assert run("token", "revoke", "-d", str(folder), "revoked").returncode == 0
    assert guarded.ask(text, "print 1").status_code == 403


def test_tokens_that_cannot_be_read_any_more_let_nobody_in(tmp_path):
    create(tmp_path / "logs")
    text, _ = create_token(tmp_path / "logs", Role.READER)
    server = Server(tmp_path / "logs")
    headers = {"Authorization": f"Bearer {text}"}
    assert httpx.get(f"{server.url}/metrics", headers=headers).status_code == 200
    (tmp_path / "logs" / "tokens.json").write_text("{")
    assert httpx.get(f"{server.url}/metrics", headers=headers).status_code == 503
    server.stop()


# ------------------------------------------------------------------------------------------------------------------- roles

QUERY, SEND, COMMAND = "query", "send", "command"
MAY = {"reader": {QUERY}, "ingestor": {SEND}, "contributor": {QUERY, SEND, COMMAND}}


@pytest.mark.parametrize("role", MAY)
def test_each_role_may_do_what_it_is_for(guarded, role):
    function = ".create-or-alter function Fine() { print 1 }"
    status = {
        QUERY: {guarded.ask(role, "print 1").status_code, guarded.kusto(role, "print 1", "/v2/rest/query").status_code,
                guarded.kusto(role, ".show tables").status_code},
        SEND: {200 if guarded.send(role, []).status_code == 204 else 403,
               guarded.kusto(role, ".ingest inline into table Seen_CL with (format=json) <| {}").status_code},
        COMMAND: {guarded.kusto(role, function).status_code, guarded.kusto(role, ".set-or-append Copy_CL <| print a=1").status_code},
    }  # fmt: skip
    assert status == {what: {200 if what in MAY[role] else 403} for what in status}


def test_the_error_of_each_protocol(guarded):
    missing, wrong = guarded.ask("", "print 1"), guarded.ask("nothing", "print 1")
    assert (missing.status_code, missing.json()["error"]["code"]) == (401, "AuthenticationFailed")
    assert missing.headers["www-authenticate"] == "Bearer"
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (403, "InvalidAuthenticationToken")
    assert guarded.ask("ingestor", "print 1").json()["error"]["code"] == "InsufficientAccessError"
    assert [guarded.send(name, []).status_code for name in ("", "nothing", "reader")] == [401, 401, 403]
    assert [guarded.kusto(name, "print 1", "/v2/rest/query").status_code for name in ("", "nothing", "ingestor")] == [
        401,
        401,
        403,
    ]
    for text in (
        guarded.kusto("nothing", "print 'secret'", "/v2/rest/query").text,
        guarded.ask("nothing", "print 'secret'").text,
    ):
        assert "secret" not in text
        assert "nothing" not in text


@pytest.mark.parametrize(
    "header", ["Bearer", "Basic eDp5", "bearer x y", "Bearer \xff", "Bearer a.b.c", "Bearer " + "x" * 10_000]
)
def test_odd_credentials_are_refused(guarded, header):
    address = f"{guarded.url}/v1/workspaces/{guarded.store.workspace_id}/query"
    answer = httpx.post(address, json={"query": "print 1"}, headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code in (401, 403)


def test_a_token_of_another_workspace_is_refused(guarded, tmp_path):
    create(tmp_path / "other")
    text, _ = create_token(tmp_path / "other", Role.CONTRIBUTOR)
    assert (guarded.ask(text, "print 1").status_code, guarded.send(text, []).status_code) == (403, 401)


# -------------------------------------------------------------------------------------------------------- tables and rows


@pytest.mark.parametrize(
    "query",
    ["Seen_CL | project Computer | take 3", "union * | where Type == 'Seen_CL' | project Computer | take 3", "search 'db-' or 'web-' | project Computer | take 3",
     "table('Seen_CL') | project Computer | take 3", "Everything() | take 3"],
)  # fmt: skip
def test_rows_that_a_caller_may_not_see_are_not_there(guarded, query):
    assert (
        guarded.kusto("contributor", ".create-or-alter function Everything() { Seen_CL | project Computer }").status_code == 200
    )
    found = rows_of(guarded.ask("web", query))
    assert found
    assert all(row[0].startswith("web") for row in found)
    found = guarded.kusto("web", query, "/v1/rest/query").json()["Tables"][0]["Rows"]
    assert found
    assert all(row[0].startswith("web") for row in found)


def test_tables_that_a_caller_may_not_see_are_not_there(guarded):
    assert "no table named" in guarded.ask("reader", "LAQueryLogs").text
    for name in ("reader", "one"):
        assert "LAQueryLogs" not in guarded.kusto(name, ".show database schema as json").text
        assert "LAQueryLogs" not in guarded.kusto(name, ".show tables").text
        assert "no table named" in guarded.kusto(name, ".show table LAQueryLogs schema as json").text
        metadata = httpx.get(
            f"{guarded.url}/v1/workspaces/{guarded.store.workspace_id}/metadata", headers=guarded.headers(name)
        ).json()
        assert "LAQueryLogs" not in [table["name"] for table in metadata["tables"]]
    assert [row[0] for row in guarded.kusto("one", ".show tables").json()["Tables"][0]["Rows"]] == ["Heartbeat"]


@pytest.mark.parametrize(
    "path", ["tokens.json", "server.json", "tables/Seen_CL/*.parquet", "/etc/passwd", "../logs/tokens.json", "http://127.0.0.1/x"]
)
def test_a_query_reaches_no_file_and_no_network(guarded, path):
    for query in (f"externaldata(a: string) ['{path}'] with (format='txt')", f"evaluate http_request('{path}')",
                  f"evaluate infer_storage_schema(dynamic({{'StorageContainers': ['{path}'], 'DataFormat': 'csv'}}))"):  # fmt: skip
        answer = guarded.ask("contributor", query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadArgumentError")
        assert "sha256" not in answer.text


def test_a_caller_knows_of_its_own_queries_only(guarded):
    query = "range x from 1 to 100000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize max(y)"
    slow = threading.Thread(target=guarded.ask, args=("contributor", query))
    slow.start()
    until = time.monotonic() + 20
    while not (
        seen := [
            row for row in guarded.kusto("contributor", ".show queries").json()["Tables"][0]["Rows"] if "hash_sha256" in row[1]
        ]
    ):
        assert time.monotonic() < until
    assert "hash_sha256" not in guarded.kusto("reader", ".show queries").text
    assert guarded.kusto("reader", f".cancel query '{seen[0][0]}'").json()["Tables"][0]["Rows"][0][2] in (False, 0)
    assert slow.is_alive()
    guarded.kusto("contributor", f".cancel query '{seen[0][0]}'")
    slow.join(20)
    assert not slow.is_alive()


# ------------------------------------------------------------------------------------------------------------------ limits


def test_an_answer_ends_at_the_rows_of_its_caller(guarded):
    answer = guarded.ask("web", "range x from 1 to 10 step 1").json()
    assert (len(answer["tables"][0]["rows"]), answer["error"]["code"]) == (3, "PartialError")


def test_so_many_queries_at_once(guarded):
    query = "range x from 1 to 100000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize max(y)"
    slow = threading.Thread(target=guarded.ask, args=("web", query), kwargs={"Prefer": "wait=4"})
    slow.start()
    until = time.monotonic() + 20
    while (refused := guarded.ask("web", "print 1")).status_code == 200:
        assert time.monotonic() < until
    assert (refused.status_code, refused.json()["error"]["code"], refused.headers["retry-after"]) == (429, "ThrottledError", "1")
    assert guarded.ask("reader", "print 1").status_code == 200
    slow.join()


BAD_SETTINGS = {
    "no JSON": "{",
    "an unknown word": '{"role": {}}',
    "an unknown role": '{"roles": {"owner": {}}}',
    "a condition that is none": '{"roles": {"reader": {"tables": {"Heartbeat": "take 1"}}}}',
    "a condition of no column": '{"roles": {"reader": {"tables": {"Heartbeat": "where NoColumn == 1"}}}}',
    "rows of a text": '{"limits": {"rows": "many"}}',
}


@pytest.mark.parametrize("text", BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_settings_that_are_wrong_are_told_before_anybody_comes_in(tmp_path, text):
    store = create(tmp_path / "logs")
    (tmp_path / "logs" / "server.json").write_text(text)
    with pytest.raises(QueryError, match=r"server\.json"):
        read_settings(store)


def test_the_smallest_limit_holds():
    assert Most(rows=5, seconds=1).and_(Most(rows=3, bytes=7)) == Most(rows=3, bytes=7, seconds=1)


# ------------------------------------------------------------------------------------------------------------------- audit


def test_every_query_is_noted_with_its_caller(guarded):
    marker = f"marker{os.getpid()}"
    before = datetime.now(UTC)
    assert guarded.ask("reader", f"range {marker} from 1 to 3 step 1", **{"x-ms-app": "test app"}).status_code == 200
    assert guarded.ask("reader", f"{marker} | take 1").status_code == 400
    assert guarded.kusto("web", f"print {marker}=1", "/v2/rest/query").status_code == 200
    query = f"""LAQueryLogs | where QueryText has '{marker}' and not(QueryText has 'LAQueryLogs')
        | project AADEmail, ResponseCode, ResponseRowCount, RequestClientApp, TimeGenerated, StatsCPUTimeMs, ResponseDurationMs, RequestTarget
        | sort by TimeGenerated asc"""
    until = time.monotonic() + 30
    while len(found := rows_of(guarded.ask("contributor", query))) < 3:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert [row[:3] for row in found] == [["reader", 200, 3], ["reader", 400, 0], ["web", 200, 1]]
    assert found[0][3] == "test app"
    assert before.isoformat()[:16] <= found[0][4][:16]
    assert all(0 < row[5] <= row[6] * 3 for row in found)
    assert found[0][7] == f"/workspaces/{guarded.store.workspace_id}"


def test_nobody_writes_the_audit(guarded):
    stream = "/dataCollectionRules/dcr-default/streams/Microsoft-LAQueryLogs?api-version=2023-01-01"
    forged = [{"AADEmail": "forged", "QueryText": "nothing"}]
    assert httpx.post(guarded.url + stream, json=forged, headers=guarded.headers("contributor"), timeout=60).status_code == 400
    for text in (
        ".set-or-append LAQueryLogs <| print AADEmail = 'forged'",
        '.ingest inline into table LAQueryLogs with (format=json) <| {"AADEmail": "forged"}',
    ):
        assert guarded.kusto("contributor", text).status_code == 400
    assert rows_of(guarded.ask("contributor", "LAQueryLogs | where AADEmail == 'forged' | count")) == [[0]]


def test_what_was_asked_just_before_the_end_is_noted(tmp_path):
    store = create(tmp_path / "logs")
    server = Server(tmp_path / "logs", "--no-auth")
    httpx.post(f"{server.url}/v1/workspaces/{store.workspace_id}/query", json={"query": "print 'last words'"}, timeout=60)
    server.stop()
    found = kqlog.connect(tmp_path / "logs").query("LAQueryLogs | project AADEmail, QueryText").rows
    assert found == [("anybody", "print 'last words'")]


# --------------------------------------------------------------------------------------------- pages of others, and the log


def test_only_pages_that_are_listed_may_ask(guarded):
    def allowed(origin):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        return httpx.options(f"{guarded.url}/v1/workspaces/x/query", headers=headers).headers.get("access-control-allow-origin")

    assert (allowed("https://grafana.example"), allowed("https://evil.example")) == ("https://grafana.example", None)


def test_the_log_has_a_line_of_json_for_each_request_and_nothing_that_was_asked(tmp_path):
    store = create(tmp_path / "logs")
    text, _ = create_token(tmp_path / "logs", Role.READER, "reader")
    server = Server(tmp_path / "logs", "--log", "json")
    address, headers = f"{server.url}/v1/workspaces/{store.workspace_id}/query", {"Authorization": f"Bearer {text}"}
    httpx.get(address, params={"query": "print 'passwd1'"}, headers=headers, timeout=60)
    httpx.post(address, json={"query": "passwd2 | take"}, headers=headers, timeout=60)
    httpx.get(f"{server.url}/passwd3", headers=headers)
    server.stop()
    lines = [json.loads(line) for line in server.log if line.strip()]
    requests = [line for line in lines if line["logger"] == "kqlog.requests"]
    assert [(line["method"], line["status"], line["caller"]) for line in requests] == [
        ("GET", 200, "reader"), ("POST", 400, "reader"), ("GET", 404, "reader")]  # fmt: skip
    assert "passwd" not in str(lines)
    assert text not in str(lines)
