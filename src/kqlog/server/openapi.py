"""What the server answers, as an OpenAPI document and as a page."""

from __future__ import annotations

import html
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from kqlog import __version__

_JSON, _TEXT = "application/json", "text/plain"
_STRING: dict[str, Any] = {"type": "string"}
_OBJECT: dict[str, Any] = {"type": "object"}
_ROWS: dict[str, Any] = {"type": "array", "items": _OBJECT}
_VERSION = {"api-version": "the version of the API, such as 2023-01-01"}
_QUERY = {
    "type": "object",
    "required": ["query"],
    "properties": {
        "query": _STRING,
        "timespan": {"type": ["string", "null"]},
        "workspaces": {"type": ["array", "null"], "items": _STRING},
    },
}
_MEMBER = {
    "type": "object",
    "required": ["id", "workspace"],
    "properties": {
        "id": _STRING,
        "workspace": _STRING,
        "path": _STRING,
        "method": _STRING,
        "headers": {"type": ["object", "null"], "additionalProperties": _STRING},
        "body": {"type": ["object", "null"]},
    },
}
_KUSTO = {
    "type": "object",
    "required": ["csl"],
    "properties": {"db": _STRING, "csl": _STRING, "properties": {"type": ["object", "string", "null"]}},
}
_BATCH = {"type": "object", "required": ["requests"], "properties": {"requests": {"type": "array", "items": _MEMBER}}}
_ASKED = {"query": "the query, in KQL", "timespan": "the time range, such as PT1H or start/end", "workspaces": "more workspaces"}
_PREFER = {"Prefer": "wait=SECONDS, include-statistics=true, include-render=true"}
_LOGS, _ASK, _MANAGED, _STATUS = "Logs come in", "Queries", "What the workspace keeps", "The server"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers"


_ERRORS = {
    400: "the request is wrong; the error says where",
    401: "there is no token, or none that the workspace knows",
    403: "the token does not allow it",
    404: "there is no such thing",
    409: "another has the name",
    413: "the body is too long",
    415: "the body is of another kind",
    429: "too much at once: try again",
    503: "not now: try again",
    504: "the query ran longer than it may",
}
_SENDING_ERRORS = (400, 401, 403, 413, 415, 429, 503)
_QUERY_ERRORS = (400, 401, 403, 404, 413, 415, 429, 503, 504)


@dataclass(frozen=True)
class Operation:
    """What can be done at an address. `query` and `headers` are its parameters, with what each is."""

    tag: str
    summary: str
    body: tuple[str, dict[str, Any]] | None = None
    query: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    also: tuple[int, ...] = ()
    """Other statuses of what is done, without a body."""
    errors: tuple[int, ...] = _SENDING_ERRORS
    answer: str | None = _JSON
    free: bool = False
    """Whether it wants no token."""

    def described(self, path: str) -> dict[str, Any]:
        """As OpenAPI has it."""
        names = [part.partition("}")[0] for part in path.split("{")[1:]]
        parameters: list[dict[str, Any]] = [{"name": one, "in": "path", "required": True, "schema": _STRING} for one in names]
        parameters += [
            {"name": name, "in": place, "required": name in self.required, "schema": _STRING, "description": about}
            for place, given in (("query", self.query), ("header", self.headers))
            for name, about in given.items()
        ]
        done: dict[str, Any] = {"description": "it is done"}
        if self.answer is not None and self.status != 204:
            done["content"] = {self.answer: {}}
        responses = {str(self.status): done}
        responses |= {str(status): {"description": "there was nothing to do"} for status in self.also}
        for error in self.errors:
            responses[str(error)] = {"description": _ERRORS[error], "content": {_JSON: {"schema": _OBJECT}}}
        made: dict[str, Any] = {"tags": [self.tag], "summary": self.summary, "parameters": parameters, "responses": responses}
        if self.body is not None:
            made["requestBody"] = {"required": True, "content": {self.body[0]: {"schema": self.body[1]}}}
        return made | ({"security": []} if self.free else {})


def _asking(summary: str) -> dict[str, Operation]:
    """GET and POST of a query."""
    return {
        "get": Operation(_ASK, summary, query=_ASKED, required=("query",), headers=_PREFER, errors=_QUERY_ERRORS),
        "post": Operation(
            _ASK, summary, body=(_JSON, _QUERY), query={"timespan": _ASKED["timespan"]}, headers=_PREFER, errors=_QUERY_ERRORS
        ),
    }


def _managed(what: str, path: str) -> dict[str, dict[str, Operation]]:
    """What Azure Resource Manager has for a kind of resource."""
    errors = (400, 401, 403, 404, 409, 413, 429)
    one = f"{what}: one of them"
    return {
        path: {"get": Operation(_MANAGED, what, query=_VERSION, errors=errors)},
        f"{path}/{{id}}": {
            "get": Operation(_MANAGED, one, query=_VERSION, errors=errors),
            "put": Operation(_MANAGED, one, body=(_JSON, _OBJECT), query=_VERSION, errors=errors),
            "delete": Operation(_MANAGED, one, query=_VERSION, errors=errors, answer=None),
        },
    }


def _alerting(what: str, kind: str) -> dict[str, dict[str, Operation]]:
    """The same for what alerts are made of, which is listed by subscription as well and can be changed in part."""
    path = f"{_GROUP}/Microsoft.Insights/{kind}"
    paths = _managed(what, path)
    one = paths[f"{path}/{{id}}"]
    paths[f"{path}/{{id}}"] = one | {"patch": one["put"], "delete": replace(one["delete"], also=(204,))}
    return {f"/subscriptions/{{subscription}}/providers/Microsoft.Insights/{kind}": paths[path], **paths}


