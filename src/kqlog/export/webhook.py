"""Rows to a receiver over HTTP: JSON arrays, each with an id that stays the same when it is sent again."""

from __future__ import annotations

import ipaddress
import os
import random
import re
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError

from kqlog.errors import QueryError
from kqlog.export.destinations import Batch
from kqlog.export.streams import Source
from kqlog.export.writers import written
from kqlog.formats import json_objects
from kqlog.store.durable import sync

ID = "Idempotency-Key"
"""The header by which a receiver knows a request that it has had before."""
_BYTES = 1 << 20
"""A request has so many bytes at most, but for a single row that has more."""
_WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the tries of one run; the next run goes on after them."""
_LONGEST_WAIT = 60.0
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Webhook:
    """A receiver. `headers` go with each request; ${NAME} in them is a variable of the environment. `timeout` is in seconds."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 1000
    timeout: float = 30.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise QueryError("EXP001", f"'{self.url}' is no address of a webhook", hint="https://HOST/PATH")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise QueryError("EXP001", f"logs do not go to '{parts.hostname}' without encryption", hint="use https://")
        if parts.username is not None:
            raise QueryError(
                "EXP001", "the address of a webhook has no password in it", hint='"headers": {"Authorization": "Bearer ${TOKEN}"}'
            )
        self._headers()

    def __str__(self) -> str:
        return self.url.partition("?")[0]

    def reached(self, id_: str) -> int | None:
        """It does not know."""
        return None

    def prepare(self, source: Source, batch: Batch) -> list[str]:
        """Write the bodies of all requests, so that what is sent again is the same to the byte."""
        shutil.rmtree(batch.staging, ignore_errors=True)
        batch.staging.mkdir(parents=True)
        bodies = _Bodies(batch, self.rows)
        stream = source.start()
        for rows in source.batches(stream):
            values = zip(*[column.to_pylist() for column in rows.columns], strict=True)
            for text in json_objects(stream.columns, values):
                bodies.add(text)
        bodies.flush()
        sync(batch.staging)
        sync(batch.staging.parent)
        return bodies.names

    def deliver(self, ready: list[str], batch: Batch, ended: threading.Event) -> None:
        """Send the requests in their order, each until it is answered with 2xx."""
        with urllib3.PoolManager(1, timeout=urllib3.Timeout(connect=self.timeout, read=self.timeout)) as pool:
            for name in ready:
                if ended.is_set():
                    raise QueryError("EXP002", "the export was stopped; the next run goes on")
                body = batch.staging / name
                if body.exists():
                    self._send(pool, body.read_bytes(), f"{batch.id}-{batch.until}-{Path(name).stem}", ended)
                    body.unlink()
        shutil.rmtree(batch.staging, ignore_errors=True)

    def _send(self, pool: urllib3.PoolManager, body: bytes, id_: str, ended: threading.Event) -> None:
        why = ""
        for wait in (*_WAITS, None):
            again, why = self._try(pool, body, id_)
            if not why:
                return
            # All receivers that failed together must not be asked again together.
            if wait is None or ended.wait(min(_LONGEST_WAIT, max(again, wait * random.uniform(0.5, 1.0)))):
                break
        raise QueryError("EXP002", f"{self} {why}", hint="the rows are kept, and sent again by the next run")

    def _try(self, pool: urllib3.PoolManager, body: bytes, id_: str) -> tuple[float, str]:
        """Send once: how long to wait at least before the next time, and why there has to be one."""
        headers = {"Content-Type": "application/json", "User-Agent": "kqlog", **self._headers(), ID: id_}
        try:
            # Without redirects: they would take the rows, and the headers, to where no one meant them to go.
            answer = pool.request("POST", self.url, body=body, headers=headers, retries=False, preload_content=False)
            try:
                status, again = answer.status, answer.headers.get("Retry-After", "")
                text = b"" if status < 300 else answer.read(200)
            finally:
                answer.close()
        except (HTTPError, LocationParseError, ValueError, OSError) as error:
            return 0.0, f"cannot be reached: {type(error).__name__}: {error}"
        if 200 <= status < 300:
            return 0.0, ""
        said = text.decode("utf-8", "replace").split("\n")[0].strip()
        return float(again) if again.isdecimal() else 0.0, f"answers {status}{f': {said}' if said else ''}"

    def _headers(self) -> dict[str, str]:
        headers = {name: _VARIABLE.sub(_variable, value) for name, value in self.headers.items()}
        for name, value in headers.items():
            if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(value):
                # The value may be a secret.
                raise QueryError("EXP001", f"{name!r} is no header of a webhook, or what it says is not one line of ASCII")
        return headers


class _Bodies:
    """JSON arrays in files: of so many rows, or bytes, each."""

    def __init__(self, batch: Batch, rows: int) -> None:
        self._batch, self._rows = batch, rows
        self._texts: list[bytes] = []
        self._size = 0
        self.names: list[str] = []

    def add(self, text: str) -> None:
        encoded = text.encode("utf-8", "backslashreplace")
        if self._texts and (len(self._texts) >= self._rows or self._size + len(encoded) > _BYTES):
            self.flush()
        self._texts.append(encoded)
        self._size += len(encoded) + 1

    def flush(self) -> None:
        if self._texts:
            self.names.append(f"{len(self.names):08}.json")
            with written(self._batch.staging / self.names[-1]) as file:
                file.write(b"[" + b",".join(self._texts) + b"]")
            self._texts, self._size = [], 0


def _variable(match: re.Match[str]) -> str:
    if (value := os.environ.get(match[1])) is None:
        raise QueryError("EXP001", f"the environment has no variable '{match[1]}', which a header of the webhook names")
    return value


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
