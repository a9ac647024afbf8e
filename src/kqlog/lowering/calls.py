"""Values that operators are made of: calls of declared functions, columns, constants."""

from __future__ import annotations

from kqlog.errors import NOWHERE
from kqlog.functions.declare import FUNCTIONS
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.lookup import Environment, Session
from kqlog.types import Type


def call(name: str, *arguments: plan.Value) -> plan.Value:
    """The call of a declared function on values that are known to suit it; written out if it is declared in KQL."""
    bound = overloads.call(FUNCTIONS[name], arguments, NOWHERE)
    if bound.signature.kql is None:
        return bound
    from kqlog.plan.expressions import Expressions

    return Expressions(Session(Environment({}, now=0))).expanded(bound, NOWHERE)


def every(conditions: list[plan.Value]) -> plan.Value:
    """Whether all conditions are true."""
    combined = conditions[0]
    for condition in conditions[1:]:
        combined = call("and", combined, condition)
    return combined


def column(column_: tuple[str, Type]) -> plan.ColumnRef:
    """A reference to a column of a schema."""
    return plan.ColumnRef(*column_)


def text(value: str) -> plan.Literal:
    """A string constant."""
    return plan.Literal(Type.STRING, value)


def number(value: int) -> plan.Literal:
    """A long constant."""
    return plan.Literal(Type.LONG, value)


def missing(type_: Type) -> plan.Literal:
    """What a column holds where there is no value: null, and '' for a string."""
    return plan.Literal(type_, "" if type_ is Type.STRING else None)


def read_as(value: plan.Value, type_: Type) -> plan.Value:
    """A piece of text as a type. As a dynamic value it is read as JSON, while a conversion would keep it a text."""
    return call("parse_json", value) if type_ is Type.DYNAMIC else overloads.convert(value, type_)
