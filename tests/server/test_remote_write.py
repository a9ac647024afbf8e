"""Prometheus' remote_write, with Debian's Prometheus as the sender."""

from __future__ import annotations

import http.server
import math
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import cramjam
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kqlog
from kqlog.ingest.remote_write import _request, points

PROMETHEUS = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: shop
    static_configs:
      - targets: ["%(target)s"]
remote_write:
  - url: %(url)s/api/v1/write
    authorization:
      credentials: from-file
    queue_config:
      batch_send_deadline: 1s
"""
METRICS = b"""
# TYPE orders_total counter
orders_total{city="Oslo"} 3
# TYPE heat gauge
heat 21.5
# TYPE seconds summary
seconds{quantile="0.5"} NaN
"""
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "Authorization": "Bearer from-file"}


class Target(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(METRICS)

    def log_message(self, *arguments):
        pass


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def until(found):
    end = time.monotonic() + 60
    while not found():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.2)


def test_prometheus(guarded, tmp_path: Path):
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus (Debian package prometheus)")
    target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{target.server_address[1]}"
    (tmp_path / "prometheus.yml").write_text(PROMETHEUS % {"target": address, "url": guarded.url})
    command = [program, f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    daemon = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{free_port()}"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: guarded.query("InsightsMetrics | where Name == 'orders_total' | count") >= [(2,)])
        target.shutdown()
        target.server_close()
        # Its series are stale then, which Prometheus sends as a NaN of a kind of its own.
        until(lambda: guarded.query("InsightsMetrics | where Name == 'up' and Val == 0 | count") >= [(2,)])
    finally:
        daemon.terminate()
        daemon.wait(20)
    found = guarded.query(
        "InsightsMetrics | where Namespace == 'prometheus' and TimeGenerated > ago(5m) | extend Tags = parse_json(Tags)"
        "| where Name in ('orders_total', 'heat') | distinct Name, Val, tostring(Tags.city), tostring(Tags.job), tostring(Tags.instance), Computer"
    )
    assert sorted(found) == [
        ("heat", 21.5, "", "shop", address, "127.0.0.1"),
        ("orders_total", 3.0, "Oslo", "shop", address, "127.0.0.1"),
    ]
    # A quantile of nothing is a value that is no number; the end of a series is none.
    counts = dict(guarded.query("InsightsMetrics | where Name in ('seconds', 'heat') | summarize count() by Name"))
    assert counts["seconds"] == counts["heat"]
    twice = "InsightsMetrics | summarize readings = count() by Name, Tags, TimeGenerated | where readings > 1"
    assert guarded.query(twice) == []


def body(samples, **labels):
    request = _request()
    series = request.timeseries.add()
    for name, value in labels.items():
        series.labels.add(name=name, value=value)
    for at, value in samples:
        series.samples.add(timestamp=at, value=value)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def test_what_is_sent_again_is_stored_once(guarded):
    sent = body([(1772359200125, 1.5), (1772359201125, math.inf)], __name__="heat", instance="[::1]:9100")
    for _ in range(2):
        assert httpx.post(f"{guarded.url}/api/v1/write", content=sent, headers=HEADERS).status_code == 204
    found = guarded.query("InsightsMetrics | order by TimeGenerated asc | project tostring(TimeGenerated), Val, Tags, Computer")
    assert found == [
        ("2026-03-01T10:00:00.1250000Z", 1.5, '{"instance":"[::1]:9100"}', "::1"),
        ("2026-03-01T10:00:01.1250000Z", math.inf, '{"instance":"[::1]:9100"}', "::1"),
    ]


def test_the_end_of_a_series_is_no_row_and_a_native_histogram_is_two():
    (stale,) = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))
    request = _request()
    series = request.timeseries.add()
    series.labels.add(name="__name__", value="seconds")
    series.samples.add(timestamp=1, value=stale)
    series.samples.add(timestamp=2, value=math.nan)
    series.histograms.add(timestamp=3, count_int=7, sum=2.5)
    found = points(bytes(cramjam.snappy.compress_raw(request.SerializeToString())))
    assert found.column("Name").to_pylist() == ["seconds", "seconds_count", "seconds_sum"]
    assert found.column("Val").to_pylist()[1:] == [7.0, 2.5]


def test_other_bodies_are_refused(guarded):
    bomb = b"\xff\xff\xff\xff\x0f" + b"x" * 100
    for content, headers, status in [
        (b"\x00", {}, 204),
        (b"\xff\xff", {}, 400),
        (bomb, {}, 400),
        (body([])[:-1] + b"\xff", {}, 400),
        (b"", {"Content-Encoding": "gzip"}, 415),
        (b"", {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, 415),
        (b"\x00", {"Authorization": "Bearer wrong"}, 401),
    ]:
        answer = httpx.post(f"{guarded.url}/api/v1/write", content=content, headers=HEADERS | headers)
        assert answer.status_code == status, (content, answer.text)


@given(st.binary(max_size=60), st.booleans())
def test_any_body_is_read_or_refused(content, packed):
    try:
        points(bytes(cramjam.snappy.compress_raw(content)) if packed else content)
    except kqlog.QueryError as error:
        assert error.code == "ING003"
