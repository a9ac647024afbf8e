"""Azure Monitor's query API for logs: a workspace, or what it has of a resource, asked over GET and POST, and several at once."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kqlog.engines.engine import Limits
from kqlog.errors import QueryError
from kqlog.plan.rights import Rights, condition
from kqlog.server.access import Caller
from kqlog.server.errors import Handler, RequestError
from kqlog.server.intake import Intake
from kqlog.server.log_analytics_answers import Options, encoder, not_json, query_error, refused, told
from kqlog.server.queries import Ask, Queries, unless_gone
from kqlog.text import datetime_text
from kqlog.timespan import Timespan, time_range
from kqlog.types import UNIX_EPOCH_TICKS
from kqlog.workspace import Workspace

_JSON = "application/json; charset=utf-8"
_SECONDS, _LONGEST = 180, 600
"""How long a query may take, and how long one may at most that says so: as in Azure."""
_MOST = Limits(500_000, 64 * 2**20)
_MOST_IN_A_BATCH, _BYTES_IN_A_BATCH = 100, 256 * 2**20
_LAST_TICK = 3_155_378_975_999_999_999
_WORKSPACE = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.operationalinsights/workspaces/([^/]+)/?", re.I
)


T = TypeVar("T")


class Body(msgspec.Struct):
    """What a request asks. More workspaces than the one in the address can be named."""

    query: str
    timespan: str | None = None
    workspaces: list[str] | None = None


class Member(msgspec.Struct):
    """One request of a batch."""

    id: str
    workspace: str
    path: str = "/query"
    method: str = "GET"
    headers: dict[str, str] | None = None
    body: dict[str, Any] | None = None


class Batch(msgspec.Struct):
    """A batch."""

    requests: list[Member]


@dataclass(frozen=True)
class Scope:
    """What is asked about: the workspace, or what it has of a resource, which `rights` then leave."""

    target: str
    rights: tuple[Rights, ...] = ()


def routes(intake: Intake, queries: Queries) -> list[Route]:
    """The addresses of the API."""
    api = _Api(intake, queries)
    both = ["GET", "POST"]
    return [
        Route("/v1/workspaces/{workspace}/query", _answering(api.query), methods=both),
        Route("/v1/workspaces/{workspace}/metadata", _answering(api.metadata), methods=both),
        Route("/v1/$batch", _answering(api.batch), methods=["POST"]),
        Route("/v1/{resource:path}/query", _answering(api.resource), methods=both),
    ]


class _Api:
    """The handlers of one server."""

    def __init__(self, intake: Intake, queries: Queries) -> None:
        self._intake, self._queries = intake, queries
        self._store = intake.store

    async def query(self, request: Request) -> Response:
        caller = self._intake.access.reader(request)
        return await self._answer(request, caller, self._workspace(request.path_params["workspace"]))

    async def resource(self, request: Request) -> Response:
        caller = self._intake.access.reader(request)
        return await self._answer(request, caller, self._resource(request.path_params["resource"]))

    async def metadata(self, request: Request) -> Response:
        caller = self._intake.access.reader(request)
        scope = self._workspace(request.path_params["workspace"])
        workspace = self._queries.workspace.limited_to(*caller.rights)
        return JSONResponse(await asyncio.to_thread(_metadata, workspace, scope, self._store.workspace_id))

    async def batch(self, request: Request) -> Response:
        caller = self._intake.access.reader(request)
        async with self._intake.reader.reading(request) as body:
            members = _decoded(body.content, Batch).requests
        if len({member.id for member in members}) != len(members) or len(members) > _MOST_IN_A_BATCH:
            raise _BadRequestError(f"a batch has {_MOST_IN_A_BATCH} requests at most, each with an id of its own")
        most = Limits(_MOST.rows, min(_MOST.bytes or 0, _BYTES_IN_A_BATCH // max(1, len(members))))
        work = asyncio.gather(*(self._member(caller, member, most, request) for member in members))
        answers = await unless_gone(request, work)
        return Response(b'{"responses":[' + b",".join(answers) + b"]}", media_type=_JSON)

    async def _member(self, caller: Caller, member: Member, most: Limits, request: Request) -> bytes:
        """The answer to one request of a batch."""
        status, content = 200, b""
        try:
            address = urlsplit(member.path)
            if address.path != "/query" or member.method.upper() not in ("GET", "POST"):
                raise RequestError(404, "PathNotFoundError", "The requested path does not exist")
            given = {name: values[0] for name, values in parse_qs(address.query).items()}
            body = _decoded(json.dumps(member.body or {}).encode(), Body) if member.method.upper() == "POST" else None
            ask, options = self._ask(request, caller, self._workspace(member.workspace), given, body, member.headers or {})
            content = await self._queries.whole(replace(ask, id=member.id, limits=most), encoder(options))
        except (RequestError, QueryError) as error:
            status, told_ = reply(error)
            content = json.dumps(told_).encode()
        about = {"id": member.id, "status": status, "headers": {"Content-Type": _JSON}}
        return json.dumps(about).encode().removesuffix(b"}") + b',"body":' + content + b"}"

    async def _answer(self, request: Request, caller: Caller, scope: Scope) -> Response:
        body = None
        if request.method == "POST":
            async with self._intake.reader.reading(request) as sent:
                body = _decoded(sent.content, Body)
        ask, options = self._ask(request, caller, scope, request.query_params, body, request.headers)
        return await self._queries.answer(request, ask, encoder(options), _JSON)

    def _ask(
        self,
        request: Request,
        caller: Caller,
        scope: Scope,
        given: Mapping[str, str] | QueryParams,
        body: Body | None,
        headers: Mapping[str, str] | Headers,
    ) -> tuple[Ask, Options]:
        """What a request asks, in its address and its body together."""
        text = body.query if body is not None else given.get("query")
        if not text:
            raise _BadRequestError("there is no query")
        for name in [*((body.workspaces if body is not None else None) or ()), *_list(given.get("workspaces"))]:
            self._workspace(name)
        options = _options(headers)
        now = time.time_ns() // 100 + UNIX_EPOCH_TICKS
        ask = Ask(
            text,
            caller,
            request.headers.get("x-ms-app") or request.headers.get("user-agent", ""),
            timespan=_timespan([given.get("timespan"), body.timespan if body is not None else None], now),
            now=now,
            seconds=options.seconds,
            limits=_MOST,
            workspace=self._queries.workspace.limited_to(*scope.rights) if scope.rights else None,
            target=scope.target,
        )
        if (id_ := request.headers.get("x-ms-client-request-id")) is not None:
            ask = replace(ask, id=id_)
        return ask, options

    def _workspace(self, name: str) -> Scope:
        """The workspace that a name stands for: this one.

        Raises:
            RequestError: 400 for any other.
        """
        own = self._store.workspace_id
        found = _WORKSPACE.fullmatch(name)
        if (found[1] if found else name).lower() not in (own.lower(), self._store.root.name.lower()):
            raise RequestError(400, "FailedToResolveResource", "Resource identity could not be resolved")
        return Scope(f"/workspaces/{own}")

    def _resource(self, resource: str) -> Scope:
        """A resource: the rows whose _ResourceId it is, or is a part of it."""
        id_ = f"/{resource.strip('/').lower()}"
        if not id_.startswith("/subscriptions/"):
            raise RequestError(404, "PathNotFoundError", "The requested path does not exist")
        if _WORKSPACE.fullmatch(id_):
            return self._workspace(id_)
        quoted = json.dumps(id_, ensure_ascii=False)
        below = json.dumps(f"{id_}/", ensure_ascii=False)
        try:
            rows = condition(f"where _ResourceId =~ {quoted} or _ResourceId startswith {below}")
        except QueryError:
            raise RequestError(400, "FailedToResolveResource", "Resource identity could not be resolved") from None
        return Scope(id_, (Rights(rows=(("*", rows),), needs=frozenset({"_ResourceId"})),))


class _BadRequestError(RequestError):
    """A request that cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "BadArgumentError", message)


