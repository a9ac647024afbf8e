"""A running `kqlog serve`, what it takes of the machine, and senders that post to it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Server:
    """The server of a workspace, as its users start it."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "kqlog", "serve", "-d", str(folder), "--port", "0", "--no-auth"]
        self.folder = folder
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"running on http://127.0.0.1:(\d+)", line):
                self.port = int(found[1])
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def seconds(self) -> float:
        """Seconds of a core that it took so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> int:
        """The most memory that it ever had."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) // 1024

    def post(self, connection: http.client.HTTPConnection, table: str, body: bytes, format_: str = "multijson") -> None:
        """Send rows again until they are acknowledged."""
        while True:
            connection.request("POST", f"/v1/rest/ingest/logs/{table}?streamFormat={format_}", body)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status == 200:
                return
            assert answer.status == 429, (answer.status, said)
            time.sleep(float(answer.headers["Retry-After"]))

    def post_all(self, table: str, bodies: Iterable[bytes], format_: str = "multijson", senders: int = 4) -> None:
        """Send bodies, each sender one after the other, and return when all rows are acknowledged."""
        waiting, lock = iter(bodies), threading.Lock()

        def send() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            while True:
                with lock:
                    body = next(waiting, None)
                if body is None:
                    return
                self.post(connection, table, body, format_)

        threads = [threading.Thread(target=send) for _ in range(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server until the block ends."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
