"""The few functions whose meaning is more than a call: they look at the row's columns, at tables, or at the query's moment."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kqlog.errors import QueryError, Span
from kqlog.functions.declare import FUNCTIONS, Function
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.lookup import CLUSTER, DATABASE
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

if TYPE_CHECKING:
    from kqlog.plan.expressions import Expressions


def as_text(column: Column) -> plan.Value:
    """A column as a string."""
    return overloads.convert(plan.ColumnRef(column.name, column.type), Type.STRING)


_TERM_OPERATORS = {f"{name}{case}": f"contains{case}" for name in ("has", "hasprefix", "hassuffix") for case in ("", "_cs")}
_BETWEEN_COLUMNS = "\x1e"


def in_any(columns: Sequence[Column], function: Function, wanted: plan.Value, row: Expressions, span: Span) -> plan.Value:
    """Whether a function finds what is wanted in the text of some column.

    A test for terms takes the engine milliseconds to make: columns that have the text at all share one, over all they say.
    """
    texts = [as_text(column) for column in columns]
    part = _TERM_OPERATORS.get(function.name)
    if part is None or not isinstance(wanted, plan.Literal) or len(texts) < 2:
        return _any_of([row.applied(function, (text, wanted), span) for text in texts], span)
    found = _any_of([row.applied(FUNCTIONS[part], (text, wanted), span) for text in texts], span)
    together = row.applied(FUNCTIONS["strcat_delim"], (plan.Literal(Type.STRING, _BETWEEN_COLUMNS), *texts), span)
    return overloads.call(FUNCTIONS["and"], (found, row.applied(function, (together, wanted), span)), span)


def _any_of(tests: list[plan.Value], span: Span) -> plan.Value:
    found: plan.Value = plan.Literal(Type.BOOL, False)
    for position, test in enumerate(tests):
        found = overloads.call(FUNCTIONS["or"], (found, test), span) if position else test
    return found


def check_constants(call: plan.Call, body: Callable[..., str], span: Span, *, rehearsing: bool = False) -> None:
    """Let a body that is made from constants refuse them now, with a place in the text.

    While a function is rehearsed, null stands for an argument that nobody knows yet.

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
            values = [argument.value for argument in arguments if isinstance(argument, plan.Literal)]
            if len(values) < len(arguments) or (rehearsing and None in values):
                return
            constants[name] = tuple(values) if isinstance(bound, tuple) else values[0]
    try:
        body(**constants)
    except QueryError as error:
        raise error.at(span) from error.__cause__
    except ValueError as error:
        raise QueryError("SEM002", f"{call.name}(): {error}", span) from None


def of_database(member: syntax.Member | syntax.Element) -> plan.Value:
    """What macro-expand knows of the database at hand.

    Raises:
        QueryError: SEM001 for anything but $current_database and $current_cluster_endpoint.
    """
    known = {"$current_database": DATABASE, "$current_cluster_endpoint": CLUSTER}
    name = member.name if isinstance(member, syntax.Member) else ""
    if name not in known:
        raise QueryError("SEM001", f"a database has no '{name}'", member.span, f"it has {', '.join(known)}")
    return plan.Literal(Type.STRING, known[name])


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
    return plan.ScalarQuery(relation, scope.first_column(relation, call.arguments[0]).type)


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
    if not call.arguments:
        raise QueryError("SEM003", f"{call.name}() wants a value", call.span, f"usage: {call.name}(Value, ...) or {call.name}(*)")
    if len(call.arguments) == 1 and isinstance(call.arguments[0], syntax.Wildcard):
        values: tuple[overloads.Argument, ...] = tuple(plan.ColumnRef(*column) for column in scope.schema)
    else:
        values = tuple(scope.value(argument) for argument in call.arguments)
    return overloads.call(FUNCTIONS["pack_array"], values, call.span) if values else plan.Literal(Type.DYNAMIC, "[]")


_BYTES = {Type.BOOL: 1, Type.INT: 4, Type.GUID: 16, Type.DECIMAL: 16}
"""The size of a value; 8 for all other types but texts and dynamic values."""


