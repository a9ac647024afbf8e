"""What is new of an object that grows, in every format."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from object_places import lines, record

from kqlog.ingest.fetching import fetch, fetch_again
from kqlog.ingest.file_batches import batches
from kqlog.ingest.ledger import Reading
from kqlog.ingest.places import Folder
from kqlog.ingest.readers import FORMATS


def tagged(at: int) -> bytes:
    """A record that ends in lists of its own, as if it were the end of one."""
    tags: list[list[object]] = [[], [1, "]}"], [{"a": [at]}]]
    return json.dumps({**record(at), "in": {"tags": tags[at % 3]}, "tags": tags[(at + 1) % 3]}).encode()


def request(at: int) -> bytes:
    return b"2026-03-01T10:00:00Z lb 192.0.2.7:%d - 0 0 0 200 200 0 0 -\n" % at


ROWS: dict[str, tuple[str, bytes, Callable[[int], bytes], bytes, bytes]] = {
    "lines": ("jsonl", b"", lambda at: lines(at), b"", b""),
    "an array": ("json", b" [", lambda at: b'{"n": %d}' % at, b",\n", b" ]\n"),
    "records": ("resource-logs", b'{"records": [', lambda at: json.dumps(record(at)).encode(), b",", b"]}"),
    "records with lists": ("resource-logs", b'{\n "records" : [\n', tagged, b"\n,\n", b"\n ]\n}\n"),
    "records a line": ("resource-logs", b"", lambda at: tagged(at) + b"\n", b"", b""),
    "lists of records": ("resource-logs", b"", lambda at: b'{"records":[%s]}\n' % tagged(at), b"", b""),
    "csv": ("csv", b"n,m\r\n", lambda at: b'%d,"a,""b"\r\n' % at, b"", b""),
    "requests": ("load-balancer", b"", request, b"", b""),
}
"""Files of each kind: their format, what stands before their rows, each row, what stands between rows and after them."""


@pytest.mark.parametrize("kind", ROWS)
@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(0, 20), min_size=1, max_size=6), cut=st.integers(0, 150), again=st.booleans())
def test_however_an_object_grows_each_row_is_read_once(kind: str, counts: list[int], cut: int, again: bool) -> None:
    name, before_rows, row, between, after = ROWS[kind]
    rows: list[dict[str, object]] = []
    before: Reading | None = None
    with tempfile.TemporaryDirectory() as folder:
        path, to = Path(folder) / "object", Path(folder) / "fetched"
        for last, count in [*((False, count) for count in sorted(counts)), (True, max(counts))]:
            content = before_rows + between.join(map(row, range(count))) + after
            if not last and not after:
                # A file of lines may end within one, until nothing more comes.
                content = content[: max(len(before_rows), len(content) - cut)]
            path.write_bytes(content)
            place = Folder(Path(folder))
            entry = next((entry for entry in place.entries() if entry.name == str(path.resolve())), None)
            if entry is None:
                continue
            reading = fetch(place, entry, before, to, name, settled=last)
            if again:
                assert fetch_again(place, reading, to)
            if reading.start < reading.stop:
                rows += [row for batch in batches(to, FORMATS[name], lambda done, rows: None) for row in batch]
            before = reading
            to.unlink()
    key = {"resource-logs": "n_d", "load-balancer": "ClientPort"}.get(name, "n")
    assert [int(str(row[key]).removesuffix(".0")) for row in rows] == list(range(max(counts)))
