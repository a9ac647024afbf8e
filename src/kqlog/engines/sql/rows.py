"""Relations that make rows: written, counted, taken apart, drawn, numbered, or computed for each row."""

from __future__ import annotations

from dataclasses import replace

from kqlog.engines.sql.select import OrderKey, Output, Select, aliases, free_alias, quote, unwrapped
from kqlog.engines.sql.statement import Statement
from kqlog.engines.sql.values import Expressions, Row
from kqlog.errors import QueryError
from kqlog.plan.nodes import Apply, Call, Cast, ColumnRef, Custom, Item, Literal, Range, Sample, Unnest, Value, Values, Window
from kqlog.types import Schema, Type

HANDED_OVER = "column {}"
"""What columns of a table from Python are called: names of its own could be equal when case is ignored."""


def row_count(rows: Value, statement: Statement) -> str:
    """A number of rows, for LIMIT."""
    if isinstance(rows, Literal):
        return statement.dialect.literal(rows, bare=True)
    return Expressions(statement, Row({})).value(rows)


def written(node: Values, statement: Statement) -> Select:
    """Rows of constants, in the order they are written in."""
    names = aliases(column.name for column in node.columns)
    write = Expressions(statement, Row({}))
    if len(node.rows) <= 1:
        row = node.rows[0] if node.rows else [Literal(column.type, None) for column in node.columns]
        texts = [write.value(value) for value in row]
        outputs = {column.name: Output(alias, sql, False) for column, alias, sql in zip(node.columns, names, texts, strict=True)}
        return Select("", outputs, where=() if node.rows else ("false",))
    lines = []
    for number, row in enumerate(node.rows):
        # The first row gives every column its type.
        bare = number > 0
        cells = [
            statement.dialect.literal(value, bare=bare) if isinstance(value, Literal) else write.value(value) for value in row
        ]
        lines.append(f"({', '.join(cells)})")
    source = f"(values {', '.join(lines)}) as rows({', '.join(names)})"
    outputs = {column.name: Output(alias, alias) for column, alias in zip(node.columns, names, strict=True)}
    return Select(source, outputs, aliased=True)


def counted(node: Range, statement: Statement) -> Select:
    """`range`."""
    write = Expressions(statement, Row({}))
    ends = (node.start, node.stop, node.step)
    constant = all(isinstance(end, Literal) for end in ends)
    start, stop, step = map(write.value, ends)
    source = statement.dialect.counted(start, stop, step, node.column.type, constant=constant)
    (alias,) = aliases([node.column.name])
    return Select(f"{source} as numbers({alias})", {node.column.name: Output(alias, alias)}, aliased=True)


def sampled(node: Sample, select: Select, statement: Statement) -> Select:
    """`sample`."""
    select = statement.close(select)
    if isinstance(node.rows, Literal) and not statement.is_nested:
        tail = statement.dialect.sampled(statement.dialect.literal(node.rows, bare=True))
        return statement.close(replace(select, tail=tail, order=()))
    order = (OrderKey("random()"),)
    return replace(statement.close(replace(select, order=order, limit=row_count(node.rows, statement))), order=())


def custom(node: Custom, statement: Statement) -> Select:
    """The result of a Python function over tables, which has run before."""
    source = statement.custom(node)
    return handed_over(source, node.columns, statement)


def handed_over(source: str, columns: Schema, statement: Statement) -> Select:
    """A table that Python gave: dynamic values are text there."""
    names = aliases(column.name for column in columns)
    outputs = {}
    for number, (column, alias) in enumerate(zip(columns, names, strict=True), start=1):
        name = quote(HANDED_OVER.format(number))
        sql = f"{name}::{statement.dialect.type_name(column.type)}" if column.type in {Type.DYNAMIC, Type.GUID} else name
        outputs[column.name] = Output(alias, sql, sql == name)
    return Select(source, outputs)


# ---------------------------------------------------------------------------------------------------------------- mv-expand


