"""The row with the largest or smallest value, for each group."""

from __future__ import annotations

from dataclasses import replace

from kqlog.engines.sql.mentions import repeatable
from kqlog.engines.sql.merging import expressions, open_for, sort_keys
from kqlog.engines.sql.select import Output, Select, aliases, free_alias, quote, unwrapped
from kqlog.engines.sql.statement import Statement
from kqlog.engines.sql.values import Expressions, Row
from kqlog.plan.nodes import ArgExtreme, ColumnRef, SortKey
from kqlog.types import Type

_EXACT = {Type.DATETIME, Type.LONG, Type.INT}


def arg_extreme(node: ArgExtreme, select: Select, statement: Statement) -> Select:
    """`arg_max`, `arg_min`."""
    if node.keys and _can_look_up(node, select):
        return _looked_up(node, select, statement)
    select = open_for(select, statement, [item.value for item in node.keys + node.items] + [node.by])
    write = expressions(select, statement)
    outputs = _outputs(node, write)
    order = tuple(sort_keys([SortKey(node.by, descending=node.largest)], write))
    if node.keys:
        keys = ", ".join([write.value(item.value) for item in node.keys])
        over = f"partition by {keys} order by {', '.join([key.text() for key in order])}"
        return replace(select, outputs=outputs, order=(), tail=f"qualify row_number() over ({over}) = 1", stored={}, name=None)
    first = statement.close(replace(select, outputs=outputs, order=order, limit="1", stored={}, name=None))
    return _one_row(replace(first, order=()), node)


def _outputs(node: ArgExtreme, write: Expressions) -> dict[str, Output]:
    names = aliases(column.name for column in node.columns)
    items = zip(names, node.keys + node.items, strict=True)
    return {item.name: Output(alias, unwrapped(write.value(item.value)), False) for alias, item in items}


def _one_row(select: Select, node: ArgExtreme) -> Select:
    """The one row, or a row of nulls where there is none: a summary without groups always has a row."""
    outputs = {}
    for column in node.columns:
        alias = select.outputs[column.name].alias
        filled = column.type is Type.STRING
        outputs[column.name] = Output(alias, f"coalesce({alias}, '')" if filled else alias, not filled)
    return Select(f"(select 1) as one left join {select.source} on true", outputs, aliased=True)


def _can_look_up(node: ArgExtreme, select: Select) -> bool:
    """Whether the rows can be found by what their stored columns are equal to: none of those may be null.

    The source is read twice for that, so it must give the same rows again.
    """
    keys = [item.value for item in node.keys]
    known = all(isinstance(key, ColumnRef) and key.name in select.stored and _is_exact(select.outputs[key.name]) for key in keys)
    by = node.by
    if not known or select.complete or not isinstance(by, ColumnRef) or by.type not in _EXACT or by.name not in select.stored:
        return False
    return bool(select.stored[by.name].stored) and not select.outputs[by.name].nullable and repeatable(node.source)


def _is_exact(output: Output) -> bool:
    return output.bare and not output.nullable


def _looked_up(node: ArgExtreme, select: Select, statement: Statement) -> Select:
    """The extremes first, then the rows that have them.

    On columns as they are stored files skip what cannot match: six times faster than numbering all rows of each group.
    """
    assert isinstance(node.by, ColumnRef)
    by = free_alias(f"{node.by.name} as stored", (output.alias for output in select.outputs.values()))
    native = Output(by, quote(select.stored[node.by.name].name), nullable=False)
    rows = statement.close(replace(select, outputs={**select.outputs, "\1": native}, order=()), inlined=True)
    keys = {item.value.name: rows.outputs[item.value.name] for item in node.keys if isinstance(item.value, ColumnRef)}
    best = Output(by, f"{'max' if node.largest else 'min'}({by})", False)
    extremes = statement.close(Select(rows.source, {**keys, "\1": best}, groups=len(keys), aggregated=True))
    row = Row({name: f"l.{output.alias}" for name, output in rows.outputs.items()})
    matches = " and ".join([f"l.{alias} = r.{alias}" for alias in [*(output.alias for output in keys.values()), by]])
    group = ", ".join([f"l.{output.alias}" for output in keys.values()])
    return Select(
        f"{rows.source} as l join {extremes.source} as r on {matches}",
        _outputs(node, Expressions(statement, row)),
        tail=f"qualify row_number() over (partition by {group}) = 1",
        aliased=True,
    )
