"""Chunks of the Fluent Forward protocol, as fluentd, Fluent Bit and their loggers send them, into rows."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgpack
import msgspec
from msgpack import ExtType, Timestamp

from kqlog.errors import QueryError
from kqlog.ingest.rows import from_array
from kqlog.ingest.shaping import Shaped, shape
from kqlog.ingest.stamps import unix_time
from kqlog.store.store import Store, known_tables

LONGEST = 64 << 20
"""How many bytes a chunk may have, also when it is decompressed."""
_EVENT_TIME = 0
"""The extension type by which a time has nanoseconds."""
_NIL = b"\xc0"
_TIME = "TimeGenerated"
_SUFFIX = "_CL"
_LONGEST_NAME = 63
_GZIP = zlib.MAX_WBITS | 16


class Chunk(NamedTuple):
    """Events of one tag. Who gave the chunk a name wants to hear when it is stored.

    `refused` are its events that cannot be rows: why, and what they are.
    """

    tag: str
    rows: list[dict[str, Any]]
    name: bytes | None
    refused: tuple[tuple[str, str], ...] = ()


def unpacker() -> Any:
    """A reader of one connection: feed it bytes, and iterate over what has come to its end."""
    # Texts stay bytes: older senders write packed events as text, and texts need not be UTF-8. A key may be a list.
    return msgpack.Unpacker(raw=True, use_list=False, strict_map_key=False, max_buffer_size=LONGEST)


def read(reading: Any, data: bytes) -> Iterator[object]:
    """What comes to its end in these bytes.

    Raises:
        QueryError: ING003 for what is no MessagePack.
    """
    try:
        reading.feed(data)
        yield from reading
    except (msgpack.UnpackException, ValueError, TypeError) as error:
        raise _refused(str(error) or "it is no MessagePack") from None


def chunk(sent: object) -> Chunk | None:
    """What a sender sent, in any of the four modes; None for what it sends to see whether someone is there.

    Raises:
        QueryError: ING003 for anything else.
    """
    if sent is None:
        return None
    options: object = {}
    # ExtType is a tuple too, so that an event's time would pass for a list of events.
    match sent:
        case (bytes(tag), ExtType() | int() | float() as time, dict(record), *rest) if len(rest) <= 1:
            entries: Iterable[object] = ((time, record),)
            options = rest[0] if rest else {}
        case (bytes(tag), bytes() | tuple() as events, *rest) if len(rest) <= 1 and not isinstance(events, ExtType):
            options = rest[0] if rest else {}
            entries = _unpacked(events, options) if isinstance(events, bytes) else events
        case _:
            raise _refused("a chunk is a tag, events and options")
    name = options.get(b"chunk") if isinstance(options, dict) else None
    rows, refused = [], []
    for entry in entries:
        try:
            rows.append(_row(entry))
        except (QueryError, RecursionError) as error:
            refused.append((error.message if isinstance(error, QueryError) else "it is nested too deeply", raw(entry)))
    return Chunk(_text(tag), rows, name if isinstance(name, bytes) else None, tuple(refused))


def raw(value: object) -> str:
    """Something that was sent, as text for people."""
    try:
        return msgspec.json.encode(_plain(value), enc_hook=str).decode()
    except (RecursionError, msgspec.MsgspecError, TypeError):
        return ""


def shaped(store: Store, tag: str, rows: Iterable[dict[str, Any]]) -> Shaped:
    """Events as rows of the table that their tag names.

    Raises:
        QueryError: ING001 and ING003 for what cannot be a table.
    """
    return shape(store, table(tag), from_array(msgspec.json.encode(list(rows))))


def table(tag: str) -> str:
    """The table of a tag: Azure Monitor's, if one is called so, else `<tag>_CL`, with `_` for what no name has."""
    if tag in known_tables():
        return tag
    name = re.sub(r"[^A-Za-z0-9_]", "_", tag.removesuffix(_SUFFIX)) or "_"
    name = f"_{name}" if name[0].isdigit() else name
    return name[: _LONGEST_NAME - len(_SUFFIX)] + _SUFFIX


def _row(entry: object) -> dict[str, Any]:
    match entry:
        case (time, dict(record)):
            # Fluent Bit sends metadata beside the time.
            time = time[0] if isinstance(time, tuple) and time and not isinstance(time, ExtType) else time
        case _:
            raise _refused("an event is a time and a map")
    row = {str(_plain(key)): _plain(value) for key, value in record.items()}
    row.setdefault(_TIME, _time(time))
    return row


def _time(value: object) -> str | None:
    """A time as text with all the digits that a tick has; None for what is none, which becomes the time of arrival."""
    seconds, nanoseconds = 0, 0
    match value:
        case ExtType(code=code, data=data) if code == _EVENT_TIME and len(data) == 8:
            seconds, nanoseconds = struct.unpack(">II", data)
        case Timestamp():
            seconds, nanoseconds = value.seconds, value.nanoseconds
        case int():
            seconds = value
        case float() if abs(value) < 2**40:
            seconds, nanoseconds = int(value // 1), int(value % 1 * 1e9)
        case _:
            return None
    return unix_time(seconds, nanoseconds)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case bytes():
            return _text(value)
        case dict():
            return {str(_plain(key)): _plain(part) for key, part in value.items()}
        case ExtType() | Timestamp():
            return _time(value) or value.data.hex()
        case tuple():
            return [_plain(part) for part in value]
    return value


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _unpacked(packed: bytes, options: object) -> list[object]:
    zipped = isinstance(options, dict) and options.get(b"compressed") == b"gzip"
    # A nil at the end comes back as itself only if nothing before it is cut off.
    *entries, end = list(read(unpacker(), (_unzipped(packed) if zipped else packed) + _NIL)) or [_NIL]
    if end is not None:
        raise _refused("the packed events are cut off")
    return entries


def _unzipped(data: bytes) -> bytes:
    """The content of gzip's members, one after the other."""
    parts, left = [], LONGEST
    while data:
        unzip = zlib.decompressobj(_GZIP)
        try:
            parts.append(unzip.decompress(data, left))
        except zlib.error as error:
            raise _refused(f"it cannot be decompressed: {error}") from None
        left -= len(parts[-1])
        if not unzip.eof:
            raise _refused("the compressed events are cut off" if left else f"it has more than {LONGEST:,} bytes")
        if left == 0 and unzip.unused_data:
            raise _refused(f"it has more than {LONGEST:,} bytes")
        data = unzip.unused_data
    return b"".join(parts)


def _refused(why: str) -> QueryError:
    return QueryError("ING003", f"this is no chunk of Fluent Forward: {why}")
