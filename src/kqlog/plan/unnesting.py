"""Arrays and property bags to rows, for mv-expand and mv-apply."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames, derived_name
from kqlog.plan.scope import Scope
from kqlog.plan.uniting import parameter_choice, parameter_word
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type


def item_name(item: syntax.MvItem) -> str:
    """The column that an item becomes."""
    return derived_name(item.value) or "Column1"


def unnested(
    source: plan.Node,
    items: tuple[syntax.MvItem, ...],
    parameters: tuple[syntax.Parameter, ...],
    limit: syntax.Expr | None,
    scope: Scope,
) -> plan.Node:
    """`source` with a row for each element of the items.

    Raises:
        QueryError: SEM002 when an item is not dynamic, SEM006 when two have one name.
    """
    row = scope.over(source)
    row.windows = None
    pairs = "array" in (parameter_choice(parameters, name, ("bag", "array")) for name in ("kind", "bagexpansion"))
    index = parameter_word(parameters, "with_itemindex")
    found = [_item(item, row, pairs) for item in items]
    names = ColumnNames()
    for item, expanded in zip(items, found, strict=True):
        names.declare(expanded.name, item.value.span)
    columns = {column.name: column for column in source.columns}
    columns.update({item.name: Column(item.name, item.type) for item in found})
    if index is not None:
        names = ColumnNames()
        names.reserve(tuple(columns.values()))
        index = names.derive(index)
        columns[index] = Column(index, Type.LONG)
    rows = scope.constant(limit, Type.LONG) if limit is not None else None
    return plan.Unnest(source, tuple(found), index, rows, tuple(columns.values()))


def _item(item: syntax.MvItem, row: Scope, pairs: bool) -> plan.UnnestItem:
    inner = item.value.value if isinstance(item.value, syntax.Named) else item.value
    value = row.value(inner)
    if value.type is not Type.DYNAMIC:
        raise QueryError(
            "SEM002", f"an array or bag is wanted here, and this is a {value.type}", item.value.span, "read it with parse_json()"
        )
    return plan.UnnestItem(item_name(item), value, item.type or Type.DYNAMIC, pairs)