_PATHS: dict[str, dict[str, Operation]] = {
    "/v1/workspaces/{workspace}/query": _asking("Azure Monitor's query API for logs"),
    "/v1/{resource}/query": _asking("The same for what the workspace has of a resource"),
    "/v1/workspaces/{workspace}/metadata": {
        method: Operation(_ASK, "Tables, columns and functions", errors=_QUERY_ERRORS) for method in ("get", "post")
    },
    "/v1/$batch": {"post": Operation(_ASK, "Several queries at once", body=(_JSON, _BATCH), errors=_QUERY_ERRORS)},
    "/v2/rest/query": {
        "post": Operation(_ASK, "Kusto's queries, answered in frames", body=(_JSON, _KUSTO), errors=_QUERY_ERRORS)
    },
    "/v1/rest/query": {
        "post": Operation(_ASK, "Kusto's queries, answered in tables", body=(_JSON, _KUSTO), errors=_QUERY_ERRORS)
    },
    "/v1/rest/mgmt": {"post": Operation(_ASK, "Kusto's management commands", body=(_JSON, _KUSTO), errors=_QUERY_ERRORS)},
    "/v1/rest/auth/metadata": {"get": Operation(_ASK, "Where Kusto's clients get tokens", errors=(), free=True)},
    "/dataCollectionRules/{rule}/streams/{stream}": {
        "post": Operation(
            _LOGS,
            "Azure Monitor's Logs Ingestion API",
            body=(_JSON, _ROWS),
            query=_VERSION,
            status=204,
            errors=(400, 401, 403, 404, 413, 415, 429, 503),
        )
    },
    "/api/logs": {
        "post": Operation(
            _LOGS,
            "Azure Monitor's HTTP Data Collector API",
            body=(_JSON, _ROWS),
            query=_VERSION,
            headers={"Log-Type": "the table, without its _CL", "x-ms-date": "the time of the signature"},
            answer=None,
        )
    },
    "/v1/rest/ingest/{database}/{table}": {
        "post": Operation(
            _LOGS, "Kusto's streaming ingestion", body=(_TEXT, _STRING), query={"streamFormat": "csv, json, multijson ..."}
        )
    },
    "/v1/logs": {"post": Operation(_LOGS, "OpenTelemetry logs", body=(_JSON, _OBJECT))},
    "/v1/traces": {"post": Operation(_LOGS, "OpenTelemetry traces", body=(_JSON, _OBJECT))},
    "/v1/metrics": {"post": Operation(_LOGS, "OpenTelemetry metrics", body=(_JSON, _OBJECT))},
    "/collectd": {"post": Operation(_LOGS, "collectd's write_http", body=(_JSON, _ROWS), status=204)},
    "/api/v1/write": {
        "post": Operation(
            _LOGS, "Prometheus' remote_write", body=("application/x-protobuf", {"type": "string", "format": "binary"}), status=204
        )
    },
    **_managed("Saved searches", f"{_GROUP}/Microsoft.OperationalInsights/workspaces/{{workspace}}/savedSearches"),
    **_managed("Data collection rules", f"{_GROUP}/Microsoft.Insights/dataCollectionRules"),
    **_alerting("Rules of log alerts", "scheduledQueryRules"),
    **_alerting("Rules of metric alerts", "metricAlerts"),
    **_alerting("Rules of activity log alerts", "activityLogAlerts"),
    **_alerting("Action groups", "actionGroups"),
    "/healthz": {"get": Operation(_STATUS, "Whether it is alive", errors=(), free=True)},
    "/readyz": {"get": Operation(_STATUS, "Whether it can store rows", errors=(503,), free=True)},
    "/metrics": {"get": Operation(_STATUS, "Counts for Prometheus", errors=(401, 403), answer=_TEXT)},
    "/openapi.json": {"get": Operation(_STATUS, "This document", errors=(), free=True)},
    "/docs": {"get": Operation(_STATUS, "This document as a page", errors=(), answer="text/html", free=True)},
}


@cache
def document() -> dict[str, Any]:
    """The document."""
    paths = {path: {method: one.described(path) for method, one in operations.items()} for path, operations in _PATHS.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "kqlog", "version": __version__, "description": "Logs come in, and questions in KQL are answered."},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    }


@cache
def page() -> str:
    """The document for people, which needs nothing from elsewhere."""
    sections = []
    for tag in (_ASK, _LOGS, _MANAGED, _STATUS):
        rows = [
            f"<tr><td><code>{method.upper()}</code></td><td><code>{html.escape(path)}</code></td>"
            f"<td>{html.escape(one['summary'])}{_details(one)}</td></tr>"
            for path, operations in document()["paths"].items()
            for method, one in operations.items()
            if one["tags"] == [tag]
        ]
        sections.append(f"<h2>{tag}</h2><table>{''.join(rows)}</table>")
    return _PAGE.format(version=html.escape(__version__), sections="".join(sections))


def _details(operation: dict[str, Any]) -> str:
    """The parameters and the answers of an operation."""
    given = [
        f"<li><code>{html.escape(one['name'])}</code> ({one['in']}){': ' if one.get('description') else ''}"
        f"{html.escape(one.get('description', ''))}</li>"
        for one in operation["parameters"]
    ]
    answers = [f"<li>{status}: {html.escape(one['description'])}</li>" for status, one in operation["responses"].items()]
    return f"<details><summary>more</summary><ul>{''.join(given)}</ul><ul>{''.join(answers)}</ul></details>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kqlog</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td {{ border-top: 1px solid #8886; padding: .4rem .6rem; vertical-align: top; }}
details {{ font-size: .9em; }}
</style></head>
<body><h1>kqlog {version}</h1>
<p>All but the state of the server wants <code>Authorization: Bearer TOKEN</code>.
Programs read <a href="/openapi.json">/openapi.json</a>.</p>
{sections}
</body></html>
"""
