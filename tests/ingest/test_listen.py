"""kqlog listen, with the senders that people run: logger of util-linux, rsyslog, syslog-ng."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from listening import Listening, program, wait_until

import kqlog
from kqlog.errors import QueryError
from kqlog.ingest import syslog
from kqlog.ingest.batches import Batches, Troubles
from kqlog.ingest.connections import receive_tcp
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.listen import read_syslog, receive_udp
from kqlog.ingest.syslog import Message
from kqlog.store.store import Store, create


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    made = Listening(tmp_path / "logs", "--syslog-udp", "127.0.0.1:0", "--syslog-tcp", "127.0.0.1:0", sources=2)
    yield made
    made.end()


@pytest.mark.parametrize("format_", ["--rfc5424", "--rfc3164"])
@pytest.mark.parametrize("transport", [["--udp"], ["--tcp"], ["--tcp", "--octet-count"]], ids=" ".join)
def test_logger(listening: Listening, format_: str, transport: list[str]) -> None:
    port = listening.ports["syslog over UDP"] if "--udp" in transport else listening.ports["syslog over TCP"]
    to = [program("logger", "bsdutils"), "--server", "127.0.0.1", "--port", str(port), *transport, format_]
    started = time.time()
    for level, text in (("err", "the disk is full"), ("debug", "ünïcode → ✓")):
        subprocess.run([*to, "--id=815", "--tag", "backup", "--priority", f"local3.{level}", text], check=True)
    listening.stop()
    query = "Syslog | project Facility, SeverityLevel, ProcessName, ProcessID, HostIP, SyslogMessage, TimeGenerated == EventTime, HostName"
    host = socket.gethostname()
    assert sorted(listening.rows(query)) == [
        ("local3", "debug", "backup", 815, "127.0.0.1", "ünïcode → ✓", True, host),
        ("local3", "err", "backup", 815, "127.0.0.1", "the disk is full", True, host),
    ]
    ((age,),) = listening.rows(f"Syslog | summarize max(abs(EventTime - unixtime_seconds_todatetime({started}))) / 1s")
    assert age < 60


RSYSLOG = """
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/port")
template(name="old" type="string" string="<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag%%msg%\\n")
template(name="middle" type="string" string="<%PRI%>%TIMESTAMP:::date-rfc3339% %HOSTNAME% %syslogtag%%msg%")
action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp" template="old")
action(type="omfwd" target="127.0.0.1" port="{udp}" protocol="udp" template="middle")
"""


def test_rsyslog_in_both_framings_and_over_udp(listening: Listening, tmp_path: Path) -> None:
    rsyslogd, configuration = program("rsyslogd", "rsyslog"), tmp_path / "rsyslog.conf"
    configuration.write_text(
        RSYSLOG.format(folder=tmp_path, tcp=listening.ports["syslog over TCP"], udp=listening.ports["syslog over UDP"])
    )
    sender = subprocess.Popen([rsyslogd, "-n", "-f", configuration, "-i", tmp_path / "pid"])
    try:
        port = int(wait_for(tmp_path / "port"))
        lines = [f"<86>Mar  1 10:00:00 mail-01 sshd[{number}]: session {number} opened\n".encode() for number in range(500)]
        with connected(port) as connection:
            connection.sendall(b"".join(lines))
        wait_until(lambda: listening.rows("Syslog | count") == [(1500,)])
    finally:
        sender.terminate()
        sender.wait()
    summary = "Syslog | summarize count(), dcount(ProcessID), countif(SyslogMessage == strcat('session ', ProcessID, ' opened'))"
    assert listening.rows(f"{summary} by Facility, SeverityLevel, HostName, ProcessName") == [
        ("authpriv", "info", "mail-01", "sshd", 1500, 500, 1500)
    ]
    assert listening.rows("Syslog | summarize by format_datetime(EventTime, 'MM-dd HH:mm:ss')") == [("03-01 10:00:00",)]


SYSLOG_NG = """@version: {version}
source s {{ network(transport("tcp") ip("127.0.0.1") port({port})); }};
destination counted {{ syslog("127.0.0.1" port({tcp}) transport("tcp")); }};
destination lines {{ network("127.0.0.1" port({tcp}) transport("tcp") persist-name("lines")); }};
destination datagrams {{ syslog("127.0.0.1" port({udp}) transport("udp")); }};
log {{ source(s); destination(counted); destination(lines); destination(datagrams); }};
"""


def test_syslog_ng_in_both_framings_and_over_udp(listening: Listening, tmp_path: Path) -> None:
    syslog_ng, configuration = program("syslog-ng", "syslog-ng-core"), tmp_path / "syslog-ng.conf"
    version = re.search(r"(\d+\.\d+)", subprocess.check_output([syslog_ng, "--version"], text=True))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert version is not None
    configuration.write_text(
        SYSLOG_NG.format(
            version=version[1], port=port, tcp=listening.ports["syslog over TCP"], udp=listening.ports["syslog over UDP"]
        )
    )
    files = {"-R": "persist", "-p": "pid", "-c": "control"}
    own = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
    sender = subprocess.Popen([syslog_ng, "-F", "-f", configuration, *own])
    try:
        with connected(port) as connection:
            connection.sendall(b"<86>Mar  1 10:00:00 mail-01 sshd[7]: session opened\n" * 100)
            wait_until(lambda: listening.rows("Syslog | where ProcessName == 'sshd' | count") == [(300,)])
    finally:
        sender.terminate()
        sender.wait()
    columns = "Facility, SeverityLevel, ProcessID, SyslogMessage"
    assert listening.rows(f"Syslog | where ProcessName == 'sshd' | summarize count() by {columns}") == [
        ("authpriv", "info", 7, "session opened", 300)
    ]


def wait_for(file: Path) -> str:
    wait_until(lambda: file.exists() and file.read_text())
    return file.read_text()


def connected(port: int) -> socket.socket:
    until = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_the_order_to_end_stores_what_was_received(listening: Listening) -> None:
    with socket.create_connection(("127.0.0.1", listening.ports["syslog over TCP"])) as connection:
        connection.sendall(b"".join(b"<13>app: message %d\n" % number for number in range(5000)) + b"<13>app: without an end")
        said, troubles = listening.stop()
    assert (said, troubles) == ("stored 5,001 messages\n", "")
    assert listening.rows("Syslog | summarize count(), dcount(SyslogMessage, 4)") == [(5001, 5001)]


def test_what_was_changed_is_said(listening: Listening) -> None:
    with socket.create_connection(("127.0.0.1", listening.ports["syslog over TCP"])) as connection:
        connection.sendall(b"<13>caf\xe9\n<13>" + b"x" * 70_000 + b"\n<13>\n")
    _, troubles = listening.stop()
    assert troubles == (
        "kqlog: messages cut off, because they are longer than 65,536 bytes or their connection ended: 1 so far\n"
        "kqlog: messages with bytes that are not UTF-8, which were replaced: 1 so far\n"
        "kqlog: messages with nothing in them, which were passed over: 1 so far\n"
    )
    told = listening.rows("_LogOperation | where Operation == 'Field content validation' | project Detail | order by Detail asc")
    assert [detail.partition(", ")[0] for (detail,) in told] == [
        "Syslog: messages cut off",
        "Syslog: messages with bytes that are not UTF-8",
        "Syslog: messages with nothing in them",
    ]
    assert sorted(listening.rows("Syslog | project strlen(SyslogMessage)")) == [(4,), (65_532,)]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "nothing to listen to: give --syslog-udp, --syslog-tcp, --syslog-tls, --forward, --forward-tls HOST:PORT"),
        (["--syslog-udp", "5514"], "'5514' is not HOST:PORT, as in 127.0.0.1:5514"),
        (["--syslog-tcp", "127.0.0.1:70000"], "'127.0.0.1:70000' is not HOST:PORT"),
        (["--syslog-tcp", "203.0.113.1:5514"], "203.0.113.1"),
    ],
)
def test_what_cannot_be_listened_to(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    create(tmp_path / "logs")
    command = [sys.executable, "-m", "kqlog.cli", "listen", "-d", tmp_path / "logs", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


class Stuck(Ingestor):
    """An ingestion that fails until it is told not to."""

    broken = True

    def submit_all(self, parts):
        if self.broken:
            raise OSError("no space left on device")
        return super().submit_all(parts)


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[tuple[Store, Stuck]]:
    store = create(tmp_path / "logs")
    ingestor = Stuck(store, age=0)
    yield store, ingestor
    ingestor.close()


def test_a_message_that_cannot_be_a_row_does_not_hold_up_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = create(tmp_path / "logs")
    # No message is known that kqlog cannot make a row of: this stands for one.
    shape = syslog.shaped

    def fragile(store, messages):
        if any(b"poison" in message.content for message in messages):
            raise QueryError("ENG002", "overflow")
        return shape(store, messages)

    monkeypatch.setattr("kqlog.ingest.batches.shaped", fragile)
    ingestor = Ingestor(store, age=0)

    async def run() -> Batches:
        batches = Batches(store, ingestor, Troubles(print))
        for at in range(100):
            content = b"<13>app: poison \xff" if at == 42 else b"<13>app: %d" % at
            batches.add(Message(content, "192.0.2.1", datetime.now(UTC)))
        batches.close()
        await batches.run()
        return batches

    done = asyncio.run(run())
    ingestor.close()
    workspace = kqlog.connect(store.root)
    assert (done.stored, done.lost, workspace.query("Syslog | count").rows) == (99, 0, [(99,)])
    columns = "InputStreamId, Message, Source_CF, RawData_CF"
    letter = ("Microsoft-Syslog", "overflow", "syslog from 192.0.2.1", "<13>app: poison \ufffd")
    assert workspace.query(f"DCRLogErrors | project {columns}").rows == [letter]


def test_who_sends_over_tcp_waits_while_nothing_can_be_stored(stuck: tuple[Store, Stuck]) -> None:
    store, ingestor = stuck
    said: list[str] = []
    line = b"<13>" + b"x" * 1000 + b"\n"

    async def run() -> None:
        batches = Batches(store, ingestor, Troubles(said.append), age=0.01, most=8 << 20, pause=0.05)
        storing = asyncio.create_task(batches.run())
        async with receive_tcp(("127.0.0.1", 0), partial(read_syslog, batches, Troubles(said.append))) as (host, port):
            _, writer = await asyncio.open_connection(host, port)
            writer.write(line * 30_000)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writer.drain(), 2)
            assert batches.full
            ingestor.broken = False
            writer.close()
            while batches.stored < 30_000:
                await asyncio.sleep(0.05)
        batches.close()
        await storing

    asyncio.run(asyncio.wait_for(run(), 60))
    assert "no space left on device" in said[0]


def test_datagrams_for_which_there_is_no_room_are_counted(stuck: tuple[Store, Stuck]) -> None:
    store, ingestor = stuck
    said: list[str] = []

    async def run() -> Batches:
        batches = Batches(store, ingestor, Troubles(said.append), most=1)
        async with receive_udp(("127.0.0.1", 0), batches, Troubles(said.append)) as address:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for _ in range(10):
                    sender.sendto(b"<13>app: x", address)
            await asyncio.sleep(0.2)
        batches.close()
        await batches.run()
        return batches

    assert asyncio.run(run()).lost == 1
    dropped = "datagrams dropped, because they came faster than they could be stored"
    assert said == [f"{dropped}: 1 so far", "1 messages could not be stored: no space left on device"]
