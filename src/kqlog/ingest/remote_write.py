"""Samples that Prometheus sends with remote_write 1.0, as rows of the table InsightsMetrics, as Azure's agents store them."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import cramjam
from google.protobuf.message import DecodeError

from kqlog.errors import QueryError

if TYPE_CHECKING:
    import pyarrow

_MOST = 100 * 2**20
"""So many bytes a request has at most when it is decompressed."""
_STALE = 0x7FF0000000000002
"""The NaN that says that a series has ended: no value."""
_NAME = "__name__"
_SEVEN = 7
_FIELDS = {
    "Label": [("name", 1, "string", ""), ("value", 2, "string", "")],
    "Sample": [("value", 1, "double", ""), ("timestamp", 2, "int64", "")],
    "Histogram": [
        ("count_int", 1, "uint64", ""),
        ("count_float", 2, "double", ""),
        ("sum", 3, "double", ""),
        ("timestamp", 15, "int64", ""),
    ],
    "TimeSeries": [("labels", 1, "", "Label"), ("samples", 2, "", "Sample"), ("histograms", 4, "", "Histogram")],
    "WriteRequest": [("timeseries", 1, "", "TimeSeries")],
}
"""The fields of prometheus.WriteRequest that are read: name, number, and type or repeated message."""

Point = tuple[int, float, str, str, str]
"""Milliseconds since 1970, value, name, tags as JSON, and the computer."""


def points(content: bytes) -> pyarrow.Table:
    """The samples of a request: Protobuf, compressed with Snappy. Of a native histogram, its `_count` and `_sum`.

    Raises:
        QueryError: ING003 for what is no such request.
    """
    import pyarrow as pa

    request = _request()
    try:
        request.ParseFromString(_unpacked(content))
    except DecodeError as error:
        raise QueryError("ING003", f"the body is no remote_write request: {error}") from None
    rows = [point for series in request.timeseries for point in _points(series)]
    times, values, names, tags, computers = zip(*rows, strict=True) if rows else ([], [], [], [], [])
    return pa.table(
        {
            "TimeGenerated": pa.array(times, pa.timestamp("ms", "UTC")),
            "Val": pa.array(values, pa.float64()),
            "Name": pa.array(names, pa.string()),
            "Tags": pa.array(tags, pa.string()),
            "Computer": pa.array(computers, pa.string()),
            "Namespace": pa.array(["prometheus"] * len(rows), pa.string()),
            "Origin": pa.array(["prometheus"] * len(rows), pa.string()),
        }
    )


def _unpacked(content: bytes) -> bytes:
    """A block of Snappy, which begins with how many bytes it becomes."""
    size = shift = 0
    for byte in content[:10]:
        size |= (byte & 0x7F) << shift
        shift += _SEVEN
        if not byte & 0x80:
            break
    if size > _MOST:
        raise QueryError("ING003", f"a request has {_MOST:,} bytes at most when it is decompressed")
    try:
        return bytes(cramjam.snappy.decompress_raw(content))
    except cramjam.DecompressionError as error:
        raise QueryError("ING003", f"the body cannot be decompressed: {error}") from None


def _points(series: Any) -> Iterator[Point]:
    labels = {label.name: label.value for label in series.labels}
    name, instance = labels.pop(_NAME, ""), labels.get("instance", "")
    tags, computer = json.dumps(labels, ensure_ascii=False, separators=(",", ":")), _host(instance)
    for sample in series.samples:
        if not _is_stale(sample.value):
            yield sample.timestamp, sample.value, name, tags, computer
    for one in series.histograms:
        if not _is_stale(one.sum):
            yield one.timestamp, float(one.count_int or one.count_float), f"{name}_count", tags, computer
            yield one.timestamp, one.sum, f"{name}_sum", tags, computer


def _is_stale(value: float) -> bool:
    return math.isnan(value) and struct.unpack("<Q", struct.pack("<d", value))[0] == _STALE


def _host(instance: str) -> str:
    """The host of a HOST:PORT."""
    host, colon, port = instance.rpartition(":")
    return host.strip("[]") if colon and port.isdecimal() else instance


@cache
def _message() -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="kqlog/remote_write.proto", package="prometheus", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, type_, repeated in fields:
            if repeated:
                of = f".prometheus.{repeated}"
                message.field.add(name=field, number=number, type=kinds.TYPE_MESSAGE, type_name=of, label=kinds.LABEL_REPEATED)
            else:
                message.field.add(
                    name=field, number=number, type=kinds.Type.Value(f"TYPE_{type_.upper()}"), label=kinds.LABEL_OPTIONAL
                )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


def _request() -> Any:
    return _message()()
