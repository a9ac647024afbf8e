"""kqlog collect: counters, heartbeats and the system log of this machine, to a folder or a server that is killed now and then."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.cli import main
from kqlog.ingest import tail
from kqlog.ingest.collect import collect, seconds_of
from kqlog.ingest.delivery import Folder, LaterError, Server, deliver
from kqlog.ingest.journal import row_of
from kqlog.ingest.log_file import LogFile
from kqlog.ingest.machine import Counters
from kqlog.ingest.outbox import FullError, Outbox
from kqlog.store.store import Store, create

pytest.importorskip("psutil", reason="wants psutil, the extra 'collect'")

LINUX = {
    "Logical Disk": "% Free Inodes, % Free Space, % Used Inodes, % Used Space, Disk Read Bytes/sec, Disk Reads/sec, "
    "Disk Transfers/sec, Disk Write Bytes/sec, Disk Writes/sec, Free Megabytes, Logical Disk Bytes/sec",
    "Memory": "% Available Memory, % Available Swap Space, % Used Memory, % Used Swap Space, Available MBytes Memory, "
    "Available MBytes Swap, Used MBytes Swap Space, Used Memory MBytes",
    "Network": "Total Bytes Transmitted, Total Bytes Received, Total Bytes, Total Packets Transmitted, Total Packets Received, "
    "Total Rx Errors, Total Tx Errors",
    "Physical Disk": "Avg. Disk sec/Read, Avg. Disk sec/Transfer, Avg. Disk sec/Write, Physical Disk Bytes/sec",
    "Processor": "% Idle Time, % Interrupt Time, % IO Wait Time, % Nice Time, % Privileged Time, % Processor Time, % User Time",
    "System": "Processes, Uptime, Users, Load1, Load5, Load15, CPUs",
}
"""What of Azure Monitor's list of counters for Linux is collected."""


def until(found: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


class Program:
    """A command of kqlog in a process of its own."""

    def __init__(self, *arguments: object, **environment: str) -> None:
        command = [sys.executable, "-m", "kqlog.cli", *map(str, arguments)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})

    def kill(self) -> str:
        self.process.send_signal(signal.SIGKILL)
        return self.process.communicate(timeout=30)[1]


class Workspace:
    """A workspace with a server that can be killed and started again under the same address."""

    def __init__(self, folder: Path) -> None:
        self.store = create(folder)
        (folder / "tokens.json").write_text('{"tokens": ["let-me-in"]}')
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self.server = Program("serve", "-d", self.store.root, "--port", self.port)
        assert self.server.process.stderr is not None
        assert any("running on" in line for line in self.server.process.stderr)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return kqlog.connect(self.store.root).query(query).rows

    def agent(self, state: Path, *more: object) -> Program:
        to = ("collect", "--to", self.url, "--every", "1s", "--outbox", state / "outbox.db")
        return Program(*to, *more, KQLOG_TOKEN="let-me-in")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(tmp_path / "logs")
    yield made
    made.server.kill()


