"""A receiver of webhooks that keeps what it gets, and fails as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """`mood` says what becomes of a request: a status, "hang", "drop" (taken, never answered) or "cut" (not even taken)."""

    def __init__(self, mood: Callable[[], int | str] = lambda: 200) -> None:
        self.mood = mood
        self.requests: list[tuple[str, bytes, dict[str, str]]] = []
        """Id, body and headers of what was taken."""
        self.failures = 0
        receiver, self._over = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self, body)

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Nothing: senders may be killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/logs"

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        mood = self.mood()
        if mood in (200, 204, "drop"):
            self.requests.append((handler.headers["Idempotency-Key"], body, dict(handler.headers)))
        if mood not in (200, 204):
            self.failures += 1
        if mood == "hang":
            self._over.wait(20)
        if isinstance(mood, str):
            handler.close_connection = True
            return
        handler.send_response(mood)
        text = b"" if mood < 300 else b"not now\nand more"
        handler.send_header("Content-Length", str(len(text)))
        if mood in (429, 503):
            handler.send_header("Retry-After", "1")
        if mood == 302:
            handler.send_header("Location", "/elsewhere")
        handler.end_headers()
        handler.wfile.write(text)

    def rows(self) -> list[dict[str, Any]]:
        """What a receiver keeps that drops ids it has had."""
        return [row for body in {id_: body for id_, body, _ in self.requests}.values() for row in json.loads(body)]

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.02)
