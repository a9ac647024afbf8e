"""What the plugins have in common that look for patterns: values to codes for a kernel, its patterns to rows."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.calls import call as called
from kqlog.lowering.calls import column, missing, number, text
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments
from kqlog.syntax import nodes as syntax
from kqlog.types import NUMBERS, Column, Schema, Type

DEFAULT = "~"


def given(arguments: Arguments, name: str) -> bool:
    """Whether an optional argument says something: '~' stands for its default."""
    if name not in arguments:
        return False
    expr = arguments[name]
    return not (isinstance(expr, syntax.Literal) and expr.value == DEFAULT)


def share(arguments: Arguments, name: str, default: float, least: float) -> float:
    """A constant between `least` and 1.

    Raises:
        QueryError: SEM002 for another one.
    """
    if not given(arguments, name):
        return default
    value = arguments.constant(name, Type.REAL).value
    if value is None:
        return default
    if not least <= float(value) <= 1:
        raise QueryError("SEM002", f"'{name}' is between {least:g} and 1", arguments[name].span)
    return float(value)


def weight(arguments: Arguments) -> plan.Value:
    """What a row counts: 1, or the value of WeightColumn."""
    if not given(arguments, "WeightColumn"):
        return number(1)
    found = column(arguments.column("WeightColumn", NUMBERS))
    return called("coalesce", found, overloads.convert(number(0), found.type))


def mined(
    source: plan.Node,
    kernel: str,
    weights: tuple[plan.Value, ...],
    measures: Schema,
    ignored: set[str],
    arguments: Arguments,
    scope: Scope,
    **options: plan.Constant,
) -> plan.Node:
    """The patterns that a kernel finds in a table: its measures, then a column for each of the table, ANY value as wildcard.

    `weights` are aggregates of each combination of values. `ignored` columns take no part.
    """
    attributes = [found for found in source.columns if found.name not in ignored]
    if not attributes and not scope.session.open:
        raise QueryError("SEM003", f"{arguments.call.name} wants a table with columns to compare", arguments.call.span)
    # Grouped as they are, since it takes long to make texts of all rows.
    values = tuple(plan.Item(f"value {at}", _groupable(found)) for at, found in enumerate(attributes))
    sums = tuple(plan.Item(f"weight {at}", overloads.convert(value, Type.REAL)) for at, value in enumerate(weights))
    grouped = plan.Aggregate(source, values, sums)
    codes = [plan.Item(item.name, called("strcat", text("="), _text(item.column))) for item in values]
    combinations = plan.Project(grouped, (*codes, *(plan.Item(item.name, column(item.column)) for item in sums)))
    # In one order always, since kernels choose by it.
    keys = tuple(plan.SortKey(column(item.column), False, True) for item in codes)
    columns = measures + tuple(item.column for item in codes)
    found = plan.Custom(f"patterns.{kernel}", (plan.Sort(combinations, keys),), tuple(options.items()), columns)
    wildcards = _wildcards(arguments)
    names = ColumnNames()
    items = [plan.Item(names.derive(measure.name), column(measure)) for measure in measures]
    shown = {attribute.name: item.column for attribute, item in zip(attributes, codes, strict=True)}
    for attribute in source.columns:
        wildcard = wildcards.get(attribute.type, missing(attribute.type))
        value = _value(shown[attribute.name], attribute.type, wildcard) if attribute.name in shown else wildcard
        items.append(plan.Item(names.derive(attribute.name), value))
    return plan.Project(found, tuple(items))


def _groupable(attribute: Column) -> plan.Value:
    return _text(attribute) if attribute.type is Type.DYNAMIC else column(attribute)


def _text(attribute: Column) -> plan.Value:
    return overloads.convert(column(attribute), Type.STRING)


def _value(code: Column, type_: Type, wildcard: plan.Value) -> plan.Value:
    inner = called("substring", column(code), number(1))
    value = called("parse_json", inner) if type_ is Type.DYNAMIC else overloads.convert(inner, type_)
    return called("iff", called("isempty", column(code)), wildcard, value)


def _wildcards(arguments: Arguments) -> dict[Type, plan.Value]:
    """The values that stand for any value, for each type that has one of its own."""
    literals = [arguments.row.constant(expr) for expr in arguments.several("CustomWildcard")]
    return {literal.type: literal for literal in literals if literal.value != DEFAULT}
