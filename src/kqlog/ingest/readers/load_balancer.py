"""Access logs of AWS' load balancers: Application and Network into Microsoft Sentinel's tables, Classic into one of its own.

The fields of a line and their order are those of Elastic Load Balancing's user guides. AWS adds new ones at the end, which are
passed over.
"""

from __future__ import annotations

import re

from kqlog.ingest.readers.format import Format, Parser, Row, UnreadableError

_APPLICATION = [
    "ALBType",
    "TimeGenerated",
    "Alb",
    "Client",
    "Target",
    "RequestProcessingTime",
    "TargetProcessingTime",
    "ResponseProcessingTime",
    "ElbStatusCode",
    "TargetStatusCode",
    "ReceivedBytes",
    "SentBytes",
    "RequestRaw",
    "UserAgent",
    "SslCipher",
    "SslProtocol",
    "TargetGroupArn",
    "TraceId",
    "DomainName",
    "ChosenCertArn",
    "MatchedRulePriority",
    "RequestCreationTime",
    "ActionsExecuted",
    "RedirectUrl",
    "LambdaErrorReason",
    "TargetPortList",
    "TargetStatusCodeList",
    "Classification",
    "ClassificationReason",
    "ConnTraceId",
]
_NETWORK = [
    "NLBType",
    "Version",
    "TimeGenerated",
    "Nlb",
    "Listener",
    "ClientIPPort",
    "TargetIPPort",
    "ConnectionTime",
    "TlsHandshakeTime",
    "ReceivedBytes",
    "SentBytes",
    "IncomingTLSAlert",
    "ChosenCertArn",
    "ChosenCertSerial",
    "TLSCipher",
    "TLSProtocolVersion",
    "TLSNamedGroup",
    "DomainName",
    "ALPNFEProtocol",
    "ALPNBEProtocol",
    "ALPNClientPrefList",
    "TLSConnectionCreationTime",
]
_CLASSIC = [
    "TimeGenerated",
    "Elb",
    "Client",
    "Backend",
    "RequestProcessingTime",
    "BackendProcessingTime",
    "ResponseProcessingTime",
    "ElbStatusCode",
    "BackendStatusCode",
    "ReceivedBytes",
    "SentBytes",
    "RequestRaw",
    "UserAgent",
    "SslCipher",
    "SslProtocol",
]
_FEWEST = {"ALBType": 12, "NLBType": 17, "Elb": 12}
"""How many fields lines had when there were the fewest, by a column that only such lines have."""
_ADDRESSES = {"Client", "Target", "Backend"}
_INTEGERS = {"ElbStatusCode", "BackendStatusCode", "ReceivedBytes", "SentBytes"}
_REALS = {"RequestProcessingTime", "BackendProcessingTime", "ResponseProcessingTime"}
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(?!\S)|(\S+)')
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?"
_KINDS = (
    (re.compile(rf"(?:https?|h2|grpcs?|wss?) {_TIME} \S+/\S+ "), _APPLICATION, "ALBType"),
    (re.compile(rf"tls [\d.]+ {_TIME} "), _NETWORK, "NLBType"),
    (re.compile(rf"{_TIME} \S+ \S+:\d+ (?:\S+:\d+|-) -?[\d.]+ "), _CLASSIC, "Elb"),
)


class LoadBalancerLog(Parser):
    """One request or connection a line."""

    def feed(self, line: str) -> list[Row]:
        """The row of a request."""
        if not line.strip():
            return []
        for pattern, columns, mark in _KINDS:
            if pattern.match(line):
                values = [quoted if plain == "" else plain for quoted, plain in _TOKEN.findall(line)]
                if len(values) < _FEWEST[mark]:
                    raise UnreadableError(f"{len(values)} fields, where a load balancer writes {len(columns)}")
                return [_row(dict(zip(columns, values, strict=False)), mark)]
        raise UnreadableError("not in the format of a load balancer's access log")


def _row(values: dict[str, str], mark: str) -> Row:
    row: Row = {}
    for name, text in values.items():
        if name in _ADDRESSES:
            address, _, port = text.rpartition(":")
            row |= {f"{name}Ip": address.strip("[]"), f"{name}Port": _integer(port)}
        elif name == "TimeGenerated":
            row[name] = text if text.endswith("Z") else f"{text}Z"
        elif name in _INTEGERS and mark != "NLBType":
            row[name] = _integer(text)
        elif name in _REALS and mark == "Elb":
            row[name] = _real(text)
        else:
            row[name] = "" if text == "-" else text
    return row


def _integer(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _real(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _table(row: Row) -> str:
    return "AWSALBAccessLogs" if "ALBType" in row else "AWSNLBAccessLogs" if "NLBType" in row else "AWSELBAccessLogs_CL"


FORMAT = Format(
    "load-balancer",
    "access logs of AWS' Application, Network and Classic Load Balancers",
    recognises=lambda beginning: any(pattern.match(beginning) for pattern, _, _ in _KINDS),
    parser=LoadBalancerLog,
    table=_table,
)