def unnested(node: Unnest, select: Select, statement: Statement) -> Select:
    """`mv-expand`: lists first, so that each is made once, then a row for each element."""
    node, select = _values_first(node, statement.close(select), statement)
    write = Expressions(statement, Row({name: output.sql for name, output in select.outputs.items()}))
    dialect = statement.dialect
    used = {output.alias.casefold() for output in select.outputs.values()}
    lists: dict[str, str] = {}
    outputs = dict(select.outputs)
    limit = f"[:{row_count(node.limit, statement)}]" if node.limit else ""
    for item in node.items:
        alias = free_alias(f"{item.name} list", used)
        used.add(alias.casefold())
        sql = write.value(item.value)
        if item.value.type is Type.DYNAMIC:
            sql = dialect.elements(sql, pairs=item.pairs)
        lists[item.name] = alias
        outputs[f"\2{item.name}"] = Output(alias, f"({sql}){limit}" if limit else sql, False)
    listed = statement.close(replace(select, outputs=outputs))
    return _elements(node, listed, lists, statement)


def _values_first(node: Unnest, select: Select, statement: Statement) -> tuple[Unnest, Select]:
    """The same over a step that has columns for all values: a list mentions its value several times."""
    if all(isinstance(item.value, ColumnRef) for item in node.items):
        return node, select
    write = Expressions(statement, Row({name: output.sql for name, output in select.outputs.items()}))
    outputs = dict(select.outputs)
    used = {output.alias.casefold() for output in outputs.values()}
    items = []
    for item in node.items:
        name = f"\1{item.name}"
        alias = free_alias(f"{item.name} value", used)
        used.add(alias.casefold())
        outputs[name] = Output(alias, unwrapped(write.value(item.value)), False)
        items.append(replace(item, value=ColumnRef(name, item.value.type)))
    return replace(node, items=tuple(items)), statement.close(replace(select, outputs=outputs))


def _elements(node: Unnest, listed: Select, lists: dict[str, str], statement: Statement) -> Select:
    kept = {name: output for name, output in listed.outputs.items() if name[:1] > "\2" and name not in lists}
    used = {output.alias.casefold() for output in listed.outputs.values()}
    outputs = dict(kept)
    for name, alias in lists.items():
        element = listed.outputs[name].alias if name in listed.outputs else free_alias(name, used)
        used.add(element.casefold())
        outputs[name] = Output(element, f"unnest({alias})", False)
    lengths = [f"len({alias})" for alias in lists.values()]
    longest = f"greatest({', '.join(lengths)})" if len(lengths) > 1 else lengths[0]
    position = free_alias(node.index or "element number", used)
    outputs["\3"] = Output(position, f"unnest(range({longest}))", False)
    if node.index is None and not listed.order:
        del outputs["\3"]
    opened = statement.close(replace(listed, outputs=outputs))
    return _converted(node, opened, position, statement)


def _converted(node: Unnest, opened: Select, position: str, statement: Statement) -> Select:
    """The elements as values of the wanted types, and all columns in their place."""
    items = {item.name: item for item in node.items}
    elements = {name: statement.dialect.element(opened.outputs[name].alias) for name in items}
    write = Expressions(statement, Row(elements))
    outputs = {}
    for column in node.columns:
        if column.name == node.index:
            outputs[column.name] = Output(position, position)
        elif (item := items.get(column.name)) is not None and item.value.type is not Type.DYNAMIC:
            outputs[column.name] = opened.outputs[column.name]
        elif item is not None:
            sql = write.value(Cast(ColumnRef(item.name, Type.DYNAMIC), item.type))
            if fits := statement.dialect.fits(elements[item.name], item.type):
                sql = f"case when {fits} then {sql} end"
            outputs[column.name] = Output(opened.outputs[column.name].alias, sql, False)
        elif column.name in opened.outputs:
            outputs[column.name] = opened.outputs[column.name]
    order = (*opened.order, OrderKey(position)) if opened.order else ()
    return replace(opened, outputs=outputs, order=order)


# ---------------------------------------------------------------------------------------------------------------- windows


