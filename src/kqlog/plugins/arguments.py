"""The arguments of a plugin: which parameter each belongs to, by position or by name."""

from __future__ import annotations

import json
from typing import Any

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type


def required(source: plan.Node | None, call: syntax.Call) -> plan.Node:
    """`source`, for a plugin that cannot lead a query.

    Raises:
        QueryError: SEM005 when there is none.
    """
    if source is None:
        raise QueryError("SEM005", f"the plugin {call.name} needs a table before it", call.span)
    return source


def constants(call: syntax.Call, row: Scope) -> int:
    """How many arguments name no column: which plugins with optional arguments in the middle go by."""
    return sum(not (isinstance(argument, syntax.Name) and _is_column(argument.name, row)) for argument in call.arguments)


def _is_column(name: str, row: Scope) -> bool:
    return row.column(name) is not None or (row.session.open and row.variable(name) is None)


class Arguments:
    """The arguments of one call, told apart by `usage`: `Column, Rows, [Option], Dimension...`.

    Brackets make a parameter optional, dots stand for none or several: columns where other parameters follow. `row` is the
    scope of the plugin's table.

    Raises:
        QueryError: SEM003 for too many, missing or unknown arguments.
    """

    def __init__(self, call: syntax.Call, row: Scope, usage: str) -> None:
        self.call = call
        self.row = row
        self._usage = usage
        self._given: dict[str, list[syntax.Expr]] = {}
        parameters = [part.strip() for part in usage.split(",")] if usage else []
        names = [parameter.strip("[].") for parameter in parameters]
        by_position = [argument for argument in call.arguments if not isinstance(argument, syntax.Named)]
        for argument in call.arguments:
            if isinstance(argument, syntax.Named):
                if argument.names[0] not in names or argument.names[0] in names[: len(by_position)]:
                    raise self._misused(f"has no parameter '{argument.names[0]}' here")
                self._given[argument.names[0]] = [argument.value]
        for name, parameter in zip(names, parameters, strict=True):
            if name in self._given:
                continue
            taken = self._repeated(by_position, last=name == names[-1]) if parameter.endswith("...") else 1
            self._given[name], by_position = by_position[:taken], by_position[taken:]
            if not self._given[name] and not parameter.endswith(("...", "]")):
                raise self._misused(f"is called without {name}")
        if by_position:
            raise self._misused("has too many arguments")

    @staticmethod
    def _repeated(given: list[syntax.Expr], *, last: bool) -> int:
        """How many arguments a repeated parameter takes: all, or those up to the first literal where others follow."""
        literals = (at for at, argument in enumerate(given) if isinstance(argument, syntax.Literal) and not last)
        return next(literals, len(given))

    def _misused(self, what: str) -> QueryError:
        name = self.call.name
        return QueryError("SEM003", f"{name} {what}", self.call.span, f"usage: evaluate {name}({self._usage})")

    def __contains__(self, name: str) -> bool:
        return bool(self._given[name])

    def __getitem__(self, name: str) -> syntax.Expr:
        return self._given[name][0]

    def several(self, name: str) -> tuple[syntax.Expr, ...]:
        """The arguments of a repeated parameter, none if the plugin does not have it."""
        return tuple(self._given.get(name, ()))

    def column(self, name: str, types: frozenset[Type] = frozenset(Type)) -> Column:
        """The column that an argument names.

        Raises:
            QueryError: SEM001 when there is none, SEM002 when it is of another type.
        """
        return self._typed(self[name], types)

    def columns(self, name: str) -> tuple[Column, ...]:
        """The columns that a repeated argument names; dynamic ones cannot be grouped by."""
        return tuple(self._typed(expr, frozenset(Type) - {Type.DYNAMIC}) for expr in self.several(name))

    def _typed(self, expr: syntax.Expr, types: frozenset[Type]) -> Column:
        found = self.row.require_column(expr)
        if found.type in types:
            return found
        if not self.row.session.open:
            raise QueryError("SEM002", f"{self.call.name} does not take {found.type.one} here", expr.span)
        # While nothing is known of the data, a column that suits.
        return Column(found.name, next(type_ for type_ in (Type.STRING, Type.DATETIME, Type.LONG) if type_ in types))

    def constant(self, name: str, type_: Type | None = None) -> plan.Literal:
        """The constant that an argument comes to; null while nothing can be computed.

        Raises:
            QueryError: SEM004 when it depends on a row, SEM002 when it is null or of another type.
        """
        found = self.row.constant(self[name], type_)
        if found.value is None and self.row.environment.evaluate is not None:
            raise QueryError("SEM002", f"'{name}' is null", self[name].span)
        return found

    def json(self, name: str) -> Any:
        """What a dynamic constant holds; None for null, or while nothing can be computed.

        Raises:
            QueryError: SEM002 for a constant of another type.
        """
        given = self.row.constant(self[name])
        if given.type is not Type.DYNAMIC:
            raise QueryError("SEM002", f"'{name}' is a dynamic, and this is {given.type.one}", self[name].span)
        return None if given.value is None else json.loads(str(given.value))

    def whole_number(self, name: str, least: int = 0, most: int | None = None) -> int:
        """A constant that counts something; 0 while nothing can be computed.

        Raises:
            QueryError: SEM002 for one below the least or above the most.
        """
        value = self.constant(name, Type.LONG).value
        if value is None:
            return 0
        if int(value) < least:
            raise QueryError("SEM002", f"'{name}' is at least {least}", self[name].span)
        if most is not None and int(value) > most:
            raise QueryError("SEM002", f"'{name}' is at most {most}", self[name].span)
        return int(value)
