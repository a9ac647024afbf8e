"""TLS and the shared key of Fluent Forward, with the senders that people run: rsyslog, syslog-ng, Fluent's logger for Node.js."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listening import Certificates, Listening, make_certificates, program, wait_until

from kqlog.errors import QueryError
from kqlog.ingest.forward_keys import Greeting, Keys, read_keys
from kqlog.store.store import create

TLS = ("--syslog-tls", "127.0.0.1:0", "--forward-tls", "127.0.0.1:0")
SYSLOG, FORWARD = "syslog over TLS", "Fluent Forward over TLS"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def listening(tmp_path: Path, certificates: Certificates) -> Iterator[Listening]:
    made = Listening(tmp_path / "logs", *TLS, "--certificate", certificates.server, sources=2)
    yield made
    made.end()


@pytest.fixture
def strict(tmp_path: Path, certificates: Certificates) -> Iterator[Listening]:
    """One that wants certificates of its senders."""
    files = ("--certificate", certificates.server, "--client-ca", certificates.authority)
    made = Listening(tmp_path / "logs", *TLS, *files, sources=2)
    yield made
    made.end()


RSYSLOG = """
global(DefaultNetstreamDriverCAFile="{authority}" {own})
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/port")
action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
  StreamDriver="{driver}" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost")
