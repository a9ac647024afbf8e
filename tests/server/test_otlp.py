"""OpenTelemetry's protocol, with its SDK as the sender."""

from __future__ import annotations

import logging

import httpx
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

RESOURCE = Resource.create({"service.name": "shop", "service.version": "1.2", "host.cores": 4})


def test_logs_of_pythons_logging(server):
    provider = LoggerProvider(RESOURCE)
    exporter = OTLPLogExporter(f"{server.url}/v1/logs", compression=Compression.Gzip)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.Logger("payments")
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.warning("card %s refused", "1234", extra={"order": 77, "items": ["a", "b"]})
    logger.error("payment failed")
    provider.shutdown()
    query = "OTelLogs | where ServiceName == 'shop' | order by TimeGenerated asc"
    assert server.query(f"{query} | project Body, SeverityText, SeverityLevel, ScopeName") == [
        ("card 1234 refused", "WARN", 2, "payments"),
        ("payment failed", "ERROR", 3, "payments"),
    ]
    assert server.query(
        f"{query} | take 1 | project Attributes.order, Attributes.items[1], ResourceAttributes['host.cores']"
    ) == [(77, "b", 4)]
    assert server.query("OTelLogs | where ServiceName == 'shop' and TimeGenerated between (ago(1m) .. now()) | count") == [(2,)]


def test_spans(server):
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{server.url}/v1/traces")))
    tracer = provider.get_tracer("web")
    with (
        tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER) as parent,
        tracer.start_as_current_span("read cart") as child,
    ):
        child.set_status(Status(StatusCode.ERROR, "no such cart"))
    provider.shutdown()
    found = server.query(
        "OTelSpans | project Name, Kind, TraceId, ParentSpanId, Success, StatusMessage, DurationMs >= 0 | order by Name asc"
    )
    trace, span = format(parent.context.trace_id, "032x"), format(parent.context.span_id, "016x")
    assert found == [
        ("GET /cart", "Server", trace, "", True, "", True),
        ("read cart", "Internal", trace, span, False, "no such cart", True),
    ]


def test_metrics(server):
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{server.url}/v1/metrics"))
    provider = MeterProvider([reader], RESOURCE)
    meter = provider.get_meter("shop")
    meter.create_counter("orders").add(3, {"city": "Oslo"})
    meter.create_gauge("heat").set(21.5)
    for seconds in (0.5, 1.5):
        meter.create_histogram("seconds").record(seconds)
    provider.shutdown()
    query = "InsightsMetrics | where Namespace == 'shop' | extend Tags = parse_json(Tags) | order by Name asc"
    found = server.query(f"{query} | project Name, Val, tostring(Tags.city), Origin")
    assert found == [
        ("heat", 21.5, "", "shop"),
        ("orders", 3.0, "Oslo", "shop"),
        ("seconds_count", 2.0, "", "shop"),
        ("seconds_max", 1.5, "", "shop"),
        ("seconds_min", 0.5, "", "shop"),
        ("seconds_sum", 2.0, "", "shop"),
    ]


def test_json_has_hexadecimal_ids(server):
    record = {
        "timeUnixNano": "1772359200123456789",
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "body": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "9007199254740993"}}]}},
    }
    sent = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "json"}, "logRecords": [record]}]}]}
    answer = httpx.post(f"{server.url}/v1/logs", json=sent)
    assert (answer.status_code, answer.json()) == (200, {})
    query = "OTelLogs | where ScopeName == 'json' | extend t = tostring(TimeGenerated) | project t, TraceId, SpanId, Body"
    assert server.query(query) == [
        ("2026-03-01T10:00:00.1234567Z", record["traceId"], record["spanId"], '{"a": 9007199254740993}')
    ]


def test_what_is_no_request_is_told(server):
    for content, kind, status in [
        (b"\xff\xff", "application/x-protobuf", 400),
        (b'{"resourceLogs": 3}', "application/json", 400),
        (b'{"resourceLogs":' + b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
    ]:
        answer = httpx.post(f"{server.url}/v1/logs", content=content, headers={"Content-Type": kind})
        assert (answer.status_code, bool(answer.json()["message"])) == (status, True)
