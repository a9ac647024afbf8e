"""Kusto's REST protocol: queries and management commands, as Microsoft's clients and tools send them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kqlog.errors import QueryError
from kqlog.plan.rights import Rights
from kqlog.server.access import check_role
from kqlog.server.errors import RequestError
from kqlog.server.intake import Intake
from kqlog.server.kusto_commands import OUTPUT, Context, Given, is_command, read_command
from kqlog.server.kusto_databases import check_database
from kqlog.server.kusto_errors import kusto_error, refused
from kqlog.server.kusto_frames import v1_table, version_1, version_2
from kqlog.server.kusto_properties import KustoRequest, read_request
from kqlog.server.queries import Ask, Encoder, Queries, Query
from kqlog.server.values import rows_of
from kqlog.store.tokens import Role
from kqlog.types import Column
from kqlog.workspace import connect

_JSON = "application/json; charset=utf-8"
_METADATA = {
    "AzureAD": {
        "LoginEndpoint": "https://login.microsoftonline.com",
        "LoginMfaRequired": False,
        "KustoClientAppId": "db662dc1-0cfe-4e1c-a843-19a68e65be58",
        "KustoClientRedirectUri": "https://microsoft/kustoclient",
        "KustoServiceResourceId": "https://kusto.kusto.windows.net",
        "FirstPartyAuthorityUrl": "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    }
}
"""Where clients that have a credential of Azure get their token: the public cloud."""


def routes(intake: Intake, queries: Queries) -> list[Route]:
    """The addresses of the protocol, but for ingestion."""

    def answering(query_version: int) -> Route:
        async def answer(request: Request) -> Response:
            sent = request.headers.get("x-ms-client-request-id") or f"unspecified;{uuid.uuid4()}"
            headers = {"x-ms-client-request-id": sent, "x-ms-activity-id": str(uuid.uuid4())}
            try:
                return await _answer(intake, queries, request, sent, query_version)
            except RequestError as error:
                return JSONResponse(refused(error), error.status, headers | error.headers)
            except QueryError as error:
                status, body = kusto_error(error, (sent, headers["x-ms-activity-id"]))
                return JSONResponse(body, status, headers)

        path = {0: "/v1/rest/mgmt", 1: "/v1/rest/query", 2: "/v2/rest/query"}[query_version]
        return Route(path, answer, methods=["POST"])

    async def metadata(request: Request) -> JSONResponse:
        return JSONResponse(_METADATA)

    return [*map(answering, range(3)), Route("/v1/rest/auth/metadata", metadata)]


async def _answer(intake: Intake, queries: Queries, request: Request, id_: str, version: int) -> Response:
    """The answer to one request, by the version of the protocol; 0 is for commands."""
    caller = intake.access.anyone(request)
    async with intake.reader.reading(request) as body:
        asked = read_request(body.content)
    check_database(intake.store, asked.database)
    if is_command(asked.text):
        given = read_command(asked.text)
        check_role(caller, given.role)
        encode: Encoder = partial(_command, intake, queries, given, asked.database, version)
        kind = "Command"
    else:
        check_role(caller, Role.READER)
        asked, kind = asked.effective(), "Query"
        encode = _encoder(asked, version)
    ask = Ask(
        asked.text,
        caller,
        request.headers.get("x-ms-app", ""),
        id_,
        asked.timespan,
        {} if kind == "Command" else asked.parameters,
        asked.now,
        asked.seconds,
        asked.limits,
        kind,
    )
    return await queries.answer(request, ask, encode, _JSON)


def _encoder(asked: KustoRequest, version: int) -> Encoder:
    if version < 2:
        return version_1
    progressive = asked.flag("results_progressive_enabled")
    return partial(version_2, progressive=progressive, deferred=asked.flag("deferpartialqueryfailures"))


def _command(intake: Intake, queries: Queries, given: Given, database: str, version: int, query: Query) -> Iterator[bytes]:
    """Do what a command says, and write its output down, or what the query after it makes of that."""
    shown = given.run(Context(intake, queries, query, database))
    output = connect(tables={OUTPUT: shown.arrow()}).limited_to(Rights())
    text = f"{OUTPUT} | {given.rest}" if given.rest else OUTPUT
    query.follow(output, text)
    if given.rest or version == 2:
        yield from version_2(query) if version == 2 else version_1(query)
        return
    for part in query.parts():
        columns = tuple(Column(name, type_) for (name, _), (_, type_) in zip(part.columns, shown.columns, strict=True))
        yield from v1_table(columns, (chunk for batch in part.batches for chunk in rows_of(batch, part.columns)))
