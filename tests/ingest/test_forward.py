"""Fluent Forward: chunks of all modes, and the loggers of Python and Node.js against `kqlog listen --forward`."""

from __future__ import annotations

import gzip
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest
from fluent import event, sender
from hypothesis import given
from hypothesis import strategies as st
from listening import Listening

import kqlog
from kqlog.errors import QueryError
from kqlog.ingest.forward import Chunk, chunk, read, shaped, table, unpacker
from kqlog.store.store import create

SECOND = 1_772_360_130
TIME = "2026-03-01T10:15:30.0000000Z"
ROW = {"n": 1, "TimeGenerated": TIME}
ENTRY = [SECOND, {"n": 1}]


def sent(value: object) -> Chunk | None:
    (received,) = read(unpacker(), msgpack.packb(value))
    return chunk(received)


def packed(*entries: object) -> bytes:
    return b"".join(map(msgpack.packb, entries))


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (["app", SECOND, {"n": 1}], [ROW]),
        (["app", SECOND, {"n": 1}, {"size": 1}], [ROW]),
        (["app", [ENTRY, ENTRY]], [ROW, ROW]),
        (["app", [ENTRY], None], [ROW]),
        (["app", [[[SECOND, {}], {"n": 1}]], {}], [ROW]),
        (["app", packed(ENTRY, ENTRY)], [ROW, ROW]),
        (["app", packed(ENTRY), {"size": 1}], [ROW]),
        (["app", packed(ENTRY).decode("latin-1"), {}], [ROW]),
        (["app", gzip.compress(packed(ENTRY)), {"compressed": "gzip"}], [ROW]),
        (["app", gzip.compress(packed(ENTRY)) + gzip.compress(packed(ENTRY)), {"compressed": "gzip"}], [ROW, ROW]),
        (["app", b"", {}], []),
    ],
)
def test_a_chunk_in_every_mode(value: object, rows: list[dict[str, object]]) -> None:
    if isinstance(value, list) and isinstance(value[1], str):
        value = [value[0], value[1].encode("latin-1"), value[2]]
    assert sent(value) == Chunk("app", rows, None)


def test_a_chunk_may_want_to_be_acknowledged() -> None:
    found = sent(["app", [ENTRY], {"chunk": "p8n9gmxTQVC8/nh2wlKKeQ=="}])
    assert found is not None
    assert found.name == b"p8n9gmxTQVC8/nh2wlKKeQ=="
    assert sent(None) is None


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (msgpack.ExtType(0, struct.pack(">II", SECOND, 123_456_789)), "2026-03-01T10:15:30.1234567Z"),
        (SECOND + 0.5, "2026-03-01T10:15:30.5000000Z"),
        (-1, "1969-12-31T23:59:59.0000000Z"),
        (2**60, None),
        (float("nan"), None),
        (msgpack.ExtType(5, b"?"), None),
    ],
)
def test_the_time_of_an_event(time: object, shown: str | None) -> None:
    found = sent(["app", time, {}])
    assert found is not None
    assert found.rows == [{"TimeGenerated": shown}]


def test_values_of_all_kinds_become_columns(tmp_path: Path) -> None:
    record = {
        "text": b"caf\xe9",
        "many": [1, "x", None],
        "bag": {1: {"deep": True}},
        "huge": 2**64 - 1,
        "odd": float("nan"),
        "when": msgpack.ExtType(0, struct.pack(">II", SECOND, 0)),
        "TimeGenerated": "2026-03-01T00:00:00Z",
    }
    found = sent(["app", SECOND, record])
    assert found is not None
    store = create(tmp_path / "logs")
    rows = shaped(store, found.tag, found.rows)
    store.table(rows.table).append(rows.rows, rows.columns)
    columns = "text, many, bag, huge, when, format_datetime(TimeGenerated, 'dd HH')"
    assert kqlog.connect(store.root).query(f"app_CL | project {columns}").texts() == [
        ["caf\ufffd", '[1,"x",null]', '{"1":{"deep":true}}', "1.8446744073709552e+19", TIME, "01 00"]
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (7, "a tag, events and options"),
        ([], "a tag, events and options"),
        (["app", SECOND], "a tag, events and options"),
        ([1, [ENTRY]], "a tag, events and options"),
        (["app", [ENTRY], {}, {}], "a tag, events and options"),
        (["app", packed(ENTRY)[:-1]], "cut off"),
        (["app", packed([SECOND, {"n": "text"}])[:-1]], "cut off"),
        (["app", b"\xc1"], "MessagePack"),
        (["app", gzip.compress(packed(ENTRY))[:-9], {"compressed": "gzip"}], "cut off"),
        (["app", b"no gzip", {"compressed": "gzip"}], "cannot be decompressed"),
        (["app", gzip.compress(bytes(65 << 20)), {"compressed": "gzip"}], "more than 67,108,864 bytes"),
    ],
)
def test_what_is_no_chunk_is_refused(value: object, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        sent(value)


def test_an_event_that_is_none_is_refused_alone() -> None:
    found = sent(["app", [ENTRY, [SECOND], "x", ENTRY]])
    why = "this is no chunk of Fluent Forward: an event is a time and a map"
    assert found == Chunk("app", [ROW, ROW], None, ((why, f"[{SECOND}]"), (why, '"x"')))


@given(st.binary(max_size=200))
def test_any_bytes_are_chunks_or_refused(data: bytes) -> None:
    try:
        for received in read(unpacker(), data):
            chunk(received)
    except QueryError as error:
        assert error.code == "ING003"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("web", "web_CL"),
        ("kube.var.log-7", "kube_var_log_7_CL"),
        ("7up", "_7up_CL"),
        ("", "__CL"),
        ("App_CL", "App_CL"),
        ("Syslog", "Syslog"),
        ("x" * 100, "x" * 60 + "_CL"),
    ],
)
def test_a_tag_names_a_table(tag: str, name: str) -> None:
    assert table(tag) == name


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    made = Listening(tmp_path / "logs", "--forward", "127.0.0.1:0")
    yield made
    made.end()


