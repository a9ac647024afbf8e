"""Access logs of nginx and Apache, in the common and the combined format."""

from __future__ import annotations

import re
from datetime import datetime

from kqlog.ingest.readers.format import Format, Parser, Row, UnreadableError

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    rf"(?P<client>\S+) (?P<ident>\S+) (?P<user>.+?) \[(?P<time>[^\]]+)\] {_QUOTED} (?P<status>\d{{3}}|-) (?P<bytes>\d+|-)"
    rf"(?: {_QUOTED} {_QUOTED})?(?P<more>.*)"
)
_REQUEST = re.compile(r"(\S+) (.*) (\S+/[\d.]+)")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_TIME = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)")


class AccessLog(Parser):
    """One request a line."""

    def feed(self, line: str) -> list[Row]:
        """The row of a request. What follows the known values is kept in `More`."""
        if not line.strip():
            return []
        match = _LINE.fullmatch(line)
        if match is None:
            raise UnreadableError("not in the common or combined format of access logs")
        request, referer, agent = match.group(5), match.group(8), match.group(9)
        parts = _REQUEST.fullmatch(request)
        method, url, protocol = parts.groups() if parts else ("", request, "")
        row: Row = {
            "TimeGenerated": _time(match["time"]),
            "ClientIP": match["client"],
            "Ident": _given(match["ident"]),
            "UserName": _given(match["user"]),
            "Method": method,
            "Url": url,
            "Protocol": protocol,
            "Status": int(match["status"]) if match["status"] != "-" else None,
            "Bytes": _size(match["bytes"]),
            "Referer": _given(referer),
            "UserAgent": _given(agent),
        }
        if more := match["more"].strip():
            row["More"] = more
        return [row]


def _given(text: str | None) -> str:
    return "" if text in {None, "-"} else str(text)


def _size(text: str) -> int | None:
    """`-` stands for no body, which Apache's %b does not count as 0."""
    if text == "-":
        return None
    size = int(text[:20])
    if size >= 2**63:
        raise UnreadableError(f"no response has {text[:30]} bytes")
    return size


def _time(text: str) -> str:
    match = _TIME.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise UnreadableError(f"'{text}' is not a time as access logs write it")
    written = f"{match[3]}-{_MONTHS.index(match[2]) + 1:02}-{match[1]}T{match[4]}{match[5]}:{match[6]}"
    try:
        datetime.fromisoformat(written)
    except ValueError:
        raise UnreadableError(f"there is no such time as '{text}'") from None
    return written


def _recognises(beginning: str) -> bool:
    return _LINE.fullmatch(beginning.split("\n", 1)[0].rstrip("\r")) is not None


FORMAT = Format(
    "access",
    "access logs of nginx and Apache, common and combined",
    recognises=_recognises,
    parser=AccessLog,
    table=lambda row: "AccessLog_CL",
)
