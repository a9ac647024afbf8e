"""Rows of any shape made to fit a table, by kqlog's own engine.

A data collection rule may transform them first, in KQL over `source`. Then each column becomes the type that it has in the table:
what cannot be converted is null, and counted. Azure Monitor's standard columns are filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kqlog.arrow import to_public
from kqlog.errors import QueryError
from kqlog.store.columns import is_reserved
from kqlog.store.store import STANDARD, Store, known_tables
from kqlog.types import Column, Schema, Type
from kqlog.workspace import Workspace, connect

if TYPE_CHECKING:
    import pyarrow

SOURCE = "source"
"""What a transformation calls the rows."""
_TIME = "TimeGenerated"


@dataclass(frozen=True)
class Shaped:
    """Rows that fit a table, in kqlog's own form, and what was lost on the way."""

    table: str
    rows: pyarrow.Table
    columns: Schema
    unreadable: dict[str, int] = field(default_factory=dict)
    """How many values of a column could not be converted, and are null."""
    dropped: tuple[str, ...] = ()
    """The columns that the table does not have."""


def shape(store: Store, table: str, rows: object, *, transform: str | None = None, keep: bool | None = None) -> Shaped:
    """Rows (an Arrow table, a data frame or a list of dicts) as a table wants them.

    `keep`: whether columns that the table lacks widen it; as a rule only tables of one's own grow.

    Raises:
        QueryError: ING001 for rows that are no table, or the errors of the transformation.
    """
    return shape_from(connect(tables={SOURCE: rows}), store, table, transform=transform, keep=keep)


def shape_from(
    workspace: Workspace, store: Store, table: str, *, transform: str | None = None, keep: bool | None = None
) -> Shaped:
    """The same for the table `source` of a workspace."""
    query = transform or SOURCE
    given = _columns(workspace, query)
    wanted = store.columns(table)
    names = {column.name.casefold(): column.name for column in wanted}
    extra = tuple(column for column in given if column.name.casefold() not in names)
    if keep or (keep is None and table not in known_tables()):
        new = tuple(column for column in extra if not is_reserved(column.name))
        wanted, extra = wanted + new, tuple(column for column in extra if column not in new)
    # A name that differs in case only is the same column to most readers.
    by_name = {names.get(column.name.casefold(), column.name): column for column in given}
    parts = [f"['{_quoted(column.name)}'] = {_value(column, by_name.get(column.name), store, table)}" for column in wanted]
    result = workspace.query(f"{query}\n| extend ['$size'] = estimate_data_size(*)\n| project {', '.join(parts)}")
    lost = _unreadable(workspace, query, wanted, by_name)
    return Shaped(table, result.stored(), tuple(result.columns), lost, tuple(column.name for column in extra))


def fitted(shaped: Shaped, columns: Schema) -> Shaped:
    """Rows that were shaped before their table had some of its columns, which have other names or types in it now."""
    known = {column.name.casefold(): column for column in columns}
    changed = {column: own for column in shaped.columns if (own := known.get(column.name.casefold(), column)) != column}
    if not changed:
        return shaped
    rows = shaped.rows.select([column.name for column in changed])
    parts = [f"['{_quoted(own.name)}'] = {_converted(own, column)}" for column, own in changed.items()]
    converted = connect(tables={SOURCE: to_public(rows, tuple(changed))}).query(f"{SOURCE} | project {', '.join(parts)}").stored()
    fields = []
    for column in shaped.columns:
        own = changed.get(column, column)
        fields.append(
            (own, (converted if column in changed else shaped.rows).column(own.name if column in changed else column.name))
        )
    made = shaped.rows.from_arrays([values for _, values in fields], names=[own.name for own, _ in fields])
    return replace(shaped, rows=made, columns=tuple(own for own, _ in fields))


def _columns(workspace: Workspace, query: str) -> Sequence[Column]:
    check = workspace.check(query)
    if check.errors:
        raise check.errors[0]
    columns = check.columns or []
    if not columns:
        raise QueryError("ING001", "there are no columns in these rows")
    return columns


def _value(column: Column, given: Column | None, store: Store, table: str) -> str:
    """What stands in a column of the table."""
    own = "" if given is None else _converted(column, given)
    match column.name:
        case "TimeGenerated":
            return f"coalesce({own}, now())" if own else "now()"
        case "Type":
            return f"'{table}'"
        case "TenantId":
            return f"'{store.workspace_id}'"
        case "_TimeReceived":
            return "now()"
        case "_ItemId":
            return "tostring(new_guid())"
        case "_BilledSize":
            return "todouble(['$size'])"
        case "_IsBillable":
            return "'True'"
    return own or f"{column.type}(null)" if column.type is not Type.STRING else own or "''"


def _converted(column: Column, given: Column) -> str:
    name = f"['{_quoted(given.name)}']"
    if given.type is column.type:
        return name
    return f"parse_json(tostring({name}))" if column.type is Type.DYNAMIC else f"to{column.type}({name})"


def _unreadable(workspace: Workspace, query: str, wanted: Schema, given: dict[str, Column]) -> dict[str, int]:
    """How many values are there and come out as null."""
    standard = {column.name for column in STANDARD} - {_TIME}
    converted = [
        (column, given[column.name])
        for column in wanted
        if column.name in given
        and column.name not in standard
        and column.type not in (given[column.name].type, Type.STRING, Type.DYNAMIC)
    ]
    if not converted:
        return {}
    counts = ", ".join(
        f"c{at} = countif(isnotempty(tostring(['{_quoted(one.name)}'])) and isnull({_converted(column, one)}))"
        for at, (column, one) in enumerate(converted)
    )
    (row,) = workspace.query(f"{query}\n| summarize {counts}").rows
    return {column.name: count for (column, _), count in zip(converted, row, strict=True) if count}


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")
