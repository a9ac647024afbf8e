"""Messages of senders who wait for no answer, stored many at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.syslog import Message, shaped
from kqlog.store.store import Store

_OVERHEAD = 300
"""What a message that waits costs beside its own bytes."""


class Troubles:
    """What went wrong so far. It is said the first time, the tenth, the hundredth...: a flood of it is no flood of words."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._counts: Counter[str] = Counter()

    def add(self, what: str, count: int = 1) -> None:
        """Count something, which `what` names in the plural."""
        if count:
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
        while True:
            try:
                rows = await asyncio.to_thread(shaped, self._store, batch)
                receipt = await asyncio.wrap_future(self._ingestor.submit(rows))
            except BusyError as busy:
                await asyncio.sleep(busy.seconds)
            except Exception as error:  # noqa: BLE001  whatever it is, the messages are kept and tried again
                waiting = len(batch) + len(self._waiting)
                self._troubles.say(f"{waiting:,} messages could not be stored: {error}")
                if self._closed:
                    self.lost += len(batch)
                    return
                await asyncio.sleep(self._pause)
            else:
                self.stored += receipt.rows
                return


def _not_utf8(message: Message) -> bool:
    try:
        message.content.decode()
    except UnicodeDecodeError:
        return True
    return False
