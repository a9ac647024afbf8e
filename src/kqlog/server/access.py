"""Who may come in: holders of a bearer token, or of the workspace key that signs requests, and what each may do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kqlog.errors import QueryError
from kqlog.plan.rights import Rights
from kqlog.server.errors import RequestError
from kqlog.server.settings import Most, Settings, read_settings
from kqlog.store.secrets import FILE, secrets
from kqlog.store.store import Store
from kqlog.store.tokens import Role, Token, hash_of, plain, tokens

if TYPE_CHECKING:
    from kqlog.server.oidc import Verifier

TOKENS, SHARED_KEY = "KQLOG_TOKENS", "KQLOG_SHARED_KEY"
_SKEW = timedelta(minutes=15)
_CALLER = "kqlog.caller"
_DOTS = 2
"""So many are in a JSON Web Token that is signed."""
_FORBIDDEN = "the role of this token does not allow it"


@dataclass(frozen=True)
class Caller:
    """Who asks or sends. `id`, `tenant` and `client` are those of an identity provider's token."""

    name: str = ""
    roles: frozenset[Role] = frozenset({Role.CONTRIBUTOR})
    id: str = ""
    tenant: str = ""
    client: str = ""
    most: Most = field(default_factory=Most)
    rights: tuple[Rights, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other callers."""
        return self.name, self.id

    def may(self, role: Role) -> bool:
        """Whether it may do what a role is for. A contributor may do all."""
        return role in self.roles or Role.CONTRIBUTOR in self.roles


ANYBODY = Caller("anybody")


class Access:
    """The tokens and the key that are good. `open` lets everybody in, to do everything."""

    def __init__(self, store: Store | None = None, environment: Mapping[str, str] | None = None, *, open: bool = False) -> None:
        self.open = open
        self._store = store
        self._environment = environment or {}
        self.settings = read_settings(store) if store is not None else Settings()
        self._verifier = _verifier(self.settings)
        self._lock = threading.Lock()
        self._seen: object = None
        self._tokens: dict[str, Token] = {}
        self._key: bytes | None = None
        if store is not None:
            self._read()

    @property
    def anybody_comes_in(self) -> bool:
        """Whether there is anything that would let a caller in."""
        return self.open or bool(self._tokens) or self._key is not None or self._verifier is not None

    def sender(self, request: Request) -> Caller:
        """Who sends rows in.

        Raises:
            RequestError: 401 for a caller who is not known, 403 for one who may not.
        """
        return check_role(self.anyone(request), Role.INGESTOR)

    def reader(self, request: Request) -> Caller:
        """Who asks. Errors are those of `sender`."""
        return check_role(self.anyone(request), Role.READER)

    def anyone(self, request: Request) -> Caller:
        """Who it is, whatever it may do.

        Raises:
            RequestError: 401 for a caller who is not known.
        """
        found: Caller | RequestError = request.scope[_CALLER]
        if isinstance(found, RequestError):
            raise found
        return found

    async def identify(self, headers: Headers) -> Caller | RequestError:
        """Who a request comes from, by its bearer token; or why that is not known."""
        if self.open:
            return self._with_share(ANYBODY, ANYBODY.name)
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not (token := token.strip()):
            return RequestError(401, "Unauthorized", "a bearer token that this workspace knows is wanted")
        try:
            if (known := self._known().get(hash_of(token))) is not None:
                if known.expired(datetime.now(UTC)):
                    return RequestError(401, "ExpiredToken", "the token has expired")
                return self._with_share(Caller(known.name, frozenset({known.role})), known.name)
            if self._verifier is not None and token.count(".") == _DOTS:
                return await self._certified(self._verifier, token)
        except RequestError as error:
            return error
        return RequestError(401, "InvalidToken", "the bearer token is not one that this workspace knows")

    async def _certified(self, verifier: Verifier, token: str) -> Caller:
        claims = await asyncio.to_thread(verifier.claims, token)
        text = {
            name: str(claims.get(name) or "") for name in ("oid", "sub", "tid", "azp", "appid", "preferred_username", "email")
        }
        id_ = text["oid"] or text["sub"]
        name = text["preferred_username"] or text["email"] or id_
        # A name can be changed by whoever bears it: what is said of a caller goes by the id.
        return self._with_share(Caller(name, verifier.roles(claims), id_, text["tid"], text["azp"] or text["appid"]), id_)

    def _with_share(self, caller: Caller, key: str) -> Caller:
        """The caller with what the settings leave to it."""
        shares = self.settings.shares(caller.roles, key)
        most = self.settings.limits
        for share in shares:
            most = most.and_(share.limits)
        rights = tuple(share.rights() for share in shares)
        return replace(caller, most=most, rights=rights)

    def check_signature(self, request: Request, length: int) -> None:
        """Let a request pass whose `SharedKey` signature is right and new.

        Raises:
            RequestError: 403 for any other, as Azure answers.
        """
        if self.open:
            return
        self._known()
        date = request.headers.get("x-ms-date", "")
        text = f"{request.method}\n{length}\napplication/json\nx-ms-date:{date}\n{request.url.path}"
        made = base64.b64encode(hmac.digest(self._key or b"", text.encode(), hashlib.sha256))
        sent = request.headers.get("authorization", "").rpartition(":")[2]
        if self._key is None or not hmac.compare_digest(made, sent.encode()):
            raise RequestError(403, "InvalidAuthorization", "the signature is not that of the workspace key")
        if not _is_new(date):
            raise RequestError(403, "InvalidAuthorization", "x-ms-date is not within 15 minutes of now")

    def _known(self) -> dict[str, Token]:
        """The tokens by their hash, as the file has them now: one that is revoked is refused from then on.

        Raises:
            RequestError: 503 when the file cannot be read any more.
        """
        if self._store is not None:
            with self._lock:
                try:
                    if self._stamp() != self._seen:
                        self._read()
                except QueryError:
                    raise RequestError(503, "ServiceUnavailable", "the workspace's tokens cannot be read", 10) from None
        return self._tokens

    def _stamp(self) -> object:
        assert self._store is not None
        try:
            found = (self._store.root / FILE).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> None:
        assert self._store is not None
        root, seen = self._store.root, self._stamp()
        given = [text.strip() for text in self._environment.get(TOKENS, "").split(",") if text.strip()]
        key = self._environment.get(SHARED_KEY) or secrets(root).get("sharedKey")
        try:
            self._key = base64.b64decode(key, validate=True) if key else None
        except (ValueError, TypeError) as error:
            raise QueryError("ING001", f"'{root / FILE}' has no key in Base64: {error}") from None
        self._tokens = {token.hash: token for token in (*plain(given), *tokens(root))}
        self._seen = seen


def _verifier(settings: Settings) -> Verifier | None:
    """What checks the tokens of an identity provider, where there is one."""
    if settings.oidc is None:
        return None
    from kqlog.server.oidc import Verifier

    return Verifier(settings.oidc)


def check_role(caller: Caller, role: Role) -> Caller:
    """The caller, when it may do what the role is for.

    Raises:
        RequestError: 403 when it may not.
    """
    if not caller.may(role):
        raise RequestError(403, "Forbidden", _FORBIDDEN)
    return caller


def caller_of(request: Request) -> str:
    """What a caller is called in logs; '' for one who is not known."""
    found = request.scope.get(_CALLER)
    return found.name if isinstance(found, Caller) else ""


class Identification:
    """The step in front of all routes that finds out who a request comes from."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            scope[_CALLER] = await self._access.identify(Headers(scope=scope))
        await self._app(scope, receive, send)


def _is_new(date: str) -> bool:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))) < _SKEW


def read_access(store: Store, environment: Mapping[str, str] = os.environ) -> Access:
    """The tokens of a workspace and its key in Base64, and those of the environment: KQLOG_TOKENS has tokens with commas between.

    Raises:
        QueryError: ING001 when a file cannot be read, or there is nothing that would let anybody in.
    """
    access = Access(store, environment)
    if not access.anybody_comes_in:
        hint = f"make one with kqlog token create, set {TOKENS}, or give --no-auth on a loopback address"
        raise QueryError("ING001", "there is no token that would let a caller in", hint=hint)
    return access