def windowed(node: Window, select: Select, statement: Statement) -> Select:
    """Window functions over the rows in their order, which a row number keeps from then on.

    The number is computed next to the first of them, from the same sort: ties come out in one order for all.
    """
    in_python = [item for item in node.items if _is_kernel(item.value, statement)]
    if in_python and statement.is_nested and isinstance(in_python[0].value, Call):
        raise QueryError("ENG001", f"{in_python[0].value.name}() is not offered inside of partition or mv-apply")
    select = statement.close(select)
    if in_python and not _is_numbered(select):
        select = statement.close(_numbered(select), materialized=True)
    keys = f"order by {', '.join([key.text() for key in select.order])} " if select.order else ""
    row = Row({name: output.sql for name, output in select.outputs.items()}, over=f"over ({keys}rows unbounded preceding)")
    write = Expressions(statement, row)
    numbered = select if _is_numbered(select) else _numbered(select)
    outputs = dict(numbered.outputs)
    used = {output.alias.casefold() for output in outputs.values()}
    for item in node.items:
        if item not in in_python:
            alias = free_alias(item.name, used)
            used.add(alias.casefold())
            outputs[item.name] = Output(alias, write.value(item.value), False)
    computed = statement.close(replace(numbered, outputs=outputs)) if len(in_python) < len(node.items) else select
    return _with_kernels(in_python, computed, select, statement) if in_python else computed


def _is_kernel(value: Value, statement: Statement) -> bool:
    return isinstance(value, Call) and bool(value.signature.python) and statement.dialect.body(value.signature) is None


def _with_kernels(items: list[Item], select: Select, numbered: Select, statement: Statement) -> Select:
    """The columns that Python functions make of whole columns, joined to the rows by their number."""
    number = numbered.order[0].sql
    over_all = f" order by {number}"
    write = Expressions(statement, Row({name: output.alias for name, output in numbered.outputs.items()}))
    made = {"\1": Output(number, f"unnest(list({number}{over_all}))", False)}
    for item, alias in zip(items, aliases([number[1:-1], *(item.name for item in items)])[1:], strict=True):
        assert isinstance(item.value, Call)
        made[item.name] = Output(alias, f"unnest({write.whole_columns(item.value, over_all)})", False)
    columns = statement.close(Select(numbered.source, made))
    outputs = {name: output._replace(sql=f"l.{output.alias}", native=None) for name, output in select.outputs.items()}
    used = {output.alias.casefold() for output in outputs.values()}
    for item in items:
        alias = free_alias(item.name, used)
        used.add(alias.casefold())
        sql = write.taken_back(f"r.{columns.outputs[item.name].alias}", item.value.type)
        outputs[item.name] = Output(alias, sql, False)
    row = select.order[0].sql
    source = f"{select.source} as l join {columns.source} as r on l.{row} = r.{number}"
    return statement.close(Select(source, outputs, order=(OrderKey(f"l.{row}", unique=True),), aliased=True))


def _is_numbered(select: Select) -> bool:
    return len(select.order) == 1 and select.order[0].unique


def _numbered(select: Select) -> Select:
    """The rows with a number of each, which is their order."""
    alias = free_alias("row number", (output.alias for output in select.outputs.values()))
    keys = f"order by {', '.join([key.text() for key in select.order])}" if select.order else ""
    number = Output(alias, f"row_number() over ({keys})", False)
    return replace(select, outputs={**select.outputs, "\0": number}, order=(OrderKey(number.sql, unique=True),))


# ---------------------------------------------------------------------------------------------------------------- mv-apply


def apply(node: Apply, select: Select, statement: Statement) -> Select:
    """The rows of the body for each row of the source: in the order of the source, then in the body's."""
    select = statement.close(select)
    source = "each"
    outer = Row({name: f"{source}.{output.alias}" for name, output in select.outputs.items()})
    nested = statement.nested(outer)
    body = nested.relation(node.body)
    if body.order and not _is_numbered(select):
        select = statement.close(_numbered(select))
    body = body.materialized_order()
    text = nested.text(body)
    names = aliases(column.name for column in node.columns)
    sides = [outer.columns[name] for name in node.kept]
    sides += [f"body.{body.outputs[column.name].alias}" for column in node.body.columns]
    outputs = {column.name: Output(alias, sql) for column, alias, sql in zip(node.columns, names, sides, strict=True)}
    inner = {output.sql: output.alias for output in body.outputs.values()}
    order = [key._replace(sql=f"{source}.{key.sql}", unique=False) for key in select.order]
    order += [key._replace(sql=f"body.{inner[key.sql]}", unique=False) for key in body.order]
    joined = f"{select.source} as {source}, lateral (\n{text}\n) as body"
    return statement.close(Select(joined, outputs, order=tuple(order), aliased=True))
