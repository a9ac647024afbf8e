"""What several operators do alike with the columns of their rows."""

from __future__ import annotations

from collections.abc import Iterable

from kqlog.errors import QueryError, Span
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Schema, Type


def extended(source: plan.Node, exprs: Iterable[syntax.Expr], scope: Scope, names: ColumnNames | None = None) -> plan.Node:
    """`source` with the columns of some expressions: one of a name that is there replaces it, others follow.

    `names` gives the columns other names than those of extend; a column under a new name always replaces the one that had it.
    """
    row = scope.over(source)
    items: dict[str, plan.Item] = {}
    of_extend = _ExtendNames(source.columns)
    for expr in exprs:
        renames = isinstance(expr.value if isinstance(expr, syntax.Named) else expr, syntax.Name)
        for item in row.item(expr, of_extend if names is None or renames else names):
            items[item.name] = item
    if not items:
        return source
    return without_windows(plan.Extend(row.lifted(source), tuple(items.values())), _merged(source.columns, items))


class _ExtendNames(ColumnNames):
    """In extend a name that follows from an expression replaces the column of that name, and only Column1 is kept unique."""

    def __init__(self, there: Schema) -> None:
        super().__init__()
        self._numbers = ColumnNames()
        self._numbers.reserve(there)

    def derive(self, name: str | None) -> str:
        """The name itself, or the next free ColumnN."""
        return self._numbers.derive(None) if name is None else name


def _merged(schema: Schema, items: dict[str, plan.Item]) -> Schema:
    columns = {column.name: column for column in schema}
    columns.update({name: item.column for name, item in items.items()})
    return tuple(columns.values())


def declared_columns(schema: tuple[syntax.NameAndType, ...]) -> Schema:
    """The columns that a query writes with their types."""
    names = ColumnNames()
    return tuple(Column(names.declare(column.name, column.span), column.type) for column in schema)


def without_windows(node: plan.Node, wanted: Schema) -> plan.Node:
    """`node` without the columns that window functions needed on the way."""
    if len(node.columns) == len(wanted):
        return node
    return kept(node, wanted)


def kept(source: plan.Node, columns: Iterable[Column]) -> plan.Node:
    """Only these columns of `source`, in this order."""
    return plan.Project(source, tuple(plan.Item(column.name, plan.ColumnRef(*column)) for column in columns))


def chosen(patterns: Iterable[syntax.Expr], row: Scope) -> list[Column]:
    """The columns that names and patterns with stars stand for.

    Raises:
        QueryError: SEM001 for a name or pattern that no column fits.
    """
    columns: list[Column] = []
    for pattern in patterns:
        if isinstance(pattern, syntax.Wildcard):
            matching = row.matching(pattern)
            if not matching and not row.session.open:
                raise row.unknown("column", pattern.pattern, pattern.span)
            columns += matching
        else:
            columns.append(row.require_column(pattern))
    return columns


def sort_key(key: syntax.SortKey, row: Scope) -> plan.SortKey:
    """A sort expression with KQL's defaults: descending; nulls last when descending, first when ascending.

    Raises:
        QueryError: SEM002 for a dynamic value, which has no order.
    """
    value = row.value(key.value)
    if value.type is Type.DYNAMIC and not row.session.open:
        raise QueryError("SEM002", "a dynamic value has no order", key.value.span, "convert it with tostring(), tolong() ...")
    descending = key.order != "asc"
    return plan.SortKey(value, descending, key.nulls == "first" if key.nulls else not descending)


def row_count(expr: syntax.Expr, scope: Scope) -> plan.Literal:
    """A number of rows to keep.

    Raises:
        QueryError: SEM002 when it is null, below zero or no whole number, SEM004 when it is no constant.
    """
    rows = scope.constant(expr, Type.LONG)
    # Without an engine it may be a value that is not known yet.
    unknown = rows.value is None and scope.environment.evaluate is None
    if not unknown and (not isinstance(rows.value, int) or rows.value < 0):
        raise QueryError("SEM002", "a number of rows is zero or more", expr.span)
    return rows


def groupable(items: Iterable[plan.Item], span: Span, scope: Scope) -> None:
    """Refuse to group by dynamic values, as Kusto does; a column that only the data knows may be of any type.

    Raises:
        QueryError: SEM002
    """
    for item in items:
        if item.value.type is Type.DYNAMIC and not scope.session.open:
            raise QueryError(
                "SEM002",
                f"'{item.name}' is dynamic, which cannot be grouped by",
                span,
                "convert it with tostring(), tolong() ...",
            )
