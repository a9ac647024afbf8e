"""The parts of Azure Resource Manager that manage alerts: rules of three types, and action groups.

A resource is a file of the folder in Azure's own form, which the evaluation of rules reads as any other. Subscription and
resource group may be any: a server has one workspace.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kqlog.alerts.actions import groups
from kqlog.alerts.actions.command import Command
from kqlog.alerts.importing import PARAMETERS, read_rules
from kqlog.alerts.rules import FOLDER, LONGEST, Rules, bind_rule
from kqlog.errors import QueryError
from kqlog.plan.rights import Rights
from kqlog.server.access import check_role
from kqlog.server.arm import Resource, missing, refusing
from kqlog.server.errors import RequestError
from kqlog.server.intake import Intake
from kqlog.store.durable import write_whole
from kqlog.store.tokens import Role
from kqlog.workspace import Workspace

_RULES = ("scheduledQueryRules", "metricAlerts", "activityLogAlerts")
_GROUPS = "actionGroups"
_PROVIDER = "Microsoft.Insights"
_ENDING = ".json"
_NAME = re.compile(r"\w(?:[\w .()-]*[\w)])?")
_LONGEST_NAME = 200
"""In bytes: a file's name has 255, with endings."""
_DEEPEST = 16
"""Azure's own have half of it. A file is indented: deep values would make it very long."""
_KEPT = ("location", "kind", "tags", "identity", "properties")
_READ_ONLY = {
    "scheduledQueryRules": {"isLegacyLogAnalyticsRule": False, "isWorkspaceAlertsStorageConfigured": False},
}
_NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""JSON may have these in its texts; YAML, as which a file is read, takes them for something else."""
_SECRET = "${"
_PART = "whoever sees only a part of the tables makes no alerts"

Check = Callable[[str, Path, Resource], None]
"""What refuses the text of a file that would be of no use."""


class Resources:
    """The resources of one kind: files NAME.json in a folder. `check` refuses what cannot be used."""

    def __init__(self, folder: Path, kind: str, check: Check) -> None:
        self._folder, self.kind, self._check = folder, kind, check
        self.type = f"{_PROVIDER}/{kind}"
        # Files of rules are read as templates, those of groups are not.
        self._written, self._meant = (_escaped, _plain) if kind in _RULES else (_same, _same)

    def all(self) -> list[Resource]:
        """What all files of this kind hold, by name."""
        found = (self._read(file) for file in sorted(self._folder.glob(f"*{_ENDING}")))
        return [one for one in found if one is not None]

    def find(self, name: str) -> Resource | None:
        """What the file of a name holds, in whatever case the name is."""
        return self._read(self._file(name))

    def put(self, name: str, id_: str, sent: Resource) -> None:
        """Keep a resource, in the place of another of its name.

        Raises:
            RequestError: 400 for a name that is none, 409 for one that another has.
            QueryError: why it cannot be used.
        """
        file = self._file(name)
        others = (file.with_suffix(ending) for ending in groups.ENDINGS if ending != _ENDING)
        if (file.exists() and self._read(file) is None) or any(one.exists() for one in others):
            raise RequestError(409, "Conflict", f"another file has the name '{file.stem}'")
        kept = {one: sent[one] for one in _KEPT if sent.get(one) is not None}
        resource = {"id": id_, "name": file.stem, "type": self.type, **kept}
        text = json.dumps(self._written(resource), indent=2, ensure_ascii=False)
        text = _NO_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        self._check(text, file, resource)
        write_whole(file, f"{text}\n")

    def delete(self, name: str) -> bool:
        """Take one away; whether it was there."""
        file = self._file(name)
        if self._read(file) is None:
            return False
        file.unlink(missing_ok=True)
        return True

    def _file(self, name: str) -> Path:
        bad = _NAME.fullmatch(name) is None or len(name.encode()) > _LONGEST_NAME
        if bad or f"{name}{_ENDING}".lower().endswith(PARAMETERS):
            message = "a name has letters, digits, spaces and any of _.-(), and does not end in a space or a dot"
            raise RequestError(400, "InvalidResourceName", message)
        same = (file for file in self._folder.glob(f"*{_ENDING}") if file.stem.lower() == name.lower())
        return next(same, self._folder / f"{name}{_ENDING}")

    def _read(self, file: Path) -> Resource | None:
        """The resource of a file; None where there is none of this kind."""
        try:
            found = self._meant(json.loads(file.read_text("utf-8-sig")))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or str(found.get("type")).lower() != self.type.lower():
            return None
        return found | {"name": file.stem} if isinstance(found.get("properties"), dict) else None


def routes(intake: Intake, workspace: Workspace) -> list[Route]:
    """The addresses of alert rules and action groups. Rules are bound against a workspace."""
    root = intake.store.root
    check_rule, changing = _rule_check(Rules(workspace, root / FOLDER)), threading.Lock()
    kinds = [
        *(Resources(root / FOLDER, kind, check_rule) for kind in _RULES),
        Resources(root / groups.FOLDER, _GROUPS, lambda text, file, _: _check_group(text, file, root)),
    ]
    return [route for resources in kinds for route in _routes(intake, resources, changing)]


def _routes(intake: Intake, resources: Resources, changing: threading.Lock) -> list[Route]:
    within = f"/providers/{resources.type}"

    async def listed(request: Request) -> Response:
        intake.access.reader(request)
        group = request.path_params.get("group", "default")
        base = f"/subscriptions/{request.path_params['subscription']}/resourceGroups/{group}{within}"
        found = await asyncio.to_thread(resources.all)
        return JSONResponse({"value": [_shown(resources, one, f"{base}/{one['name']}") for one in found]})

    async def one(request: Request) -> Response:
        name, path = request.path_params["id"], request.url.path
        if request.method == "GET":
            intake.access.reader(request)
            found = await asyncio.to_thread(resources.find, name)
            return missing(name) if found is None else JSONResponse(_shown(resources, found, path))
        caller = check_role(intake.access.anyone(request), Role.CONTRIBUTOR)
        if any(right != Rights() for right in caller.rights):
            # Rules are evaluated for all, over all rows.
            raise RequestError(403, "Forbidden", _PART)
        async with intake.reader.reading(request) as body:
            content = body.content
        return await asyncio.to_thread(change, request.method, name, path, content)

    def change(method: str, name: str, path: str, content: bytes) -> Response:
        with changing:
            if method == "DELETE":
                return Response(status_code=200 if resources.delete(name) else 204)
            sent = _sent(content)
            if method == "PATCH":
                if (before := resources.find(name)) is None:
                    return missing(name)
                sent = _patched(before, sent)
            resources.put(name, path, sent)
            # Of what is new as well: Azure's client of metricAlerts takes nothing but 200.
            return JSONResponse(_shown(resources, resources.find(name) or sent, path))

    return [
        Route(f"/subscriptions/{{subscription}}{within}", refusing(listed), methods=["GET"]),
        Route(f"/subscriptions/{{subscription}}/resourceGroups/{{group}}{within}", refusing(listed), methods=["GET"]),
        Route(
            f"/subscriptions/{{subscription}}/resourceGroups/{{group}}{within}/{{id}}",
            refusing(one),
            methods=["GET", "PUT", "PATCH", "DELETE"],
        ),
    ]


def _rule_check(rules: Rules) -> Check:
    def check(text: str, file: Path, resource: Resource) -> None:
        place = f"{FOLDER}/{file.name}"
        rules.refresh()
        if file.stem in rules.found and rules.found[file.stem].rule.place != place:
            raise RequestError(409, "Conflict", f"{rules.found[file.stem].rule.place} has a rule '{file.stem}'")
        for imported in read_rules(text, file.stem, place) or ():
            try:
                bind_rule(imported.rule, rules.workspace)
            except QueryError:
                if resource["properties"].get("skipQueryValidation") is not True:
                    raise

    return check


def _check_group(text: str, file: Path, root: Path) -> None:
    """What is sent runs no programs of the server's, and reads none of its secrets."""
    group = groups.read_group(text, file.stem, root)
    if _SECRET in text or any(isinstance(receiver, Command) for receiver in group.receivers):
        hint = f"write {groups.FOLDER}/NAME.yaml on the server"
        raise QueryError("ALR001", "commands, and texts with ${...}, are not taken from clients", hint=hint)


