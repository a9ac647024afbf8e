"""The few functions whose meaning is more than a call: they look at the row's columns, at tables, or at the query's moment."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from kqlog.errors import QueryError, Span
from kqlog.functions.declare import FUNCTIONS
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

if TYPE_CHECKING:
    from kqlog.plan.expressions import Expressions


def as_text(column: Column) -> plan.Value:
    """A column as a string."""
    return overloads.convert(plan.ColumnRef(column.name, column.type), Type.STRING)


def check_constants(call: plan.Call, body: Callable[..., str], span: Span) -> None:
    """Let a body that is made from constants refuse them now, with a place in the text.

    Raises:
        QueryError: SEM002 with the body's own words.
    """
    asked = inspect.signature(body).parameters
    constants: dict[str, object] = {}
    for name, bound in call.bound().items():
        if isinstance(bound, tuple) and "count" in asked:
            constants["count"] = len(bound)
        if name in asked:
            arguments = bound if isinstance(bound, tuple) else (bound,)
            values = [argument.value if isinstance(argument, plan.Literal) else None for argument in arguments]
            if None in values:
                return
            constants[name] = tuple(values) if isinstance(bound, tuple) else values[0]
    try:
        body(**constants)
    except ValueError as error:
        raise QueryError("SEM002", f"{call.name}(): {error}", span) from None


def _now(scope: Expressions, call: syntax.Call) -> plan.Value:
    now = plan.Literal(Type.DATETIME, scope.environment.now)
    if not call.arguments:
        return now
    if len(call.arguments) > 1:
        raise QueryError("SEM003", "now() takes at most one argument, an offset", call.span)
    return scope.literal(overloads.call(FUNCTIONS["+"], (now, scope.constant(call.arguments[0], Type.TIMESPAN)), call.span))


def _toscalar(scope: Expressions, call: syntax.Call) -> plan.Value:
    if len(call.arguments) != 1:
        raise QueryError("SEM003", "toscalar() takes one argument", call.span)
    if not scope.is_tabular(call.arguments[0]):
        return scope.value(call.arguments[0])
    relation = scope.relation(call.arguments[0])
    return plan.ScalarQuery(relation, relation.columns[0].type)


def _pack(scope: Expressions, columns: tuple[Column, ...], span: Span) -> plan.Value:
    pairs: list[overloads.Argument] = []
    for column in columns:
        pairs += [plan.Literal(Type.STRING, column.name), plan.ColumnRef(*column)]
    if not pairs:
        return plan.Literal(Type.DYNAMIC, "{}")
    return overloads.call(FUNCTIONS["bag_pack"], tuple(pairs), span)


def _pack_all(scope: Expressions, call: syntax.Call) -> plan.Value:
    packed = _pack(scope, scope.schema, call.span)
    if not call.arguments or scope.constant(call.arguments[0], Type.BOOL).value is not True:
        return packed
    return overloads.call(FUNCTIONS["__bag_without_empty"], (packed,), call.span)


def _bag_pack_columns(scope: Expressions, call: syntax.Call) -> plan.Value:
    return _pack(scope, tuple(scope.require_column(argument) for argument in call.arguments), call.span)


def _pack_array(scope: Expressions, call: syntax.Call) -> plan.Value:
    if any(isinstance(argument, syntax.Wildcard) for argument in call.arguments):
        values: tuple[overloads.Argument, ...] = tuple(plan.ColumnRef(*column) for column in scope.schema)
    else:
        values = tuple(scope.value(argument) for argument in call.arguments)
    return overloads.call(FUNCTIONS["pack_array"], values, call.span) if values else plan.Literal(Type.DYNAMIC, "[]")


def _estimate_data_size(scope: Expressions, call: syntax.Call) -> plan.Value:
    columns: list[Column] = []
    for argument in call.arguments:
        columns += scope.schema if isinstance(argument, syntax.Wildcard) else [scope.require_column(argument)]
    return overloads.call(FUNCTIONS[call.name], tuple(plan.ColumnRef(*column) for column in columns), call.span)


def _column_names_of(scope: Expressions, call: syntax.Call) -> plan.Value:
    if len(call.arguments) != 1:
        raise QueryError("SEM003", "column_names_of() takes one table", call.span)
    names = [column.name for column in scope.relation(call.arguments[0]).columns]
    return plan.Literal(Type.DYNAMIC, json.dumps(names, ensure_ascii=False))


def _column_ifexists(scope: Expressions, call: syntax.Call) -> plan.Value:
    if len(call.arguments) != 2:
        raise QueryError("SEM003", f"{call.name}() takes a column's name and a default", call.span)
    name = scope.constant(call.arguments[0], Type.STRING)
    column = scope.column(str(name.value))
    return scope.value(call.arguments[1]) if column is None else column


COLUMN_OR_ELSE = frozenset({"column_ifexists", "columnifexists"})
"""Functions whose result is called after the column that they find."""

VALUES: dict[str, Callable[[Expressions, syntax.Call], plan.Value]] = {
    "now": _now,
    "toscalar": _toscalar,
    "pack_all": _pack_all,
    "bag_pack_columns": _bag_pack_columns,
    "pack_array": _pack_array,
    "estimate_data_size": _estimate_data_size,
    "column_names_of": _column_names_of,
    "column_ifexists": _column_ifexists,
    "columnifexists": _column_ifexists,
}
