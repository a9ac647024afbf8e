"""From a body to stored rows, without holding up the requests of others."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from starlette.requests import Request

from kqlog.errors import QueryError
from kqlog.ingest.ingestor import Ingestor, Receipt
from kqlog.ingest.rules import Rules
from kqlog.ingest.shaping import Shaped
from kqlog.server.access import Access
from kqlog.server.bodies import Body, Reader
from kqlog.server.errors import request_error
from kqlog.store.store import Store

_MOST_COLUMNS = 500
"""Azure Monitor's limit for a table."""

Shaping = Callable[[bytes], Sequence[Shaped]]
"""What makes rows for tables out of the content of a body."""


class Intake:
    """What all protocols share: the store, who may send, and the one way in."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store, self.access = store, access
        self.rules = Rules(store)
        self.reader = Reader()
        self._ingestor = Ingestor(store)
        self._workers = ThreadPoolExecutor(2, "kqlog shaping")

    async def take(self, request: Request, body: Body, shaping: Shaping) -> int:
        """Store the rows of a body, all or none. How many there were, when they are on disk.

        Raises:
            RequestError: with the reason why nothing was stored.
        """
        loop = asyncio.get_running_loop()
        try:
            waiting = await loop.run_in_executor(self._workers, self._submit, shaping, body.content, _name(request))
            receipts = await asyncio.gather(*map(asyncio.wrap_future, waiting))
        except Exception as error:
            raise request_error(error) from error
        return sum(receipt.rows for receipt in receipts)

    def _submit(self, shaping: Shaping, content: bytes, name: str | None) -> list[Future[Receipt]]:
        parts = shaping(content)
        key = None if name is None else hashlib.sha256(f"{name}\n".encode() + hashlib.sha256(content).digest()).hexdigest()
        for part in parts:
            if len(part.columns) > _MOST_COLUMNS:
                raise QueryError("ING001", f"the table {part.table} would have more than {_MOST_COLUMNS} columns")
        # A request may fill several tables, or one in several ways: each part is a request of its own.
        keys = [None if key is None else f"{key} {at}" for at in range(len(parts))]
        return [self._ingestor.submit(part, own) for part, own in zip(parts, keys, strict=True)]

    def close(self) -> None:
        """Store what was accepted, and end."""
        self._workers.shutdown()
        self._ingestor.close()


def _name(request: Request) -> str | None:
    """What a request that is sent again has in common with the first, beside its content.

    Some senders give all parts of an upload one id.
    """
    sent = request.headers.get("x-ms-client-request-id")
    return None if sent is None else f"{request.url.path}\n{sent}"
