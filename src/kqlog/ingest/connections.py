"""A receiver of TCP connections that ends without losing what it received."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

Address = tuple[str, int]
"""A host and a port; port 0 is any that is free."""

LAST = 0.25
"""For how many seconds what may be on its way is waited for after the order to end."""
_AT_ONCE = 256 * 1024
_PATIENCE = 10
"""So many seconds after the order to end what is not done is given up."""


class Connection:
    """A sender. `more` brings nothing when the sender has ended, or is silent after the order to end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ended: asyncio.Event) -> None:
        self._reader, self._writer, self._ended = reader, writer, ended
        self.address = str((writer.get_extra_info("peername") or ("",))[0])

    async def more(self) -> bytes:
        """What comes next."""
        reading = asyncio.ensure_future(self._reader.read(_AT_ONCE))
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({reading}, timeout=LAST)
            return reading.result() if reading.done() else b""
        except OSError:
            return b""  # a sender that goes without a word
        finally:
            reading.cancel()
            ending.cancel()

    async def write(self, data: bytes) -> None:
        """Answer."""
        if data:
            self._writer.write(data)
            await self._writer.drain()


@asynccontextmanager
async def receive_tcp(
    address: Address, serve: Callable[[Connection], Coroutine[Any, Any, None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Address]:
    """Serve connections until the block ends, and then what they had sent before."""
    tasks: set[asyncio.Task[None]] = set()
    ended = asyncio.Event()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(Connection(reader, writer, ended))
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(run(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, *address, limit=_AT_ONCE, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        ended.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
