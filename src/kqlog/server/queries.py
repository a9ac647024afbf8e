"""The one way that a caller's query runs: in a thread of its own, within its limits, known by its id, and stopped at once.

A protocol makes an `Ask` of a request, and says with an `Encoder` how the answer looks. `Queries.answer` does the rest: the event
loop stays free, so many queries run at once, and a caller who hangs up ends what runs for them.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from kqlog.engines.engine import Limits
from kqlog.errors import QueryError
from kqlog.execution import Execution
from kqlog.plan.nodes import Render
from kqlog.progress import with_deep_stack
from kqlog.result import Part
from kqlog.server.access import Caller
from kqlog.server.errors import RequestError
from kqlog.timespan import Timespan
from kqlog.workspace import Workspace

AT_ONCE = 32
"""So many queries run at one time."""
WAITING = 256
"""So many more wait for their turn."""
_CHUNKS = 4
"""So many chunks of an answer wait for a caller who reads slowly."""
_TOGETHER = 1 << 16
"""Bytes of an answer that are sent together."""

N = TypeVar("N", int, float)
R = TypeVar("R")


class State(StrEnum):
    """How far a query is, in Kusto's words."""

    QUEUED = "Queued"
    RUNNING = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


@dataclass(frozen=True)
class Ask:
    """What a caller wants to know, and how much of the machine that may take."""

    text: str
    caller: Caller
    application: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """What the caller calls the request."""
    timespan: Timespan | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    now: int | None = None
    """The moment that the query takes for this one, in ticks."""
    seconds: float = 240.0
    limits: Limits = Limits(500_000, 64 * 2**20)  # noqa: RUF009  (it is frozen)
    kind: str = "Query"
    """A query, or a command."""
    workspace: Workspace | None = None
    """Whose tables it reads; by default those of the server's workspace. Of both, no more than the caller may read."""
    target: str = ""
    """The resource that was asked about; by default the workspace."""

    def within(self, workspace: Workspace) -> Ask:
        """The same as far as the caller may go: its own limits, and the tables and rows that it may read."""
        most = self.caller.most
        return replace(
            self,
            seconds=_least(self.seconds, most.seconds),
            limits=Limits(_least(self.limits.rows, most.rows), _least(self.limits.bytes, most.bytes)),
            workspace=(self.workspace or workspace).limited_to(*self.caller.rights),
        )


def _least(asked: N | None, most: N | None) -> Any:
    return min((one for one in (asked, most) if one is not None), default=None)


class Query:
    """One query of a caller, from its first moment to its last: what `.show queries` and the audit tell of it."""

    def __init__(self, ask: Ask, execution: Execution) -> None:
        self.ask = ask
        self.activity = str(uuid.uuid4())
        """What this server calls the request."""
        self.started = datetime.now(UTC)
        self.state = State.QUEUED
        self.seconds = 0.0
        """From its first moment to its last."""
        self.cpu = 0.0
        """Seconds of a processor that the query's own thread took."""
        self.error: QueryError | None = None
        self._execution = execution
        self._began = time.perf_counter()
        self._thread_began = 0.0
        self._cancelled = False

    @property
    def rows(self) -> int:
        """How many rows were handed over."""
        return self._execution.rows

    @property
    def part_rows(self) -> int:
        """How many of them are of the last result."""
        return self._execution.part_rows

    @property
    def bytes(self) -> int:
        """How many bytes they have in memory."""
        return self._execution.bytes

    @property
    def files(self) -> int:
        """How many files were read."""
        return len(self._execution.files)

    @property
    def truncated(self) -> bool:
        """Whether there are more rows, which the limits left out."""
        return self._execution.truncated

    @property
    def renders(self) -> tuple[Render | None, ...]:
        """The charts that the results ask for, in order."""
        return self._execution.renders

    def progress(self) -> float | None:
        """How much is done, from 0 to 1; None while that is not known."""
        return self._execution.progress()

    def cpu_so_far(self) -> float:
        """Seconds of a processor that this thread took for it until now. Ask in the query's thread."""
        return time.thread_time() - self._thread_began

    @property
    def elapsed(self) -> float:
        """Seconds since it began, or that it took."""
        return self.seconds or time.perf_counter() - self._began

    def parts(self) -> Generator[Part, None, None]:
        """Run it, and hand over its results as they come.

        Raises:
            QueryError: as `Execution.parts` does.
        """
        return self._execution.parts()

    def begin(self) -> None:
        """Say that this is its thread."""
        self._thread_began = time.thread_time()

    def follow(self, workspace: Workspace, text: str) -> None:
        """From here on it is a query of this text: a command runs those that it needs. Limits and time stay what they are."""
        execution = workspace.start(text, None, {}, self.ask.seconds, self.ask.limits)
        self._execution = execution
        if self._cancelled:
            execution.cancel()

    def cancel(self) -> None:
        """Stop it: what runs for it in the engine ends at once."""
        self._cancelled = True
        self._execution.cancel()

    def check(self) -> None:
        """Raises QueryError ENG004 when it was cancelled: for work that is more than a query."""
        if self._cancelled:
            raise QueryError("ENG004", "the query was cancelled")

    def end(self, error: BaseException | None, cpu: float) -> None:
        """Note down how it ended."""
        self.seconds, self.cpu = time.perf_counter() - self._began, cpu
        if error is None and self.error is None:
            self.state = State.COMPLETED
            return
        if isinstance(error, QueryError):
            self.error = error
        gone = isinstance(error, _GoneError) or (self.error is not None and self.error.code == "ENG004")
        self.state = State.CANCELLED if gone else State.FAILED


