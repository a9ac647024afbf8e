"""Constants computed while binding: arithmetic between literals, so that ranges and limits are known early.

An engine computes every other constant; nothing is folded here whose answer could differ from the engine's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from kqlog.plan import nodes as plan
from kqlog.types import MAX_DATETIME_TICKS, Type

_COUNTED = frozenset({Type.INT, Type.LONG, Type.DATETIME, Type.TIMESPAN})
_OPERATIONS: dict[str, Callable[..., int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "unary -": operator.neg,
    "unary +": operator.pos,
}


def fold(value: plan.Value) -> plan.Value:
    """`value`, or the literal it comes to."""
    if not isinstance(value, plan.Call) or value.name not in _OPERATIONS:
        return value
    if not all(isinstance(argument, plan.Literal) and argument.value is not None for argument in value.arguments):
        return value
    literals = [argument for argument in value.arguments if isinstance(argument, plan.Literal)]
    operands = [literal.value for literal in literals]
    if all(literal.type in _COUNTED for literal in literals) and value.type in _COUNTED:
        result = _OPERATIONS[value.name](*operands)
        return plan.Literal(value.type, result) if _fits(int(result), value.type) else value
    if all(literal.type is Type.REAL for literal in literals) and value.type is Type.REAL:
        return plan.Literal(Type.REAL, _OPERATIONS[value.name](*operands))
    return value


def _fits(number: int, type_: Type) -> bool:
    match type_:
        case Type.DATETIME:
            return 0 <= number <= MAX_DATETIME_TICKS
        case Type.INT:
            return -(2**31) <= number < 2**31
        case _:
            return -(2**63) <= number < 2**63
