"""Expressions that depend on what earlier rows left behind, as Python functions.

An expression is a list: `["row", n]` is a cell of the row at hand, `["state", step, n]` one of a step's record,
`["literal", value]` a constant, and `["call", function, type, argument types, arguments]` a function of KQL by its name.
Values are as engines store them: ticks for datetime and timespan, None for null; text is never None.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

Cells = Any
Formula = Callable[[Cells, Cells], Any]
"""From the row at hand and the records of all steps to a value."""

_TICKS = ("datetime", "timespan")


def compiled(expression: list[Any]) -> Formula:
    """The function of an expression."""
    match expression:
        case ["row", position]:
            return lambda row, state: row[position]
        case ["state", step, position]:
            return lambda row, state: state[step][position]
        case ["literal", constant]:
            return lambda row, state: constant
        case ["call", name, type_, types, arguments]:
            return _call(name, type_, types, [compiled(argument) for argument in arguments])
    raise ValueError(expression)


def _call(name: str, type_: str, types: list[str], arguments: list[Formula]) -> Formula:
    match name:
        case "and" | "or":
            return _logical(name == "or", *arguments)
        case "iff" | "iif" | "case":
            return _chosen(arguments)
        case "coalesce":
            return _first(arguments, "" if type_ == "string" else None)
    function = _typed(name, type_, types)
    if len(arguments) == 1:
        only = arguments[0]
        return lambda row, state: function(only(row, state))
    if len(arguments) == 2:
        left, right = arguments
        return lambda row, state: function(left(row, state), right(row, state))
    return lambda row, state: function(*[argument(row, state) for argument in arguments])


def _logical(decisive: bool, left: Formula, right: Formula) -> Formula:
    """`or` when true decides, `and` when false does; a null beside anything else is null."""

    def both(row: Cells, state: Cells) -> Any:
        first = left(row, state)
        if first is decisive:
            return decisive
        second = right(row, state)
        if second is decisive:
            return decisive
        return None if first is None or second is None else not decisive

    return both


def _chosen(arguments: list[Formula]) -> Formula:
    """Condition, value, condition, value ..., and the value where no condition is true."""
    *pairs, otherwise = arguments
    conditions, values = pairs[::2], pairs[1::2]

    def choose(row: Cells, state: Cells) -> Any:
        for condition, value in zip(conditions, values, strict=True):
            if condition(row, state):
                return value(row, state)
        return otherwise(row, state)

    return choose


def _first(arguments: list[Formula], missing: str | None) -> Formula:
    def first(row: Cells, state: Cells) -> Any:
        for argument in arguments:
            if (value := argument(row, state)) is not None and value != missing:
                return value
        return missing

    return first


def _typed(name: str, type_: str, types: list[str]) -> Callable[..., Any]:
    """A function by name, as it works on these types."""
    real = "real" in types
    match name:
        case "/" if type_ == "real":
            return _null_in(_divided_real)
        case "/" if real:
            return _null_in(lambda left, right: _ticks(_divided_real(left, right)))
        case "/":
            return _null_in(_divided)
        case "*" if real and type_ == "timespan":
            return _null_in(lambda left, right: _ticks(left * right))
        case "%" if type_ == "real":
            return _null_in(_remainder_real)
        case "between" | "!between":
            return _between(name == "between", from_low=types[0] == "datetime" and types[2] == "timespan")
        case "toint":
            return _null_in(lambda value: value if -(2**31) <= value < 2**31 else None)
    return FUNCTIONS[name]


def _null_in(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with null for a null argument."""

    def checked(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return checked


def _divided(left: int, right: int) -> int | None:
    if right == 0:
        return None
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) is (right < 0) else -quotient


def _divided_real(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _ticks(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None


def _remainder(left: int, right: int) -> int | None:
    return left % abs(right) if right else None


def _remainder_real(left: float, right: float) -> float:
    if right == 0 or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    remainder = math.fmod(left, right)
    return remainder + abs(right) if remainder < 0 else remainder


def _between(inside: bool, *, from_low: bool) -> Callable[..., bool | None]:
    """Whether a value is inside of two ends, or not; the upper one may count from the lower one. One end can rule it out."""

    def between(value: Any, low: Any, high: Any) -> bool | None:
        if from_low:
            high = None if low is None or high is None else low + high
        if value is None:
            return None
        if (low is not None and value < low) or (high is not None and value > high):
            return not inside
        return None if low is None or high is None else (low <= value <= high) is inside

    return between


def _equal(left: Any, right: Any) -> bool | None:
    """Two nulls compare as null, a null and a value as unequal."""
    return None if left is None and right is None else left == right


def _unequal(left: Any, right: Any) -> bool | None:
    return None if left is None and right is None else left != right


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def extreme(*values: Any) -> Any:
        return choose([value for value in values if value is not None], default=None)

    return extreme


_OF_VALUES: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": _remainder,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "not": operator.not_,
    "unary -": operator.neg,
    "unary +": lambda value: value,
    "abs": abs,
    "toreal": float,
    "todouble": float,
    "tolong": lambda value: value,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _null_in(function) for name, function in _OF_VALUES.items()},
    "==": _equal,
    "!=": _unequal,
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "notnull": lambda value: value is not None,
    "isempty": lambda value: value is None or value == "",
    "isnotempty": lambda value: value is not None and value != "",
    "notempty": lambda value: value is not None and value != "",
    "strcat": lambda *texts: "".join(texts),
    "min_of": _extreme(min),
    "max_of": _extreme(max),
}
