"""Which types fit at a place: what a function takes there, or what the other side of a comparison is."""

from __future__ import annotations

from functools import cache

from kqlog.assist.place import Call, Place
from kqlog.assist.sight import Sight
from kqlog.functions.declare import FUNCTIONS, Parameter, Signature
from kqlog.plan import overloads
from kqlog.types import NUMBERS, Type

_ANY = frozenset(Type)


def expected(place: Place, sight: Sight | None) -> frozenset[Type]:
    """The types that fit best; none where any does, or nothing is known."""
    if sight is None or "NUMBER" not in place.accepted:
        return frozenset()
    if place.compared is not None:
        return _beside(sight.type_of(place.compared[0]))
    if place.call is not None and place.last in {"LPAR", "COMMA"}:
        return _taken(place.call, sight)
    if place.last in {"PLUS", "MINUS"}:
        left = sight.type_of(place.value(2))
        if left is Type.DATETIME and place.last == "MINUS":
            return frozenset({Type.TIMESPAN, Type.DATETIME})
        if left in {Type.DATETIME, Type.TIMESPAN}:
            return frozenset({Type.TIMESPAN})
    return frozenset()


def _beside(type_: Type | None) -> frozenset[Type]:
    """What is compared with a value of a type."""
    if type_ is None or type_ is Type.DYNAMIC:
        return frozenset()
    return NUMBERS if type_ in NUMBERS else frozenset({type_})


def _taken(call: Call, sight: Sight) -> frozenset[Type]:
    function = FUNCTIONS.get(call.name)
    if function is None or sight.function(call.name) is not None:
        return frozenset()
    given = [sight.type_of(argument) for argument in call.arguments]
    wanted: set[Type] = set()
    for signature in function.signatures:
        parameters = parameters_of(signature, call.active + 1)
        if len(parameters) > call.active and all(map(_fits, given, parameters)):
            wanted |= parameters[call.active].types
    if wanted >= NUMBERS and given and given[0] in NUMBERS and Type.TIMESPAN in wanted:
        wanted -= {Type.TIMESPAN, Type.DATETIME}
    if call.active and wanted == {Type.DATETIME, Type.TIMESPAN}:
        wanted = {Type.TIMESPAN}
    return frozenset() if wanted >= _ANY - {Type.DYNAMIC} else frozenset(wanted)


def _fits(given: Type | None, parameter: Parameter) -> bool:
    return given is None or not parameter.types or given in parameter.types or given is Type.DYNAMIC


def parameters_of(signature: Signature, count: int) -> list[Parameter]:
    """The parameters of so many arguments, with repeated ones written out."""
    return overloads.spread(signature, count) or list(signature.parameters)


@cache
def is_boolean(name: str) -> bool:
    """Whether a function always gives a condition."""
    return all(signature.returns == Type.BOOL for signature in FUNCTIONS[name].signatures)
