"""The binder's view of a place in an unfinished text: which columns, variables and tables can be seen from there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from kqlog.assist.place import Place
from kqlog.errors import QueryError
from kqlog.plan.bind import bind
from kqlog.plan.lookup import Cursor, Environment, ReachedError, StoredFunction, UserFunction, Variable, fits
from kqlog.plan.scope import Scope
from kqlog.syntax import grammar, nodes
from kqlog.syntax.closing import closing, sample_tokens
from kqlog.syntax.parse import methods_of
from kqlog.syntax.tables import StumbleError, Token, token_of
from kqlog.types import UNIX_EPOCH_TICKS, Schema, Type

Functions = Mapping[str, StoredFunction]

MOST_TABLES = 50
"""Tables whose columns are looked at for `union *`, `search` and `find`: the rest would cost more time than typing allows."""

_CURSOR = "\u2316"
_EVERYWHERE = re.compile(r"\b(?:search|find)\b")
_PATTERN = re.compile(r"\w*\*[\w*]*")


@dataclass(frozen=True)
class Sight:
    """What can be seen from a place. `wanted` is what stands there: 'value', 'table', 'function', or a record's column."""

    scope: Scope
    wanted: str
    aggregates: bool
    left: nodes.Expr | None
    """The value that ends just before the place, where an operator may follow."""
    parameters: frozenset[str]
    """The names of the query's parameters."""

    @property
    def columns(self) -> Mapping[str, Type]:
        """The columns, in order: those of the row at hand, of a side of a join, or of both its sides."""
        records = self.scope.records
        if self.wanted in records:
            return {name: value.type for name, value in records[self.wanted].items()}
        if self.wanted == "both sides":
            right = records["$right"]
            return {name: value.type for name, value in records["$left"].items() if name in right}
        return self.scope.columns or {}

    @property
    def variables(self) -> Mapping[str, Variable]:
        """The names that the text has declared so far."""
        return self.scope.visible()

    @property
    def stored(self) -> Functions:
        """The functions that are stored."""
        return self.scope.environment.functions

    def function(self, name: str) -> nodes.FunctionBody | None:
        """The function of the query, or a stored one."""
        meaning = self.variables.get(name)
        return meaning.body if isinstance(meaning, UserFunction) else body_of(name, self.stored)

    def type_of(self, expr: object) -> Type | None:
        """The type of an expression before the place; None where it has none."""
        if not isinstance(expr, nodes.Expr):
            return None
        try:
            return self.scope.value(expr).type
        except (QueryError, ReachedError, RecursionError):
            return None


def columns_of(name: str, tables: Mapping[str, Schema]) -> Schema | None:
    """The columns of a table that is there; None where its files cannot be read."""
    try:
        return tables[name]
    except QueryError:
        return None


def body_of(name: str, functions: Functions) -> nodes.FunctionBody | None:
    """The body of a stored function; None where there is none, or its text cannot be read."""
    try:
        stored = functions.get(name)
    except QueryError:
        return None
    return stored.body if stored is not None else None


def sight(place: Place, tables: Mapping[str, Schema], functions: Functions) -> Sight | None:
    """What can be seen from a place; None where no name that exists can stand, and where too much is wrong before it."""
    position = place.span.start
    if "NAME" in place.accepted:
        before = []
    elif "EQUALITY" in place.accepted:
        before = [token_of("EQUALITY", "==", position, position)]
    else:
        return None
    cursor = Cursor(_CURSOR, position)
    try:
        left = _left(place, before)
        script = _script(place, [*before, token_of("NAME", _CURSOR, position, position + 1)])
        bind(script, Environment(_few(tables, place.text), _now(), functions=functions, cursor=cursor))
    except ReachedError as reached:
        if isinstance(reached.scope, Scope):
            return Sight(reached.scope, reached.wanted, reached.aggregates, left, _parameters(script))
    except (QueryError, StumbleError, RecursionError):
        pass
    return None


def _left(place: Place, before: list[Token]) -> nodes.Expr | None:
    if not before:
        return None
    values = grammar.tables().continued(place.beginning, before, methods_of()).values
    return values[-2] if isinstance(values[-2], nodes.Expr) else None


def _script(place: Place, tokens: list[Token]) -> nodes.Script:
    """The text up to the place, with tokens behind it and the fewest that end it."""
    tables = grammar.tables()
    begun = tables.continued(place.beginning, tokens, methods_of())
    script: nodes.Script = tables.ended(begun, sample_tokens(closing(begun.states), place.span.start), methods_of())
    return script


def _parameters(script: nodes.Script) -> frozenset[str]:
    declared = [statement for statement in script.statements if isinstance(statement, nodes.QueryParameters)]
    return frozenset(parameter.name for statement in declared for parameter in statement.parameters)


def _few(tables: Mapping[str, Schema], text: str) -> Mapping[str, Schema]:
    """The tables that a text speaks of."""
    words = dict.fromkeys(re.findall(r"\w+", text))
    named = [name for name in words if name in tables] + [name for name in tables if not name.isidentifier() and name in text]
    patterns = ["*"] if _EVERYWHERE.search(text) else _PATTERN.findall(text)
    matching = islice(_matching(tables, patterns), MOST_TABLES) if patterns else ()
    found = {name: columns_of(name, tables) for name in dict.fromkeys([*named, *matching])}
    return {name: columns for name, columns in found.items() if columns is not None}


def _matching(tables: Mapping[str, Schema], patterns: list[str]) -> Iterator[str]:
    return (name for pattern in patterns for name in tables if fits(name, pattern))


def _now() -> int:
    return time.time_ns() // 100 + UNIX_EPOCH_TICKS
