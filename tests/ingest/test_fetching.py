"""What is new of an object that grows, in every format."""

from __future__ import annotations

import json
import tempfile
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

ROWS = {
    "jsonl": lambda n: (b"", lines(*range(n)), b""),
    "json": lambda n: (b" [", b",\n".join(b'{"n": %d}' % at for at in range(n)), b" ]\n"),
    "resource-logs": lambda n: (b'{"records": [', b",".join(json.dumps(record(at)).encode() for at in range(n)), b"]}"),
    "csv": lambda n: (b"n,m\r\n", b"".join(b'%d,"a,""b"\r\n' % at for at in range(n)), b""),
    "load-balancer": lambda n: (b"", b"".join(b"%s lb 192.0.2.7:%d - 0 0 0 200 200 0 0 -\n" % (b"2026-03-01T10:00:00Z", at) for at in range(n)), b""),
}  # fmt: skip
"""A file of some rows in each format, by what stands before, in and after them."""


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(0, 20), min_size=1, max_size=6), cut=st.integers(0, 30), again=st.booleans())
def test_however_an_object_grows_each_row_is_read_once(name: str, counts: list[int], cut: int, again: bool) -> None:
    rows: list[dict[str, object]] = []
    before: Reading | None = None
    with tempfile.TemporaryDirectory() as folder:
        path, to = Path(folder) / "object.csv", Path(folder) / "fetched.csv"
        for last, count in [*((False, count) for count in sorted(counts)), (True, max(counts))]:
            content = b"".join(ROWS[name](count))
            # A file of lines may end within one, but for the last time.
            path.write_bytes(content if last or ROWS[name](1)[2] else content[: max(len(b"n,m\r\n"), len(content) - cut)])
            if not path.stat().st_size:
                continue
            place = Folder(Path(folder))
            entry = next(entry for entry in place.entries() if entry.name == str(path.resolve()))
            reading = fetch(place, entry, before, to, name, settled=last)
            if again:
                assert fetch_again(place, reading, to)
            if reading.start < reading.stop:
                rows += [row for batch in batches(to, FORMATS[name], lambda done, rows: None) for row in batch]
            before = reading
            to.unlink()
    key = {"resource-logs": "n_d", "load-balancer": "ClientPort"}.get(name, "n")
    assert [int(str(row[key]).removesuffix(".0")) for row in rows] == list(range(max(counts)))
