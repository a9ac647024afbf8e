"""The plugin `pivot`: a column for each value of a column."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.calls import call, column, text
from kqlog.plan.grouping import Grouping
from kqlog.plan.names import ColumnNames
from kqlog.plan.rows import groupable
from kqlog.plan.scope import Scope
from kqlog.plan.uniting import missing
from kqlog.syntax import nodes as syntax
from kqlog.types import NUMBERS, Column, Type

USAGE = "Column, [Aggregate], Column..."
MEASURE = "$measure"


def bind(source: plan.Node | None, arguments: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """A column for each value of the first one, and a row for each combination of the others, with an aggregate, else count()."""
    if source is None or not arguments.arguments:
        raise QueryError("SEM003", "pivot wants a table and the column to turn", arguments.span)
    row = scope.over(source)
    turned = row.require_column(arguments.arguments[0])
    written = arguments.arguments[1] if len(arguments.arguments) > 1 else syntax.Call("count", (), span=arguments.span)
    grouping = Grouping(scope.grouped(source), (), ColumnNames())
    measure = grouping.items(written)[0].value
    keys = [row.require_column(argument) for argument in arguments.arguments[2:]]
    if len(arguments.arguments) < 3:
        used = {turned.name} | _measured(written)
        keys = [found for found in source.columns if found.name not in used]
    key_items = tuple(plan.Item(found.name, column(found)) for found in keys)
    if scope.environment.fetch is None and schema is None:
        scope.session.open = True
        return plan.Aggregate(source, key_items, ())
    groupable((*key_items, plan.Item(turned.name, column(turned))), arguments.span, scope)
    as_text = plan.Item(turned.name, overloads.convert(column(turned), Type.STRING))
    counted = plan.Aggregate(source, (*key_items, as_text), (plan.Item(MEASURE, measure),))
    values = _declared(schema, keys) if schema is not None else _values(counted, as_text.name, scope)
    if "" in values:
        hint = f"leave them out with: where isnotempty({turned.name})"
        raise QueryError("ENG001", f"an empty '{turned.name}' makes a column without a name", arguments.arguments[0].span, hint)
    cells = tuple(_cell(value, as_text.name, measure) for value in values if value not in {found.name for found in keys})
    return plan.Aggregate(counted, key_items, cells)


def _measured(written: syntax.Expr) -> set[str]:
    """The columns that the aggregate reads by name."""
    inner = written.value if isinstance(written, syntax.Named) else written
    arguments = inner.arguments if isinstance(inner, syntax.Call) else ()
    return {argument.name for argument in arguments if isinstance(argument, syntax.Name)}


def _declared(schema: syntax.TypeLiteral, keys: list[Column]) -> list[str]:
    names = {found.name for found in keys}
    return [found.name for found in schema.columns if isinstance(found, syntax.NameAndType) and found.name not in names]


def _values(counted: plan.Node, name: str, scope: Scope) -> list[str]:
    """The turned column's values, in order."""
    assert scope.environment.fetch is not None
    distinct = plan.Aggregate(counted, (plan.Item(name, plan.ColumnRef(name, Type.STRING)),), ())
    return sorted(str(value) for (value,) in scope.environment.fetch(distinct))


def _cell(value: str, name: str, measure: plan.Value) -> plan.Item:
    """The measure where the turned column has the value: 0 for numbers that count or add where it never has."""
    here = call("==", plan.ColumnRef(name, Type.STRING), text(value))
    chosen = "take_any" if measure.type in (Type.DYNAMIC, Type.GUID) else "max"
    found = call(chosen, call("iff", here, plan.ColumnRef(MEASURE, measure.type), missing(measure.type)))
    if (
        measure.type in NUMBERS
        and isinstance(measure, plan.Call)
        and measure.name in ("count", "countif", "sum", "sumif", "dcount")
    ):
        found = call("coalesce", found, overloads.convert(plan.Literal(Type.LONG, 0), measure.type))
    return plan.Item(value, found)