def test_counters_and_a_heartbeat_into_a_folder(tmp_path: Path) -> None:
    folder = Folder(create(tmp_path / "logs"))
    collect(Outbox(tmp_path / "outbox.db"), folder, 0.2, "none", print, rounds=2)
    folder.close()
    found = kqlog.connect(tmp_path / "logs")
    busy = "Perf | where ObjectName == 'Processor' and CounterName == '% Processor Time'"
    assert found.query(f"{busy} | where CounterValue between (0.0 .. 100.0) | count").rows == [(2,)]
    assert found.query("Heartbeat | where isnotempty(Computer) and isnotempty(OSType) | count").rows == [(1,)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other counters")
def test_counters_have_the_names_of_azures_agent_for_linux() -> None:
    names = {(object_, counter) for object_, counters in LINUX.items() for counter in counters.split(", ")}
    found = {(row["ObjectName"], row["CounterName"]) for row in Counters().rows()}
    assert found <= names
    assert {name for name in names - found if name[0] not in {"Physical Disk", "Logical Disk"}} == set()


def test_how_often() -> None:
    assert (seconds_of("10s"), seconds_of("2m")) == (10.0, 120.0)
    with pytest.raises(kqlog.QueryError, match="is not how often"):
        seconds_of("soon")


@pytest.mark.parametrize("rounds", [2, pytest.param(30, marks=pytest.mark.heavy)])
def test_killed_servers_and_killed_agents_lose_nothing_and_store_nothing_twice(
    workspace: Workspace, tmp_path: Path, rounds: int
) -> None:
    log = tmp_path / "messages"
    log.write_text("Mar  1 10:00:00 web-01 app[1]: before the agent was there\n")
    agent = workspace.agent(tmp_path, "--system-log", log)
    until(lambda: workspace.rows("Heartbeat | count") == [(1,)])
    written = 0

    def write(count: int) -> None:
        nonlocal written
        with log.open("a") as stream:
            for _ in range(count):
                written += 1
                stream.write(f"2026-03-01T10:00:00.{written:06}+00:00 web-01 app[77]: line {written}\n")
                stream.flush()
                time.sleep(0.002)

    for _ in range(rounds):
        write(100)
        workspace.server.kill()
        write(100)
        agent.kill()
        write(100)
        agent = workspace.agent(tmp_path, "--system-log", log)
        write(100)
        workspace.start()
        write(100)
        agent.kill()
        agent = workspace.agent(tmp_path, "--system-log", log)
    try:
        until(lambda: workspace.rows("Syslog | count") >= [(written,)])
        time.sleep(1)
    finally:
        said = agent.kill()
    lines = workspace.rows("Syslog | project SyslogMessage, Computer, ProcessName, ProcessID | order by SyslogMessage asc")
    assert sorted(lines) == sorted((f"line {number}", "web-01", "app", 77) for number in range(1, written + 1))
    assert "Traceback" not in said
    assert workspace.rows("Perf | summarize readings = count() by CounterPath, TimeGenerated | where readings > 1") == []


def test_what_a_server_does_not_take_is_kept_beside(workspace: Workspace, tmp_path: Path) -> None:
    outbox, said = Outbox(tmp_path / "state" / "outbox.db"), []
    outbox.put("Perf", [3, 4])  # type: ignore[list-item]
    outbox.put("Perf", [], {"log": 7})
    outbox.finish()
    deliver(outbox, Server(workspace.url, "let-me-in"), said.append)
    (refused,) = (tmp_path / "state").glob("refused-Perf-*.json.gz")
    assert (json.loads(gzip.decompress(refused.read_bytes())), outbox.position("log")) == ([3, 4], 7)
    assert "400" in said[0]


def test_a_wrong_token_and_a_wrong_address_are_worth_another_try(workspace: Workspace, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.put("Perf", [{"CounterValue": 1.5}])
    batch = outbox.next()
    assert batch is not None
    with pytest.raises(LaterError, match="401"):
        Server(workspace.url, "wrong").send(batch)
    with pytest.raises(LaterError, match="404"):
        Server(f"{workspace.url}/healthz", None).send(batch)
    with pytest.raises(LaterError, match="refused"):
        Server("http://127.0.0.1:1", None).send(batch)
    with pytest.raises(kqlog.QueryError, match="no address"):
        Server("localhost:8080", None)


def test_a_batch_is_the_same_bytes_under_the_same_id_until_it_is_delivered(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for number in range(3):
        outbox.put("Perf", [{"n": number}], {"source": number})
        outbox.put("Syslog", [{"SyslogMessage": "ü"}])
    first = outbox.next()
    outbox.put("Perf", [{"n": 3}])
    with pytest.raises(kqlog.QueryError, match="another agent"):
        Outbox(tmp_path / "outbox.db")
    outbox.close()
    again = Outbox(tmp_path / "outbox.db")
    assert first is not None
    assert (again.next(), again.position("source")) == (first, 2)
    assert (first.table, json.loads(gzip.decompress(first.body))) == ("Perf", [{"n": 0}, {"n": 1}, {"n": 2}])
    again.done(first)
    assert (again.next().table, again.position("other")) == ("Syslog", None)  # type: ignore[union-attr]


def test_no_more_waits_than_there_is_room_for(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", most=3_000_000)
    rows = [{"text": "x" * 10_000} for _ in range(200)]
    outbox.put("Syslog", rows, {"log": 200})
    with pytest.raises(FullError):
        outbox.put("Syslog", rows, {"log": 400})
    sizes = []
    while sum(sizes) < 200:
        batch = outbox.next()
        assert batch is not None
        sizes.append(len(json.loads(gzip.decompress(batch.body))))
        outbox.done(batch)
    assert (outbox.position("log"), len(sizes)) == (200, 2)
    outbox.put("Syslog", rows)


def test_a_file_that_is_no_outbox_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_text("something else" * 1000)
    with pytest.raises(kqlog.QueryError, match="not a database"):
        Outbox(tmp_path / "outbox.db")


NAMESPACE = f"kqlog{os.getpid()}"
JOURNALD = Path("/lib/systemd/systemd-journald")


@pytest.fixture
def journal() -> Iterator[Path]:
    """A journal of its own, with the journald that writes it."""
    if not JOURNALD.exists() or not shutil.which("journalctl") or not shutil.which("logger"):
        pytest.skip("there is no journald (Debian packages systemd, bsdutils)")
    if os.geteuid() != 0:
        pytest.skip("only root can run a journald")
    daemon = subprocess.Popen([JOURNALD, NAMESPACE], stderr=subprocess.DEVNULL)
    name = f"{Path('/etc/machine-id').read_text().strip()}.{NAMESPACE}"
    folders = [Path(place, name) for place in ("/var/log/journal", "/run/log/journal")]
    try:
        until(lambda: any(folder.exists() for folder in folders), 10)
        yield next(folder for folder in folders if folder.exists())
    finally:
        daemon.terminate()
        daemon.wait(10)
        for folder in [*folders, Path(f"/run/systemd/journal.{NAMESPACE}")]:
            shutil.rmtree(folder, ignore_errors=True)


def log(text: str, *options: str) -> None:
    socket_ = f"/run/systemd/journal.{NAMESPACE}/dev-log"
    subprocess.run(["logger", "--socket", socket_, "--tag", "shop", *options, text], check=True)


def test_systemds_journal(journal: Path, tmp_path: Path) -> None:
    store = create(tmp_path / "logs")
    command = ("collect", "-d", store.root, "--every", "1h", "--system-log", journal)
    log("before the agent was there")

    def stored() -> list[tuple[object, ...]]:
        return kqlog.connect(store.root).query("Syslog | where ProcessName == 'shop' | project SyslogMessage").rows

    agent = Program(*command)
    until(
        lambda: (
            (store.root / "collect" / "outbox.db").exists()
            and kqlog.connect(store.root).query("Heartbeat | count").rows == [(1,)]
        )
    )
    log("payment failed", "-p", "local0.err")
    log("ünï" * 2000, "--size", "20000")
    until(lambda: len(stored()) == 2)
    agent.kill()
    log("while it was away")
    agent = Program(*command)
    until(lambda: len(stored()) == 3)
    log("afterwards", "-i")
    until(lambda: len(stored()) == 4)
    agent.kill()
    query = "Syslog | where ProcessName == 'shop' | project Facility, SeverityLevel, SyslogMessage | order by SyslogMessage asc"
    found = kqlog.connect(store.root).query(query).rows
    assert found[:3] == [
        ("user", "notice", "afterwards"),
        ("local0", "err", "payment failed"),
        ("user", "notice", "while it was away"),
    ]
    assert found[3][2] == "ünï" * 2000
    times = "Syslog | where ProcessName == 'shop' and TimeGenerated > ago(5m) and abs(EventTime - TimeGenerated) < 5s"
    assert kqlog.connect(store.root).query(f"{times} and ProcessID > 0 and isnotempty(Computer) | count").rows == [(4,)]


FIELDS = ["MESSAGE", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_PID", "_PID", "_HOSTNAME", "_COMM", "_TRANSPORT", "OTHER"]
TEXTS = st.text() | st.lists(st.integers(0, 255)) | st.none() | st.integers(0, 30).map(str)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), TEXTS | st.lists(TEXTS, max_size=3)), st.integers(0, 2**51))
def test_any_entry_of_a_journal_is_a_row(entry: dict[str, object], time_: int) -> None:
    row = row_of({**entry, "__REALTIME_TIMESTAMP": str(time_)})
    assert set(row) <= {column.name for column in kqlog.store.store.known_tables()["Syslog"]}
    assert json.loads(json.dumps(row)) == row


def test_a_log_file_is_followed_from_its_end_through_rotation_and_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "_GRACE", 0.0)
    path, outbox = tmp_path / "syslog", Outbox(tmp_path / "outbox.db")
    path.write_text("<11>Mar  1 10:00:00 web-01 app: before\nMar  1 10:00:00 web-01 app: half a li")

    def lines() -> list[tuple[str, str]]:
        followed = LogFile(outbox, path, print)
        for _ in range(5):
            followed.poll()
        outbox.finish()
        found: list[tuple[str, str]] = []
        while (batch := outbox.next()) is not None:
            found += [(row["SyslogMessage"], row["SeverityLevel"]) for row in json.loads(gzip.decompress(batch.body))]
            outbox.done(batch)
        return found

    assert lines() == []
    with path.open("a") as stream:
        stream.write("ne\n<11>Mar  1 10:00:01 web-01 app: first\n")
    assert lines() == [("half a line", ""), ("first", "err")]
    with path.open("a") as stream:
        stream.write("Mar  1 10:00:02 web-01 app: second\n")
    path.rename(tmp_path / "syslog.1")
    path.write_text("Mar  1 10:00:03 web-01 app: third\n")
    assert (lines(), lines()) == ([("second", ""), ("third", "")], [])


def test_syslog_lines_are_a_format_of_files(tmp_path: Path) -> None:
    store = create(tmp_path / "logs")
    (tmp_path / "messages").write_text("2026-03-01T10:00:00.5+01:00 web-01 sshd[7]: accepted\n\nno syslog at all\n")
    assert main(["ingest", "-d", str(store.root), "-", str(tmp_path / "messages"), "--format", "syslog"]) == 0
    query = "Syslog | project tostring(EventTime), Computer, ProcessName, ProcessID, SyslogMessage | order by SyslogMessage asc"
    assert kqlog.connect(store.root).query(query).rows == [
        ("2026-03-01T09:00:00.5000000Z", "web-01", "sshd", 7, "accepted"),
        ("", "", "", None, "no syslog at all"),
    ]


def test_a_system_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    store: Store = create(tmp_path / "logs")
    with pytest.raises(kqlog.QueryError, match="no system log"):
        collect(Outbox(tmp_path / "outbox.db"), Folder(store), 1, str(tmp_path / "none.log"), print, rounds=1)
