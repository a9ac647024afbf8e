"""A `kqlog listen` of its own for a test, and certificates for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

import kqlog
from kqlog.store.store import create


class Listening:
    """A process that listens; `ports` by the names that it says."""

    def __init__(self, folder: Path, *options: object, sources: int = 1, environment: Mapping[str, str] | None = None) -> None:
        self.root = folder if folder.exists() else create(folder).root
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kqlog.cli", "listen", "-d", str(folder), *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        assert self.process.stdout is not None
        said = [self.process.stdout.readline().strip() for _ in range(sources)]
        self.ports = {line.partition(" on ")[0]: int(line.rpartition(":")[2]) for line in said}

    def stop(self) -> tuple[str, str]:
        """Tell it to end; what it says."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=30)

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.communicate()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return kqlog.connect(self.root).query(query).rows


class Certificates(NamedTuple):
    """Files: an authority, a certificate of a server with its key in the same file, one of a client, and another authority."""

    authority: Path
    server: Path
    client: Path
    stranger: Path


def make_certificates(folder: Path) -> Certificates:
    """Certificates for localhost."""
    files = Certificates(*(folder / f"{name}.pem" for name in Certificates._fields))
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(files.authority)
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(files.server)
    authority.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(files.client)
    stranger.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(files.stranger)
    return files


def program(name: str, package: str) -> str:
    if (found := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        pytest.skip(f"there is no {name} (Debian package {package})")
    return found


def wait_until(true: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)
