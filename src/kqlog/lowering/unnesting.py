"""Arrays and property bags to rows, for mv-expand and mv-apply."""

from __future__ import annotations

from dataclasses import replace

from kqlog.errors import QueryError
from kqlog.functions.arrays import COUNTED
from kqlog.lowering.parameters import parameter_word
from kqlog.lowering.rows import row_count
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames, derived_name
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

COUNTABLE = frozenset({Type.LONG, Type.DATETIME, Type.TIMESPAN})


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
    pairs = "array" in (parameter_word(parameters, name) for name in ("kind", "bagexpansion"))
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
    rows = row_count(limit, scope) if limit is not None else None
    if len(found) == 1:
        source, found[0] = _moved(source, found[0])
    return plan.Unnest(source, tuple(map(counted_item, found)), index, rows, tuple(columns.values()))


def counted_item(item: plan.UnnestItem) -> plan.UnnestItem:
    """An item that never becomes JSON if it is a range() of what it shall be: some hundred times faster."""
    match item.value:
        case plan.Call(arguments=(start, _, _)) as found if found.name == "range" and start.type is item.type in COUNTABLE:
            return replace(item, value=plan.Call(COUNTED, COUNTED.signatures[0], found.arguments, item.type))
        case _:
            return item


def _moved(source: plan.Node, item: plan.UnnestItem) -> tuple[plan.Node, plan.UnnestItem]:
    """A range() that the step before gives under the item's name, as the item's own value."""
    if not isinstance(source, (plan.Project, plan.Extend)) or item.value != plan.ColumnRef(item.name, Type.DYNAMIC):
        return source, item
    made = next((made.value for made in source.items if made.name == item.name), None)
    if not isinstance(made, plan.Call) or made.name != "range" or made.arguments[0].type is not item.type:
        return source, item
    ends = tuple(plan.Item(f"$range {item.name} {place}", value) for place, value in enumerate(made.arguments))
    others = tuple(made for made in source.items if made.name != item.name)
    call = replace(made, arguments=tuple(plan.ColumnRef(*end.column) for end in ends))
    return replace(source, items=(*others, *ends)), replace(item, value=call)


def _item(item: syntax.MvItem, row: Scope, pairs: bool) -> plan.UnnestItem:
    inner = item.value.value if isinstance(item.value, syntax.Named) else item.value
    value = row.value(inner)
    if value.type is not Type.DYNAMIC:
        raise QueryError(
            "SEM002",
            f"an array or bag is wanted here, and this is {value.type.one}",
            item.value.span,
            "read it with parse_json()",
        )
    return plan.UnnestItem(item_name(item), value, item.type or Type.DYNAMIC, pairs)
