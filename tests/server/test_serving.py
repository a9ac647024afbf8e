"""Starting, stopping, who may come in, and bodies that are not what they should be."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

import kqlog
from kqlog.server.access import Access
from kqlog.server.app import application
from kqlog.server.bodies import Reader
from kqlog.server.errors import RequestError, request_error
from kqlog.store.store import create

STREAM = "/dataCollectionRules/dcr-default/streams/Custom-Body_CL?api-version=2023-01-01"
ZIPPED = {"Content-Encoding": "gzip"}


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kqlog.cli", "serve", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_health(server):
    assert httpx.get(f"{server.url}/healthz").json() == {"status": "ok", "brokenRules": {}}


def test_without_tokens_it_listens_on_this_machine_only(tmp_path: Path):
    create(tmp_path / "logs")
    for host in ("0.0.0.0", "example.org", "::"):
        done = run("-d", str(tmp_path / "logs"), "--no-auth", "--host", host)
        assert (done.returncode, "this machine only" in done.stderr) == (1, True)
    done = run("-d", str(tmp_path / "logs"))
    assert (done.returncode, "no token" in done.stderr) == (1, True)


@pytest.mark.parametrize("text", ["[", "[]", '{"tokens": 1}', '{"tokens": [1]}', '{"sharedKey": "!"}'])
def test_a_broken_file_of_tokens_is_told(tmp_path: Path, text):
    create(tmp_path / "logs")
    (tmp_path / "logs" / "tokens.json").write_text(text)
    done = run("-d", str(tmp_path / "logs"))
    assert (done.returncode, "Traceback" in done.stderr, "tokens.json" in done.stderr) == (1, False, True)


def test_what_was_accepted_when_told_to_stop_is_stored_and_acknowledged(guarded):
    answers = []

    def send(number):
        with contextlib.suppress(httpx.TransportError):  # who comes too late hears nothing
            answers.append(httpx.post(guarded.url + STREAM, json=[{"n": number}], headers={"Authorization": "Bearer from-file"}))

    senders = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for sender in senders:
        sender.start()
    while not answers:
        time.sleep(0.01)
    assert guarded.stop() in (0, -signal.SIGTERM)
    for sender in senders:
        sender.join()
    stored = sum(answer.status_code == 204 for answer in answers)
    assert stored > 0
    assert guarded.query("Body_CL | count") == [(stored,)]


BAD_BODIES = {
    "truncated gzip": (gzip.compress(b'[{"a": 1}]')[:-4], ZIPPED, 400, "cut off"),
    "no gzip": (b"[]", ZIPPED, 400, "cannot be decompressed"),
    "bytes after gzip": (gzip.compress(b"[]") + b"more", ZIPPED, 400, "cannot be decompressed"),
    "unknown encoding": (b"[]", {"Content-Encoding": "br"}, 415, "encoding 'br'"),
    "invalid UTF-8": (b'[{"a": "\xff"}]', {}, 400, "UTF-8"),
    "half a surrogate": (b'[{"a": "\\ud800"}]', {}, 400, "not JSON"),
    "NaN": (b'[{"a": NaN}]', {}, 400, "not JSON"),
    "number too large": (b'[{"a": 1e999}]', {}, 400, "out of range"),
    "empty": (b"", {}, 400, "not JSON"),
    "cut off": (b'[{"a": 1}, {"a"', {}, 400, "truncated"),
    "more after the end": (b"[] []", {}, 400, "trailing"),
    "no objects": (b'[{"a": 1}, 2]', {}, 400, "Expected `object`"),
    "deep": (b'[{"a":' + b"[" * 200_000, {}, 400, "nested"),
    "deep and whole": (b'[{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}]", {}, 400, "nested"),
    "many columns": (json.dumps([{f"c{at}": at for at in range(2000)}]).encode(), {}, 400, "500 columns"),
    "one column twice": (b'[{"a b": 1, "a.b": 2}]', {}, 400, "would both be"),
    "late row wrong": (b"[" + b'{"a":1},' * 30_000 + b"3]", {}, 400, "Expected `object`"),
}


@pytest.mark.parametrize(("body", "headers", "status", "reason"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused_whole_with_the_reason(server, body, headers, status, reason):
    path = STREAM.replace("Body_CL", "Bad_CL")
    answer = httpx.post(server.url + path, content=body, headers=headers)
    assert (answer.status_code, reason in answer.json()["error"]["message"]) == (status, True), answer.text
    assert "Bad_CL" not in kqlog.connect(server.folder).tables


def test_what_is_too_long_ends_at_the_limit(server):
    bomb = zlib.compressobj(9, wbits=31)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(400)) + bomb.flush()
    assert len(packed) < 1 << 20
    for body, headers in ((packed, ZIPPED), (os.urandom(31 << 20), {}), (os.urandom(31 << 20), ZIPPED)):
        answer = httpx.post(server.url + STREAM, content=body, headers=headers, timeout=60)
        assert answer.status_code in (413, 400)
        assert answer.status_code == 413 or headers


@pytest.mark.parametrize("body", [b'[{"a": "x\\u0000y"}]', b'[{"TimeGenerated": "1601-01-01"}, {"TimeGenerated": "9999-12-31T23:59:59Z"}]',
    json.dumps([{"long": "x" * (1 << 20)}]).encode(), b'[{"a": 1, "a": 2}]', b'[{"Type": 1, "_ItemId": 2, "_day": 3, "TimeGenerated#7": 4}]', b"[]", b"{}"],
    ids=["NUL", "far away times", "a megabyte", "twice", "names of its own", "no rows", "one object"])  # fmt: skip
def test_odd_bodies_are_stored(server, body):
    assert httpx.post(server.url + STREAM.replace("Body_CL", "Odd_CL"), content=body).status_code == 204


def test_a_request_without_its_end_stores_nothing(server):
    def half():
        yield b'[{"a": 1},'
        raise ConnectionError

    with pytest.raises(ConnectionError):
        httpx.post(server.url + STREAM.replace("Body_CL", "Half_CL"), content=half())
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert "Half_CL" not in kqlog.connect(server.folder).tables


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz") / "logs"
    return application(create(folder), Access(open=True))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c", "TimeGenerated"]) | st.text(max_size=4), VALUES, max_size=4), max_size=4
)
BODIES = (
    st.binary(max_size=60)
    | ROWS.map(lambda rows: json.dumps(rows).encode())
    | VALUES.map(lambda value: json.dumps([value]).encode())
)
PATHS = [
    STREAM,
    *(f"/v1/rest/ingest/logs/Body_CL?streamFormat={format_}" for format_ in ("json", "multijson", "csv")),
    "/api/logs",
    "/v1/logs",
    "/v1/traces",
    "/v1/metrics",
    "/collectd",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=BODIES,
    path=st.sampled_from(PATHS),
    cut=st.none() | st.integers(1, 30),
    zipped=st.booleans(),
    kind=st.sampled_from(["application/json", "application/x-protobuf"]),
)
def test_no_body_is_an_error_of_the_server(app, body, path, cut, zipped, kind):
    sent = gzip.compress(body) if zipped else body

    async def post():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://kqlog") as client:
            headers = {"Log-Type": "Body", "Content-Type": kind, **(ZIPPED if zipped else {})}
            return await client.post(path, content=sent[:-cut] if cut else sent, headers=headers)

    answer = asyncio.run(post())
    assert answer.status_code in (200, 204, 400), answer.text


def test_who_comes_when_much_is_being_read_is_told_to_come_back():
    def request(body):
        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        return Request({"type": "http", "method": "POST", "headers": []}, receive)

    async def two():
        reader = Reader(most=10)
        async with reader.reading(request(b"123456")):
            with pytest.raises(RequestError) as refused:
                async with reader.reading(request(b"123456")):
                    pass
        async with reader.reading(request(b"123456")) as body:
            return refused.value, body.content

    error, later = asyncio.run(two())
    assert (error.status, error.headers, later) == (429, {"Retry-After": "1"}, b"123456")


def test_a_body_that_stands_still_is_given_up():
    async def receive():
        await asyncio.sleep(10)

    async def read():
        async with Reader(patience=0.05).reading(Request({"type": "http", "method": "POST", "headers": []}, receive)):
            pass

    with pytest.raises(RequestError) as refused:
        asyncio.run(read())
    assert refused.value.status == 408


def test_what_cannot_be_stored_now_is_to_be_sent_again():
    for error in (OSError(28, "No space left on device"), kqlog.QueryError("ING002", "the disk is full")):
        answer = request_error(error)
        assert (answer.status, answer.headers) == (503, {"Retry-After": "30"})
