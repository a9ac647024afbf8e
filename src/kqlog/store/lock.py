"""Locks between processes, which the system frees when their process dies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kqlog.errors import QueryError

_FOLDER = "locks"


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Alone with a file, which is open meanwhile, among all threads and processes.

    Raises:
        QueryError: ING002 where the system has no such locks.
        BlockingIOError: another has the file, and this does not `wait`.
    """
    try:
        import fcntl
    except ImportError:
        hint = "run what writes in WSL or on Linux or macOS; queries of the folder work here as well"
        raise QueryError("ING002", "rows cannot be stored on Windows", hint=hint) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def only_one(root: Path, task: str) -> Iterator[None]:
    """Do what one process at a time may do for a workspace, such as `following a.log into Web_CL`.

    Raises:
        QueryError: ING001 when another does it.
    """
    path = root / _FOLDER / hashlib.sha256(task.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    try:
        with locked(path, wait=False) as descriptor:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}".encode())
            yield
    except BlockingIOError:
        hint = "end it first, or let it go on: two would store the same twice"
        raise QueryError("ING001", f"process {path.read_text('ascii')} is {task} already", hint=hint) from None
