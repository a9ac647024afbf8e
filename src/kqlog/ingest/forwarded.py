"""Connections of Fluent Forward: what is acknowledged is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import msgpack

from kqlog.ingest.batches import Troubles
from kqlog.ingest.connections import Connection
from kqlog.ingest.forward import Chunk, chunk, read, shaped, unpacker
from kqlog.ingest.forward_keys import Greeting, Keys
from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.shaping import Shaped
from kqlog.store.store import Store

_PAUSE = 2.0


class Forwarded:
    """Stores the chunks of connections. A connection is read on when what came before is stored.

    A chunk that has a name is acknowledged then, and is not stored twice when it is sent again. With `keys`, senders prove first
    that they know the shared one.
    """

    def __init__(self, store: Store, ingestor: Ingestor, troubles: Troubles, keys: Keys | None = None) -> None:
        self._store, self._ingestor, self._troubles, self._keys = store, ingestor, troubles, keys

    async def serve(self, connection: Connection) -> None:
        """Take in the chunks of a connection. One that cannot be read or stored ends it, without an acknowledgement."""
        reading = unpacker()
        try:
            if self._keys is not None:
                await self._take(await _greeted(self._keys, connection, reading), connection)
            while data := await connection.more():
                await self._take(read(reading, data), connection)
        except Exception as error:  # noqa: BLE001  the sender sees that its chunk is not acknowledged, and others go on
            self._troubles.say(f"a connection of Fluent Forward was ended: {error}")

    async def _take(self, sent: Iterable[object], connection: Connection) -> None:
        """Store what came in one piece, and acknowledge it. Chunks that want no acknowledgement are one for each tag."""
        tags: dict[str, list[Chunk]] = {}
        for one in filter(None, map(chunk, sent)):
            (unnamed, *_) = chunks = tags.setdefault(one.tag, [Chunk(one.tag, [], None)])
            if one.name is None:
                unnamed.rows.extend(one.rows)
            else:
                chunks.append(one)
        await asyncio.gather(*(self._store_tag(tag, chunks) for tag, chunks in tags.items()))
        names = [one.name for chunks in tags.values() for one in chunks if one.name is not None]
        await connection.write(b"".join(msgpack.packb({"ack": name}, use_bin_type=False) for name in names))

    async def _store_tag(self, tag: str, chunks: Sequence[Chunk]) -> None:
        """Shape the chunks of a tag together, which costs less, and store each as the request that it is."""
        rows = [row for one in chunks for row in one.rows]
        if not rows:
            return
        whole = await asyncio.to_thread(shaped, self._store, tag, rows)
        ends = list(accumulate(len(one.rows) for one in chunks))
        parts = [
            replace(whole, rows=whole.rows.slice(end - len(one.rows), len(one.rows)))
            for one, end in zip(chunks, ends, strict=True)
        ]
        await asyncio.gather(*(self._store_part(part, one.name) for part, one in zip(parts, chunks, strict=True) if one.rows))

    async def _store_part(self, part: Shaped, name: bytes | None) -> None:
        request = None if name is None else f"forward {name.decode('utf-8', 'replace')}"
        while True:
            try:
                await asyncio.wrap_future(self._ingestor.submit(part, request))
            except BusyError as busy:
                await asyncio.sleep(busy.seconds)
            except OSError as error:
                self._troubles.say(f"{part.rows.num_rows:,} events could not be stored: {error}")
                await asyncio.sleep(_PAUSE)
            else:
                return


async def _greeted(keys: Keys, connection: Connection, reading: Any) -> Sequence[object]:
    """Let a sender in that knows the key; what it sent right after its proof.

    Raises:
        PermissionError: it does not know the key.
    """
    greeting = Greeting(keys)
    await connection.write(greeting.hello)
    while data := await connection.more():
        if sent := read(reading, data):
            answer, fault = greeting.answer(sent[0])
            await connection.write(answer)
            if fault:
                raise PermissionError(f"{connection.address}: {fault}")
            return sent[1:]
    return ()