def reply(error: RequestError | QueryError) -> tuple[int, dict[str, Any]]:
    """The status and the body for what went wrong."""
    match error:
        case QueryError():
            return query_error(error)
        case _BadRequestError():
            return 400, not_json(error.message)
        case _:
            return refused(error)


def _answering(handler: Handler) -> Handler:
    """A handler whose errors are answers of this API."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (RequestError, QueryError) as error:
            status, body = reply(error)
            headers = error.headers if isinstance(error, RequestError) and error.status == status else None
            return JSONResponse(body, status, headers)

    return answer


def _decoded(content: bytes, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=type_)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        # A message of msgspec's has names and types, and nothing of what was sent.
        raise _BadRequestError(str(error) if isinstance(error, msgspec.DecodeError) else "the body is not JSON") from None


def _options(headers: Mapping[str, str] | Headers) -> Options:
    """The header Prefer. What it has of other preferences means nothing."""
    header = next((value for name, value in headers.items() if name.lower() == "prefer"), "")
    asked = {name.strip().lower(): value.strip().lower() for name, _, value in (one.partition("=") for one in _list(header))}
    wait = asked.get("wait", "")
    seconds = min(float(wait), _LONGEST) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", wait) and float(wait) > 0 else _SECONDS
    wanted = {name for name in ("include-statistics", "include-render") if asked.get(name) == "true"}
    full = asked.get("ai.response-thinning") == "false"
    return Options(seconds, "include-statistics" in wanted, "include-render" in wanted, full)


def _timespan(given: list[str | None], now: int) -> Timespan | None:
    """The time that all of some ranges have in common."""
    ranges = []
    for text in filter(None, given):
        try:
            ranges.append(time_range(text, now) or (None, None))
        except (QueryError, OverflowError) as error:
            message = told(error) if isinstance(error, QueryError) else "such a time range is too long"
            raise _BadRequestError(f"the timespan is none: {message}") from None
    if not ranges:
        return None
    start = min(max(first or 0 for first, _ in ranges), _LAST_TICK)
    end = min(last if last is not None else _LAST_TICK for _, last in ranges)
    return datetime_text(start), datetime_text(min(max(start, end), _LAST_TICK))


def _list(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def _metadata(workspace: Workspace, scope: Scope, id_: str) -> dict[str, Any]:
    """What there is to ask about."""
    tables = []
    for name in workspace.tables:
        columns = workspace.schema(name)
        shown = [{"name": column.name, "type": str(column.type)} for column in columns]
        time_column = {"timespanColumn": "TimeGenerated"} if any(one.name == "TimeGenerated" for one in columns) else {}
        tables.append({"id": f"t/{name}", "name": name, **time_column, "columns": shown})
    functions = []
    for name in workspace.saved:
        # A file that cannot be read is no function.
        with suppress(QueryError):
            saved = workspace.saved[name]
            parameters = ", ".join(map(str, saved.parameters))
            about = {"description": saved.description, "body": saved.text, "parameters": parameters}
            functions.append({"id": f"f/{name}", "name": name, "displayName": name, **about})
    own = {
        "id": id_,
        "resourceId": scope.target,
        "name": id_,
        "region": "local",
        "related": {"tables": [one["id"] for one in tables]},
    }
    return {"tables": tables, "functions": functions, "workspaces": [own]}
