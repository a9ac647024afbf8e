"""What the filters over a stored table say about its columns, so that files which cannot hold such rows are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kqlog.plan import nodes as plan
from kqlog.plan.stored import Bound
from kqlog.types import NUMBERS, Type

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
ALL_ROWS = plan.Literal(Type.LONG, 10**12)
"""A limit that no table reaches. Engines compute nothing above a limit for rows that a filter below it takes away."""
_ORDERED = NUMBERS | {Type.DATETIME, Type.TIMESPAN}


def filtered(source: plan.Node, predicate: plan.Value) -> plan.Filter:
    """The rows for which a predicate is true, and its bounds at the tables that they come from."""
    bounds = tuple(bounds_of(predicate))
    return plan.Filter(_told(source, bounds) if bounds else source, predicate)


def bounds_of(predicate: plan.Value) -> Iterator[Bound]:
    """The comparisons of columns with constants that a predicate demands."""
    match predicate:
        case plan.Call() if predicate.name == "and":
            for part in predicate.arguments:
                yield from bounds_of(part)
        case plan.Call(_, _, (plan.ColumnRef() as column, plan.Literal() as low, plan.Literal() as high)) if (
            predicate.name == "between"
        ):
            yield from (*_bound(column, ">=", low), *_bound(column, "<=", _end(low, high)))
        case plan.Call(_, _, (plan.ColumnRef() as column, plan.Literal() as literal)) if predicate.name in _MIRRORED:
            yield from _bound(column, predicate.name, literal)
        case plan.Call(_, _, (plan.Literal() as literal, plan.ColumnRef() as column)) if predicate.name in _MIRRORED:
            yield from _bound(column, _MIRRORED[predicate.name], literal)


def _end(low: plan.Literal, high: plan.Literal) -> plan.Literal:
    """Where a range ends: `between (moment .. duration)` counts from where it begins."""
    if (low.type, high.type) == (Type.DATETIME, Type.TIMESPAN) and isinstance(low.value, int) and isinstance(high.value, int):
        return replace(low, value=low.value + high.value)
    return high


def _bound(column: plan.ColumnRef, operator: str, literal: plan.Literal) -> Iterator[Bound]:
    # A null text is '' to a query, and no extreme of a file tells of nulls.
    if literal.value in (None, "") or literal.type is not column.type:
        return
    if column.type in _ORDERED or operator == "==":
        yield Bound(column.name, column.type, operator, literal.value)


def _told(node: plan.Node, bounds: tuple[Bound, ...]) -> plan.Node:
    """The same rows, with the bounds at the table below as far as its columns are still what they were."""
    match node:
        case plan.Scan() if node.stored is not None:
            return replace(node, bounds=(*node.bounds, *bounds))
        case plan.Limit() if node.rows != ALL_ROWS:
            return node
        case plan.Filter() | plan.Sort() | plan.Limit():
            return replace(node, source=_told(node.source, bounds))
        case plan.Extend():
            changed = {item.name for item in node.items}
            return replace(node, source=_told(node.source, tuple(one for one in bounds if one.column not in changed)))
        case plan.Project():
            kept = {item.name: item.value.name for item in node.items if isinstance(item.value, plan.ColumnRef)}
            inner = tuple(replace(one, column=kept[one.column]) for one in bounds if one.column in kept)
            return replace(node, source=_told(node.source, inner))
        case plan.Union():
            return replace(node, sources=tuple(_told(source, bounds) for source in node.sources))
        case _:
            return node
