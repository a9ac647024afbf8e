"""What depends on the moment, the table or the service rather than on values."""

from __future__ import annotations

import getpass
import json

from kqlog.functions.declare import alias, quoted, scalar, sig


def _local_user() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        # No environment variable names the user, and the system keeps no list of users.
        user = "unknown"
    return f"localuser={user}"


scalar(
    "now",
    "The moment of the query in UTC, the same everywhere in it; with a timespan, that much later.",
    sig("() -> datetime"),
    sig("(offset: timespan) -> datetime"),
    examples={"now() > datetime(2024-02-29)": True, "now(1h) - now()": "01:00:00"},
)
scalar(
    "ago",
    "The moment of the query in UTC, less a timespan.",
    sig("(span: timespan) -> datetime", kql="now() - span"),
    examples={"now() - ago(90m)": "01:30:00"},
)

_RECEIVED = "The moment that a row was taken in is its column _TimeReceived, of type datetime, "
scalar(
    "ingestion_time",
    "When the row was taken in.",
    sig("() -> datetime"),
    result="$IngestionTime",
    examples={"ingestion_time()": None},
    differs=f"{_RECEIVED}and null without one.",
)
scalar(
    "extent_id",
    "The identifier of the data shard that holds the row.",
    sig("() -> guid", kql="guid(00000000-0000-0000-0000-000000000000)"),
    examples={"extent_id()": "00000000-0000-0000-0000-000000000000"},
    differs="Always the guid of zeros: files have no shards.",
)
alias("extentid", "extent_id")
scalar(
    "extent_tags",
    "The tags of the data shard that holds the row.",
    sig("() -> dynamic", kql="dynamic(null)"),
    examples={"extent_tags()": None},
    differs="Always null: files have no shards.",
)

scalar(
    "current_cluster_endpoint",
    "The network name of the cluster that answers.",
    sig("() -> string", kql="'localhost'"),
    examples={"current_cluster_endpoint()": "localhost"},
    differs="Always localhost: there is no cluster.",
)
scalar(
    "current_database",
    "The name of the database in scope.",
    sig("() -> string", kql="'default'"),
    examples={"current_database()": "default"},
    differs="Always default, whatever folder is connected.",
)
scalar(
    "current_principal",
    "Who runs the query: localuser= and the name of the user on this computer.",
    sig("() -> string", sql=lambda: quoted(_local_user())),
    examples={"current_principal() startswith 'localuser='": True},
    differs="There is no directory to sign in to: it is localuser= and the name of the user on this computer.",
)
scalar(
    "current_principal_details",
    "Who runs the query, as a bag: Type, UserPrincipalName, DisplayName and FQN of the user on this computer.",
    sig(
        "() -> dynamic",
        kql="bag_pack('Type', 'LocalUser', 'UserPrincipalName', substring(current_principal(), 10), "
        "'DisplayName', substring(current_principal(), 10), 'FQN', current_principal())",
    ),
    examples={"tostring(current_principal_details().FQN) == current_principal()": True},
    differs="They are those of the user on this computer, with four names.",
)


def _is_member(group: tuple[str | None, ...]) -> str:
    """An array of principals is JSON text; no principal's name begins as one does."""
    principals = [name for text in group if text for name in (json.loads(text) if text.startswith("[") else [text])]
    return "true" if _local_user() in principals else "false"


scalar(
    "current_principal_is_member_of",
    "True when some constant principals have whoever runs the query among them.",
    sig("(group: const string|array...) -> bool", sql=_is_member),
    examples={
        "current_principal_is_member_of('aadgroup=admins@example.com')": False,
        "current_principal_is_member_of(dynamic(['aadgroup=admins@example.com']), '')": False,
    },
    differs="True only for what current_principal() gives: there is no directory that knows groups.",
)

scalar(
    "cursor_current",
    "The database cursor of the moment, as text.",
    sig("() -> string", kql="tostring(tolong(now()))"),
    examples={"cursor_current() == tostring(tolong(now()))": True},
    differs="A cursor is a moment here: the ticks (100 ns) of now(). A cursor that Kusto gave means nothing.",
)
alias("current_cursor", "cursor_current")
scalar(
    "cursor_after",
    "True for rows taken in after a database cursor, as cursor_current() gave it; for all rows after ''.",
    sig("(cursor: string) -> bool"),
    differs=f"{_RECEIVED}and without one the query is refused.",
)
scalar(
    "cursor_before_or_at",
    "True for rows taken in not after a database cursor, as cursor_current() gave it.",
    sig("(cursor: string) -> bool"),
    differs=f"{_RECEIVED}and without one the query is refused.",
)
_CURSOR = "coalesce(todatetime(tolong(cursor)), todatetime(cursor))"
scalar(
    "__cursor_after",
    "True for a moment after a database cursor.",
    sig("(received: datetime, cursor: string) -> bool", kql=f"isempty(cursor) or received > {_CURSOR}"),
)
scalar(
    "__cursor_before_or_at",
    "True for a moment that is not after a database cursor.",
    sig("(received: datetime, cursor: string) -> bool", kql=f"received <= {_CURSOR}"),
)

scalar(
    "estimate_data_size",
    "The estimated size of columns, or of all with *, in bytes: 8 for most types, a text's length, 8 more for dynamic values.",
    sig("(column: column scalar...) -> long"),
)
scalar(
    "column_names_of",
    "The names of the columns of a table, as an array.",
    sig("(table: table) -> dynamic"),
    examples={"column_names_of((print Host = 'web-01', Errors = 3))": ["Host", "Errors"]},
)
scalar("row_id", "The number of the row in the service's storage.", sig("() -> string"), service="row_number() over sorted rows")


def _assert(predicate: bool | None, message: str | None) -> str:
    """Raises ValueError with the message unless the condition holds; unknown conditions pass."""
    if predicate is False:
        raise ValueError(message)
    return "true"


scalar(
    "assert",
    "True for a constant condition that holds; one that does not fails the query with a message.",
    sig("(predicate: const bool, message: const string) -> bool", sql=_assert),
    examples={"assert(1 < 2, 'numbers are in order')": True},
)
scalar(
    "column_ifexists",
    "The column of a name if there is one, else another value.",
    sig("(column_name: const string, default_value: scalar) -> default_value"),
    examples={"column_ifexists('Account', 'nobody')": "nobody"},
    differs="A column keeps its own type, where Microsoft's binder gives the type of the default.",
)
alias("columnifexists", "column_ifexists")
scalar(
    "iscolumnexists",
    "True when there is a column of that name. Deprecated: column_ifexists() gives its value, too.",
    sig("(column_name: const string) -> bool"),
    examples={"iscolumnexists('Account')": False},
)
