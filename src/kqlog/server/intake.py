"""From a body to stored rows, without holding up the requests of others."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from starlette.requests import Request

from kqlog.errors import QueryError
from kqlog.ingest.ingestor import Ingestor, Receipt
from kqlog.ingest.operations import Kind, Level
from kqlog.ingest.rules import Rules
from kqlog.ingest.shaping import Shaped, shape
from kqlog.server.access import Access
from kqlog.server.bodies import Body, Reader
from kqlog.server.errors import request_error
from kqlog.store.store import Store

_MOST_COLUMNS = 500
"""Azure Monitor's limit for a table."""

AUDIT = "LAQueryLogs"
"""The table of the queries that callers asked."""

Shaping = Callable[[bytes], Sequence[Shaped]]
"""What makes rows for tables out of the content of a body."""


class Intake:
    """What all protocols share: the store, who may send, and the one way in."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store, self.access = store, access
        self.stored = 0
        """How many rows were stored for senders."""
        self._ingestor = Ingestor(store)
        self.rules = Rules(store, self._tell_rule)
        self.reader = Reader(full=self._tell_full)
        self._workers = ThreadPoolExecutor(2, "kqlog shaping")

    async def take(self, request: Request, body: Body, shaping: Shaping, name: str | None = None) -> int:
        """Store the rows of a body, all or none. How many there were, when they are on disk.

        A request of the same `name` and content is stored once; by default the name is the id that the client gave it.

        Raises:
            RequestError: with the reason why nothing was stored.
        """
        loop = asyncio.get_running_loop()
        try:
            waiting = await loop.run_in_executor(self._workers, self._submit, shaping, body.content, name or _name(request))
            receipts = await asyncio.gather(*map(asyncio.wrap_future, waiting))
        except Exception as error:
            raise request_error(error) from error
        count = sum(receipt.rows for receipt in receipts)
        self.stored += count
        return count

    @property
    def waiting(self) -> int:
        """How many rows wait to be stored."""
        return self._ingestor.waiting

    def put(self, table: str, rows: object) -> None:
        """Store rows of the server's own, in the thread that calls it. Raises what `Future.result` does."""
        self._ingestor.submit(shape(self.store, table, rows)).result()

    def submit(self, shaped: Shaped, key: str | None = None) -> Future[Receipt]:
        """Store rows that are shaped; the future is done when they are on disk.

        Raises:
            QueryError: ING001 for the table that only the server fills.
        """
        _check_table(shaped.table)
        return self._ingestor.submit(shaped, key)

    def _submit(self, shaping: Shaping, content: bytes, name: str | None) -> list[Future[Receipt]]:
        parts = shaping(content)
        key = None if name is None else hashlib.sha256(f"{name}\n".encode() + hashlib.sha256(content).digest()).hexdigest()
        for part in parts:
            _check_table(part.table)
            if len(part.columns) > _MOST_COLUMNS:
                what = f"requests that were refused, because the table would have more than {_MOST_COLUMNS} columns"
                self._ingestor.operations.note(Kind.COLUMNS, what, part.table)
                raise QueryError("ING001", f"the table {part.table} would have more than {_MOST_COLUMNS} columns")
        # A request may fill several tables, or one in several ways: each part is a request of its own.
        keys = [None if key is None else f"{key} {at}" for at in range(len(parts))]
        return self._ingestor.submit_all(list(zip(parts, keys, strict=True)))

    def _tell_rule(self, file: Path, error: QueryError) -> None:
        logging.getLogger("uvicorn.error").warning("the data collection rule %s cannot be used: %s", file, error.message)
        what = f"versions of the file {file.name} that cannot be used, because {error.message}"
        self._ingestor.operations.note(Kind.RULE, what, level=Level.ERROR)

    def _tell_full(self) -> None:
        self._ingestor.operations.note(Kind.RATE, "requests that were told to come later, because too much was being read")

    def close(self) -> None:
        """Store what was accepted, and end."""
        self._workers.shutdown()
        self._ingestor.close()


def _check_table(table: str) -> None:
    if table == AUDIT:
        raise QueryError("ING001", f"the table {AUDIT} has what callers asked, and no caller writes it")


def _name(request: Request) -> str | None:
    """What a request that is sent again has in common with the first, beside its content.

    Some senders give all parts of an upload one id.
    """
    sent = request.headers.get("x-ms-client-request-id")
    return None if sent is None else f"{request.url.path}\n{sent}"
