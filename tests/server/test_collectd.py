"""collectd's write_http, with Debian's collectd as the sender."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.ingest.collectd import tables

PLUGINS = Path("/usr/lib/collectd")
COLLECTD = """
Hostname "web-01"
FQDNLookup false
BaseDir "%(folder)s"
PIDFile "%(folder)s/collectd.pid"
PluginDir "%(plugins)s"
TypesDB "/usr/share/collectd/types.db"
Interval 1
LoadPlugin cpu
LoadPlugin memory
LoadPlugin load
LoadPlugin interface
LoadPlugin threshold
LoadPlugin write_http
<Plugin cpu>
  ValuesPercentage true
  ReportByCpu false
</Plugin>
<Plugin interface>
  Interface "lo"
</Plugin>
<Plugin threshold>
  <Plugin "memory">
    <Type "memory">
      Instance "free"
      FailureMax 1
    </Type>
  </Plugin>
</Plugin>
<Plugin write_http>
  <Node "kqlog">
    URL "%(url)s/collectd"
    Header "Authorization: Bearer %(token)s"
    Format "JSON"
    Notifications true
    Metrics true
    StoreRates true
    BufferSize 4096
  </Node>
</Plugin>
"""


def collectd(folder: Path, url: str, token: str) -> subprocess.Popen[bytes]:
    program = shutil.which("collectd", path="/usr/sbin:/usr/bin")
    if program is None or not (PLUGINS / "write_http.so").exists():
        pytest.skip("wants collectd with write_http (Debian packages collectd-core, libcurl3-gnutls, libyajl2)")
    (folder / "collectd.conf").write_text(COLLECTD % {"folder": folder, "plugins": PLUGINS, "url": url, "token": token})
    return subprocess.Popen([program, "-f", "-C", folder / "collectd.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_values_and_notifications(guarded, tmp_path: Path):
    above = "Alert | where AlertDescription has 'above the failure threshold'"
    daemon = collectd(tmp_path, guarded.url, "from-file")
    try:
        end = time.monotonic() + 60
        while (
            guarded.query("Perf | where ObjectName == 'if_octets' | count") < [(2,)]
            or guarded.query("Perf | where ObjectName == 'percent' | count") < [(9,)]
            or not guarded.query(f"{above} | take 1")
        ):
            assert time.monotonic() < end
            time.sleep(0.2)
    finally:
        daemon.terminate()
        daemon.wait(20)
    names = "Perf | where Computer == 'web-01' and TimeGenerated > ago(5m) | distinct ObjectName, InstanceName, CounterName, CounterPath"
    assert {
        ("percent", "_Total", "idle", "web-01/cpu/percent-idle"),
        ("load", "_Total", "shortterm", "web-01/load/load.shortterm"),
        ("if_octets", "lo", "rx", "web-01/interface-lo/if_octets.rx"),
        ("memory", "_Total", "used", "web-01/memory/memory-used"),
    } <= set(guarded.query(names))
    assert guarded.query("Perf | where ObjectName == 'percent' | summarize max(CounterValue) <= 100.1, count() > 8") == [
        (True, True)
    ]
    alert = f"{above} | take 1 | project Computer, AlertName, AlertSeverity, parse_json(AlertContext).annotations.FailureMax"
    assert [tuple(map(str, row)) for row in guarded.query(alert)] == [("web-01", "collectd_memory", "FAILURE", "1")]


def test_a_wrong_token_stores_nothing(guarded):
    answer = httpx.post(f"{guarded.url}/collectd", content=b"[]", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def test_a_rate_without_a_value_yet_is_no_row(server):
    sent = {
        "values": [None, 2.5],
        "dsnames": ["rx", "tx"],
        "time": 1772359200.125,
        "host": "h",
        "plugin": "p",
        "type": "if_octets",
    }
    assert httpx.post(f"{server.url}/collectd", json=[sent]).status_code == 204
    query = "Perf | where Computer == 'h' | project TimeGenerated, CounterName, CounterValue"
    ((moment, *found),) = server.query(query)
    assert (moment.isoformat(), found) == ("2026-03-01T10:00:00.125000+00:00", ["tx", 2.5])


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[1]", b"[{}]", b'[{"values": [1], "dsnames": [], "type": "t"}]', b'[{"values": ["a"]}]', b"[" * 100_000,
     b'[{"type": "t", "time": 1e300}]', b'[{"labels": {"a": "\xff"}}]'],
)  # fmt: skip
def test_what_collectd_does_not_send_is_refused(server, body):
    answer = httpx.post(f"{server.url}/collectd", content=body)
    assert (answer.status_code, bool(answer.json()["error"]["message"])) == (400, True)


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers()
SENT = st.fixed_dictionaries(
    {},
    optional={
        "values": st.lists(NUMBERS, max_size=3), "dsnames": st.lists(st.text(max_size=3), max_size=3), "time": NUMBERS,
        "host": st.text(max_size=3), "type": st.text(max_size=3), "labels": st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
    },
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SENT, max_size=3).map(lambda sent: json.dumps(sent).encode()) | st.binary(max_size=40))
def test_any_body_is_read_or_refused(body):
    try:
        tables(body)
    except kqlog.QueryError as error:
        assert error.code == "ING003"
