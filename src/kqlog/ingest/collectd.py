"""What collectd's write_http plugin sends as JSON, as rows of the table Perf.

Names are as Azure's agent for Linux gives them to collectd's values: the type is the object, the plugin's instance the instance,
the type's instance the counter. Notifications become rows of Alert, as those of other monitors do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from kqlog.errors import QueryError
from kqlog.ingest.rows import Row, from_objects

if TYPE_CHECKING:
    import pyarrow

PERF, NOTIFICATIONS = "Perf", "Alert"
_SYSTEM = "collectd"
_ONE_VALUE = "value"
"""The name of a value whose type has no other."""


class _Sent(msgspec.Struct):
    """Values of one type, or a notification, which has labels."""

    values: list[float | None] = []
    dsnames: list[str] = []
    time: float = 0
    host: str = ""
    plugin: str = ""
    plugin_instance: str = ""
    type: str = ""
    type_instance: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    raised: str = msgspec.field(default="", name="startsAt")


def tables(content: bytes) -> dict[str, pyarrow.Table]:
    """The rows of a request, by table.

    Raises:
        QueryError: ING003 for what collectd does not send.
    """
    try:
        sent = msgspec.json.decode(content, type=list[_Sent])
        values = [row for one in sent if not one.labels for row in _values(one)]
        notifications = [_notification(one) for one in sent if one.labels]
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError, OverflowError, OSError) as error:
        raise QueryError("ING003", f"the body is not JSON of collectd's write_http: {error}") from None
    found = {PERF: values, NOTIFICATIONS: notifications}
    return {table: from_objects(rows) for table, rows in found.items() if rows}


def _values(sent: _Sent) -> Iterator[Row]:
    """A row for each value. A rate has none the first time."""
    if not sent.type:
        raise ValueError("an object has neither values nor labels")
    time = datetime.fromtimestamp(sent.time, UTC).isoformat()
    path = f"{sent.host}/{_joined(sent.plugin, sent.plugin_instance)}/{_joined(sent.type, sent.type_instance)}"
    for name, value in zip(sent.dsnames, sent.values, strict=True):
        if value is not None:
            own = "" if name == _ONE_VALUE and sent.type_instance else name
            yield {
                "TimeGenerated": time,
                "SourceSystem": _SYSTEM,
                "Computer": sent.host,
                "ObjectName": sent.type,
                "InstanceName": sent.plugin_instance or "_Total",
                "CounterName": ".".join(filter(None, (sent.type_instance, own))),
                "CounterValue": value,
                "CounterPath": path if name == _ONE_VALUE else f"{path}.{name}",
            }


def _joined(name: str, instance: str) -> str:
    """A part of a value's identifier as collectd writes it."""
    return f"{name}-{instance}" if instance else name


def _notification(sent: _Sent) -> Row:
    host = sent.labels.get("instance", "")
    return {
        "TimeGenerated": sent.raised,
        "TimeRaised": sent.raised,
        "SourceSystem": _SYSTEM,
        "Computer": host,
        "HostName": host,
        "AlertName": sent.labels.get("alertname", ""),
        "AlertSeverity": sent.labels.get("severity", ""),
        "AlertDescription": sent.annotations.get("summary", ""),
        "AlertContext": msgspec.json.encode({"labels": sent.labels, "annotations": sent.annotations}).decode(),
    }
