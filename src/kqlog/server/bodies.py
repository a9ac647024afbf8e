"""Bodies of requests: read and decompressed as they come, and never more than memory should hold."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from kqlog.server.errors import RequestError

_MEGABYTE = 1 << 20
_MOST_SENT = 30 * _MEGABYTE
_MOST_READ = 100 * _MEGABYTE
_MOST_AT_ONCE = 128 * _MEGABYTE
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_STEP = 256 * 1024
_PATIENCE, _LONGEST = 30.0, 300.0
"""Seconds that a body may stand still, and that it may take as a whole."""


@dataclass(frozen=True)
class Body:
    """What a request carried: the content, and how many bytes came over the wire."""

    content: bytes
    sent: int


class Reader:
    """Reads bodies. All that are in memory at one time have so many bytes at most; more is refused until some are done.

    `full` hears of each that is refused. A body may stand still for so many seconds as there is `patience`.
    """

    def __init__(self, most: int = _MOST_AT_ONCE, full: Callable[[], None] = lambda: None, patience: float = _PATIENCE) -> None:
        self._most, self._full, self._patience = most, full, patience
        self._held = 0

    @asynccontextmanager
    async def reading(self, request: Request, left_packed: str = "") -> AsyncIterator[Body]:
        """The body of a request, counted as in memory until the block ends. `left_packed` is an encoding that is left as it is.

        Raises:
            RequestError: 413 for what is too long, 429 when too much is in memory, 400 for what cannot be decompressed,
                408 for what comes too slowly.
        """
        parts: list[bytes] = []
        held = sent = 0
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        unpacking = _Unpacking("identity" if encoding == left_packed else encoding)
        try:
            async for chunk in _chunks(request, self._patience):
                sent += len(chunk)
                if sent > _MOST_SENT:
                    raise RequestError(413, "ContentLengthLimitExceeded", f"a request has {_MOST_SENT:,} bytes at most")
                for at, part in enumerate(unpacking.parts(chunk)):
                    if at:
                        # What a chunk becomes may be a thousand times as long: others have a turn in between.
                        await asyncio.sleep(0)
                    self._hold(len(part))
                    held += len(part)
                    parts.append(part)
                    if held > _MOST_READ:
                        message = f"a request has {_MOST_READ:,} bytes at most when it is decompressed"
                        raise RequestError(413, "ContentLengthLimitExceeded", message)
            unpacking.finish()
            body = Body(b"".join(parts), sent)
            parts.clear()
            yield body
        finally:
            self._held -= held

    def _hold(self, count: int) -> None:
        if self._held + count > self._most:
            self._full()
            raise RequestError(429, "TooManyRequests", "too many requests are being read: try again", 1)
        self._held += count


async def _chunks(request: Request, patience: float) -> AsyncIterator[bytes]:
    stream, until = request.stream(), time.monotonic() + _LONGEST
    try:
        while (chunk := await asyncio.wait_for(anext(stream, None), min(patience, until - time.monotonic()))) is not None:
            yield chunk
    except TimeoutError:
        raise RequestError(408, "RequestTimeout", "the body comes too slowly") from None
    except ClientDisconnect:
        raise RequestError(400, "IncompleteRequest", "the connection ended before the request did") from None


class _Unpacking:
    """Decompresses step by step, so that a small body that would become huge ends at the limit."""

    def __init__(self, encoding: str) -> None:
        if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
            raise RequestError(415, "UnsupportedMediaType", f"the content encoding '{encoding}' is not known: send gzip, or none")
        self._zipped = encoding not in {"identity", ""}
        self._unzip = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._any = False

    def parts(self, chunk: bytes) -> Iterator[bytes]:
        """What a chunk becomes, piece by piece."""
        if not self._zipped:
            yield chunk
            return
        try:
            while chunk:
                self._any = True
                if self._unzip.eof:
                    # A gzip file may have several members.
                    self._unzip = zlib.decompressobj(_GZIP_OR_ZLIB)
                yield self._unzip.decompress(chunk, _STEP)
                chunk = self._unzip.unconsumed_tail or self._unzip.unused_data
        except zlib.error as error:
            raise RequestError(400, "InvalidPayload", f"the body cannot be decompressed: {error}") from None

    def finish(self) -> None:
        """Make sure that nothing is missing."""
        if self._any and not self._unzip.eof:
            raise RequestError(400, "InvalidPayload", "the compressed body is cut off")
