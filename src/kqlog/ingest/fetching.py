"""What is new of an object, as a file that its reader can read: the whole object, or what it has grown by.

Azure appends to a blob within its hour, or writes `{"records": [...]}` anew with more records. Both go on where the last reading
ended if the bytes before that place are still the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import IO

from kqlog.ingest.ledger import Reading
from kqlog.ingest.places import Entry, Place
from kqlog.ingest.readers import FORMATS, format_of
from kqlog.ingest.readers.format import Format, Parser
from kqlog.ingest.readers.source import GZIP, LONGEST_LINE

_MARKED = 1024
_GOES_ON = re.compile(rb"\s*([,\]])")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_END_OF_ITEMS = re.compile(rb"(?<=(.))\s*\](\s*\})?\s*\Z", re.DOTALL)


def fetch(place: Place, entry: Entry, before: Reading | None, to: Path, named: str | None, *, settled: bool) -> Reading:
    """Write what is new of an object since an earlier reading. A `settled` object has no half lines.

    Raises:
        QueryError: ENG003 when it cannot be read, or its format cannot be told.
    """
    if before is not None and entry.size >= before.stop and before.stop:
        format_ = format_of(to, named or before.format)
        begin = _begin(format_, before.stop)
        entry = _copied(place, entry.name, begin, to)
        if _mark(to, before.stop - begin) == before.mark:
            return _read(to, entry, format_, before.stop, begin, settled=settled)
    # It is new, or there is something else under its name.
    entry = _copied(place, entry.name, 0, to)
    return _read(to, entry, format_of(to, named), 0, 0, settled=settled)


def fetch_again(place: Place, reading: Reading, to: Path) -> bool:
    """Write the same as an earlier reading did; False when the object does not have it any more."""
    format_, begin = FORMATS[reading.format], _begin(FORMATS[reading.format], reading.start)
    _copied(place, reading.name, begin, to)
    start, stop = reading.start - begin, reading.stop - begin
    if to.stat().st_size < stop or _mark(to, stop) != reading.mark:
        return False
    with to.open("rb") as file:
        file.seek(stop)
        after = file.read(64)
    ends = format_.items and _GOES_ON.match(after) and not _is_whole(to, start, format_)
    end = b"" if not ends else b"]" if format_.items == "item" else b"]}"
    _cut(to, start, stop, format_, end)
    return True


def _read(to: Path, entry: Entry, format_: Format, start: int, begin: int, *, settled: bool) -> Reading:
    """Leave what is new in a file of what was copied from `begin` on."""
    size = to.stat().st_size
    at = start - begin
    stop, waits = (size, False) if _is_whole(to, at, format_) else _end(to, at, format_, settled=settled)
    reading = Reading(entry.name, entry.etag, start, stop + begin, _mark(to, stop), format_.name, waits)
    _cut(to, at, stop if waits else size, format_)
    return reading


def _copied(place: Place, name: str, start: int, to: Path) -> Entry:
    with to.open("wb") as file:
        return place.copy(name, start, file)


def _begin(format_: Format, start: int) -> int:
    """From where on an object is read: with the bytes that are compared, or with the headers of its lines."""
    return 0 if _has_headers(format_) else max(0, start - _MARKED)


def _has_headers(format_: Format) -> bool:
    return format_.parser is not None and type(format_.parser()).is_header is not Parser.is_header


def _is_whole(path: Path, start: int, format_: Format) -> bool:
    """Whether what is from `start` on has no end before that of the file: Parquet and gzip."""
    if format_.parser is None and not format_.items:
        return True
    with path.open("rb") as file:
        file.seek(start)
        return file.read(2) == GZIP


def _mark(path: Path, stop: int) -> str:
    """A hash of the last bytes before a place."""
    with path.open("rb") as file:
        file.seek(max(0, stop - _MARKED))
        return hashlib.sha256(file.read(min(stop, _MARKED))).hexdigest()


def _end(path: Path, start: int, format_: Format, *, settled: bool) -> tuple[int, bool]:
    """Where reading ends, and whether what follows waits: before the end of a list that may grow, or before half a line."""
    size = path.stat().st_size
    low = max(0, start - 1, size - LONGEST_LINE)
    with path.open("rb") as file:
        file.seek(low)
        data = file.read()
    if (end := _end_of_items(data, format_)) is not None:
        return max(start, low + end), False
    line = data[data.rfind(b"\n") + 1 :]
    if format_.parser is None or settled or _is_json(line):
        return size, False
    return max(start, size - len(line)), bool(line)


def _end_of_items(data: bytes, format_: Format) -> int | None:
    """Where the last item of a list ends, if that is what ends here; 0 if there is none in it.

    The next version of an empty list has no comma where this one ends, so that it is read as a whole.
    """
    name, is_array = format_.items.partition(".")[0].encode(), format_.items == "item"
    last = data[-64:]
    found = _END_OF_ITEMS.search(last) if name else None
    if found is None or (found[2] is None) != is_array:
        return None
    # A line of an object may end like a list: with one of its own, whole or not.
    text = data.rstrip()
    line = text[text.rfind(b"\n") + 1 :]
    bare = _STRINGS.sub(b"", line)
    depth = sum(map(bare.count, (b"[", b"{"))) - sum(map(bare.count, (b"]", b"}")))
    begins = re.match(rb"\W*\[" if is_array else rb'\W*"' + name + rb'"\s*:\s*\[', line)
    if depth > 0 or (depth == 0 and begins is None):
        return None
    return 0 if found[1] == b"[" else len(data) - len(last) + found.start()


def _is_json(line: bytes) -> bool:
    """Whether a line is a whole value, which half of one never is."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _cut(path: Path, start: int, stop: int, format_: Format, end: bytes = b"") -> None:
    """Leave the bytes between two places in a file, and what makes sense of them before and after."""
    if not start and not end and stop == path.stat().st_size:
        return
    rest = path.with_name(f"{path.name}.rest")
    with path.open("rb") as file, rest.open("wb") as to:
        if start and _has_headers(format_):
            _write_headers(file, start, format_, to)
        file.seek(start)
        if start and format_.items and (found := _GOES_ON.match(file.read(64))):
            name = format_.items.partition(".")[0]
            to.write(b"[" if format_.items == "item" else f'{{"{name}":['.encode())
            start += found.end(1) if found[1] == b"," else found.start(1)
        file.seek(start)
        while (left := stop - file.tell()) > 0:
            to.write(file.read(min(left, 2**20)))
        to.write(end)
    shutil.move(rest, path)


def _write_headers(file: IO[bytes], start: int, format_: Format, to: IO[bytes]) -> None:
    assert format_.parser is not None
    parser = format_.parser()
    while file.tell() < start:
        line = file.readline()
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if parser.is_header(text):
            parser.feed(text)
            to.write(line)
