"""The parts of Azure Resource Manager that manage a workspace: its saved searches and its data collection rules.

Subscription and resource group may be any: a server has one workspace.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kqlog.catalog.saved import SavedQueries, SavedQuery
from kqlog.errors import QueryError
from kqlog.ingest.rules import FOLDER, read_rule
from kqlog.server.access import check_role
from kqlog.server.errors import Handler, RequestError, request_error
from kqlog.server.intake import Intake
from kqlog.server.logs_ingestion import error_body
from kqlog.store.store import Store
from kqlog.store.tokens import Role

Resource = dict[str, Any]

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers"
_SEARCHES = f"{_GROUP}/Microsoft.OperationalInsights/workspaces/{{workspace}}/savedSearches"
_RULES = f"{_GROUP}/Microsoft.Insights/dataCollectionRules"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_DECLARED = "declare query_parameters("
_VERSION = 2


class SearchProperties(msgspec.Struct, rename="camel"):
    """A saved search, as Azure has it. `function_parameters` are such as `a: string, n: long = 3`."""

    query: str
    category: str = ""
    display_name: str = ""
    function_alias: str | None = None
    function_parameters: str | None = None


class Search(msgspec.Struct):
    """What is sent for a saved search."""

    properties: SearchProperties


class Searches:
    """The saved queries of a workspace as saved searches: a query's `id` is that of its search, or else its name."""

    def __init__(self, store: Store) -> None:
        self._saved = SavedQueries(store.root)

    def shown(self, base: str, id_: str | None = None) -> list[Resource]:
        """All of them, or the one that has an id."""
        return [_search(base, one, saved) for one, saved in self._all() if id_ in (None, one)]

    def put(self, id_: str, content: bytes) -> None:
        """Keep a query, in the place of another of the same id."""
        sent = msgspec.json.decode(content, type=Search).properties
        name = sent.function_alias or re.sub(r"\W|^(?=\d)", "_", id_)
        before = dict(self._all())
        if name in self._saved and (id_ not in before or before[id_].name != name):
            raise RequestError(409, "Conflict", f"another saved search has the name '{name}'")
        parameters = f"{_DECLARED}{sent.function_parameters});\n" if sent.function_parameters else ""
        told = {"description": sent.display_name, "category": sent.category, "id": id_}
        self._saved.save(name, parameters + sent.query, told)
        if id_ in before and before[id_].name != name:
            self._saved.delete(before[id_].name)

    def delete(self, id_: str) -> None:
        """Take one away, if it is there."""
        for one, saved in list(self._all()):
            if one == id_:
                self._saved.delete(saved.name)

    def _all(self) -> Iterator[tuple[str, SavedQuery]]:
        for name in self._saved:
            saved = self._saved[name]
            yield saved.properties.get("id", name), saved


class CollectionRules:
    """The data collection rules of a workspace: files that Azure's clients write as well."""

    def __init__(self, store: Store) -> None:
        self._store, self._folder = store, store.root / FOLDER

    def shown(self, base: str, id_: str | None = None) -> list[Resource]:
        """All of them, or the one that has a name."""
        files = sorted(self._folder.glob("*.json"))
        return [_rule(base, file) for file in files if id_ in (None, file.stem)]

    def put(self, id_: str, content: bytes) -> None:
        """Keep a rule that can be used. It stays what senders know it by."""
        file = self._file(id_)
        sent = msgspec.json.decode(content, type=dict[str, Any])
        properties = sent.get("properties")
        if not isinstance(properties, dict):
            raise RequestError(400, "InvalidPayload", "a rule has properties")
        had = json.loads(file.read_text("utf-8")).get("immutableId") if file.exists() else None
        kept = {"immutableId": had or f"dcr-{uuid.uuid4().hex}", "location": sent.get("location"), "properties": properties}
        self._folder.mkdir(exist_ok=True)
        made = file.with_suffix(".made")
        made.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
        try:
            read_rule(made, self._store)
        except QueryError as error:
            made.unlink()
            raise RequestError(400, "InvalidPayload", error.message) from None
        made.replace(file)

    def delete(self, id_: str) -> None:
        """Take one away, if it is there."""
        self._file(id_).unlink(missing_ok=True)

    def _file(self, id_: str) -> Path:
        if _NAME.fullmatch(id_) is None:
            raise RequestError(400, "InvalidResourceName", "a name has letters, digits, '_', '.' and '-'")
        return self._folder / f"{id_}.json"


