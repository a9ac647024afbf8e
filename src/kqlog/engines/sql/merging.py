"""Putting values into a SELECT that has a place for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kqlog.engines.sql.select import OrderKey, Output, Select, unwrapped
from kqlog.engines.sql.statement import Statement
from kqlog.engines.sql.values import Expressions, Row, mentioned
from kqlog.plan.nodes import SortKey, Value
from kqlog.types import Type


def expressions(select: Select, statement: Statement) -> Expressions:
    """Expressions over the source of a SELECT."""
    return Expressions(statement, row(select))


def row(select: Select, order: str = "") -> Row:
    """What names mean over the source of a SELECT."""
    natives = {name: output.native for name, output in select.outputs.items() if output.native is not None}
    return Row({name: output.sql for name, output in select.outputs.items()}, select.stored, natives, order=order)


def computed(alias: str, value: Value, write: Expressions) -> Output:
    """A column for a value that is no column of the source."""
    native = write.native(value)
    sql = write.json(native) if native else unwrapped(write.value(value))
    return Output(alias, sql, False, native=native)


def open_for(select: Select, statement: Statement, values: Iterable[Value]) -> Select:
    """The SELECT, closed if it has no place for these values."""
    if select.complete or not select.is_bare({name for value in values for name in mentioned(value)}):
        return statement.close(select)
    return select


def sort_keys(keys: Sequence[SortKey], write: Expressions) -> list[OrderKey]:
    """ORDER BY for KQL's order: NaN is next to null, where SQL takes it for the largest number."""
    found = []
    for key in keys:
        sql = unwrapped(write.value(key.value))
        if key.value.type is Type.REAL and key.descending != key.nulls_first:
            found.append(OrderKey(f"isnan({sql})", key.nulls_first, key.nulls_first))
        found.append(OrderKey(sql, key.descending, key.nulls_first))
    return found
