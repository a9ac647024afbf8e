"""The HTTP Data Collector API: signed requests of one's own, and syslog-ng's azure-auth-header() as the sender."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

WORKSPACE_KEY = "c2hhcmVkLWtleS1vZi10aGUtd29ya3NwYWNl"
SYSLOG_NG = """@version: 3.38
@module http
@module azure-auth-header
@module afsocket
@module json-plugin
@module syslogformat
@module basicfuncs
options { stats-freq(0); use-dns(no); keep-hostname(yes); };
source s { network(transport("udp") ip("127.0.0.1") port(%(port)d) flags(syslog-protocol)); };
destination d { http(
  url("%(url)s/api/logs?api-version=2016-04-01") method("POST")
  headers("Content-Type: application/json", "Log-Type: SyslogNg")
  azure-auth-header(workspace-id("00000000-0000-0000-0000-000000000001") secret("%(key)s")
    method("POST") path("/api/logs") content-type("application/json"))
  body-prefix("[") delimiter(",") body-suffix("]") batch-lines(10) batch-timeout(500)
  body("$(format-json --scope rfc5424 --scope selected-macros --pair TimeGenerated=\\"$S_ISODATE\\")")); };
log { source(s); destination(d); };
"""


def post(url, rows, log_type="Shop", key=WORKSPACE_KEY, at=None, **headers):
    body = json.dumps(rows).encode()
    date = format_datetime(at or datetime.now(UTC), usegmt=True)
    text = f"POST\n{len(body)}\napplication/json\nx-ms-date:{date}\n/api/logs"
    signature = base64.b64encode(hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)).decode()
    signed = {"Authorization": f"SharedKey workspace:{signature}", "x-ms-date": date, "Content-Type": "application/json"}
    return httpx.post(f"{url}/api/logs?api-version=2016-04-01", content=body, headers={"Log-Type": log_type, **signed, **headers})


def test_a_columns_name_ends_as_its_values_type_wants_it(guarded):
    row = {
        "text": "a", "flag": True, "count": 3, "share": 0.5, "at": "2026-03-01T10:00:00.5Z",
        "id": "74be27de-1e4e-49d9-b579-fe0b331d3642", "more": {"x": [1]}, "none": None,
    }  # fmt: skip
    answer = post(guarded.url, row, **{"time-generated-field": "at", "x-ms-AzureResourceId": "/subscriptions/1"})
    assert (answer.status_code, answer.text) == (200, "")
    (found,) = guarded.query(
        "Shop_CL | extend t = tostring(TimeGenerated) | project text_s, flag_b, count_d, share_d, t, at_t, id_g, more_s, _ResourceId, SourceSystem"
    )
    assert found[:5] == ("a", True, 3.0, 0.5, "2026-03-01T10:00:00.5000000Z")
    assert [str(value) for value in found[6:]] == [row["id"], '{"x":[1]}', "/subscriptions/1", "RestAPI"]
    types = guarded.query(
        "Shop_CL | getschema | where ColumnName in ('count_d', 'at_t', 'id_g') | project ColumnName, ColumnType"
    )
    assert dict(types) == {"count_d": "real", "at_t": "datetime", "id_g": "guid"}


def test_a_wrong_old_or_missing_signature_is_refused(guarded):
    other = base64.b64encode(b"another key").decode()
    for answer in (
        post(guarded.url, [{"a": 1}], key=other),
        post(guarded.url, [{"a": 1}], at=datetime.now(UTC) - timedelta(hours=1)),
        httpx.post(f"{guarded.url}/api/logs", content=b"[]", headers={"Log-Type": "Shop"}),
    ):
        assert (answer.status_code, answer.json()["Error"]) == (403, "InvalidAuthorization")


def test_what_is_no_log_type_or_no_json_is_told(guarded):
    assert post(guarded.url, [{"a": 1}], log_type="no/table").json()["Error"] == "InvalidLogType"
    assert "Expected `object`" in post(guarded.url, [1]).json()["Message"]


@pytest.mark.skipif(
    not shutil.which("syslog-ng", path="/usr/sbin:/usr/bin"), reason="wants Debian's syslog-ng-core, syslog-ng-mod-http"
)
def test_syslog_ng(guarded, tmp_path: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "syslog-ng.conf").write_text(SYSLOG_NG % {"port": port, "url": guarded.url, "key": WORKSPACE_KEY})
    files = [f"--{name}={tmp_path / name}" for name in ("persist-file", "control", "pidfile")]
    program = shutil.which("syslog-ng", path="/usr/sbin:/usr/bin")
    daemon = subprocess.Popen([program, "-F", "-f", tmp_path / "syslog-ng.conf", "--no-caps", *files], stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 20
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while time.monotonic() < until and not _arrived(guarded):
                sender.sendto(b"<165>1 2026-03-01T10:00:00.003Z web-01 shop 77 ID7 - payment failed", ("127.0.0.1", port))
                time.sleep(0.5)
    finally:
        daemon.terminate()
        daemon.wait(10)
    assert guarded.query("SyslogNg_CL | distinct PROGRAM_s, HOST_s, MESSAGE_s") == [("shop", "web-01", "payment failed")]
    assert guarded.query("SyslogNg_CL | distinct tostring(TimeGenerated)") == [("2026-03-01T10:00:00.0000000Z",)]


def _arrived(server) -> bool:
    return (server.folder / "tables" / "SyslogNg_CL" / "_delta_log").is_dir()
