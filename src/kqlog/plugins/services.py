"""Plugins that call a service: they bind, so that queries with them can be checked, and are refused where they would run."""

from __future__ import annotations

from kqlog.functions.declare import Function, sig
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import derived_name
from kqlog.plan.scope import Scope
from kqlog.plugins.refused import refused
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Schema, Type

_RESPONSE = (Column("ResponseHeaders", Type.DYNAMIC), Column("ResponseBody", Type.DYNAMIC))
_REQUEST = "(connection: string, query: string, parameters?: bag, options?: bag) -> dynamic"
_PROMPT = "connection: string, options?: bag, include_errors?: bool) -> dynamic"
_TAKES: dict[str, str] = {
    **dict.fromkeys(("cosmosdb_sql_request", "dax_request", "mysql_request", "postgresql_request", "sql_request"), _REQUEST),
    **dict.fromkeys(("execute_query", "azure_digital_twins_query_request"), "(connection: string, query: string) -> dynamic"),
    **dict.fromkeys(("csharp", "r"), "(schema: type, script: string, arguments?: bag) -> dynamic"),
    **dict.fromkeys(("infer_storage_schema", "infer_storage_schema_with_suggestions"), "(options: bag) -> dynamic"),
    "ai_chat_completion": f"(messages: array, {_PROMPT}",
    "ai_chat_completion_prompt": f"(prompt: string, {_PROMPT}",
    "ai_embed_text": f"(text: scalar, {_PROMPT}",
    "ai_embeddings": f"(text: scalar, {_PROMPT}",
    "execute_show_command": "(connection: string, command: string) -> dynamic",
    "http_request": "(uri: const string, headers?: bag, options?: bag) -> dynamic",
    "http_request_post": "(uri: const string, headers?: bag, options?: bag, content?: const string) -> dynamic",
    "python": "(schema: type, script: string, arguments?: bag, artifacts?: bag) -> dynamic",
}
"""Their parameters."""
_FIXED: dict[str, Schema] = {
    "http_request": _RESPONSE,
    "http_request_post": _RESPONSE,
    "infer_storage_schema_with_suggestions": (Column("SuggestedTableSchema", Type.STRING),),
}
_SCRIPTS = frozenset({"csharp", "python", "r"})
"""Their first argument is the schema of what they give."""
_ADDED = {
    "ai_chat_completion": Column("completion", Type.STRING),
    "ai_chat_completion_prompt": Column("completion", Type.STRING),
    "ai_embed_text": Column("embedding", Type.DYNAMIC),
    "ai_embeddings": Column("embeddings", Type.DYNAMIC),
}
"""They add a column, called after their first argument."""
_WITH_ERRORS = 3
"""The argument that asks for a column of errors."""
_HINTS = {
    "infer_storage_schema_with_suggestions": "put the files into the connected folder, and use infer_storage_schema()",
    "python": "run the query, and go on in Python with its result",
    "r": "save the result of the query, and read it in R",
}


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """A table of the columns that the service would give; where nothing says which, they stay open."""
    row = scope if source is None else scope.over(source)
    if call.name in _TAKES:
        taken = Function(call.name, "", (sig(_TAKES[call.name]),))
        overloads.call(taken, tuple(_argument(argument, row) for argument in call.arguments), call.span, shapes=True)
    columns = _columns(source, call, schema, scope)
    return refused(columns, f"the plugin {call.name} calls a service, which is not offered", instead(call.name), call, scope)


def instead(name: str) -> str:
    """What to do without a service."""
    return _HINTS.get(name, "load what it gives as a table of the folder")


def _argument(expr: syntax.Expr, row: Scope) -> overloads.Argument:
    # The schema of a script has several columns: that it is one is all that matters here.
    return Type.DYNAMIC if isinstance(expr, syntax.TypeLiteral) else row.value(expr)


def _columns(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> Schema | None:
    have = source.columns if source is not None else ()
    if schema is not None:
        return _listed(schema, ())
    if call.name in _FIXED:
        return _FIXED[call.name]
    if call.name in _SCRIPTS:
        first = call.arguments[0]
        return _listed(first, have) if isinstance(first, syntax.TypeLiteral) else None
    if call.name in _ADDED and call.arguments:
        return have + _added(call, scope if source is None else scope.over(source))
    return None


def _listed(schema: syntax.TypeLiteral, have: Schema) -> Schema:
    """The columns of a schema; a star stands for those of the source."""
    columns: list[Column] = []
    for found in schema.columns:
        columns += have if isinstance(found, syntax.Wildcard) else [Column(found.name, found.type)]
    return tuple(columns)


def _added(call: syntax.Call, row: Scope) -> Schema:
    column = _ADDED[call.name]
    name = f"{derived_name(call.arguments[0]) or ''}_{column.name}"
    added = Column(name, column.type)
    asked = len(call.arguments) > _WITH_ERRORS and row.value(call.arguments[_WITH_ERRORS]) == plan.Literal(Type.BOOL, True)
    return (added, Column(f"{name}_error", Type.STRING)) if asked else (added,)
