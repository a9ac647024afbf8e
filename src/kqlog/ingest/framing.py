"""Where a message ends in a stream of bytes: after the octets that it counts, or at a newline (RFC 6587)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COUNT = re.compile(rb"([1-9]\d{0,6}) <")
_MAYBE_COUNT = re.compile(rb"[1-9]\d{0,6} ?\Z")
_ENDS = re.compile(rb"[\n\0]")


class Frames:
    """Messages out of the bytes of one connection, each in the framing that it has itself.

    Of a message longer than `most` bytes the rest is passed over. `cut` counts those, and what a connection ended within.
    """

    def __init__(self, most: int) -> None:
        self.cut = 0
        self._most = most
        self._bytes = bytearray()
        self._skip = 0
        """How many octets of a counted message are still passed over."""
        self._to_newline = False
        """Whether all is passed over up to a newline."""

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The messages that end in these bytes."""
        self._bytes += received
        while (message := self._next()) is not None:
            yield message

    def end(self) -> Iterator[bytes]:
        """What is left when the connection ends."""
        counted = _COUNT.match(self._bytes)
        self.cut += counted is not None
        rest = bytes(self._bytes[counted.end(1) + 1 if counted else 0 :])
        if rest and not self._skip and not self._to_newline:
            yield rest
        self._bytes.clear()

    def _next(self) -> bytes | None:
        """The next message; None when it has not come to its end."""
        if not self._passed_over() or _MAYBE_COUNT.match(self._bytes):
            return None
        counted = _COUNT.match(self._bytes)
        return self._line() if counted is None else self._counted(counted.end(1) + 1, int(counted[1]))

    def _passed_over(self) -> bool:
        """Whether what is to be passed over has gone by."""
        if self._to_newline:
            end = _ENDS.search(self._bytes)
            del self._bytes[: end.end() if end else None]
            self._to_newline = end is None
        else:
            passed = min(self._skip, len(self._bytes))
            del self._bytes[:passed]
            self._skip -= passed
        return not self._skip and not self._to_newline and bool(self._bytes)

    def _counted(self, start: int, length: int) -> bytes | None:
        taken = min(length, self._most)
        if len(self._bytes) - start < taken:
            return None
        self._skip = length - taken
        self.cut += taken < length
        return self._take(start, start + taken, start + taken)

    def _line(self) -> bytes | None:
        end = _ENDS.search(self._bytes, 0, self._most + 1)
        if end is not None:
            return self._take(0, end.start(), end.end())
        if len(self._bytes) <= self._most:
            return None
        self.cut += 1
        self._to_newline = True
        return self._take(0, self._most, self._most)

    def _take(self, start: int, end: int, next_: int) -> bytes:
        message = bytes(self._bytes[start:end])
        del self._bytes[:next_]
        return message
