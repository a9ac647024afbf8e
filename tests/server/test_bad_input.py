"""What no sender should send, over each protocol of HTTP: a 4xx with the reason and nothing stored, or all of it stored."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Callable
from typing import NamedTuple

import httpx
import pytest

from kqlog.store.store import Store

GOOD = b'{"n": 1, "text": "good"}'
JSON = {"Content-Type": "application/json"}
NUMBERS = itertools.count()


class Protocol(NamedTuple):
    """How rows are sent: the address and headers for a table, the body for rows of JSON, and the name of the table."""

    path: str
    headers: dict[str, str]
    body: Callable[[list[bytes]], bytes]
    table: str = "{}_CL"


def array(rows: list[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def records(rows: list[bytes]) -> bytes:
    """Log records of OpenTelemetry whose bodies are the rows, each as a text; what is no UTF-8 in JSON stays so."""
    texts = [
        b'{"body":{"stringValue":"' + row.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"}}' if len(row) < 1 << 21 else row
        for row in rows
    ]
    return b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b",".join(texts) + b"]}]}]}"


PROTOCOLS = {
    "Logs Ingestion": Protocol("/dataCollectionRules/dcr-default/streams/Custom-{}_CL?api-version=2023-01-01", JSON, array),
    "Data Collector": Protocol("/api/logs?api-version=2016-04-01", {**JSON, "Log-Type": "{}"}, array),
    "Kusto, JSON": Protocol("/v1/rest/ingest/logs/{}_CL?streamFormat=json", {}, b"\n".join),
    "OpenTelemetry": Protocol("/v1/logs", JSON, records, "OTelLogs"),
}
ROWS = {name: protocol for name, protocol in PROTOCOLS.items() if name != "OpenTelemetry"}


class Sent(NamedTuple):
    status: int
    text: str
    rows: int


def rows_in(server, table: str) -> int:
    found = Store(server.folder).table(table)
    return found.snapshot().rows if found.exists else 0


def send(server, protocol: Protocol, body: bytes, headers: dict[str, str] | None = None) -> Sent:
    """Send a body to a table of its own; how many rows came into it. Afterwards the server takes what is good."""
    name = f"Bad{next(NUMBERS)}"
    table = protocol.table.format(name)
    before = rows_in(server, table)
    own = {key: value.format(name) for key, value in protocol.headers.items()} | (headers or {})
    answer = httpx.post(server.url + protocol.path.format(name), content=body, headers=own, timeout=60)
    stored = rows_in(server, table) - before
    good = httpx.post(f"{server.url}/dataCollectionRules/dcr-default/streams/Custom-Good_CL", content=array([GOOD]))
    assert good.status_code == 204
    assert answer.status_code < 500, answer.text
    return Sent(answer.status_code, answer.text, stored)


def refused(sent: Sent, status: int, reason: str) -> None:
    assert (sent.status, sent.rows, reason in sent.text) == (status, 0, True), sent


def taken(sent: Sent, rows: int = 3) -> None:
    assert (sent.status in (200, 204), sent.rows) == (True, rows), sent


def around(row: bytes) -> list[bytes]:
    return [GOOD, row, GOOD]


@pytest.fixture(params=PROTOCOLS.values(), ids=PROTOCOLS)
def protocol(request) -> Protocol:
    return request.param


@pytest.fixture(params=ROWS.values(), ids=ROWS)
def of_rows(request) -> Protocol:
    """One of the protocols by which a row is an object of JSON."""
    return request.param


# ------------------------------------------------------------------------------------------------------------- bodies


def zipped(protocol: Protocol) -> bytes:
    return gzip.compress(protocol.body([GOOD] * 100))


ZIPPED = {"Content-Encoding": "gzip"}


def test_gzip_that_is_cut_off(server, protocol):
    refused(send(server, protocol, zipped(protocol)[:-9], ZIPPED), 400, "cut off")


def test_gzip_that_is_damaged(server, protocol):
    data = bytearray(zipped(protocol))
    data[len(data) // 2] ^= 255
    sent = send(server, protocol, bytes(data), ZIPPED)
    assert (sent.status, sent.rows) == (400, 0)


def test_a_gzip_bomb(server, protocol):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(110)) + packer.flush()
    assert len(bomb) < 1 << 20
    refused(send(server, protocol, bomb, ZIPPED), 413, "when it is decompressed")


def test_a_body_of_a_hundred_megabytes(server, protocol):
    try:
        sent = send(server, protocol, b" " * (100 << 20))
    except httpx.TransportError:
        # The server answers and ends the connection while the client still writes.
        assert httpx.get(f"{server.url}/healthz").status_code == 200
    else:
        refused(sent, 413, "31,457,280 bytes")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_an_encoding_that_is_not_known(server, protocol, encoding):
    refused(send(server, protocol, protocol.body([GOOD]), {"Content-Encoding": encoding}), 415, "encoding")


def test_a_content_type_that_is_not_the_protocols(server, protocol):
    for kind in ("text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        sent = send(server, protocol, protocol.body([GOOD]), {"Content-Type": kind})
        # Where it does not say how to read the body, it does not matter.
        taken(sent, 1) if sent.status < 400 else refused(sent, 415, "content type")


def test_xml_where_json_is_wanted(server, protocol):
    sent = send(server, protocol, b"<rows><row n='1'/></rows>")
    assert (sent.status, sent.rows) == (400, 0)


# --------------------------------------------------------------------------------------------------------------- rows


def test_bytes_that_are_not_utf8(server, protocol):
    sent = send(server, protocol, protocol.body(around(b'{"text": "\xff\xfe"}')))
    assert (sent.status, sent.rows) == (400, 0)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_json_does_not_have(server, of_rows, number):
    sent = send(server, of_rows, of_rows.body(around(b'{"n": ' + number + b"}")))
    assert (sent.status, sent.rows) == (400, 0)


def test_a_number_of_opentelemetry_that_json_does_not_have_is_a_text(server):
    record = b'{"logRecords":[{"body":{"doubleValue":"NaN"}}]}'
    taken(send(server, PROTOCOLS["OpenTelemetry"], b'{"resourceLogs":[{"scopeLogs":[' + record + b"]}]}"), 1)


def test_nul_in_a_text(server, protocol):
    taken(send(server, protocol, protocol.body(around(b'{"text": "x\\u0000y"}'))))


def test_a_field_of_a_megabyte(server, protocol):
    taken(send(server, protocol, protocol.body(around(b'{"text": "' + b"x" * (1 << 20) + b'"}'))))


def test_two_thousand_fields(server, of_rows):
    row = json.dumps({f"field{at}": at for at in range(2000)}).encode()
    refused(send(server, of_rows, of_rows.body(around(row))), 400, "500 columns")


def test_two_thousand_fields_one_in_each_row(server, of_rows):
    rows = [json.dumps({f"field{at}": at}).encode() for at in range(2000)]
    refused(send(server, of_rows, of_rows.body(rows)), 400, "500 columns")


@pytest.mark.parametrize("time", ["1601-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "2099-01-01T00:00:00Z"])
def test_times_far_away_and_clocks_that_are_wrong(server, of_rows, time):
    taken(send(server, of_rows, of_rows.body(around(json.dumps({"TimeGenerated": time}).encode()))))


@pytest.mark.parametrize("time", ["yesterday", "10000-01-01T00:00:00Z", 1e300, {}])
def test_times_that_are_none(server, of_rows, time):
    sent = send(server, of_rows, of_rows.body(around(json.dumps({"TimeGenerated": time}).encode())))
    # It is null then, and so the time at which the row came in.
    taken(sent)


def test_the_largest_time_of_opentelemetry(server):
    record = b'{"logRecords":[{"timeUnixNano":"18446744073709551615"},{"timeUnixNano":"1"}]}'
    taken(send(server, PROTOCOLS["OpenTelemetry"], b'{"resourceLogs":[{"scopeLogs":[' + record + b"]}]}"), 2)


def test_a_key_that_is_there_twice(server, of_rows):
    taken(send(server, of_rows, of_rows.body(around(b'{"n": 1, "n": 2}'))))


def test_keys_that_would_be_one_column(server, of_rows):
    sent = send(server, of_rows, of_rows.body(around(b'{"a b": 1, "a.b": 2}')))
    refused(sent, 400, "would both be")


@pytest.mark.parametrize("end", [b"", b"]" * 100_000 + b"}"], ids=["open", "closed"])
def test_json_that_is_nested_deeply(server, of_rows, end):
    row = b'{"deep": ' + b"[" * 100_000 + end
    refused(send(server, of_rows, of_rows.body(around(row))), 400, "nested too deeply" if end else "")


def test_json_that_is_nested_as_deeply_as_can_be_kept(server, of_rows):
    depth = 900
    taken(send(server, of_rows, of_rows.body(around(b'{"deep": ' + b"[" * depth + b"]" * depth + b"}"))))


def test_opentelemetry_that_is_nested_deeply(server):
    value = b'{"stringValue":"x"}'
    for _ in range(1000):
        value = b'{"arrayValue":{"values":[' + value + b"]}}"
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"good"}},{"body":' + value + b"}]}]}]}"
    sent = send(server, PROTOCOLS["OpenTelemetry"], body)
    assert (sent.status, sent.rows) == (400, 0)


@pytest.mark.parametrize("row", [b"1", b"null", b"[]", b'{"n" 1}'])
def test_a_row_that_is_no_object(server, of_rows, row):
    sent = send(server, of_rows, of_rows.body(around(row)))
    assert (sent.status, sent.rows) == (400, 0)


@pytest.mark.parametrize("format_", ["csv", "sohsv"])
@pytest.mark.parametrize("body", [b"\xff\xfe", b'a,"b', b"\0\0", b"1\n1,2,3\t4|5;6\x017\n", b"," * 10_000], ids=range(5))
def test_bad_lines_of_values(server, format_, body):
    protocol = Protocol(f"/v1/rest/ingest/logs/Heartbeat?streamFormat={format_}", {}, array, "Heartbeat")
    sent = send(server, protocol, body)
    assert sent.status in (200, 400)
    assert sent.status == 200 or sent.rows == 0


def test_opentelemetry_in_protobuf_that_is_none(server):
    protobuf = {"Content-Type": "application/x-protobuf"}
    for body in (b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x7f", b"\x0a\x05abc", b"[]"):
        sent = send(server, PROTOCOLS["OpenTelemetry"], body, protobuf)
        assert (sent.status, sent.rows) == (400, 0)
