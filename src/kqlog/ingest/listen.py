"""Receivers of syslog over UDP and TCP."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from kqlog.ingest.batches import Batches, Troubles
from kqlog.ingest.framing import Frames
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.syslog import Message
from kqlog.store.store import Store

Address = tuple[str, int]
"""A host and a port; port 0 is any that is free."""

LONGEST = 65_536
"""How many bytes of a message are taken; a datagram holds no more."""
_AT_ONCE = 65_536
_UDP_BUFFER = 4 << 20
"""What the kernel is asked to hold of datagrams while kqlog is busy."""
_LAST = 0.25
"""For how many seconds what is on its way is still read after the order to end."""


async def listen(
    store: Store, udp: Sequence[Address], tcp: Sequence[Address], announce: Callable[[str], None], troubles: Troubles
) -> Batches:
    """Receive until SIGTERM or SIGINT, then store what was received. The answer knows how many messages were stored and lost."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        ingestor = Ingestor(store)
        stack.callback(ingestor.close)
        batches = Batches(store, ingestor, troubles)
        storing = asyncio.create_task(batches.run())
        async with AsyncExitStack() as receivers:
            for kind, receiver, addresses in (("UDP", receive_udp, udp), ("TCP", receive_tcp, tcp)):
                for address in addresses:
                    host, port = await receivers.enter_async_context(receiver(address, batches, troubles))
                    announce(f"syslog over {kind} on {f'[{host}]' if ':' in host else host}:{port}")
            await ended.wait()
            await asyncio.sleep(_LAST)
        batches.close()
        await storing
    return batches


@asynccontextmanager
async def receive_udp(address: Address, batches: Batches, troubles: Troubles) -> AsyncIterator[Address]:
    """A receiver of datagrams, each a message. Who sends too fast cannot be told: what there is no room for is dropped."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(batches, troubles), local_addr=address)
    try:
        bound: socket.socket = transport.get_extra_info("socket")
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER)
        yield bound.getsockname()[:2]
    finally:
        transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, batches: Batches, troubles: Troubles) -> None:
        self._batches, self._troubles = batches, troubles

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if self._batches.full:
            self._troubles.add("datagrams dropped, because they came faster than they could be stored")
        else:
            self._batches.add(Message(data, str(addr[0]), datetime.now(UTC)))


@asynccontextmanager
async def receive_tcp(address: Address, batches: Batches, troubles: Troubles) -> AsyncIterator[Address]:
    """A receiver of connections. Who sends too fast is not read on, until there is room again."""
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_read(reader, writer, batches, troubles))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, *address, limit=_AT_ONCE)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, batches: Batches, troubles: Troubles) -> None:
    """Take in the messages of a connection until it ends, or until this is cancelled."""
    sender = str((writer.get_extra_info("peername") or ("",))[0])
    frames = Frames(LONGEST)

    def take(messages: Sequence[bytes]) -> None:
        for content in messages:
            batches.add(Message(content, sender, datetime.now(UTC)))
        cut, frames.cut = frames.cut, 0
        troubles.add(f"messages cut off, because they are longer than {LONGEST:,} bytes or their connection ended", cut)

    try:
        while data := await reader.read(_AT_ONCE):
            take(list(frames.feed(data)))
            await batches.room()
    except ConnectionError:
        pass  # a sender that goes without a word; what it sent is there
    finally:
        take(list(frames.end()))
        writer.close()
