"""What depends on the moment, the table or the service rather than on values."""

from __future__ import annotations

from kqlog.functions.declare import alias, scalar, sig

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

scalar(
    "ingestion_time",
    "When the row was taken in.",
    sig("() -> datetime"),
    result="$IngestionTime",
    service="a time column of the table, such as TimeGenerated",
)
scalar("extent_id", "The identifier of the data shard that holds the row.", sig("() -> guid"), service="a column of the table")
alias("extentid", "extent_id")
scalar("extent_tags", "The tags of the data shard that holds the row.", sig("() -> dynamic"), service="a column of the table")

scalar(
    "current_cluster_endpoint", "The network name of the cluster that answers.", sig("() -> string"), service="a text of your own"
)
scalar("current_database", "The name of the database in scope.", sig("() -> string"), service="a text of your own")
scalar("current_principal", "Who runs the query.", sig("() -> string"), service="a query parameter")
scalar("current_principal_details", "Who runs the query, in detail.", sig("() -> dynamic"), service="a query parameter")
scalar(
    "current_principal_is_member_of",
    "True when whoever runs the query is one of some principals, or a member of one.",
    sig("(group: string|dynamic...) -> bool"),
    service="a query parameter",
)

_CURSOR = "a condition on a time column, such as TimeGenerated > datetime(2024-02-29)"
scalar("cursor_current", "The database cursor of the moment.", sig("() -> string"), service=_CURSOR)
alias("current_cursor", "cursor_current")
scalar("cursor_after", "True for rows taken in after a database cursor.", sig("(cursor: string) -> bool"), service=_CURSOR)
scalar(
    "cursor_before_or_at",
    "True for rows taken in at a database cursor or before it.",
    sig("(cursor: string) -> bool"),
    service=_CURSOR,
)

scalar(
    "estimate_data_size",
    "The estimated size of columns in bytes, as the service stores them.",
    sig("(column: column scalar...) -> long"),
    service="string_size() of text columns",
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
)
alias("columnifexists", "column_ifexists")