def test_fluent_logger_of_python(listening: Listening) -> None:
    sender.setup("shop", host="127.0.0.1", port=listening.ports["Fluent Forward"], nanosecond_precision=True)
    for number in range(1000):
        event.Event("paid", {"order": number, "customer": {"name": "Ünal"}})
    sender.close()
    assert listening.stop()[1] == ""
    query = "shop_paid_CL | summarize count(), dcount(order, 4), take_any(tostring(customer.name)), max(abs(TimeGenerated - _TimeReceived)) < 1m"
    assert listening.rows(query) == [(1000, 1000, "Ünal", True)]


# It hangs up when an answer takes longer than `timeout`, by default 3 seconds, which is short on a busy machine.
NODE = """
const { FluentClient } = require("@fluent-org/logger");
const [port, eventMode] = process.argv.slice(1);
const client = new FluentClient("shop", { eventMode, ack: { ackTimeout: 20000 }, socket: { host: "127.0.0.1", port: +port, timeout: 20000 } });
const orders = [...Array(100).keys()].map(order => client.emit("paid", { order, by: "card" }));
Promise.all(orders).then(() => { console.log("acknowledged"); process.exit(0); }, error => { console.error(error); process.exit(1); });
"""


@pytest.mark.parametrize("mode", ["Message", "Forward", "PackedForward", "CompressedPackedForward"])
def test_what_fluent_s_logger_for_node_js_hears_of_is_stored(listening: Listening, mode: str) -> None:
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "require('@fluent-org/logger')"], capture_output=True, check=False).returncode:
        pytest.skip("there is no Node.js with @fluent-org/logger (npm package, found by NODE_PATH)")
    done = subprocess.run(
        [node, "-e", NODE, str(listening.ports["Fluent Forward"]), mode], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("acknowledged\n", "")
    listening.process.kill()  # nothing has to be done after the acknowledgement
    assert listening.rows("shop_paid_CL | summarize count(), dcount(order, 4) by by") == [("card", 100, 100)]


def test_a_chunk_that_is_sent_again_is_acknowledged_and_stored_once(listening: Listening) -> None:
    content = msgpack.packb(["web", [ENTRY], {"chunk": "one"}])
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", listening.ports["Fluent Forward"])) as connection:
            connection.sendall(content)
            assert msgpack.unpackb(connection.recv(100)) == {"ack": "one"}
    assert listening.rows("web_CL | count") == [(1,)]


def test_what_is_no_chunk_ends_its_connection_and_no_other(listening: Listening) -> None:
    with socket.create_connection(("127.0.0.1", listening.ports["Fluent Forward"])) as good:
        with socket.create_connection(("127.0.0.1", listening.ports["Fluent Forward"])) as bad:
            bad.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert bad.recv(100) == b""
        good.sendall(msgpack.packb(["web", [ENTRY], {"chunk": "one"}]))
        assert good.recv(100)
    _, said = listening.stop()
    assert (
        said
        == "kqlog: a connection of Fluent Forward was ended: ING003: this is no chunk of Fluent Forward: a chunk is a tag, events and options\n"
    )


LETTERS = "DCRLogErrors | project InputStreamId, OperationName, Message, RawData_CF, from = extract('^.* from', 0, Source_CF)"


def test_a_bad_event_among_good_ones_is_kept_and_the_chunk_is_acknowledged_and_stored_once(listening: Listening) -> None:
    mixed = [ENTRY, [SECOND], [SECOND, {"a b": 1, "a.b": 2}], [SECOND, {"n": 2}]]
    content = msgpack.packb(["web", mixed, {"chunk": "one"}])
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", listening.ports["Fluent Forward"])) as connection:
            connection.sendall(content)
            assert msgpack.unpackb(connection.recv(100)) == {"ack": "one"}
    assert listening.rows("web_CL | project n | order by n asc") == [(1,), (2,)]
    one_column = '{"a b":1,"a.b":2,"TimeGenerated":"' + TIME + '"}'
    assert listening.rows(f"{LETTERS} | order by RawData_CF asc") == [
        ("Custom-web_CL", "Ingestion", "this is no chunk of Fluent Forward: an event is a time and a map", f"[{SECOND}]", "Fluent Forward from"),
        ("Custom-web_CL", "Ingestion", "'a.b' and another field would both be the column 'a_b'", one_column, "Fluent Forward from"),
    ]  # fmt: skip
    assert listening.stop()[1] == ""
    assert listening.rows("_LogOperation | where Operation == 'Dead letters' | summarize take_any(Level), count()") == [
        ("Warning", 1)
    ]


def test_what_came_before_that_which_ends_a_connection_is_stored_and_the_rest_is_kept(listening: Listening) -> None:
    with socket.create_connection(("127.0.0.1", listening.ports["Fluent Forward"])) as connection:
        connection.sendall(msgpack.packb(["web", [ENTRY], {"chunk": "one"}]) + b"GET / HTTP/1.1\r\n")
        assert msgpack.unpackb(connection.recv(100)) == {"ack": "one"}
        assert connection.recv(100) == b""
    assert listening.rows("web_CL | count") == [(1,)]
    assert listening.rows("DCRLogErrors | project InputStreamId, RawData_CF has 'HTTP/1.1'") == [("", True)]
    listening.stop()
    assert listening.rows("_LogOperation | where Operation == 'Connection refused' | project Detail has 'a chunk is a tag'") == [
        (True,)
    ]
