"""kqlog serve over TLS, with Azure's own client and httpx."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.monitor.ingestion import LogsIngestionClient
from listening import Certificates, make_certificates

from kqlog.store.store import create

from .conftest import Server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


class Credential:
    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        return AccessToken("let-me-in", int(time.time()) + 3600)


def started(folder: Path, *options: object) -> Server:
    create(folder)
    return Server(folder, *map(str, options), environment={"KQLOG_TOKENS": "let-me-in"})


@pytest.fixture
def server(tmp_path: Path, certificates: Certificates) -> Iterator[Server]:
    made = started(tmp_path / "logs", "--certificate", certificates.server)
    yield made
    made.stop()


def test_azure_s_client_as_it_is(server: Server, certificates: Certificates) -> None:
    """Its policy for tokens refuses to send them over plain HTTP."""
    assert server.url.startswith("https://")
    client = LogsIngestionClient(server.url, Credential(), connection_verify=str(certificates.authority))
    client.upload("dcr-default", "Custom-Shop_CL", [{"order": number} for number in range(100)])
    assert server.query("Shop_CL | summarize count(), dcount(order, 4)") == [(100, 100)]


def test_who_does_not_speak_tls_is_not_answered(server: Server) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url.replace("https", "http") + "/healthz")


def test_senders_may_need_certificates(tmp_path: Path, certificates: Certificates) -> None:
    server = started(tmp_path / "logs", "--certificate", certificates.server, "--client-ca", certificates.authority)

    def get(own: Path | None) -> httpx.Response:
        context = ssl.create_default_context(cafile=str(certificates.authority))
        if own:
            context.load_cert_chain(own)
        return httpx.get(f"{server.url}/healthz", verify=context)

    try:
        assert get(certificates.client).json()["status"] == "ok"
        for own in (None, certificates.stranger):
            with pytest.raises(httpx.TransportError):
                get(own)
    finally:
        server.stop()
