"""Commands that change something: functions, tables, their rows, and queries that run."""

from __future__ import annotations

import hashlib
import uuid

from kqlog.errors import QueryError
from kqlog.ingest.shaping import Shaped, shape
from kqlog.server.kusto_commands import Context, Shown, columns, command, name_of, names_of, properties_of
from kqlog.server.kusto_errors import too_large
from kqlog.server.kusto_ingest import known_format, read_rows
from kqlog.server.kusto_show import FUNCTIONS, function_row, table_as_json
from kqlog.store.store import STANDARD, known_tables
from kqlog.store.tokens import Role
from kqlog.types import ALIASES, Column, Schema

_EXTENTS = columns(
    ExtentId="guid", OriginalSize="real", ExtentSize="real", CompressedSize="real", IndexSize="real", RowCount="long"
)
_NAME_AND_TYPE = 2


@command(Role.READER, "cancel query <id>", "cancel query <id> with <reason:columns>")
def cancel_query(context: Context, id: str, reason: str | None = None) -> Shown:
    """Stop a query, by the id that its client gave it or that the server gave it."""
    shown = columns(ClientRequestId="string", ReasonPhrase="string", RunningQueryCanceled="bool")
    wanted = name_of(id)
    found = [query for query in context.running if wanted in (query.ask.id, query.activity)]
    for query in found:
        query.cancel()
    return Shown(shown, [(query.ask.id, "", True) for query in found] or [(wanted, "no such query runs", False)])


@command(Role.CONTRIBUTOR, "create function [<options:with>] <name> <body:text>")
def create_function(context: Context, name: str, body: str, options: str | None = None) -> Shown:
    """Save a query that other queries call, under a name that is new."""
    if name_of(name) in context.workspace.saved:
        raise QueryError("SEM006", f"there is a function '{name_of(name)}'", hint="write .create-or-alter function")
    return alter_function(context, name, body, options)


@command(Role.CONTRIBUTOR, "create function ifnotexists [<options:with>] <name> <body:text>")
def create_function_if_new(context: Context, name: str, body: str, options: str | None = None) -> Shown:
    """The same, where there is none of this name."""
    if name_of(name) in context.workspace.saved:
        return Shown(FUNCTIONS, [function_row(context, name_of(name))])
    return alter_function(context, name, body, options)


@command(Role.CONTRIBUTOR, "create-or-alter function [<options:with>] <name> <body:text>")
@command(Role.CONTRIBUTOR, "alter function [<options:with>] <name> <body:text>")
def alter_function(context: Context, name: str, body: str, options: str | None = None) -> Shown:
    """Save a query that other queries call."""
    name, workspace = name_of(name), context.workspace
    given, body = properties_of(options), body.strip()
    text = f"let {name} = {'' if body.startswith('(') else '() '}{body};"
    workspace.saved.save(name, text, {"description": given.get("docstring", ""), "category": given.get("folder", "")})
    return Shown(FUNCTIONS, [function_row(context, name)])


@command(Role.CONTRIBUTOR, "drop function <name>", "drop functions <names:list>")
def drop_function(context: Context, name: str = "", names: str | None = None) -> Shown:
    """Take saved queries away."""
    saved = context.workspace.saved
    for one in names_of(names) if names else [name_of(name)]:
        saved.delete(one)
    return Shown(FUNCTIONS, [function_row(context, left) for left in saved])


@command(Role.CONTRIBUTOR, "drop function <name> ifexists", "drop functions <names:list> ifexists")
def drop_function_if_there(context: Context, name: str = "", names: str | None = None) -> Shown:
    """The same, where they are."""
    saved = context.workspace.saved
    there = [one for one in (names_of(names) if names else [name_of(name)]) if one in saved]
    return drop_function(context, names=f"({', '.join(there)})") if there else Shown(FUNCTIONS)


@command(Role.CONTRIBUTOR, "create table <table> <fields:columns> [<options:with>]")
@command(Role.CONTRIBUTOR, "create-merge table <table> <fields:columns> [<options:with>]")
@command(Role.CONTRIBUTOR, "alter-merge table <table> <fields:columns> [<options:with>]")
def create_table(context: Context, table: str, fields: str, options: str | None = None) -> Shown:
    """Make a table, or give it more columns. It has the standard ones as well."""
    import pyarrow as pa

    from kqlog.engines.duckdb.answer import arrow_schema

    name, store = name_of(table), context.intake.store
    wanted = _fields(fields)
    if name in known_tables():
        raise QueryError("ING001", f"the table '{name}' is Azure Monitor's: it is there, with its own columns")
    named = {column.name for column in wanted}
    all_columns = (*wanted, *(column for column in STANDARD if column.name not in named))
    store.table(name).append(pa.Table.from_batches([], arrow_schema(all_columns)), all_columns)
    return table_as_json(context, name)


