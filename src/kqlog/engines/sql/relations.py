"""Relations of a plan as SELECTs. Each node either fills a free slot of the SELECT below, or closes that and starts anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from kqlog.engines.sql.dialect import Dialect, StoredColumn
from kqlog.engines.sql.extremes import arg_extreme
from kqlog.engines.sql.joins import join
from kqlog.engines.sql.mentions import columns_mentioned, repeatable
from kqlog.engines.sql.merging import computed, expressions, open_for, row, sort_keys
from kqlog.engines.sql.rows import apply, counted, custom, row_count, sampled, unnested, windowed, written
from kqlog.engines.sql.select import Output, Select, aliases, quote, unused_alias, unwrapped
from kqlog.engines.sql.statement import Shared, Statement
from kqlog.engines.sql.values import Expressions, Row, mentioned
from kqlog.errors import QueryError
from kqlog.plan.nodes import (
    Aggregate,
    Apply,
    ArgExtreme,
    ColumnRef,
    Custom,
    Extend,
    External,
    Filter,
    Item,
    Join,
    Limit,
    Literal,
    Named,
    Node,
    Project,
    Range,
    Refused,
    Sample,
    Scan,
    Sort,
    Union,
    Unnest,
    Values,
    Window,
)
from kqlog.types import Type


def statement_for(node: Node, dialect: Dialect) -> tuple[str, Shared]:
    """The SQL text of a plan, and what it needs to run."""
    shared = Shared(dialect, relation, columns_mentioned(node))
    statement = Statement(shared)
    select = relation(node, statement)
    # Closed only where needed: the columns must be exactly the relation's, in order.
    names = [column.name for column in node.columns]
    if list(select.outputs) != names:
        select = project(select, statement, tuple([Item(column.name, ColumnRef(*column)) for column in node.columns]))
    return statement.text(select, ordered=True), shared


def relation(node: Node, statement: Statement) -> Select:
    """The SELECT of a relation."""
    match node:
        case Scan() | External():
            return scan(node, statement)
        case Values():
            return written(node, statement)
        case Range():
            return counted(node, statement)
        case Filter():
            return filtered(node, relation(node.source, statement), statement)
        case Project():
            return project(relation(node.source, statement), statement, node.items)
        case Extend():
            return extend(relation(node.source, statement), statement, node.items)
        case Aggregate():
            return aggregate(node, relation(node.source, statement), statement)
        case ArgExtreme():
            return arg_extreme(node, relation(node.source, statement), statement)
        case Sort():
            return ordered(node, relation(node.source, statement), statement)
        case Limit():
            return limited(node, relation(node.source, statement), statement)
        case Join():
            return join(node, statement)
        case Union():
            return union(node, statement)
        case Unnest():
            return unnested(node, relation(node.source, statement), statement)
        case Window():
            return windowed(node, relation(node.source, statement), statement)
        case Sample():
            return sampled(node, relation(node.source, statement), statement)
        case Apply():
            return apply(node, relation(node.source, statement), statement)
        case Named():
            return named(node, statement)
        case Custom():
            return custom(node, statement)
        case Refused():
            raise QueryError("ENG001", node.message, node.span, node.hint)
        case _:
            assert_never(node)


def scan(node: Scan | External, statement: Statement) -> Select:
    """A stored table: the columns that the plan mentions, as kqlog computes with them."""
    table = statement.table(node)
    wanted = [column for column in node.columns if column.name in statement.shared.columns] or node.columns[:1]
    names = aliases(column.name for column in wanted)
    outputs = {}
    stored = {}
    for column, alias in zip(wanted, names, strict=True):
        stored[column.name] = own = table.columns[column.name]
        outputs[column.name] = Output(alias, own.sql, own.sql == quote(own.name), own.nullable, own.native)
    return Select(table.source, outputs, stored=stored, name=node.table if isinstance(node, Scan) else "files")


def filtered(node: Filter, select: Select, statement: Statement) -> Select:
    """`where` merges into a SELECT that only computes columns which the condition does not need."""
    if select.complete or not select.is_cheap(mentioned(node.predicate)):
        select = statement.close(select)
    conditions = expressions(select, statement).conditions(node.predicate)
    return replace(select, where=(*select.where, *conditions))


def project(select: Select, statement: Statement, items: Sequence[Item]) -> Select:
    """Columns computed and chosen."""
    values = [item.value for item in items if not isinstance(item.value, ColumnRef)]
    if values or not _keeps_rows(select, items):
        select = open_for(select, statement, values)
    return replace(select, outputs=_computed({}, items, select, statement), stored=_still_stored({}, items, select), name=None)


def extend(select: Select, statement: Statement, items: Sequence[Item]) -> Select:
    """Columns added or replaced."""
    select = open_for(select, statement, [item.value for item in items])
    outputs = _computed(select.outputs, items, select, statement)
    return replace(select, outputs=outputs, stored=_still_stored(select.stored, items, select), name=None)


def _keeps_rows(select: Select, items: Sequence[Item]) -> bool:
    """Whether choosing these columns leaves alone what the rows of a SELECT are: its groups, its distinct columns."""
    chosen = [item.value.name for item in items if isinstance(item.value, ColumnRef)]
    if select.distinct:
        return set(chosen) == set(select.outputs)
    return chosen[: select.groups] == list(select.outputs)[: select.groups]


def _computed(known: Mapping[str, Output], items: Sequence[Item], select: Select, statement: Statement) -> dict[str, Output]:
    """The known outputs and the items."""
    write = expressions(select, statement)
    outputs = dict(known)
    used = {output.alias.casefold() for output in known.values()}
    for item in items:
        alias = known[item.name].alias if item.name in known else unused_alias(item.name, used)
        used.add(alias.casefold())
        if isinstance(item.value, ColumnRef):
            outputs[item.name] = select.outputs[item.value.name]._replace(alias=alias)
        else:
            outputs[item.name] = computed(alias, item.value, write)
    return outputs


def _still_stored(known: Mapping[str, StoredColumn], items: Sequence[Item], select: Select) -> dict[str, StoredColumn]:
    """The columns of a stored table among the known ones and the items."""
    stored = dict(known)
    for item in items:
        stored.pop(item.name, None)
        if isinstance(item.value, ColumnRef) and item.value.name in select.stored:
            stored[item.name] = select.stored[item.value.name]
    return stored


def aggregate(node: Aggregate, select: Select, statement: Statement) -> Select:
    """Groups, or distinct rows."""
    select = open_for(select, statement, [item.value for item in node.keys + node.items])
    rows = row(select, f" order by {', '.join([key.text() for key in select.order])}" if select.order else "")
    names = aliases(column.name for column in node.columns)
    keys = {item.name: Expressions(statement, rows).value(item.value) for item in node.keys}
    outputs = {}
    for alias, item in zip(names, node.keys, strict=False):
        nullable = not isinstance(item.value, ColumnRef) or select.outputs[item.value.name].nullable
        outputs[item.name] = Output(alias, unwrapped(keys[item.name]), False, nullable)
    # A group's row knows its keys; what is inside an aggregate call knows the rows of the group.
    write = Expressions(statement, Row(keys, group=rows))
    for alias, item in zip(names[len(keys) :], node.items, strict=True):
        outputs[item.name] = computed(alias, item.value, write)
    if not node.items:
        return replace(select, outputs=outputs, distinct="distinct", order=(), stored={}, name=None)
    return replace(select, outputs=outputs, groups=len(keys), aggregated=True, order=(), stored={}, name=None)


def ordered(node: Sort, select: Select, statement: Statement) -> Select:
    """An order, remembered until a limit or the end needs it."""
    if select.limit:
        select = statement.close(select)
    # A column is sorted by its name, whatever it is computed from; SQL has no names inside of other expressions.
    inner = [key.value for key in node.keys if not isinstance(key.value, ColumnRef) or key.value.type is Type.REAL]
    if inner:
        select = open_for(select, statement, inner)
    return replace(select, order=tuple(sort_keys(node.keys, expressions(select, statement))))


def limited(node: Limit, select: Select, statement: Statement) -> Select:
    """The first rows."""
    if select.limit or select.hidden_order():
        select = statement.close(select)
    return replace(select, limit=row_count(node.rows, statement), name=None)


def union(node: Union, statement: Statement) -> Select:
    """All rows of several relations, column by column of the same name."""
    columns = [column for column in node.columns if column.name in statement.shared.columns] or node.columns[:1]
    selects = []
    for source in node.sources:
        select = relation(source, statement)
        if select.limit or select.tail:
            select = statement.close(select)
        items = [
            Item(column.name, ColumnRef(*column) if column.name in select.outputs else Literal(column.type, None))
            for column in columns
        ]
        if list(select.outputs) != [item.name for item in items]:
            select = project(select, statement, items)
        selects.append(replace(select, order=()))
    # A union has the names of its first SELECT.
    names = aliases(column.name for column in columns)
    step = statement.combined(selects)
    return Select(step, {column.name: Output(alias, alias) for column, alias in zip(columns, names, strict=True)})


def named(node: Named, statement: Statement) -> Select:
    """A relation that is used under a name: one step, computed once if two readings could differ."""
    known = statement.named(node)
    if known is None:
        select = relation(node.source, statement)
        known = statement.close(select, node.name, materialized=not repeatable(node.source))
        statement.remember(node, known)
    return known
