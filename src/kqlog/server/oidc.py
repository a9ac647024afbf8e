"""JSON Web Tokens of an identity provider: who the caller is, on the word of an issuer that the workspace trusts."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import jwt

from kqlog.errors import QueryError
from kqlog.server.errors import RequestError
from kqlog.server.settings import Oidc
from kqlog.store.tokens import Role

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those with a public key: with any other, whoever knows that key could sign."""
_SKEW = 60
_FRESH, _AGAIN = 3600, 60
"""Seconds that keys are used, and after which an unknown key is worth another look."""
_PATIENCE = 10
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Verifier:
    """Checks tokens of one issuer. Its public keys are fetched when they are first needed, and kept."""

    def __init__(self, oidc: Oidc) -> None:
        for address in (oidc.issuer, oidc.keys or oidc.issuer):
            parts = urlsplit(address)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
                raise QueryError("ING001", f"keys of an issuer come over https, and not from '{address}'")
        self._oidc = oidc
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched = float("-inf")
        self._lock = threading.Lock()

    def claims(self, token: str) -> dict[str, Any]:
        """What a good token says. May wait for the issuer: not for the event loop.

        Raises:
            RequestError: 401 for a token that is not good, 503 when its issuer cannot be asked.
        """
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            return jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._oidc.audience,
                issuer=self._oidc.issuer,
                leeway=_SKEW,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise RequestError(401, "ExpiredToken", "the token has expired") from None
        except jwt.InvalidAudienceError:
            raise RequestError(401, "InvalidAudience", "the token is for another audience") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise RequestError(401, "InvalidToken", "the token is not one of the issuer that this workspace trusts") from None

    def roles(self, claims: dict[str, Any]) -> frozenset[Role]:
        """The roles that the claims give."""
        found = claims.get(self._oidc.roles, [])
        names = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
        return frozenset(role for role in Role if str(role) in names)

    def _key(self, id_: str | None) -> jwt.PyJWK:
        with self._lock:
            age = time.monotonic() - self._fetched
            if age > _FRESH or (id_ not in self._keys and age > _AGAIN):
                self._fetch()
            if id_ not in self._keys:
                raise jwt.InvalidKeyError
            return self._keys[id_]

    def _fetch(self) -> None:
        self._fetched = time.monotonic()
        try:
            keys = self._oidc.keys or _json(f"{self._oidc.issuer.rstrip('/')}/.well-known/openid-configuration")["jwks_uri"]
            found = jwt.PyJWKSet.from_dict(_json(keys)).keys
        except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError):
            if not self._keys:
                self._fetched = float("-inf")
                raise RequestError(
                    503, "ServiceUnavailable", "the issuer of the token cannot be asked for its keys", 10
                ) from None
            return
        self._keys = {key.key_id: key for key in found if key.key_type != "oct"}


def _json(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
        found = json.loads(answer.read())
    if not isinstance(found, dict):
        raise TypeError(address)
    return found
