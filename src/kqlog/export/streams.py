"""The rows of a query for one export: counted on their way, and stopped from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.result import Stream

if TYPE_CHECKING:
    import pyarrow


class Source:
    """A query that can be started again, as when its rows turn out to need another type than the first of them."""

    def __init__(self, make: Callable[[], Stream]) -> None:
        self._make = make
        self._stream: Stream | None = None
        self._lock = threading.Lock()
        self._cancelled = False
        self.rows = 0

    def start(self) -> Stream:
        """The query, about to run.

        Raises:
            QueryError: whatever is wrong with it, ENG004 when it was cancelled before.
        """
        stream = self._make()
        with self._lock:
            if self._cancelled:
                raise QueryError("ENG004", "the query was cancelled")
            self._stream = stream
        self.rows = 0
        return stream

    def batches(self, stream: Stream) -> Iterator[pyarrow.Table]:
        """Its rows, counted in `rows`."""
        for rows in stream.batches():
            if self._cancelled:
                raise QueryError("ENG004", "the query was cancelled")
            self.rows += rows.num_rows
            yield rows

    def cancel(self) -> None:
        """Stop it."""
        with self._lock:
            self._cancelled = True
            if self._stream is not None:
                self._stream.cancel()

    def progress(self) -> float:
        """How much is done, from 0 to 1."""
        return (self._stream.progress() if self._stream is not None else None) or 0.0
