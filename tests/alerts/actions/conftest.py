"""Receivers that run: HTTP that fails as it is told, and a mail server."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Receiver:
    """Keeps what it gets. `mood` says what becomes of a request: a status, "hang", or "close" (it is read, never answered)."""

    def __init__(self) -> None:
        self.mood: Callable[[], int | str] = lambda: 200
        self.answer, self.again = b"", ""
        self.requests: list[tuple[str, bytes, dict[str, str]]] = []
        self.over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, body, dict(self.headers)))
                mood = receiver.mood()
                if mood == "hang":
                    receiver.over.wait(30)
                if isinstance(mood, str):
                    self.close_connection = True
                    return
                self.send_response(mood)
                self.send_header("Content-Length", str(len(receiver.answer)))
                if receiver.again:
                    self.send_header("Retry-After", receiver.again)
                if mood == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Nothing: senders go away."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def http():
    receiver = Receiver()
    yield receiver
    receiver.close()


class Mailbox:
    """What a mail server took, and what it answers instead of taking it, by the command."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.answers: dict[str, str] = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.mails.append(envelope.original_content)
        return "250 OK"


@pytest.fixture(scope="session")
def authority():
    import trustme

    return trustme.CA()


@pytest.fixture
def certificates(authority, tmp_path):
    """What a server shows, and the file of what a client trusts."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    return context, trusted


def listening(handler, **options):
    """A mail server on a port of its own; aiosmtpd would look for it at the port that was asked for."""
    from aiosmtpd.controller import Controller

    class Listening(Controller):
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    controller = Listening(handler, hostname="127.0.0.1", port=0, **options)
    controller.start()
    return controller


@pytest.fixture
def mail_server():
    """What starts one more mail server."""
    started = []

    def start(handler, **options):
        started.append(listening(handler, **options))
        return started[-1].port

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def smtp(certificates):
    """A mail server with STARTTLS that lets in ada with the password sesame: the mailbox and the port."""
    from aiosmtpd.smtp import AuthResult

    mailbox = Mailbox()

    def check(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"ada", b"sesame"), handled=False)

    controller = listening(mailbox, tls_context=certificates[0], require_starttls=True, authenticator=check, auth_required=True)
    mailbox.port = controller.port
    yield mailbox
    controller.stop()
