"""Messages of senders who wait for no answer, stored many at a time."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from kqlog.ingest import dead_letters
from kqlog.ingest.dead_letters import DeadLetter, sorted_out
from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.operations import Kind, Operations
from kqlog.ingest.shaping import Shaped
from kqlog.ingest.syslog import TABLE, Message, shaped
from kqlog.store.store import Store

_OVERHEAD = 300
"""What a message that waits costs beside its own bytes."""


class Troubles:
    """What went wrong so far. It is said the first time, the tenth, the hundredth...: a flood of it is no flood of words."""

    operations: Operations | None = None
    """Where it is told as well, once there are any."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._counts: Counter[str] = Counter()

    def add(self, what: str, count: int = 1, kind: Kind = Kind.VALUES) -> None:
        """Count something, which `what` names in the plural."""
        if count:
            if self.operations is not None:
                self.operations.note(kind, what, TABLE, count)
            before, self._counts[what] = self._counts[what], self._counts[what] + count
            if not before or len(str(before)) < len(str(self._counts[what])):
                self.say(f"{what}: {self._counts[what]:,} so far")


class Batches:
    """Messages that wait to be stored: those of `age` seconds, or `enough` of them, in not much more than `most` bytes of memory.

    What cannot be stored now, as on a full disk, is tried again every `pause` seconds.
    """

    def __init__(
        self,
        store: Store,
        ingestor: Ingestor,
        troubles: Troubles,
        *,
        age: float = 0.5,
        enough: int = 20_000,
        most: int = 64 << 20,
        pause: float = 2,
    ) -> None:
        self._store, self._ingestor, self._troubles = store, ingestor, troubles
        self._age, self._enough, self._most, self._pause = age, enough, most, pause
        self._waiting: list[Message] = []
        self._size = 0
        self._closed = False
        self._some, self._ready, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._room.set()
        self.stored = self.lost = 0

    @property
    def full(self) -> bool:
        """Whether no more should be added now."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait until more can be added."""
        await self._room.wait()

    def add(self, message: Message) -> None:
        """Take a message in."""
        self._waiting.append(message)
        self._size += len(message.content) + _OVERHEAD
        self._some.set()
        if len(self._waiting) >= self._enough:
            self._ready.set()
        if self._size >= self._most:
            self._ready.set()
            self._room.clear()

    def close(self) -> None:
        """Let `run` end when it has stored what waits."""
        self._closed = True
        self._some.set()
        self._ready.set()

    async def run(self) -> None:
        """Store what comes, until it is closed."""
        while self._waiting or not self._closed:
            await self._some.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), self._age)
            batch, self._waiting, self._size = self._waiting, [], 0
            self._room.set()
            if not self._closed:
                self._some.clear()
                self._ready.clear()
            if batch:
                await self._store_batch(batch)

    async def _store_batch(self, batch: list[Message]) -> None:
        self._troubles.add("messages with bytes that are not UTF-8, which were replaced", sum(map(_not_utf8, batch)))
        id_ = uuid.uuid4().hex
        while True:
            try:
                parts = await asyncio.to_thread(self._shaped, batch)
                # Of two tables, one may take its rows and the other not.
                requests = [f"syslog {id_} {at}" if len(parts) > 1 else None for at in range(len(parts))]
                waiting = self._ingestor.submit_all(list(zip(parts, requests, strict=True)))
                await asyncio.gather(*map(asyncio.wrap_future, waiting))
            except BusyError as busy:
                await asyncio.sleep(busy.seconds)
            except Exception as error:  # noqa: BLE001  whatever it is, the messages are kept and tried again
                unstored = len(batch) + len(self._waiting)
                self._troubles.say(f"{unstored:,} messages could not be stored: {error}")
                if self._closed:
                    self.lost += len(batch)
                    return
                await asyncio.sleep(self._pause)
            else:
                empty = len(batch) - sum(part.rows.num_rows for part in parts)
                self._troubles.add("messages with nothing in them, which were passed over", empty)
                for part in parts:
                    if part.table == dead_letters.TABLE:
                        dead_letters.note(self._ingestor.operations, part)
                    else:
                        self.stored += part.rows.num_rows
                return

    def _shaped(self, batch: list[Message]) -> list[Shaped]:
        """Messages as rows of the table; those that cannot be such are dead letters, which are rows as well."""
        parts, refused = sorted_out(batch, partial(shaped, self._store))
        letters = [
            DeadLetter(TABLE, f"syslog from {message.address}", error.message, message.content.decode("utf-8", "replace"))
            for message, error in refused
        ]
        return parts + ([dead_letters.shaped(self._store, letters)] if letters else [])


def _not_utf8(message: Message) -> bool:
    try:
        message.content.decode()
    except UnicodeDecodeError:
        return True
    return False
