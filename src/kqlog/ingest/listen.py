"""Receivers of syslog over UDP, TCP and TLS, and of Fluent Forward."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Literal

from kqlog.errors import QueryError
from kqlog.ingest.batches import Batches, Troubles
from kqlog.ingest.connections import LAST, Address, Connection, receive_tcp
from kqlog.ingest.framing import Frames
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.operations import Kind
from kqlog.ingest.syslog import Message
from kqlog.ingest.tls import Certificates, hear_of_failures, server_context
from kqlog.store.store import Store

Source = Literal["syslog over UDP", "syslog over TCP", "syslog over TLS", "Fluent Forward", "Fluent Forward over TLS"]
_OVER_TLS: tuple[Source, ...] = ("syslog over TLS", "Fluent Forward over TLS")
LONGEST = 65_536
"""How many bytes of a message are taken; a datagram holds no more."""
_UDP_BUFFER = 4 << 20
"""What the kernel is asked to hold of datagrams while kqlog is busy."""


async def listen(
    store: Store,
    addresses: Mapping[Source, Sequence[Address]],
    announce: Callable[[str], None],
    troubles: Troubles,
    certificates: Certificates | None = None,
) -> Batches:
    """Receive until SIGTERM or SIGINT, then store what was received. The answer knows how many messages were stored and lost.

    Raises:
        QueryError: ING001 for certificates or keys that cannot be used, or where TLS is wanted without.
    """
    tls = _tls(certificates, troubles)
    if tls is None and any(addresses.get(source) for source in _OVER_TLS):
        raise QueryError(
            "ING001", "TLS wants a certificate", hint="give --certificate FILE, and --key FILE unless it holds the key"
        )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        ingestor = Ingestor(store)
        stack.callback(ingestor.close)
        troubles.operations = ingestor.operations
        batches = Batches(store, ingestor, troubles)
        storing = asyncio.create_task(batches.run())
        syslog, forwarded = partial(read_syslog, batches, troubles), cache(partial(_forwarded, store, ingestor, troubles))
        receivers: dict[Source, Callable[[Address], AbstractAsyncContextManager[Address]]] = {
            "syslog over UDP": lambda address: receive_udp(address, batches, troubles),
            "syslog over TCP": lambda address: receive_tcp(address, syslog),
            "syslog over TLS": lambda address: receive_tcp(address, syslog, tls),
            "Fluent Forward": lambda address: receive_tcp(address, forwarded()),
            "Fluent Forward over TLS": lambda address: receive_tcp(address, forwarded(), tls),
        }
        async with AsyncExitStack() as receiving:
            for source, receive in receivers.items():
                for address in addresses.get(source, ()):
                    host, port = await receiving.enter_async_context(receive(address))
                    announce(f"{source} on {f'[{host}]' if ':' in host else host}:{port}")
            await ended.wait()
            await asyncio.sleep(LAST)
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
            self._troubles.add("datagrams dropped, because they came faster than they could be stored", kind=Kind.RATE)
        else:
            self._batches.add(Message(data, str(addr[0]), datetime.now(UTC)))


def _forwarded(store: Store, ingestor: Ingestor, troubles: Troubles) -> Callable[[Connection], Coroutine[Any, Any, None]]:
    from kqlog.ingest.forward_keys import read_keys
    from kqlog.ingest.forwarded import Forwarded

    return Forwarded(store, ingestor, troubles, read_keys(store.root)).serve


def _tls(certificates: Certificates | None, troubles: Troubles) -> ssl.SSLContext | None:
    if certificates is None:
        return None
    context = server_context(certificates)
    hear_of_failures(context, lambda reason: troubles.add(f"connections without TLS, because of '{reason}'"))
    return context


async def read_syslog(batches: Batches, troubles: Troubles, connection: Connection) -> None:
    """Take in the messages of a connection. While there is no room for more, it is not read on."""
    frames = Frames(LONGEST)

    def take(messages: Iterable[bytes]) -> None:
        for content in messages:
            batches.add(Message(content, connection.address, datetime.now(UTC)))
        cut, frames.cut = frames.cut, 0
        troubles.add(f"messages cut off, because they are longer than {LONGEST:,} bytes or their connection ended", cut)

    try:
        while data := await connection.more():
            take(frames.feed(data))
            await batches.room()
    finally:
        take(frames.end())