def _estimate_data_size(scope: Expressions, call: syntax.Call) -> plan.Value:
    if not call.arguments or (len(call.arguments) > 1 and any(isinstance(one, syntax.Wildcard) for one in call.arguments)):
        raise QueryError("SEM003", "estimate_data_size() takes one column or more, or a single *", call.span)
    columns: list[Column] = []
    for argument in call.arguments:
        columns += scope.schema if isinstance(argument, syntax.Wildcard) else [scope.require_column(argument)]
    texts = [column for column in columns if column.type in (Type.STRING, Type.DYNAMIC)]
    fixed = sum(_BYTES.get(column.type, 8) for column in columns if column.type is not Type.STRING)
    size: plan.Value = plan.Literal(Type.LONG, fixed)
    for column in texts:
        length = overloads.call(FUNCTIONS["string_size"], (as_text(column),), call.span)
        size = overloads.call(FUNCTIONS["+"], (size, length), call.span)
    return size


def _received(scope: Expressions) -> plan.Value | None:
    """When the row was taken in, if it tells."""
    received = scope.column("_TimeReceived")
    return received if received is not None and received.type is Type.DATETIME else None


def _ingestion_time(scope: Expressions, call: syntax.Call) -> plan.Value:
    if call.arguments:
        raise QueryError("SEM003", "ingestion_time() takes no arguments", call.span)
    return _received(scope) or plan.Literal(Type.DATETIME, None)


def _against_cursor(scope: Expressions, call: syntax.Call) -> plan.Value:
    if len(call.arguments) != 1:
        raise QueryError("SEM003", f"{call.name}() takes one cursor, such as cursor_current() gives", call.span)
    (cursor,) = overloads.call(FUNCTIONS[call.name], (scope.value(call.arguments[0]),), call.span).arguments
    received = _received(scope)
    if received is None:
        hint = "the rows at hand need a datetime column _TimeReceived"
        raise QueryError("SEM001", f"{call.name}() does not know when these rows were taken in", call.span, hint)
    return scope.applied(FUNCTIONS[f"__{call.name}"], (received, cursor), call.span)


def _bin_auto(scope: Expressions, call: syntax.Call) -> plan.Value:
    if len(call.arguments) != 1:
        raise QueryError("SEM003", "bin_auto() takes one value", call.span)
    value = scope.value(call.arguments[0])
    bound = overloads.call(FUNCTIONS["bin_auto"], (value,), call.span)
    options = scope.session.options
    size = options.get("query_bin_auto_size")
    if size is None:
        hint = "write set query_bin_auto_size = ...; before the query"
        raise QueryError("SEM005", "bin_auto() wants to be told the size of a bin", call.span, hint)
    at = options.get("query_bin_auto_at")
    name, arguments = ("bin", (value, size)) if at is None else ("bin_at", (value, size, at))
    return overloads.convert(scope.applied(FUNCTIONS[name], arguments, call.span), bound.type)


def _column_names_of(scope: Expressions, call: syntax.Call) -> plan.Value:
    if len(call.arguments) != 1:
        raise QueryError("SEM003", "column_names_of() takes one table", call.span)
    names = [column.name for column in scope.relation(call.arguments[0]).columns]
    return plan.Literal(Type.DYNAMIC, json.dumps(names, ensure_ascii=False))


def _iscolumnexists(scope: Expressions, call: syntax.Call) -> plan.Value:
    if len(call.arguments) != 1:
        raise QueryError("SEM003", f"{call.name}() takes a column's name", call.span)
    name = scope.constant(call.arguments[0], Type.STRING)
    return plan.Literal(Type.BOOL, scope.column(str(name.value)) is not None)


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
    "ingestion_time": _ingestion_time,
    "cursor_after": _against_cursor,
    "cursor_before_or_at": _against_cursor,
    "bin_auto": _bin_auto,
    "column_names_of": _column_names_of,
    "column_ifexists": _column_ifexists,
    "iscolumnexists": _iscolumnexists,
    "columnifexists": _column_ifexists,
}