"""
LINES = b"".join(b"<86>Mar  1 10:00:00 mail-01 sshd[%d]: session %d opened\n" % (number, number) for number in range(500))
SUMMARY = "Syslog | where ProcessName == 'sshd' | summarize count(), dcount(ProcessID, 4) by Facility, HostIP"
ALL = [("authpriv", "127.0.0.1", 500, 500)]


def send_lines(port: int) -> None:
    def connected() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(LINES)
        except ConnectionRefusedError:
            return False
        return True

    wait_until(connected)


@pytest.mark.parametrize(("driver", "package"), [("gtls", "rsyslog-gnutls"), ("ossl", "rsyslog-openssl")])
def test_rsyslog_with_a_certificate_of_its_own(
    strict: Listening, certificates: Certificates, tmp_path: Path, driver: str, package: str
) -> None:
    rsyslogd, configuration = program("rsyslogd", "rsyslog"), tmp_path / "rsyslog.conf"
    if not list(Path("/usr/lib").glob(f"*/rsyslog/lmnsd_{driver}.so")):
        pytest.skip(f"rsyslog has no {driver} (Debian package {package})")
    own = f'DefaultNetstreamDriverCertFile="{certificates.client}" DefaultNetstreamDriverKeyFile="{certificates.client}"'
    names = {"authority": certificates.authority, "own": own, "folder": tmp_path, "driver": driver}
    configuration.write_text(RSYSLOG.format(port=strict.ports[SYSLOG], **names))
    sender = subprocess.Popen([rsyslogd, "-n", "-f", configuration, "-i", tmp_path / "pid"])
    try:
        wait_until(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text())
        send_lines(int((tmp_path / "port").read_text()))
        wait_until(lambda: strict.rows(SUMMARY) == ALL)
    finally:
        sender.terminate()
        sender.wait()
    assert strict.stop() == ("stored 500 messages\n", "")


SYSLOG_NG = """@version: {version}
source s {{ network(transport("tcp") ip("127.0.0.1") port({source})); }};
destination d {{ syslog("localhost" port({port}) transport("tls") ip-protocol(4) tls(ca-file("{authority}") peer-verify(required-trusted))); }};
log {{ source(s); destination(d); }};
"""


def test_syslog_ng(listening: Listening, certificates: Certificates, tmp_path: Path) -> None:
    syslog_ng, configuration = program("syslog-ng", "syslog-ng-core"), tmp_path / "syslog-ng.conf"
    version = re.search(r"(\d+\.\d+)", subprocess.check_output([syslog_ng, "--version"], text=True))
    assert version is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        source = free.getsockname()[1]
    names = {"version": version[1], "source": source, "authority": certificates.authority}
    configuration.write_text(SYSLOG_NG.format(port=listening.ports[SYSLOG], **names))
    files = {"-R": "persist", "-p": "pid", "-c": "control"}
    own = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
    sender = subprocess.Popen([syslog_ng, "-F", "-f", configuration, *own])
    try:
        send_lines(source)
        wait_until(lambda: listening.rows(SUMMARY) == ALL)
    finally:
        sender.terminate()
        sender.wait()


def tls_connection(port: int, certificates: Certificates, own: Path | None = None) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(certificates.authority))
    if own:
        context.load_cert_chain(own)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20), server_hostname="localhost")


def test_the_order_to_end_stores_what_came_over_tls(listening: Listening, certificates: Certificates) -> None:
    with tls_connection(listening.ports[SYSLOG], certificates) as connection:
        messages = [b"<13>app: message %d" % number for number in range(5000)]
        connection.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))
        assert listening.stop() == ("stored 5,000 messages\n", "")
    assert listening.rows("Syslog | summarize count(), dcount(SyslogMessage, 4)") == [(5000, 5000)]


def test_who_has_no_certificate_or_speaks_no_tls_is_refused_and_told_of(strict: Listening, certificates: Certificates) -> None:
    for own in (None, certificates.stranger):
        with pytest.raises(OSError), tls_connection(strict.ports[SYSLOG], certificates, own) as connection:
            connection.sendall(b"<13>app: from a stranger\n")
            assert connection.recv(1) == b""
            raise ConnectionError
    with socket.create_connection(("127.0.0.1", strict.ports[SYSLOG]), timeout=20) as plain:
        plain.sendall(b"<13>app: not encrypted\n" * 10)
        assert not plain.recv(100).startswith(b"<")
    with tls_connection(strict.ports[SYSLOG], certificates, certificates.client) as connection:
        connection.sendall(b"<13>app: from a friend\n")
    said, troubles = strict.stop()
    assert said == "stored 1 messages\n"
    assert sorted(line.partition("'")[2].rpartition("'")[0] for line in troubles.splitlines()) == [
        "certificate verify failed",
        "peer did not return a certificate",
        "wrong version number",
    ]


NODE = """
const { FluentClient } = require("@fluent-org/logger");
const { socket, security } = JSON.parse(process.argv[1]);
const client = new FluentClient("shop", { eventMode: "PackedForward", ack: { ackTimeout: 20000 }, socket, security });
client.socketOn("error", error => { console.error(error.message); process.exit(1); });
const orders = [...Array(100).keys()].map(order => client.emit("paid", { order }));
Promise.all(orders).then(() => { console.log("acknowledged"); process.exit(0); }, error => { console.error(error.message); process.exit(1); });
"""


def node(port: int, security: dict[str, str] | None = None, tls: dict[str, str] | None = None) -> Sequence[str]:
    """What Fluent's logger for Node.js hears and says."""
    program_ = shutil.which("node")
    if (
        program_ is None
        or subprocess.run([program_, "-e", "require('@fluent-org/logger')"], capture_output=True, check=False).returncode
    ):
        pytest.skip("there is no Node.js with @fluent-org/logger (npm package, found by NODE_PATH)")
    to = {"host": "127.0.0.1", "port": port, "timeout": 20000, **({"tls": tls} if tls else {})}
    options = json.dumps({"socket": to, "security": security})
    done = subprocess.run([program_, "-e", NODE, options], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip(), done.stderr.strip()


SECRETS = {"forwardKey": "a key → ✓", "forwardUsers": {"till": "pass", "door": "word"}}


def secured(folder: Path, *options: object, sources: int = 1) -> Listening:
    create(folder)
    (folder / "tokens.json").write_text(json.dumps(SECRETS))
    return Listening(folder, *options, sources=sources)


def test_fluent_s_logger_for_node_js_with_key_user_and_tls(tmp_path: Path, certificates: Certificates) -> None:
    files = ("--certificate", certificates.server, "--client-ca", certificates.authority)
    listening = secured(tmp_path / "logs", *TLS, *files, sources=2)
    try:
        own = certificates.client.read_text()
        tls = {"ca": certificates.authority.read_text(), "cert": own, "key": own, "servername": "localhost"}
        security = {"clientHostname": socket.gethostname(), "sharedKey": "a key → ✓", "username": "till", "password": "pass"}
        assert node(listening.ports[FORWARD], security, tls) == ("acknowledged", "")
        assert listening.rows("shop_paid_CL | summarize count(), dcount(order, 4)") == [(100, 100)]
    finally:
        listening.end()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"sharedKey": "another"}, "the shared key is another"),
        ({"password": "another"}, "the user or the password is another"),
        ({"username": "nobody"}, "the user or the password is another"),
        ({"username": "", "password": ""}, "the user or the password is another"),
    ],
)
def test_who_does_not_know_the_key_is_told_so(tmp_path: Path, wrong: dict[str, str], reason: str) -> None:
    listening = secured(tmp_path / "logs", "--forward", "127.0.0.1:0")
    try:
        right = {"clientHostname": "client", "sharedKey": "a key → ✓", "username": "till", "password": "pass"}
        heard, error = node(listening.ports["Fluent Forward"], right | wrong)
        assert (heard, reason in error) == ("", True), error
        assert f"a connection of Fluent Forward was ended: 127.0.0.1: {reason}" in listening.stop()[1]
        assert "shop_paid_CL" not in listening.rows("search * | distinct $table")
    finally:
        listening.end()


