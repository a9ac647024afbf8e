"""What a result column is called when the query does not say: the rules of Microsoft's binder."""

from __future__ import annotations

import re

from kqlog.errors import QueryError, Span
from kqlog.functions.declare import Function, called
from kqlog.syntax import nodes as syntax
from kqlog.types import Schema


class ColumnNames:
    """The names of one operator's result, kept unique in the way of the operator.

    A name that the query declares (`x = ...`, or a bare column) may stand once; one that follows from an expression
    gets a number where it is taken (`count_`, `count_1`); an expression without a name is `Column1`, `Column2` ...
    """

    def __init__(self) -> None:
        self._declared: dict[str, bool] = {}
        self._reserved: frozenset[str] = frozenset()
        self._unnamed = 0

    def declare(self, name: str, span: Span) -> str:
        """`name`, numbered if only an expression had it before.

        Raises:
            QueryError: SEM006 when the query declared the name before.
        """
        if self._declared.get(name):
            raise QueryError("SEM006", f"a column named '{name}' is already declared", span)
        name = self._free(name)
        self._declared[name] = True
        return name

    def derive(self, name: str | None) -> str:
        """A name for an expression, given what it would like to be called."""
        if name is None:
            name = self._next_unnamed()
        name = self._free(name)
        self._declared[name] = False
        return name

    def reserve(self, schema: Schema) -> None:
        """Take the names of columns that are there already."""
        self._reserved |= {column.name for column in schema}
        self._declared.update(dict.fromkeys(self._reserved, False))

    def _next_unnamed(self) -> str:
        while True:
            self._unnamed += 1
            if (name := f"Column{self._unnamed}") not in self._reserved:
                return name

    def _free(self, name: str) -> str:
        if name not in self._declared:
            return name
        number = 1
        while f"{name}{number}" in self._declared:
            number += 1
        return f"{name}{number}"


def bracketed(name: str) -> str:
    """A name as a query writes it, in brackets where it must be."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f"['{name}']"


def derived_name(expr: syntax.Expr) -> str | None:
    """What an expression would like its column to be called, or None."""
    match expr:
        case syntax.Name(name):
            return name
        case syntax.Member(target, name):
            return _path_name(target, name)
        case syntax.Element(syntax.Call() as call, syntax.Literal(_, int(position))) if part := _part_of(call, position):
            return part
        case syntax.Element(target, index):
            return _path_name(target, _step_name(index))
        case syntax.Call(name, arguments):
            return _call_name(name, arguments)
        case syntax.Named(names):
            return names[0]
        case _:
            return None


def _path_name(target: syntax.Expr, step: str) -> str | None:
    if isinstance(target, syntax.Name) and target.name in ("$left", "$right"):
        return step
    base = _inner_name(target)
    return step or None if base is None else f"{base}_{step}"


def _step_name(index: syntax.Expr) -> str:
    match index:
        case syntax.Literal(_, value) if isinstance(value, str) or (isinstance(value, int) and value >= 0):
            return str(value)
        case _:
            return ""


def _inner_name(expr: syntax.Expr) -> str | None:
    """What the name of a larger expression takes from this part of it."""
    if isinstance(expr, syntax.Call):
        function = called(expr.name, len(expr.arguments))
        if function is not None and function.of_columns:
            return None
    return derived_name(expr)


def part_name(function: Function, arguments: tuple[syntax.Expr, ...], position: int, column: str) -> str:
    """What a column of a function of several is called."""
    template = function.result or f"{function.name}_{{first}}_{{column}}"
    named = [derived_name(argument) for argument in arguments]
    each = (named[position] if position < len(named) else None) or f"array{position}"
    return template.replace("{first}", (named and named[0]) or "").replace("{column}", column).replace("{each}", each)


def _part_of(call: syntax.Call, position: int) -> str | None:
    """The name of one column of a function of several."""
    function = called(call.name, len(call.arguments))
    if function is None or not function.of_columns:
        return None
    columns = function.signatures[-1].result_columns
    if "{each}" in (function.result or ""):
        arrays = [argument for argument in call.arguments if not isinstance(argument, syntax.Literal)]
        columns *= len(arrays) if len(arrays) > 1 else 0
    return part_name(function, call.arguments, position, columns[position][0]) if 0 <= position < len(columns) else None


def _call_name(name: str, arguments: tuple[syntax.Expr, ...]) -> str | None:
    function = called(name, len(arguments))
    if function is None or function.result is None:
        return None
    template = function.result
    first = _inner_name(arguments[0]) if arguments else None
    if template == "{value}":
        value = arguments[0] if arguments else None
        return str(value.value) if isinstance(value, syntax.Literal) else None
    if template == "{only}":
        return first if len(arguments) == 1 else None
    if template == "{first}":
        return first
    return template.replace("{first}", first or "").replace("{column}", "").replace("{each}", first or "array0")
