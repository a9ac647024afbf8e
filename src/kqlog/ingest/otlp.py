"""OpenTelemetry's logs, spans and metrics as rows of Azure Monitor's tables: OTelLogs, OTelSpans and InsightsMetrics."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from kqlog.errors import QueryError
from kqlog.ingest.rows import Row, from_objects
from kqlog.ingest.stamps import unix_time

if TYPE_CHECKING:
    import pyarrow

_SECOND = 10**9
_RESOURCE = {
    "ServiceName": "service.name",
    "ServiceNamespace": "service.namespace",
    "ServiceVersion": "service.version",
    "ServiceInstanceId": "service.instance.id",
    "DeploymentEnvironmentName": "deployment.environment.name",
    "K8sPodName": "k8s.pod.name",
    "K8sNamespaceName": "k8s.namespace.name",
    "K8sContainerName": "k8s.container.name",
}
"""The attributes of a resource that have columns of their own."""
_TOTALS = ("count", "sum", "min", "max")
"""What is kept of a distribution, each as a metric of its own."""
_KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_STATUS = ("Unset", "Ok", "Error")


def logs(content: bytes, *, is_json: bool) -> pyarrow.Table:
    """The log records of a request, in Protobuf or JSON.

    Raises:
        QueryError: ING003 for what is no such request.
    """
    request, id_ = _read(ExportLogsServiceRequest(), content, is_json=is_json)
    found = _nested(request.resource_logs, "scope_logs", "log_records")
    return from_objects([{**resource, **_scope(scope), **_log(record, id_)} for resource, scope, record in found])


def spans(content: bytes, *, is_json: bool) -> pyarrow.Table:
    """The spans of a request, in Protobuf or JSON.

    Raises:
        QueryError: ING003 for what is no such request.
    """
    request, id_ = _read(ExportTraceServiceRequest(), content, is_json=is_json)
    found = _nested(request.resource_spans, "scope_spans", "spans")
    return from_objects([{**resource, **_scope(scope), **_span(span, id_)} for resource, scope, span in found])


def metrics(content: bytes, *, is_json: bool) -> pyarrow.Table:
    """The points of the metrics of a request, in Protobuf or JSON.

    Raises:
        QueryError: ING003 for what is no such request.
    """
    request, _ = _read(ExportMetricsServiceRequest(), content, is_json=is_json)
    return from_objects(
        [
            {"Origin": resource["ServiceName"], "Computer": resource["ResourceAttributes"].get("host.name"), **point}
            for resource, scope, metric in _nested(request.resource_metrics, "scope_metrics", "metrics")
            for point in _points(scope.name, metric)
        ]
    )


def _read(request: Any, content: bytes, *, is_json: bool) -> tuple[Any, Callable[[bytes], str]]:
    """The request, and what writes the ids in it as hexadecimal digits."""
    try:
        if not is_json:
            request.ParseFromString(content)
            return request, bytes.hex
        json_format.Parse(content, request, ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, UnicodeError, RecursionError) as error:
        raise QueryError("ING003", f"the body is no OTLP request: {error}") from None
    # OTLP's JSON has hexadecimal ids where Protobuf's has Base64, so that they were read as what they are not.
    return request, lambda id_: base64.b64encode(id_).decode()


def _nested(parts: Iterable[Any], scopes: str, items: str) -> Iterator[tuple[Row, Any, Any]]:
    """Each item of a request, with the columns of its resource and its scope. Their fields have a name for each signal."""
    for part in parts:
        attributes = _attributes(part.resource.attributes)
        columns = {column: attributes.get(name) for column, name in _RESOURCE.items()}
        resource = {"ResourceAttributes": attributes, "RoleName": attributes.get("service.name"), **columns}
        for scope in getattr(part, scopes):
            for item in getattr(scope, items):
                yield resource, scope.scope, item


def _scope(scope: Any) -> Row:
    return {"ScopeName": scope.name, "ScopeVersion": scope.version}


def _log(record: Any, id_: Callable[[bytes], str]) -> Row:
    body = _value(record.body)
    return {
        "TimeGenerated": _moment(record.time_unix_nano or record.observed_time_unix_nano),
        "Body": body if body is None or isinstance(body, str) else json.dumps(body, ensure_ascii=False),
        "TraceId": id_(record.trace_id),
        "SpanId": id_(record.span_id),
        "SeverityText": record.severity_text,
        "SeverityNumber": record.severity_number,
        "SeverityLevel": _level(record.severity_number),
        "Attributes": _attributes(record.attributes),
        "DroppedAttributesCount": record.dropped_attributes_count,
        "ItemCount": 1,
    }


def _span(span: Any, id_: Callable[[bytes], str]) -> Row:
    links = [
        {"TraceId": id_(link.trace_id), "SpanId": id_(link.span_id), "Attributes": _attributes(link.attributes)}
        for link in span.links
    ]
    return {
        "TimeGenerated": _moment(span.start_time_unix_nano),
        "EndTime": _moment(span.end_time_unix_nano),
        "DurationMs": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
        "Name": span.name,
        "TraceId": id_(span.trace_id),
        "SpanId": id_(span.span_id),
        "ParentSpanId": id_(span.parent_span_id),
        "TraceState": span.trace_state,
        "Kind": _word(_KINDS, span.kind),
        "StatusCode": _word(_STATUS, span.status.code),
        "StatusMessage": span.status.message,
        "Success": _STATUS.index("Error") != span.status.code,
        "Attributes": _attributes(span.attributes),
        "Links": links,
        "DroppedAttributesCount": span.dropped_attributes_count,
        "DroppedEventsCount": span.dropped_events_count,
        "DroppedLinksCount": span.dropped_links_count,
        "ItemCount": 1,
    }


def _points(scope: str, metric: Any) -> Iterator[Row]:
    kind = metric.WhichOneof("data")
    for point in getattr(metric, kind).data_points if kind else ():
        row = {"TimeGenerated": _moment(point.time_unix_nano), "Namespace": scope, "Tags": _attributes(point.attributes)}
        if kind in {"gauge", "sum"}:
            value = point.WhichOneof("value")
            yield {**row, "Name": metric.name, "Val": value and _finite(float(getattr(point, value)))}
            continue
        fields = {field.name for field, _ in point.ListFields()} | {"count"}
        for total in _TOTALS:
            if total in fields:
                yield {**row, "Name": f"{metric.name}_{total}", "Val": _finite(float(getattr(point, total)))}


def _finite(number: float) -> float | str:
    """A number, or the text for one that JSON has not."""
    return number if abs(number) < float("inf") else str(number)


def _word(words: Sequence[str], number: int) -> str:
    """What a number of an enumeration is called; newer ones have no word here."""
    return words[number] if 0 <= number < len(words) else str(number)


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    """A value as JSON has it. Bytes become Base64, and a number that JSON has not a text."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(one) for one in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value":
            return _finite(value.double_value)
        case kind:
            return getattr(value, kind)


def _moment(nanoseconds: int) -> str | None:
    """A time to the tick; None for the zero that stands for no time."""
    if not nanoseconds:
        return None
    return unix_time(*divmod(nanoseconds, _SECOND))


def _level(severity: int) -> int:
    """Application Insights' levels: 0 verbose, 1 information, 2 warning, 3 error, 4 critical."""
    return max(0, min(4, (severity - 5) // 4))