@command(Role.INGESTOR, "ingest inline into table <table> [<options:with>] <| <data:text>")
def ingest_inline(context: Context, table: str, data: str, options: str | None = None) -> Shown:
    """Store rows that stand in the command."""
    name, store = name_of(table), context.intake.store
    format_ = known_format(properties_of(options).get("format", "csv"))
    rows = read_rows(data.lstrip(" \t\r\n").encode(), format_, store, name)
    return _stored(context, shape(store, name, rows))


@command(Role.CONTRIBUTOR, "set-or-append [async] <table> [<options:with>] <| <query:text>")
def set_or_append(context: Context, table: str, query: str, options: str | None = None) -> Shown:
    """Store the rows of a query in a table, which is made if it is not there."""
    return _append(context, name_of(table), query)


@command(Role.CONTRIBUTOR, "set [async] <table> [<options:with>] <| <query:text>")
def set_(context: Context, table: str, query: str, options: str | None = None) -> Shown:
    """Store the rows of a query in a table that is new."""
    name = name_of(table)
    if name in context.intake.store:
        raise QueryError("SEM006", f"there is a table '{name}'", hint="write .append or .set-or-append")
    return _append(context, name, query)


@command(Role.CONTRIBUTOR, "append [async] <table> [<options:with>] <| <query:text>")
def append(context: Context, table: str, query: str, options: str | None = None) -> Shown:
    """Store the rows of a query in a table that is there."""
    name = name_of(table)
    if name not in context.intake.store:
        raise QueryError("SEM001", f"no table named '{name}'", hint="make it with .set-or-append")
    return _append(context, name, query)


@command(Role.CONTRIBUTOR, "drop table <table> [ifexists]", "drop tables <tables:list> [ifexists]", "clear table <table> data")
@command(Role.CONTRIBUTOR, "alter table <table> <fields:columns> [<options:with>]", "rename table <table> to <name>")
@command(Role.CONTRIBUTOR, "set-or-replace [async] <table> [<options:with>] <| <query:text>")
def refused(context: Context, **places: str | None) -> Shown:
    """What would take rows away under the hands of others: several processes write to a workspace."""
    hint = "kqlog retention deletes old rows; a table's folder can be removed while nothing runs"
    raise QueryError("ENG001", "rows and columns that are stored are not taken away by commands", hint=hint)


def _append(context: Context, table: str, text: str) -> Shown:
    import pyarrow as pa

    from kqlog.arrow import to_public

    query, store = context.query, context.intake.store
    query.follow(context.workspace, text)
    batches: list[pa.Table] = []
    found: Schema = ()
    for part in query.parts():
        if found:
            raise QueryError("SEM005", "the query has several results, and one table is stored")
        found, batches = part.columns, list(part.batches)
    if query.truncated:
        raise too_large(query.ask.limits)
    if not batches:
        return Shown(_EXTENTS)
    return _stored(context, shape(store, table, to_public(pa.concat_tables(batches), found)))


def _stored(context: Context, shaped: Shaped) -> Shown:
    """Rows on disk, all or none."""
    context.query.check()
    key = hashlib.sha256(f"{context.query.ask.id}\n{context.query.ask.text}".encode()).hexdigest()
    count = context.intake.submit(shaped, key).result().rows
    return Shown(_EXTENTS, [(str(uuid.uuid4()), float(shaped.rows.nbytes), 0.0, 0.0, 0.0, count)])


def _fields(text: str) -> Schema:
    """The columns in (name: type, ...)."""
    found = []
    for part in text.strip()[1:-1].split(","):
        pair = [one.strip() for one in part.split(":")]
        if len(pair) != _NAME_AND_TYPE or pair[1].lower() not in ALIASES:
            raise QueryError("SYN001", f"'{part.strip()}' is no column", hint="write (name: type, ...)")
        found.append(Column(name_of(pair[0]), ALIASES[pair[1].lower()]))
    return tuple(found)
