"""Syslog messages, as RFC 5424 has them and as everybody else writes them, into rows of Azure Monitor's table Syslog."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from kqlog.ingest.shaping import SOURCE, Shaped, shape
from kqlog.ingest.stamps import stamp
from kqlog.store.store import Store

TABLE = "Syslog"

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_USER_NOTICE = 13
"""The priority of a message that does not say its own (RFC 3164, 4.3.3)."""

_OLDEST, _NEWEST = timedelta(days=-2), timedelta(days=1)
"""How far a message's own time may be from now to be its TimeGenerated, as in Azure Monitor."""

_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_RFC5424 = re.compile(
    r"1 (?P<time>\S+) (?P<host>\S+) (?P<process>\S+) (?P<pid>\S+) (?P<id>\S+) (?P<rest>-(?: .*)?\Z|\[.*)", re.DOTALL | re.ASCII
)
_ELEMENT = re.compile(r'\[([^\s=\]"]+)((?: +[^\s=\]"]+="(?:[^"\\]|\\.)*")*) *\]', re.DOTALL)
_PARAMETER = re.compile(r'([^\s=\]"]+)="((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_NUMBERED = re.compile(r"(?:\d+: ){1,2}|: ?", re.ASCII)
"""What Cisco's devices write before the time."""
_TAG = re.compile(r"(?P<name>[^\s\[\]:]{1,128})(?::(?:\s|$)|\[(?P<pid>[^\s\[\]]{1,128})\](?::\s?|\s|$))")
_FORWARDED = re.compile(r"Message forwarded from (?P<host>[^\s:]+): *")
_HOST = re.compile(r"(?P<host>\S+)(?: :)?(?:\s+|$)")
_PROCESS_ID = re.compile(r"\d{1,10}", re.ASCII)
_LARGEST_INT = 2**31 - 1


class Message(NamedTuple):
    """A message as it came, who brought it, and when."""

    content: bytes
    address: str
    received: datetime


class Row(NamedTuple):
    """A message as the table has it, and what the table has no column for."""

    TimeGenerated: datetime
    EventTime: datetime | None
    Facility: str
    SeverityLevel: str
    Computer: str
    HostName: str
    HostIP: str
    ProcessName: str
    ProcessID: int | None
    SyslogMessage: str
    MessageID_CF: str = ""
    StructuredData_CF: str = ""


_TRANSFORM = f"{SOURCE} | extend StructuredData_CF = parse_json(StructuredData_CF)"


def shaped(store: Store, messages: Iterable[Message]) -> Shaped:
    """Messages as rows of the table Syslog. What RFC 5424 has and Azure Monitor does not goes into custom columns (`_CF`)."""
    import pyarrow as pa

    text, time = pa.string(), pa.timestamp("us", "UTC")
    types = {"TimeGenerated": time, "EventTime": time, "ProcessID": pa.int32()}
    rows = [row._asdict() for message in messages if (row := parse(message)) is not None]
    table = pa.Table.from_pylist(rows, pa.schema([(name, types.get(name, text)) for name in Row._fields]))
    for name, value in (("CollectorHostName", socket.gethostname()), ("SourceSystem", "Linux")):
        table = table.append_column(name, pa.array([value] * len(rows), text))
    return shape(store, TABLE, table, transform=_TRANSFORM, keep=True)


def parse(message: Message, zone: tzinfo | None = None) -> Row | None:
    """A message as a row; None when there is nothing in it. Times without a zone are of `zone`, else of this machine's.

    Bytes that are not UTF-8 are replaced by U+FFFD.
    """
    text = message.content.decode("utf-8", "replace").removeprefix("\ufeff").strip("\0\r\n")
    priority, rest = _priority(text)
    if not rest.strip():
        return None
    parts = _rfc5424(rest, message.received) or _rfc3164(rest, message.received, zone)
    time, address = parts.time, message.address.removeprefix("::ffff:")
    return Row(
        TimeGenerated=time if time and _OLDEST <= time - message.received <= _NEWEST else message.received,
        EventTime=time,
        Facility=FACILITIES[priority // 8],
        SeverityLevel=SEVERITIES[priority % 8],
        Computer=parts.host or address,
        HostName=parts.host or address,
        HostIP=address,
        ProcessName=parts.process,
        ProcessID=parts.pid,
        SyslogMessage=parts.message,
        MessageID_CF=parts.id,
        StructuredData_CF=parts.data,
    )


class _Parts(NamedTuple):
    """What stands in a message after its priority."""

    time: datetime | None
    host: str
    process: str
    pid: int | None
    message: str
    id: str = ""
    data: str = ""


def _priority(text: str) -> tuple[int, str]:
    found = _PRIORITY.match(text)
    if found is None or int(found[1]) >= 8 * len(FACILITIES):
        return _USER_NOTICE, text
    return int(found[1]), text[found.end() :].lstrip(" ")


def _rfc5424(text: str, received: datetime) -> _Parts | None:
    found = _RFC5424.match(text)
    if found is None:
        return None
    time = stamp(found["time"], received)
    if found["time"] != "-" and (time is None or time[1]):
        return None
    host, name, pid, id_ = ("" if found[part] == "-" else found[part] for part in ("host", "process", "pid", "id"))
    data, message = _structured_data(found["rest"])
    # rsyslog's own template for RFC 5424 puts a second space before the message.
    message = message.removeprefix(" ").removeprefix("\ufeff")
    return _Parts(time[0] if time else None, host, *_process(name, pid), message, id_, data)


def _structured_data(text: str) -> tuple[str, str]:
    """Structured data as JSON, a bag of bags, and the message after it. What is not well formed is a part of the message."""
    data: dict[str, dict[str, str | list[str]]] = {}
    at = 0
    while (element := _ELEMENT.match(text, at)) is not None:
        at = element.end()
        bag = data.setdefault(element[1], {})
        for name, escaped in _PARAMETER.findall(element[2]):
            value = _ESCAPED.sub(r"\1", escaped)
            # RFC 5424 lets a parameter be there more than once: `ip` of a machine with two addresses.
            before = bag.setdefault(name, value)
            if before is not value:
                bag[name] = [*(before if isinstance(before, list) else [before]), value]
    if data:
        rest = text[at:]
        return (json.dumps(data, ensure_ascii=False), rest[1:]) if rest[:1] in {"", " "} else ("", text)
    return "", text.removeprefix("-").removeprefix(" ")


def _rfc3164(text: str, received: datetime, zone: tzinfo | None) -> _Parts:
    """What there is of a time, a host and a tag, in this order; the rest is the message."""
    numbered = _NUMBERED.match(text)
    found = stamp(text[numbered.end() if numbered else 0 :], received, zone)
    if found is None:
        return _tagged(None, "", text)
    time, rest = found
    if rest.startswith(":"):
        return _tagged(time, "", rest[1:].lstrip(" "))
    rest = rest.lstrip(" ")
    host = _FORWARDED.match(rest) or (None if _TAG.match(rest) else _HOST.match(rest))
    return _tagged(time, host["host"] if host else "", rest[host.end() :] if host else rest)


def _tagged(time: datetime | None, host: str, text: str) -> _Parts:
    tag = _TAG.match(text)
    if tag is None:
        return _Parts(time, host, "", None, text)
    return _Parts(time, host, *_process(tag["name"], tag["pid"] or ""), text[tag.end() :])


def _process(name: str, pid: str) -> tuple[str, int | None]:
    """The name of a process and its number. What is no number stays with the name: `web[worker.3]`."""
    if _PROCESS_ID.fullmatch(pid) and int(pid) <= _LARGEST_INT:
        return name, int(pid)
    return f"{name}[{pid}]" if pid else name, None
