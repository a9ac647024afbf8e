"""Tokens of an identity provider: real signatures, and every way to forge one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kqlog.errors import QueryError
from kqlog.server import oidc
from kqlog.server.errors import RequestError
from kqlog.server.oidc import Verifier
from kqlog.server.settings import Oidc
from kqlog.store.store import create

from .conftest import Server

RSA, OTHER = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def jwk(key, id_):
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return kind.to_jwk(key.public_key(), as_dict=True) | {"kid": id_, "use": "sig"}


class Provider:
    """An identity provider: its discovery document, its keys, and what it signs."""

    def __init__(self) -> None:
        self.keys = [jwk(RSA, "rsa"), jwk(EC, "ec")]
        self.asked = 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                found = {"jwks_uri": f"{provider.issuer}/keys"} if "openid" in self.path else {"keys": provider.keys}
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def claims(self, **more):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": "api://kqlog",
            "iat": now,
            "exp": now + 600,
            "oid": "id-1",
            "sub": "s",
            "roles": ["reader"],
        }
        return {name: value for name, value in (claims | more).items() if value is not None}

    def token(self, key=RSA, id_="rsa", algorithm="RS256", **more):
        return jwt.encode(self.claims(**more), key, algorithm, headers={} if id_ is None else {"kid": id_})

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture
def verifier(provider):
    return Verifier(Oidc(provider.issuer, "api://kqlog"))


def test_tokens_of_the_issuer_are_good(provider, verifier):
    for token in (provider.token(), provider.token(EC, "ec", "ES256"), provider.token(aud=["other", "api://kqlog"])):
        assert verifier.claims(token)["oid"] == "id-1"


def part(value):
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=")


def unsigned(provider):
    return (part({"alg": "none", "kid": "rsa"}) + b"." + part(provider.claims()) + b".").decode()


def signed_with_the_public_key(provider):
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = part({"alg": "HS256", "kid": "rsa"}) + b"." + part(provider.claims())
    return (text + b"." + part(hmac.digest(public, text, hashlib.sha256))).decode()


def changed(provider):
    head, _, signature = provider.token().split(".")
    return f"{head}.{part(provider.claims(roles=['contributor'])).decode()}.{signature}"


FORGED = {
    "of another issuer": (lambda one: one.token(iss="https://evil.example"), "InvalidToken"),
    "for another audience": (lambda one: one.token(aud="api://other"), "InvalidAudience"),
    "without an audience": (lambda one: one.token(aud=None), "InvalidToken"),
    "without an end": (lambda one: one.token(exp=None), "InvalidToken"),
    "without an issuer": (lambda one: one.token(iss=None), "InvalidToken"),
    "expired": (lambda one: one.token(exp=int(time.time()) - 120), "ExpiredToken"),
    "not good yet": (lambda one: one.token(nbf=int(time.time()) + 600), "InvalidToken"),
    "signed with another key": (lambda one: one.token(OTHER), "InvalidToken"),
    "of a key that is not known": (lambda one: one.token(OTHER, "other"), "InvalidToken"),
    "of no key": (lambda one: one.token(OTHER, None), "InvalidToken"),
    "not signed": (unsigned, "InvalidToken"),
    "signed with the public key as a secret": (signed_with_the_public_key, "InvalidToken"),
    "changed after it was signed": (changed, "InvalidToken"),
    "no token at all": (lambda one: "a.b.c", "InvalidToken"),
    "three empty parts": (lambda one: "..", "InvalidToken"),
}


@pytest.mark.parametrize(("forge", "code"), FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(provider, verifier, forge, code):
    with pytest.raises(RequestError) as raised:
        verifier.claims(forge(provider))
    assert (raised.value.status, raised.value.code) == (401, code)


def test_keys_are_kept_and_unknown_ones_asked_for_once_in_a_while(provider, verifier, monkeypatch):
    verifier.claims(provider.token())
    asked = provider.asked
    for _ in range(20):
        with pytest.raises(RequestError):
            verifier.claims(provider.token(OTHER, "new"))
    assert provider.asked == asked
    monkeypatch.setattr(oidc, "_AGAIN", 0)
    monkeypatch.setattr(provider, "keys", [*provider.keys, jwk(OTHER, "new")])
    assert verifier.claims(provider.token(OTHER, "new"))["oid"] == "id-1"


def test_a_provider_that_is_away_is_not_a_wrong_token():
    with pytest.raises(RequestError) as raised:
        Verifier(Oidc("http://127.0.0.1:1", "api://kqlog")).claims(jwt.encode({"a": 1}, RSA, "RS256", headers={"kid": "rsa"}))
    assert raised.value.status == 503


@pytest.mark.parametrize("issuer", ["http://example.org", "ftp://127.0.0.1", "file:///etc/passwd", "nothing"])
def test_keys_come_over_https(issuer):
    with pytest.raises(QueryError):
        Verifier(Oidc(issuer, "api://kqlog"))


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["reader"], ["reader"]),
        ("reader ingestor", ["ingestor", "reader"]),
        (["owner"], []),
        (None, []),
        ({"reader": 1}, []),
        (1, []),
    ],
)
def test_roles_are_those_of_the_claim(verifier, claim, roles):
    assert sorted(verifier.roles({"roles": claim})) == roles


def test_a_server_knows_callers_by_their_provider(provider, tmp_path):
    store = create(tmp_path / "logs")
    settings = {"oidc": {"issuer": provider.issuer, "audience": "api://kqlog"}, "callers": {"id-1": {"deny": ["Perf"]}}}
    (tmp_path / "logs" / "server.json").write_text(json.dumps(settings))
    server = Server(tmp_path / "logs")

    def ask(token, query):
        address = f"{server.url}/v1/workspaces/{store.workspace_id}/query"
        return httpx.post(address, json={"query": query}, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    named = {"preferred_username": "ann@example.org", "tid": "tenant", "azp": "client"}
    assert ask(provider.token(**named), "print 1").status_code == 200
    assert "no table named" in ask(provider.token(), "Perf").text
    assert ask(provider.token(roles=["ingestor"]), "print 1").json()["error"]["code"] == "InsufficientAccessError"
    assert ask(provider.token(roles=[]), "print 1").status_code == 403
    assert ask(provider.token(aud="x"), "print 1").json()["error"]["code"] == "InvalidAuthenticationTokenAudience"
    until, found = time.monotonic() + 30, []
    query = "LAQueryLogs | where QueryText == 'print 1' and ResponseCode == 200 | project AADEmail, AADObjectId, AADTenantId, AADClientId"
    while not found:
        assert time.monotonic() < until
        found = ask(provider.token(oid="id-2"), query).json()["tables"][0]["rows"]
    assert found == [["ann@example.org", "id-1", "tenant", "client"]]
    server.stop()
    assert not [line for line in server.log if "Traceback" in line]
