"""Flow logs of AWS' virtual networks as text in S3: names on the first line, in whatever order, into AWSVPCFlow."""

from __future__ import annotations

from datetime import UTC, datetime

from kqlog.ingest.readers.format import Format, Parser, Row, UnreadableError

_COLUMNS = {
    "version": "Version",
    "account-id": "AccountId",
    "interface-id": "InterfaceId",
    "srcaddr": "SrcAddr",
    "dstaddr": "DstAddr",
    "srcport": "SrcPort",
    "dstport": "DstPort",
    "protocol": "Protocol",
    "packets": "Packets",
    "bytes": "Bytes",
    "start": "TimeGenerated",
    "end": "End",
    "action": "Action",
    "log-status": "LogStatus",
    "vpc-id": "VpcId",
    "subnet-id": "SubnetId",
    "instance-id": "InstanceId",
    "tcp-flags": "TcpFlags",
    "type": "TrafficType",
    "pkt-srcaddr": "PktSrcAddr",
    "pkt-dstaddr": "PktDstAddr",
    "region": "Region",
    "az-id": "AzId",
    "sublocation-type": "SublocationType",
    "sublocation-id": "SublocationId",
    "pkt-src-aws-service": "PktSrcAwsService",
    "pkt-dst-aws-service": "PktDstAwsService",
    "flow-direction": "FlowDirection",
    "traffic-path": "TrafficPath",
}
_TIMES = {"start", "end"}
_INTEGERS = {"version", "srcport", "dstport", "protocol", "packets", "bytes", "tcp-flags"}
_FEWEST = 3
"""So many names make a line the names of columns."""


class FlowLog(Parser):
    """Values under the names of the first line."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def is_header(self, line: str) -> bool:
        """Whether it names columns."""
        return _is_header(line)

    def feed(self, line: str) -> list[Row]:
        """The row of a flow. What is not known of it is `-`."""
        if _is_header(line):
            self._names = line.split()
            return []
        if not line.strip():
            return []
        values = line.split(" ")
        if len(values) != len(self._names):
            raise UnreadableError(f"{len(values)} values under {len(self._names)} names")
        given = {name: value for name, value in zip(self._names, values, strict=True) if value != "-"}
        return [{_COLUMNS.get(name, name): _value(name, value) for name, value in given.items()}]


def _value(name: str, text: str) -> object:
    if name in _INTEGERS or name in _TIMES:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
        return _time(number) if name in _TIMES else number
    return text


def _time(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _is_header(line: str) -> bool:
    names = line.split()
    return len(names) >= _FEWEST and sum(name in _COLUMNS for name in names) >= _FEWEST and all(map(_is_name, names))


def _is_name(text: str) -> bool:
    return text.isascii() and text.replace("-", "").isalpha() and text.islower()


FORMAT = Format(
    "vpc-flow",
    "flow logs of AWS' virtual networks as text",
    recognises=lambda beginning: _is_header(beginning.split("\n", 1)[0]),
    parser=FlowLog,
    table=lambda row: "AWSVPCFlow",
)
