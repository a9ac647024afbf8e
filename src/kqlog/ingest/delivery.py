"""Where an agent's rows go: to a server, or straight into a workspace. A request that is sent again is stored once by both."""

from __future__ import annotations

import gzip
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Protocol

from kqlog.errors import QueryError
from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.outbox import Batch, FullError, Outbox
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_TIMEOUT = 60
_STORED = 204
_LATER = frozenset({401, 403, 404, 408, 429})
"""Answers that change when a token or a rule is put right, or when there is room: the rows are kept."""


class LaterError(Exception):
    """Why rows were not taken now, and after how many seconds to try again, if that was said."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class RefusedError(Exception):
    """Why rows will never be taken."""


class Destination(Protocol):
    """What takes rows. When `send` returns they are on its disk."""

    def send(self, batch: Batch) -> None:
        """Store a batch, once, however often it is sent.

        Raises:
            LaterError: it may be stored, or not: send it again.
            RefusedError: it is not stored.
        """


class Server:
    """A `kqlog serve`, through its Logs Ingestion API.

    Raises:
        QueryError: ING001 for an address or a token that is none.
    """

    def __init__(self, url: str, token: str | None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise QueryError("ING001", f"'{url}' is no address of a server", hint="http://HOST:PORT")
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        if token:
            if not token.isascii() or not token.isprintable():
                raise QueryError("ING001", "the token has characters that no token has")
            self._headers["Authorization"] = f"Bearer {token}"

    def send(self, batch: Batch) -> None:
        """Post a batch to the stream of its table. The rule dcr-default is there without a file."""
        address = f"{self._url}/dataCollectionRules/dcr-default/streams/Microsoft-{batch.table}?api-version=2023-01-01"
        headers = self._headers | {"x-ms-client-request-id": batch.request}
        try:
            with urllib.request.urlopen(urllib.request.Request(address, batch.body, headers), timeout=_TIMEOUT) as answer:
                # Whoever redirects a POST gets a GET, and may answer that all is well.
                if answer.status != _STORED:
                    raise LaterError(f"{self._url}: {answer.status} is no answer of the Logs Ingestion API")
        except urllib.error.HTTPError as error:
            reason = f"{self._url}: {error.code} {_message(error)}"
            if error.code not in _LATER and error.code < 500:
                raise RefusedError(reason) from None
            after = error.headers.get("Retry-After", "")
            raise LaterError(reason, float(after) if after.isdecimal() else None) from None
        except urllib.error.URLError as error:
            raise LaterError(f"{self._url}: {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            raise LaterError(f"{self._url}: {error or type(error).__name__}") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(100_000))["error"]["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)


class Folder:
    """A workspace on this machine, which is kept in order as well."""

    def __init__(self, store: Store) -> None:
        self._store, self._ingestor = store, Ingestor(store)

    def send(self, batch: Batch) -> None:
        """Store a batch."""
        rows = json.loads(gzip.decompress(batch.body))
        try:
            self._ingestor.submit(shape(self._store, batch.table, rows), f"collect {batch.request}").result()
        except BusyError as error:
            raise LaterError(str(error), error.seconds) from None
        except QueryError as error:
            if error.code == "ING002":
                raise LaterError(str(error)) from None
            raise RefusedError(str(error)) from None
        except Exception as error:
            raise LaterError(str(error)) from error

    def close(self) -> None:
        """End what keeps the workspace in order."""
        self._ingestor.close()


def deliver(outbox: Outbox, destination: Destination, warn: Callable[[str], None]) -> None:
    """Send what is in the outbox until it is finished and empty."""
    pause, said = _FIRST_PAUSE, ""
    while True:
        try:
            if (batch := outbox.next()) is None:
                return
            _send(outbox, destination, batch, warn)
        except (LaterError, FullError) as error:
            if str(error) != said:
                said = str(error)
                warn(f"{said}; what is read meanwhile is kept")
            time.sleep(getattr(error, "seconds", None) or pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            if said:
                warn("rows are delivered again")
            pause, said = _FIRST_PAUSE, ""


def _send(outbox: Outbox, destination: Destination, batch: Batch, warn: Callable[[str], None]) -> None:
    try:
        destination.send(batch)
    except RefusedError as error:
        # They would be in the way of all that come after them.
        file = outbox.root / f"refused-{batch.table}-{batch.request}.json.gz"
        try:
            file.write_bytes(batch.body)
        except OSError as problem:
            raise LaterError(str(problem)) from None
        warn(f"{error}; these rows are kept in {file}")
    outbox.done(batch)