def test_the_key_may_be_in_the_environment(tmp_path: Path) -> None:
    listening = Listening(tmp_path / "logs", "--forward", "127.0.0.1:0", environment={"KQLOG_FORWARD_KEY": "from outside"})
    try:
        security = {"clientHostname": "client", "sharedKey": "from outside"}
        assert node(listening.ports["Fluent Forward"], security) == ("acknowledged", "")
    finally:
        listening.end()


def test_chunks_without_a_proof_are_refused(tmp_path: Path) -> None:
    listening = secured(tmp_path / "logs", "--forward", "127.0.0.1:0")
    try:
        with socket.create_connection(("127.0.0.1", listening.ports["Fluent Forward"]), timeout=20) as connection:
            connection.sendall(msgpack.packb(["web", [[1, {"n": 1}]], {"chunk": "one"}]))
            reading = msgpack.Unpacker()
            while data := connection.recv(1000):
                reading.feed(data)
        hello, pong = reading
        assert hello[0] == "HELO"
        assert pong[:2] == ["PONG", False]
        assert listening.stop()[1].endswith("a sender has to prove that it knows the shared key\n")
    finally:
        listening.end()


KEYS = Keys(b"key", {})


def ping(greeting: Greeting, key: bytes = b"key", host: bytes = b"host", salt: bytes = b"salt") -> tuple[bytes, ...]:
    nonce = msgpack.unpackb(greeting.hello)[1]["nonce"]
    return (b"PING", host, salt, hashlib.sha512(salt + host + nonce + key).hexdigest().encode(), b"", b"")


def test_both_sides_prove_that_they_know_the_key() -> None:
    greeting = Greeting(KEYS)
    pong, fault = greeting.answer(ping(greeting))
    _, good, reason, name, proof = msgpack.unpackb(pong)
    nonce = msgpack.unpackb(greeting.hello)[1]["nonce"]
    assert (good, reason, fault) == (True, "", "")
    assert proof == hashlib.sha512(b"salt" + name.encode() + nonce + b"key").hexdigest()


def test_a_proof_is_good_for_one_connection() -> None:
    overheard = ping(Greeting(KEYS))
    assert Greeting(KEYS).answer(overheard)[1] == "the shared key is another"


@given(
    st.lists(st.binary(max_size=8) | st.integers() | st.none(), max_size=8).map(tuple)
    | st.lists(st.binary(max_size=130), min_size=5, max_size=5).map(lambda parts: (b"PING", *parts))
)
def test_nothing_else_lets_a_sender_in(sent: tuple[object, ...]) -> None:
    for keys in (KEYS, Keys(b"key", {b"user": b"password"})):
        pong, fault = Greeting(keys).answer(sent)
        assert fault
        assert msgpack.unpackb(pong)[1] is False


@pytest.mark.parametrize(
    "text", ["[", "[]", '{"forwardKey": 7}', '{"forwardUsers": {"a": "b"}}', '{"forwardKey": "k", "forwardUsers": {"a": 1}}']
)
def test_a_broken_file_of_keys_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokens.json").write_text(text)
    with pytest.raises(QueryError, match=r"tokens\.json"):
        read_keys(tmp_path, {})


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "TLS wants a certificate"),
        (["--key", "{server}"], "--key and --client-ca want a --certificate FILE"),
        (["--certificate", "{folder}/none.pem"], "none.pem': No such file"),
        (["--certificate", "{authority}"], "authority.pem'"),
        (["--certificate", "{server}", "--key", "{client}"], "key values mismatch"),
        (["--certificate", "{server}", "--client-ca", "{folder}/nothing"], "nothing"),
        (["--certificate", "{folder}/locked"], "locked"),
    ],
)
@pytest.mark.parametrize("command", [["listen", *TLS], ["serve", "--port", "0", "--no-auth"]], ids=["listen", "serve"])
def test_certificates_that_cannot_be_used(
    tmp_path: Path, certificates: Certificates, command: list[str], options: list[str], complaint: str
) -> None:
    if command[0] == "serve" and not options:
        return
    create(tmp_path / "logs")
    (tmp_path / "nothing").write_text("")
    key = certificates.client
    done = subprocess.run(
        ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:secret"], capture_output=True, text=True, check=True
    )
    (tmp_path / "locked").write_text(done.stdout + certificates.client.read_text().partition("-----END")[2].partition("\n")[2])
    names = {**certificates._asdict(), "folder": tmp_path}
    arguments = [*command, "-d", tmp_path / "logs", *(option.format(**names) for option in options)]
    ended = subprocess.run(
        [sys.executable, "-m", "kqlog.cli", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr
