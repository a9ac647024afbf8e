"""What a dynamic value is known to hold before the query runs: an array, a property bag, or one value."""

from __future__ import annotations

from enum import StrEnum

from kqlog.functions.declare import LISTS
from kqlog.plan import nodes as plan
from kqlog.types import Type


class Shape(StrEnum):
    """What a dynamic value holds."""

    ARRAY = "array"
    BAG = "bag"
    ONE_VALUE = "one value"


def shape(value: plan.Value) -> Shape | None:
    """The shape of a dynamic value; None while only the data knows, and for null, which stands for any."""
    match value:
        case plan.Literal(Type.DYNAMIC, str(text)):
            return {"[": Shape.ARRAY, "{": Shape.BAG}.get(text.lstrip()[:1], Shape.ONE_VALUE)
        case plan.Call(_, signature, arguments) if (made := of_kind(signature.returns)) is not None:
            # What is made of a dynamic value that may be null can be null, which stands for any shape.
            given = [argument for argument in arguments if argument.type is Type.DYNAMIC and not isinstance(argument, plan.Cast)]
            return None if None in map(shape, given) else made
        case _:
            return None


def of_kind(kind: str) -> Shape | None:
    """The shape that a parameter's or a result's kind stands for."""
    if kind in {"array", "series", *LISTS}:
        return Shape.ARRAY
    return Shape.BAG if kind == "bag" or kind.startswith("bag(") else None
