"""The plugin `narrow`: a row for each cell."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column, number, text
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

USAGE = ""
ROW, CELL = "$row", "$cell"


def bind(source: plan.Node | None, arguments: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """For each cell the number of its row from 0, the name of its column, and its value as text."""
    if source is None or arguments.arguments:
        raise QueryError("SEM003", "narrow() takes a table and no arguments", arguments.span)
    numbered = plan.Window(source, (plan.Item(ROW, call("row_number", number(0))),))
    cells = [call("pack_array", text(found.name), overloads.convert(column(found), Type.STRING)) for found in source.columns]
    item = plan.UnnestItem(CELL, call("pack_array", *cells), Type.DYNAMIC)
    rows = plan.Unnest(numbered, (item,), None, None, (*numbered.columns, Column(CELL, Type.DYNAMIC)))
    cell = plan.ColumnRef(CELL, Type.DYNAMIC)
    return plan.Project(
        rows,
        (
            plan.Item("Row", plan.ColumnRef(ROW, Type.LONG)),
            plan.Item("Column", overloads.convert(plan.Path(cell, (0,)), Type.STRING)),
            plan.Item("Value", overloads.convert(plan.Path(cell, (1,)), Type.STRING)),
        ),
    )
