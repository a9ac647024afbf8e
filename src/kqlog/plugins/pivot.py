"""The plugin `pivot`: a column for each value of a column."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column, missing, text
from kqlog.lowering.grouping import Grouping
from kqlog.lowering.rows import groupable, kept
from kqlog.lowering.searching import names_in
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import NUMBERS, Column, Schema, Type

USAGE = "Column, [Aggregate], Column..."
DIFFERS = "An empty value is refused, since it would make a column without a name."
MEASURE, TURNED = "$measure", "$turned"


def bind(source: plan.Node | None, arguments: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """A column for each value of the first one, and a row for each combination of the others, with an aggregate, else count().

    The others are all columns that neither it nor the aggregate reads. A schema says which columns come out, in its order.

    Raises:
        QueryError: SEM006 for a value that is also the name of another column, ENG001 for an empty one.
    """
    if source is None or not arguments.arguments:
        raise QueryError("SEM003", "pivot wants a table and the column to turn", arguments.span)
    row = scope.over(source)
    turned = row.require_column(arguments.arguments[0])
    written = arguments.arguments[1] if len(arguments.arguments) > 1 else syntax.Call("count", (), span=arguments.span)
    grouping = Grouping(scope.grouped(source), (), ColumnNames())
    measure = grouping.items(written)[0].value
    keys = [row.require_column(argument) for argument in arguments.arguments[2:]]
    if len(arguments.arguments) < 3:
        used = {turned.name} | names_in(written)
        keys = [found for found in source.columns if found.name not in used]
    key_items = tuple(plan.Item(found.name, column(found)) for found in keys)
    if scope.environment.fetch is None:
        return _unseen(source, key_items, schema, scope)
    groupable((*key_items, plan.Item(turned.name, column(turned))), arguments.span, scope)
    as_text = plan.Item(TURNED, overloads.convert(column(turned), Type.STRING))
    counted = plan.Aggregate(source, (*key_items, as_text), (plan.Item(MEASURE, measure),))
    values = _values(counted, scope) if schema is None else _declared(schema, keys, measure.type)
    if "" in values:
        hint = f"leave them out with: where isnotempty({turned.name})"
        raise QueryError("ENG001", f"an empty '{turned.name}' makes a column without a name", arguments.arguments[0].span, hint)
    if clash := next((found.name for found in keys if found.name in values), None):
        raise QueryError("SEM006", f"the value '{clash}' of '{turned.name}' is also a column", arguments.span)
    result = plan.Aggregate(counted, key_items, tuple(_cell(value, measure) for value in values))
    return result if schema is None else kept(result, _columns(schema))


def _unseen(source: plan.Node, keys: tuple[plan.Item, ...], schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """What is known before there are data."""
    if schema is not None:
        return plan.Values(_columns(schema), ())
    scope.session.open = True
    return plan.Aggregate(source, keys, ())


def _columns(schema: syntax.TypeLiteral) -> Schema:
    """The columns of a schema.

    Raises:
        QueryError: SEM005 for a star.
    """
    if not all(isinstance(found, syntax.NameAndType) for found in schema.columns):
        raise QueryError("SEM005", "the schema of pivot names every column", schema.span)
    return tuple(Column(found.name, found.type) for found in schema.columns if isinstance(found, syntax.NameAndType))


def _declared(schema: syntax.TypeLiteral, keys: list[Column], measure: Type) -> list[str]:
    """The values that a schema has columns for.

    Raises:
        QueryError: SEM002 for a schema without one of the other columns, or with other types.
    """
    names = {found.name for found in keys}
    declared = _columns(schema)
    values = [found for found in declared if found.name not in names]
    wrong = [found for found in keys if found not in declared] + [found for found in values if found.type is not measure]
    if wrong:
        wanted = ", ".join(f"{found.name}: {found.type}" for found in keys)
        hint = f"it gives {wanted}{', ' * bool(wanted)}and values that are {measure}"
        raise QueryError("SEM002", "pivot gives other columns", schema.span, hint)
    return [found.name for found in values]


def _values(counted: plan.Node, scope: Scope) -> list[str]:
    """The turned column's values, in order."""
    assert scope.environment.fetch is not None
    distinct = plan.Aggregate(counted, (plan.Item(TURNED, plan.ColumnRef(TURNED, Type.STRING)),), ())
    return sorted(str(value) for (value,) in scope.environment.fetch(distinct))


def _cell(value: str, measure: plan.Value) -> plan.Item:
    """The measure where the turned column has the value: 0 for numbers that count or add where it never has."""
    here = call("==", plan.ColumnRef(TURNED, Type.STRING), text(value))
    chosen = "take_any" if measure.type in (Type.DYNAMIC, Type.GUID) else "max"
    found = call(chosen, call("iff", here, plan.ColumnRef(MEASURE, measure.type), missing(measure.type)))
    if (
        measure.type in NUMBERS
        and isinstance(measure, plan.Call)
        and measure.name in ("count", "countif", "sum", "sumif", "dcount")
    ):
        found = call("coalesce", found, overloads.convert(plan.Literal(Type.LONG, 0), measure.type))
    return plan.Item(value, found)