Encoder = Callable[[Query], Iterator[bytes]]
"""Writes an answer down, in the query's thread. What it raises before its first bytes is an error of the request; later errors it
writes into the answer itself, and notes them in `Query.error`."""


class Queries:
    """The queries of all callers: so many run at once, so many wait, and more are refused.

    `on_end` are called with each query when it is over, in its thread.
    """

    def __init__(self, workspace: Workspace, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self.workspace = workspace
        self.on_end: list[Callable[[Query], None]] = []
        self._slots = asyncio.Semaphore(at_once)
        self._free = waiting
        # As many threads as slots: whoever has a slot has a thread.
        self._workers = ThreadPoolExecutor(at_once, "kqlog query")
        self._lock = threading.Lock()
        self._running: dict[str, Query] = {}

    def running(self) -> list[Query]:
        """Those that run or wait now, the oldest first."""
        with self._lock:
            return list(self._running.values())

    def close(self) -> None:
        """Stop everything."""
        for query in self.running():
            query.cancel()
        self._workers.shutdown(wait=False)

    async def answer(
        self, request: Request, ask: Ask, encode: Encoder, media_type: str, headers: Mapping[str, str] | None = None
    ) -> StreamingResponse:
        """The answer to a request whose body was read: it streams while the query runs.

        Raises:
            QueryError: whatever was wrong before the first row.
            RequestError: 429 when too many wait already, 499 when the caller hung up.
        """
        query, pipe = self._entered(ask)
        try:
            first = await unless_gone(request, self._begin(query, pipe, encode))
        except BaseException:
            self._leave(query, pipe)
            raise
        own = {"x-ms-client-request-id": ask.id, "x-ms-activity-id": query.activity}
        return _Answer(query, pipe, first, media_type, own | dict(headers or {}))

    def _check_concurrency(self, caller: Caller) -> None:
        if caller.most.concurrency is not None:
            own = sum(1 for query in self.running() if query.ask.caller.key == caller.key)
            if own >= caller.most.concurrency:
                raise RequestError(429, "TooManyRequests", f"{own} queries of yours run already: try again", 1)

    async def whole(self, ask: Ask, encode: Encoder) -> bytes:
        """An answer in one piece: one of several that a request asks for. Errors are those of `answer`."""
        query, pipe = self._entered(ask)
        try:
            first = await self._begin(query, pipe, encode)
            return b"".join([chunk async for chunk in _chunks(first, pipe)])
        finally:
            self._leave(query, pipe)

    def _entered(self, ask: Ask) -> tuple[Query, _Pipe]:
        """A query that is known from now on."""
        ask = ask.within(self.workspace)
        self._check_concurrency(ask.caller)
        assert ask.workspace is not None
        execution = ask.workspace.start(ask.text, ask.timespan, ask.parameters, ask.seconds, ask.limits, now=ask.now)
        query = Query(ask, execution)
        with self._lock:
            self._running[query.activity] = query
        return query, _Pipe(ask.seconds)

    def _leave(self, query: Query, pipe: _Pipe) -> None:
        """Wait for nothing more of a query, whatever it does."""
        query.cancel()
        pipe.leave()
        if query.state is State.QUEUED:
            self._end(query, _GoneError(), 0.0)

    async def _begin(self, query: Query, pipe: _Pipe, encode: Encoder) -> bytes | None:
        """Wait for a turn, and for the first bytes of the answer; None where there are none."""
        if self._slots.locked():
            if not self._free:
                raise RequestError(429, "TooManyRequests", "too many queries are waiting: try again", 1)
            self._free -= 1
            try:
                await self._slots.acquire()
            finally:
                self._free += 1
        else:
            await self._slots.acquire()
        query.state = State.RUNNING
        loop = asyncio.get_running_loop()

        def work() -> None:
            self._work(query, pipe, encode)
            loop.call_soon_threadsafe(self._slots.release)

        with_deep_stack(lambda: self._workers.submit(work))
        return await pipe.get()

    def _work(self, query: Query, pipe: _Pipe, encode: Encoder) -> None:
        """Run a query, in its thread."""
        error: BaseException | None = None
        query.begin()
        try:
            with closing(_gathered(encode(query))) as chunks:
                for chunk in chunks:
                    pipe.put(chunk)
        except BaseException as raised:  # noqa: BLE001  (it is raised again, where the answer is read)
            error = raised
        try:
            # Whoever has read the answer finds it in the audit.
            self._end(query, error, query.cpu_so_far())
        finally:
            pipe.end(error)

    def _end(self, query: Query, error: BaseException | None, cpu: float) -> None:
        query.end(error, cpu)
        with self._lock:
            self._running.pop(query.activity, None)
        for told in self.on_end:
            told(query)


def _gathered(chunks: Iterator[bytes]) -> Generator[bytes, None, None]:
    """The chunks, small ones together: each has a way to go between threads, and then through the network."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= _TOGETHER:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


class _GoneError(Exception):
    """Nobody reads the answer any more."""


class _Pipe:
    """Chunks on their way from the query's thread to the event loop: few at a time, so that a slow reader costs no memory.

    A reader who takes none for so many `seconds` is given up.
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        self._room = threading.Semaphore(_CHUNKS)
        self._seconds = seconds
        self._left = False

    def put(self, chunk: bytes) -> None:
        """Hand over a chunk, from the thread. Raises _GoneError when nobody takes it."""
        if not self._room.acquire(timeout=self._seconds) or self._left:
            raise _GoneError
        self._loop.call_soon_threadsafe(self._queue.put_nowait, chunk)

    def end(self, error: BaseException | None) -> None:
        """Say that there is no more, from the thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, error)

    async def get(self) -> bytes | None:
        """The next chunk; None at the end. Raises what the thread raised."""
        item = await self._queue.get()
        if isinstance(item, BaseException):
            raise item
        self._room.release()
        return item

    def leave(self) -> None:
        """Read no more."""
        self._left = True
        self._room.release()


class _Answer(StreamingResponse):
    """An answer that is sent while its query runs. However the sending ends, the query does not outlive it."""

    def __init__(self, query: Query, pipe: _Pipe, first: bytes | None, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(_chunks(first, pipe), headers=headers, media_type=media_type)
        self._query, self._pipe = query, pipe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except _GoneError:
            # The caller did not read on: there is nobody to tell.
            pass
        finally:
            self._query.cancel()
            self._pipe.leave()


async def _chunks(first: bytes | None, pipe: _Pipe) -> AsyncIterator[bytes]:
    chunk = first
    while chunk is not None:
        yield chunk
        chunk = await pipe.get()


async def unless_gone(request: Request, work: Awaitable[R]) -> R:
    """What the work gives, unless the caller hangs up first: then it is cancelled.

    Raises:
        RequestError: 499, which nobody will read.
    """
    working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise RequestError(499, "ClientClosedRequest", "the connection ended before the answer began")
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
