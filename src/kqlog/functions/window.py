"""Window functions: what a row of a serialized table knows of the rows around it."""

from __future__ import annotations

from kqlog.functions.declare import Signature, alias, sig, window

_DEFAULTS = {
    # A whole number in a query is a long, whatever the column.
    "int": ("integer", "TRY_CAST({default_value} AS INTEGER)"),
    "long": ("integer", "{default_value}"),
    "real": ("integer|real", "{default_value}"),
    "decimal": ("number", "{default_value}"),
    **{kind: (kind, "{default_value}") for kind in ("bool", "datetime", "timespan", "guid")},
    "dynamic": ("packed", "{default_value}"),
}
"""For a column of each type, the types of the constant that stands in for a missing row, and its SQL."""


_DEFAULT = "A default of another type than the column is refused: Kusto would make two types of one column."


def _neighbour(sql: str) -> tuple[Signature, ...]:
    """The value of a column some rows away; a string is never null."""
    return (
        sig("(column: column string) -> string", duckdb=f"coalesce({sql}({{column}}) {{over}}, '')"),
        sig("(column: column scalar) -> column", duckdb=f"{sql}({{column}}) {{over}}"),
        sig("(column: column string, offset: long) -> string", duckdb=f"coalesce({sql}({{column}}, {{offset}}) {{over}}, '')"),
        sig("(column: column scalar, offset: long) -> column", duckdb=f"{sql}({{column}}, {{offset}}) {{over}}"),
        sig(
            "(column: column string, offset: long, default_value: text) -> string",
            duckdb=f"{sql}({{column}}, {{offset}}, {{default_value}}) {{over}}",
        ),
        *(
            sig(
                f"(column: column {kind}, offset: long, default_value: const {allowed}) -> column",
                duckdb=f"{sql}({{column}}, {{offset}}, {default}) {{over}}",
            )
            for kind, (allowed, default) in _DEFAULTS.items()
        ),
        sig("(column: column scalar, offset: long, default_value: const scalar) -> column"),
    )


window(
    "prev",
    "The value that a column has in an earlier row: one row back, or `offset`. Without such a row the default, or null.",
    *_neighbour("lag"),
    examples={
        "range x from 1 to 3 step 1 | sort by x asc | extend y = prev(x)": [None, 1, 2],
        "range x from 1 to 3 step 1 | sort by x asc | extend y = prev(x, 2, 0)": [0, 0, 1],
        "datatable(x: string)['a', 'b'] | serialize y = prev(x)": ["", "a"],
    },
    differs=_DEFAULT,
)
window(
    "next",
    "The value that a column has in a later row: one row on, or `offset`. Without such a row the default, or null.",
    *_neighbour("lead"),
    examples={
        "range x from 1 to 3 step 1 | sort by x asc | extend y = next(x)": [2, 3, None],
        "datatable(x: string)['a', 'b'] | serialize y = next(x, 1, 'end')": ["b", "end"],
    },
    differs=_DEFAULT,
)
window(
    "row_number",
    "The number of a row, from 1 or `startingIndex` on; anew at each row where `restart` holds.",
    sig("() -> long", duckdb="row_number() {over}"),
    sig("(startingIndex: long) -> long", duckdb="(row_number() {over} + {startingIndex} - 1)"),
    sig("(startingIndex: long, restart: bool) -> long", python="window.row_number"),
    examples={
        "range x from 5 to 7 step 1 | sort by x desc | extend n = row_number()": [1, 2, 3],
        "range x from 5 to 7 step 1 | sort by x asc | extend n = row_number(0)": [0, 1, 2],
        "datatable(x: string)['a', 'a', 'b'] | serialize n = row_number(1, x != prev(x))": [1, 2, 1],
    },
)
window(
    "row_cumsum",
    "The sum of the values up to a row; anew at each row where `restart` holds.",
    sig("(term: int) -> int", duckdb="CAST(coalesce(sum({term}) {over}, 0) AS INTEGER)"),
    sig("(term: long) -> long", duckdb="CAST(coalesce(sum({term}) {over}, 0) AS BIGINT)"),
    sig("(term: real|decimal) -> term", duckdb="coalesce(sum({term}) {over}, 0)"),
    sig("(term: number, restart: bool) -> term", python="window.row_cumsum"),
    examples={
        "range x from 1 to 4 step 1 | sort by x asc | extend y = row_cumsum(x)": [1, 3, 6, 10],
        "range x from 1 to 4 step 1 | sort by x asc | extend y = row_cumsum(x, x == 3)": [1, 3, 3, 7],
        "datatable(x: real)[0.5, real(null), 1.0] | serialize y = row_cumsum(x)": [0.5, 0.5, 1.5],
    },
)
window(
    "row_rank_dense",
    "The rank of a value: one more at each row whose value is not that of the row before; anew where `restart` holds.",
    sig("(term: notdynamic) -> long", python="window.row_rank_dense"),
    sig("(term: notdynamic, restart: bool) -> long", python="window.row_rank_dense"),
    examples={
        "datatable(x: string)['a', 'a', 'b', 'c'] | serialize n = row_rank_dense(x)": [1, 1, 2, 3],
        "datatable(k: string, x: long)['a', 1, 'a', 2, 'b', 2] | serialize n = row_rank_dense(x, k != prev(k))": [1, 2, 1],
    },
)
alias(
    "row_rank",
    "row_rank_dense",
    sig("(column: notdynamic) -> long", python="window.row_rank_dense"),
    sig("(column: notdynamic, dense: const bool) -> long", python="window.row_rank"),
)
window(
    "row_rank_min",
    "The rank of a value: the number of the row where it was first met; anew where `restart` holds.",
    sig("(term: notdynamic) -> long", python="window.row_rank_min"),
    sig("(term: notdynamic, restart: bool) -> long", python="window.row_rank_min"),
    examples={
        "datatable(x: string)['a', 'a', 'b', 'c'] | serialize n = row_rank_min(x)": [1, 1, 3, 4],
        "datatable(k: string, x: long)['a', 1, 'a', 2, 'b', 2] | serialize n = row_rank_min(x, k != prev(k))": [1, 2, 1],
    },
)
window(
    "row_window_session",
    "The time at which a row's session began. It ends when too long, at a gap, where `restart` holds, and after null.",
    sig(
        "(expr: datetime, maxDistanceFromFirst: timespan, maxDistanceBetweenNeighbors: timespan) -> expr",
        python="window.row_window_session",
    ),
    sig(
        "(expr: datetime, maxDistanceFromFirst: timespan, maxDistanceBetweenNeighbors: timespan, restart: bool) -> expr",
        python="window.row_window_session",
    ),
    examples={
        "range t from datetime(2024-05-01 10:00) to datetime(2024-05-01 10:30) step 10m | sort by t asc "
        "| extend s = row_window_session(t, 20m, 11m)": [
            "2024-05-01T10:00:00.0000000Z",
            "2024-05-01T10:00:00.0000000Z",
            "2024-05-01T10:20:00.0000000Z",
            "2024-05-01T10:20:00.0000000Z",
        ],
    },
)
