"""Commands that show what there is: `.show ...`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from kqlog.errors import QueryError
from kqlog.server.kusto_commands import Context, Shown, columns, command, name_of, names_of
from kqlog.server.kusto_databases import check_database, database_name
from kqlog.server.queries import AT_ONCE
from kqlog.store.tokens import Role
from kqlog.types import CLR_NAMES, Schema

_STARTED = datetime.now(UTC)
_DATABASES = columns(
    DatabaseName="string",
    PersistentStorage="string",
    Version="string",
    IsCurrent="bool",
    DatabaseAccessMode="string",
    PrettyName="string",
    ReservedSlot1="bool",
    DatabaseId="guid",
    InTransitionTo="string",
    SuspensionState="string",
)
_SCHEMA = columns(
    DatabaseName="string",
    TableName="string",
    ColumnName="string",
    ColumnType="string",
    IsDefaultTable="bool",
    IsDefaultColumn="bool",
    PrettyName="string",
    Version="string",
    Folder="string",
    DocString="string",
)
_TABLES = columns(TableName="string", DatabaseName="string", Folder="string", DocString="string")
_ONE_TABLE = columns(TableName="string", Schema="string", DatabaseName="string", Folder="string", DocString="string")
FUNCTIONS = columns(Name="string", Parameters="string", Body="string", Folder="string", DocString="string")
_QUERIES = columns(
    ClientActivityId="string",
    Text="string",
    Database="string",
    StartedOn="datetime",
    LastUpdatedOn="datetime",
    Duration="timespan",
    State="string",
    RootActivityId="guid",
    User="string",
    FailureReason="string",
    TotalCpu="timespan",
    Application="string",
)


@command(Role.READER, "show version")
def version(context: Context) -> Shown:
    """Which program this is."""
    from importlib.metadata import version as installed

    shown = columns(
        BuildVersion="string", BuildTime="datetime", ServiceType="string", ProductVersion="string", ServiceOffering="string"
    )
    own = installed("kqlog")
    return Shown(shown, [(own, _STARTED, "Engine", own, '{"Type":"kqlog"}')])


@command(Role.READER, "show databases", "show databases details", "show database", "show database details")
@command(Role.READER, "show database <database> details", "show database <database>")
def databases(context: Context, database: str | None = None) -> Shown:
    """The one database that there is."""
    _check(context, database)
    name, id_ = database_name(context.intake.store), context.intake.store.workspace_id
    return Shown(_DATABASES, [(name, "", "v1.0", True, "ReadWrite", "", None, id_, "", "")])


@command(Role.READER, "show cluster")
def cluster(context: Context) -> Shown:
    """The one machine that there is."""
    shown = columns(NodeId="string", Address="string", Name="string", StartTime="datetime", IsAdmin="bool")
    return Shown(shown, [("0", "", database_name(context.intake.store), _STARTED, True)])


@command(Role.READER, "show capacity")
def capacity(context: Context) -> Shown:
    """How many queries may run at once."""
    shown = columns(Resource="string", Total="long", Consumed="long", Remaining="long", Origin="string")
    taken = min(AT_ONCE, len(context.queries.running()))
    return Shown(shown, [("queries", AT_ONCE, taken, AT_ONCE - taken, "kqlog")])


@command(Role.READER, "show databases schema", "show schema", "show database schema", "show database <database> schema")
def schema(context: Context, database: str | None = None) -> Shown:
    """Every column of every table, under a row for the database and one for each table."""
    _check(context, database)
    here = database_name(context.intake.store)
    tail = (False, False, "", "v1.0", "", "")
    rows: list[tuple[object, ...]] = [(here, "", "", "", *tail)]
    for table, fields in _all_tables(context).items():
        rows.append((here, table, "", "", *tail))
        rows += [(here, table, name, CLR_NAMES[type_], *tail) for name, type_ in fields]
    return Shown(_SCHEMA, rows)


@command(Role.READER, "show databases schema as json", "show schema as json", "show database schema as json")
@command(Role.READER, "show database <database> schema as json", "show database <database> schema as json with <options:columns>")
def schema_as_json(context: Context, database: str | None = None, options: str | None = None) -> Shown:
    """The same, and the functions, as one JSON text."""
    _check(context, database)
    here = database_name(context.intake.store)
    tables = {name: _described(name, fields) for name, fields in _all_tables(context).items()}
    stored = {
        name: {
            "Name": name,
            "InputParameters": [],
            "Body": body,
            "Folder": folder,
            "DocString": told,
            "FunctionKind": "Unknown",
            "OutputColumns": [],
        }
        for name, _, body, folder, told in functions(context).rows
    }
    described = {
        "Name": here,
        "Tables": tables,
        "ExternalTables": {},
        "MaterializedViews": {},
        "EntityGroups": {},
        "MajorVersion": 1,
        "MinorVersion": 0,
        "Functions": stored,
        "DatabaseAccessMode": "ReadWrite",
    }
    text = json.dumps({"Plugins": [], "Databases": {here: described}}, ensure_ascii=False)
    return Shown(columns(DatabaseSchema="string"), [(text,)])


@command(Role.READER, "show tables", "show tables <wanted:list>")
def tables(context: Context, wanted: str | None = None) -> Shown:
    """All tables, or some."""
    here, names = database_name(context.intake.store), context.workspace.tables
    if wanted is not None:
        asked = names_of(wanted)
        names = [name for name in names if name in asked]
    return Shown(_TABLES, [(name, here, "", "") for name in names])


@command(Role.READER, "show table <table> schema as json")
def table_as_json(context: Context, table: str) -> Shown:
    """The columns of a table as a JSON text."""
    name, fields = _table(context, table)
    text = json.dumps(_described(name, fields), ensure_ascii=False)
    return Shown(_ONE_TABLE, [(name, text, database_name(context.intake.store), "", "")])


@command(Role.READER, "show table <table> cslschema", "show table <table> schema as csl")
def table_as_csl(context: Context, table: str) -> Shown:
    """The columns of a table as KQL lists them."""
    name, fields = _table(context, table)
    text = ",".join(f"{column}:{type_}" for column, type_ in fields)
    return Shown(_ONE_TABLE, [(name, text, database_name(context.intake.store), "", "")])


@command(Role.READER, "show functions")
def functions(context: Context) -> Shown:
    """The saved queries, which are the stored functions."""
    return Shown(FUNCTIONS, [function_row(context, name) for name in context.workspace.saved])


@command(Role.READER, "show function <function>")
def function(context: Context, function: str) -> Shown:
    """One of them."""
    return Shown(FUNCTIONS, [function_row(context, name_of(function))])


@command(Role.READER, "show queries", "show running queries")
def queries(context: Context) -> Shown:
    """What runs or waits now."""
    here, now = database_name(context.intake.store), datetime.now(UTC)
    rows = [
        (
            query.ask.id,
            query.ask.text,
            here,
            query.started,
            now,
            timedelta(seconds=query.elapsed),
            str(query.state),
            query.activity,
            query.ask.caller.name,
            "",
            timedelta(seconds=query.cpu),
            query.ask.application,
        )
        for query in context.running
    ]
    return Shown(_QUERIES, rows)


@command(Role.READER, "show external tables", "show materialized-views", "show ingestion mappings")
def nothing(context: Context) -> Shown:
    """What a workspace has none of."""
    return Shown(columns(Name="string", Kind="string", Folder="string", DocString="string"))


def function_row(context: Context, name: str) -> tuple[object, ...]:
    """A saved query as Kusto lists functions. One that cannot be read has no parameters."""
    saved = context.workspace.saved.find(name)
    try:
        parameters, body = f"({', '.join(map(str, saved.parameters))})", saved.body
    except QueryError:
        parameters, body = "()", saved.text
    return name, parameters, body, saved.properties.get("category", ""), saved.description


def _check(context: Context, database: str | None) -> None:
    if database is not None:
        check_database(context.intake.store, name_of(database))


def _all_tables(context: Context) -> dict[str, Schema]:
    workspace = context.workspace
    return {name: tuple(workspace.schema(name)) for name in workspace.tables}


def _table(context: Context, table: str) -> tuple[str, Schema]:
    name = name_of(table)
    return name, tuple(context.workspace.schema(name))


def _described(name: str, fields: Schema) -> dict[str, object]:
    ordered = [{"Name": column, "Type": CLR_NAMES[type_], "CslType": str(type_)} for column, type_ in fields]
    return {"Name": name, "Folder": "", "DocString": "", "OrderedColumns": ordered}
