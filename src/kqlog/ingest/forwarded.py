"""Connections of Fluent Forward: what is acknowledged is on disk."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Any

import msgpack

from kqlog.errors import QueryError
from kqlog.ingest import dead_letters
from kqlog.ingest.batches import Troubles
from kqlog.ingest.connections import Connection
from kqlog.ingest.dead_letters import DeadLetter, sorted_out
from kqlog.ingest.forward import Chunk, chunk, raw, read, shaped, table, unpacker
from kqlog.ingest.forward_keys import Greeting, Keys
from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.operations import Kind
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
        """Take in the chunks of a connection. What is no chunk ends it, without an acknowledgement.

        Events of a chunk that cannot be rows are dead letters: to send them again would not help.
        """
        reading, data = unpacker(), b""
        try:
            if self._keys is not None:
                await self._take(await _greeted(self._keys, connection, reading), connection)
            while data := await connection.more():
                await self._take(read(reading, data), connection)
        except PermissionError as error:
            # Strangers write nothing, not even dead letters.
            self._troubles.say(f"a connection of Fluent Forward was ended: {error}")
            self._ingestor.operations.note(Kind.REFUSED, "connections of Fluent Forward that did not prove to know the key")
        except Exception as error:  # noqa: BLE001  the sender sees that its chunk is not acknowledged, and others go on
            self._troubles.say(f"a connection of Fluent Forward was ended: {error}")
            self._ingestor.operations.note(Kind.REFUSED, f"connections of Fluent Forward that were ended, because: {error}")
            await self._bury(data, connection, str(error))

    async def _take(self, sent: Iterable[object], connection: Connection) -> None:
        """Store what came in one piece, and acknowledge it. Chunks that want no acknowledgement are one for each tag."""
        tags: dict[str, list[Chunk]] = {}
        refusal: QueryError | None = None
        try:
            for one in filter(None, map(chunk, sent)):
                chunks = tags.setdefault(one.tag, [Chunk(one.tag, [], None)])
                if one.name is not None:
                    chunks.append(one)
                    continue
                chunks[0].rows.extend(one.rows)
                if one.refused:
                    chunks[0] = chunks[0]._replace(refused=chunks[0].refused + one.refused)
        except QueryError as error:
            # What came before it is good, and may not be sent again.
            refusal = error
        await asyncio.gather(*(self._store_tag(tag, chunks, connection) for tag, chunks in tags.items()))
        names = [one.name for chunks in tags.values() for one in chunks if one.name is not None]
        await connection.write(b"".join(msgpack.packb({"ack": name}, use_bin_type=False) for name in names))
        if refusal is not None:
            raise refusal

    async def _store_tag(self, tag: str, chunks: Sequence[Chunk], connection: Connection) -> None:
        """Shape the chunks of a tag together, which costs less, and store each as the request that it is."""
        if not any(one.rows or one.refused for one in chunks):
            return
        source = f"Fluent Forward from {connection.address}"
        parts = await asyncio.to_thread(self._together, tag, chunks)
        if parts is None:
            parts = [await asyncio.to_thread(self._sorted_out, tag, one, source) for one in chunks]
        await asyncio.gather(*(self._store_parts(some, one.name) for some, one in zip(parts, chunks, strict=True)))

    def _together(self, tag: str, chunks: Sequence[Chunk]) -> list[list[Shaped]] | None:
        """The rows of each chunk; None when there are some that cannot be taken in."""
        if any(one.refused for one in chunks):
            return None
        try:
            whole = shaped(self._store, tag, [row for one in chunks for row in one.rows])
        except QueryError:
            return None
        ends = list(accumulate(len(one.rows) for one in chunks))
        return [
            [replace(whole, rows=whole.rows.slice(end - len(one.rows), len(one.rows)))] if one.rows else []
            for one, end in zip(chunks, ends, strict=True)
        ]

    def _sorted_out(self, tag: str, one: Chunk, source: str) -> list[Shaped]:
        """The rows of a chunk, and dead letters for those that cannot be taken in."""
        parts, refused = sorted_out(one.rows, partial(shaped, self._store, tag))
        reasons = [*one.refused, *((error.message, raw(row)) for row, error in refused)]
        letters = [DeadLetter(table(tag), source, *reason) for reason in reasons]
        return parts + ([dead_letters.shaped(self._store, letters)] if letters else [])

    async def _bury(self, data: bytes, connection: Connection, reason: str) -> None:
        """Keep the beginning of what ended a connection."""
        letter = DeadLetter("", f"Fluent Forward from {connection.address}", reason, data.decode("utf-8", "replace"))
        await self._store_parts([await asyncio.to_thread(dead_letters.shaped, self._store, [letter])], None)

    async def _store_parts(self, parts: Sequence[Shaped], name: bytes | None) -> None:
        """Store the parts of a chunk, however long the disk does not take them."""
        if not parts:
            return
        id_ = uuid.uuid4().hex if name is None and len(parts) > 1 else name and name.decode("utf-8", "replace")
        requests = [f"forward {id_}{f' {at}' if at else ''}" if id_ else None for at in range(len(parts))]
        while True:
            try:
                waiting = self._ingestor.submit_all(list(zip(parts, requests, strict=True)))
                receipts = await asyncio.gather(*map(asyncio.wrap_future, waiting))
            except BusyError as busy:
                await asyncio.sleep(busy.seconds)
            except (QueryError, OSError) as error:
                if isinstance(error, QueryError) and error.code != "ING002":
                    raise
                self._troubles.say(f"{sum(part.rows.num_rows for part in parts):,} events could not be stored: {error}")
                await asyncio.sleep(_PAUSE)
            else:
                for part, receipt in zip(parts, receipts, strict=True):
                    if part.table == dead_letters.TABLE and receipt.rows:
                        dead_letters.note(self._ingestor.operations, part)
                return


async def _greeted(keys: Keys, connection: Connection, reading: Any) -> list[object]:
    """Let a sender in that knows the key; what it sent right after its proof.

    Raises:
        PermissionError: it does not know the key.
    """
    greeting = Greeting(keys)
    await connection.write(greeting.hello)
    while data := await connection.more():
        if sent := list(read(reading, data)):
            answer, fault = greeting.answer(sent[0])
            await connection.write(answer)
            if fault:
                raise PermissionError(f"{connection.address}: {fault}")
            return sent[1:]
    return []