def _sent(content: bytes) -> Resource:
    if len(content) > LONGEST:
        raise RequestError(413, "RequestEntityTooLarge", f"a resource has at most {LONGEST // 1024} KB")
    try:
        sent = msgspec.json.decode(content, type=dict[str, Any])
        deep = _depth(sent) > _DEEPEST
    except RecursionError:
        deep = True
    if deep:
        raise RequestError(400, "InvalidPayload", f"values are nested {_DEEPEST} deep at most")
    if not isinstance(sent.get("properties", {}), dict) or not isinstance(sent.get("tags") or {}, dict):
        raise RequestError(400, "InvalidPayload", "'properties' and 'tags' are objects")
    return {"properties": {}, **sent}


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _patched(before: Resource, sent: Resource) -> Resource:
    """A resource with other tags, and with those properties that are given."""
    properties = before["properties"] | sent["properties"]
    tags = {"tags": sent["tags"]} if sent.get("tags") is not None else {}
    return before | tags | {"properties": {name: value for name, value in properties.items() if value is not None}}


def _shown(resources: Resources, found: Resource, path: str) -> Resource:
    """A resource with what only reads: its id is that under which it was put."""
    told = {"id": path, "location": "global", **found, "type": resources.type}
    return told | {"properties": _READ_ONLY.get(resources.kind, {}) | found["properties"]}


def _same(value: Any) -> Any:
    return value


def _escaped(value: Any) -> Any:
    """A value whose texts stay what they are where a template is read: [...] would be an expression there."""
    match value:
        case str():
            return f"[{value}" if value.startswith("[") else value
        case list():
            return [_escaped(one) for one in value]
        case dict():
            return {name: _escaped(one) for name, one in value.items()}
        case _:
            return value


def _plain(value: Any) -> Any:
    """What was escaped."""
    match value:
        case str():
            return value[1:] if value.startswith("[[") else value
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value
