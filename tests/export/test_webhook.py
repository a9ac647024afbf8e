"""Webhooks: everything arrives, and what arrives twice has the same id and the same bytes."""

from __future__ import annotations

import itertools
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from receiver import Receiver, until

import kqlog
from kqlog.errors import QueryError
from kqlog.export.running import Exports
from kqlog.export.webhook import Webhook
from kqlog.store.store import Store, create


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = create(tmp_path / "logs")
    (store.root / "exports").mkdir()
    add(store, 10)
    return store


def add(store: Store, rows: int, text: str = "'x'") -> None:
    result = kqlog.query(
        f"range n from 1 to {rows} step 1 | extend TimeGenerated = datetime(2026-03-01 10:00:00.1234567), s = {text}"
    )
    store.table("T_CL").append(result.stored(), tuple(result.columns))


def declare(store: Store, url: str, **said: object) -> None:
    text = {"query": "T_CL | project TimeGenerated, n, s", "to": {"webhook": url, "timeout": "1s", **said}, "start": "beginning"}
    (store.root / "exports" / "hook.json").write_text(json.dumps(text))


def run(store: Store) -> str:
    told: list[str] = []
    Exports(store).run_once([], told.append)
    return told[0]


def test_rows_come_as_arrays_with_an_id(store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "secret")
    declare(store, receiver.url + "?key=1", rows=4, headers={"Authorization": "Bearer ${HOOK_TOKEN}"})
    assert run(store) == "hook: 10 rows"
    assert [len(json.loads(body)) for _, body, _ in receiver.requests] == [4, 4, 2]
    assert receiver.rows()[0] == {"TimeGenerated": "2026-03-01T10:00:00.1234567Z", "n": 1, "s": "x"}
    headers = receiver.requests[0][2]
    assert (headers["Content-Type"], headers["Authorization"]) == ("application/json", "Bearer secret")
    assert len({id_ for id_, _, _ in receiver.requests}) == 3
    assert run(store) == "hook: 0 rows"
    assert not [path for path in (store.root / "exports").iterdir() if path.name != "hook.json"]


def test_a_request_has_a_megabyte_at_most_but_for_one_row(store: Store, receiver: Receiver) -> None:
    declare(store, receiver.url)
    run(store)
    add(store, 4, "strrep(strrep('y', 1000), 400)")
    add(store, 1, "strrep(strrep('z', 1024), 1024)")
    assert run(store) == "hook: 5 rows"
    assert [len(json.loads(body)) for _, body, _ in receiver.requests] == [10, 2, 2, 1]


MOODS = {
    "an error": (500, "answers 500: not now"),
    "too many requests": (429, "answers 429"),
    "forbidden": (403, "answers 403: not now"),
    "a redirect": (302, "answers 302"),
    "silence": ("hang", "Timeout"),
    "no answer": ("drop", "cannot be reached"),
}


@pytest.mark.parametrize(("mood", "reason"), MOODS.values(), ids=MOODS)
def test_what_fails_is_sent_again_with_the_same_id_and_body(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, mood: int | str, reason: str
) -> None:
    monkeypatch.setattr("kqlog.export.webhook._WAITS", (0.05, 0.05))
    asked = itertools.count()
    receiver.mood = lambda: mood
    declare(store, receiver.url, rows=5)
    assert reason in run(store)
    receiver.mood = lambda: mood if next(asked) == 1 else 200
    assert run(store) == "hook: 10 rows"
    assert sorted(row["n"] for row in receiver.rows()) == list(range(1, 11))
    assert len({(id_, body) for id_, body, _ in receiver.requests}) == 2
    # Only what failed came again.
    assert receiver.failures == 4
    assert len(receiver.requests) == (6 if mood == "drop" else 2)


def test_who_cannot_be_reached_is_told_and_nothing_is_lost(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kqlog.export.webhook._WAITS", (0.01,))
    declare(store, "http://127.0.0.1:1/")
    assert "cannot be reached" in run(store)
    add(store, 5)
    # The declaration may be put right meanwhile.
    declare(store, receiver.url)
    assert run(store) == "hook: 15 rows"


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[str, Path, list[bytes]]]:
    key, certificate, bodies = tmp_path / "key.pem", tmp_path / "certificate.pem", []
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
        *subject,
    ]
    subprocess.run(command, check=True, capture_output=True)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}/", certificate, bodies
    server.shutdown()
    server.server_close()


def test_certificates_are_checked(store: Store, https: tuple[str, Path, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    url, certificate, bodies = https
    monkeypatch.setattr("kqlog.export.webhook._WAITS", ())
    declare(store, url)
    assert "CERTIFICATE_VERIFY_FAILED" in run(store)
    assert bodies == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert run(store) == "hook: 10 rows"
    assert len(json.loads(bodies[0])) == 10


@pytest.mark.parametrize("headers", [{"A": "b\r\nC: d"}, {"A b": "c"}, {"Ä": "ö\u2028"}])
def test_headers_that_are_none_send_nothing(receiver: Receiver, headers: dict[str, str]) -> None:
    with pytest.raises(QueryError, match="no header"):
        Webhook(receiver.url, headers)
    assert receiver.requests == []


def test_an_export_that_is_stopped_sends_no_more(store: Store) -> None:
    exports, told = Exports(store), []
    receiver = Receiver(lambda: exports.end() or 200)
    declare(store, receiver.url, rows=1)
    running = threading.Thread(target=exports.run, args=([], told.append))
    running.start()
    running.join(10)
    assert (len(receiver.requests), told) == (1, [])
    assert run(store) == "hook: 10 rows"
    assert [row["n"] for row in receiver.rows()] == list(range(1, 11))
    receiver.close()


def test_an_export_that_waits_for_its_receiver_ends_at_once(store: Store, receiver: Receiver) -> None:
    receiver.mood = lambda: 503
    declare(store, receiver.url)
    exports, told = Exports(store), []
    running = threading.Thread(target=exports.run, args=([], told.append))
    running.start()
    until(lambda: receiver.failures > 0)
    exports.end()
    running.join(3)
    assert not running.is_alive()
    receiver.mood = lambda: 200
    assert run(store) == "hook: 10 rows"