Kept = Searches | CollectionRules


def routes(intake: Intake) -> list[Route]:
    """The addresses of saved searches and data collection rules."""
    changing = threading.Lock()
    return [
        route
        for path, kept in ((_SEARCHES, Searches(intake.store)), (_RULES, CollectionRules(intake.store)))
        for route in _routes(intake, path, kept, changing)
    ]


def _routes(intake: Intake, path: str, kept: Kept, changing: threading.Lock) -> list[Route]:
    async def listed(request: Request) -> Response:
        intake.access.reader(request)
        return JSONResponse({"value": await asyncio.to_thread(kept.shown, request.url.path)})

    async def one(request: Request) -> Response:
        id_ = request.path_params["id"]
        base = request.url.path.rpartition("/")[0]
        if request.method == "GET":
            intake.access.reader(request)
            found = await asyncio.to_thread(kept.shown, base, id_)
            return JSONResponse(found[0]) if found else missing(id_)
        check_role(intake.access.anyone(request), Role.CONTRIBUTOR)
        if request.method == "DELETE":
            # Azure's clients take nothing but 200 for a search that was gone before as well.
            await asyncio.to_thread(_alone, changing, kept.delete, id_)
            return Response()
        async with intake.reader.reading(request) as body:
            await asyncio.to_thread(_alone, changing, kept.put, id_, body.content)
        # Azure's clients take nothing but 200 for what is new as well.
        return JSONResponse((await asyncio.to_thread(kept.shown, base, id_))[0])

    return [
        Route(path, refusing(listed), methods=["GET"]),
        Route(f"{path}/{{id}}", refusing(one), methods=["GET", "PUT", "DELETE"]),
    ]


def _alone(changing: threading.Lock, change: Callable[..., Any], *arguments: object) -> Any:
    with changing:
        return change(*arguments)


def refusing(handler: Handler) -> Handler:
    """A handler whose refusals are answers as Azure's resources have them."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (RequestError, QueryError, msgspec.DecodeError) as error:
            told = RequestError(400, "InvalidPayload", str(error)) if isinstance(error, msgspec.DecodeError) else error
            refused = request_error(told)
            return JSONResponse(error_body(refused), refused.status, refused.headers)

    return answer


def missing(id_: str) -> Response:
    """What is said of a resource that is not there."""
    return JSONResponse(error_body(RequestError(404, "ResourceNotFound", f"there is no '{id_}'")), 404)


def _search(base: str, id_: str, saved: SavedQuery) -> Resource:
    text = saved.without_header
    declared, _, rest = text.partition(");\n") if text.startswith(_DECLARED) else ("", "", text)
    properties = {
        "category": saved.properties.get("category", ""),
        "displayName": saved.description or saved.name,
        "query": rest,
        "functionAlias": saved.name,
        "version": _VERSION,
    }
    if declared:
        properties["functionParameters"] = declared.removeprefix(_DECLARED)
    about = {"id": f"{base}/{id_}", "name": id_, "type": "Microsoft.OperationalInsights/savedSearches"}
    return about | {"properties": properties}


def _rule(base: str, file: Path) -> Resource:
    try:
        found = json.loads(file.read_text("utf-8"))
        properties = dict(found["properties"])
    except (OSError, ValueError, KeyError, TypeError):
        found, properties = {}, {}
    properties |= {"immutableId": found.get("immutableId") or properties.get("immutableId"), "provisioningState": "Succeeded"}
    about = {"id": f"{base}/{file.stem}", "name": file.stem, "type": "Microsoft.Insights/dataCollectionRules"}
    return about | {"location": found.get("location") or "local", "properties": properties}
