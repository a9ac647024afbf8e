"""Whatever is in a file: rows, or a QueryError."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.ingest.file_batches import batches
from kqlog.ingest.readers import FORMATS

PIECES = ['"', "\\", "[", "]", "{", "}", ":", ",", "\n", " ", "-", "#Fields: time x", '"(PDH-CSV 4.0)"', "\\\\a\\b(c)\\d", '{"Event":', '{"System":1}',
          '"records"', '"properties"', "1e999", "NaN", "null", "\\ud800", "10/Oct/2026:10:00:00 +0000", "[", '"GET / HTTP/1.1"', "200", "\x00", "é", '"Records"',
          '"userIdentity":{"sessionContext":[]}', "version srcaddr dstport start\n", "99999999999999 ", "http 2026-03-01T10:00:00Z app/a ", "1.2.3.4:5 ",
          "2026-03-01T10:00:00Z lb 1.2.3.4:5 - 0 ", "0 0 0 - - - - - - - - - "]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=25).map("".join)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "parquet"])
@settings(max_examples=60, deadline=None)
@given(data=TEXTS.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=40))
def test_any_file(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        try:
            for batch in batches(path, FORMATS[name], lambda done, rows: None):
                assert all(isinstance(row, dict) for row in batch)
        except kqlog.QueryError as error:
            assert str(path) in error.message
