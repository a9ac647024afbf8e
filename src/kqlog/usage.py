"""What a declaration says to a reader: how a function is called, what its examples give, and what answers it."""

from __future__ import annotations

import json
import re

from kqlog.functions.declare import ALL, LISTS, Function, Parameter, Signature
from kqlog.lowering.grouping import ANY, ARG_EXTREMES
from kqlog.plan.special import VALUES
from kqlog.types import INTEGERS, NUMBERS, ORDERABLE, SUMMABLE, Type

_CLASSES = {
    ALL: "any",
    ALL - {Type.DYNAMIC}: "notdynamic",
    ORDERABLE: "orderable",
    SUMMABLE: "summable",
    NUMBERS: "number",
    INTEGERS: "integer",
}
"""What a set of types is called."""


def usages(function: Function) -> list[str]:
    """A line for each way to call a function, such as `strlen(source: string) -> long`.

    Overloads that only differ in types share a line.
    """
    ways: dict[tuple[tuple[str, bool, bool], ...], list[Signature]] = {}
    for signature in function.signatures:
        way = tuple([(one.name, one.optional, one.repeated) for one in signature.parameters])
        ways.setdefault(way, []).append(signature)
    return [_usage(function, signatures) for signatures in ways.values()]


def usages_not_offered(function: Function) -> list[str]:
    """A line for each overload that nothing answers."""
    return [_usage(function, [signature]) for signature in function.signatures if not _body(signature)]


def example_lines(function: Function) -> list[str]:
    """The examples of a function, each with its answer as a comment."""
    return [f"{example}  // {_answer(answer)}" for example, answer in function.examples.items()]


def difference(text: str) -> str:
    """What a page says of a purposeful difference, if there is one."""
    return f"Differs from Kusto: {text}" if text else ""


def only_elsewhere(instead: str | None) -> str:
    """What a page says of what only Microsoft's service can do, and of what to use instead."""
    return f"Only Microsoft's service has it. Use {instead}." if instead else ""


def instead(function: Function) -> str:
    """What a page says of what to use in the place of a function that nothing answers here."""
    return f"Use {function.service}." if function.service and function.differs else only_elsewhere(function.service)


def answered_by(function: Function) -> str:
    """What answers a function: some of plan, KQL, SQL, Python and 'part refused'; or else 'refused' or 'service only'."""
    if function.name in {*VALUES, *ARG_EXTREMES, *ANY}:
        return "plan"
    bodies = [_body(signature) for signature in function.signatures]
    offered = sorted({body for body in bodies if body})
    if not offered:
        return "refused" if function.differs else "service only"
    return ", ".join(offered if all(bodies) else [*offered, "part refused"])


def _body(signature: Signature) -> str:
    if signature.kql:
        return "KQL"
    if signature.sql or signature.duckdb:
        return "SQL"
    if signature.python:
        return "Python"
    # The binder writes every column in the place of a star.
    return "plan" if any(parameter.kind == "star" for parameter in signature.parameters) else ""


def _answer(answer: object) -> str:
    return "null" if answer is None else json.dumps(answer, default=str, ensure_ascii=False)


def _usage(function: Function, signatures: list[Signature]) -> str:
    columns = list(zip(*(signature.parameters for signature in signatures), strict=True))
    return f"{_call(function, [_parameter(overloads) for overloads in columns])} -> {_result(signatures)}"


def _call(function: Function, parameters: list[str]) -> str:
    """The call as it stands in a query: operators between their operands."""
    match [parameter.name for parameter in function.signatures[0].parameters]:
        case ["left", "right"]:
            return f"{parameters[0]} {function.name} {parameters[1]}"
        case ["value", "items"]:
            return f"{parameters[0]} {function.name} ({parameters[1]})"
        case ["value", "low", "high"]:
            return f"{parameters[0]} {function.name} ({parameters[1]} .. {parameters[2]})"
        case [_] if function.name.startswith("unary "):
            return f"{function.name.removeprefix('unary ')}({parameters[0]})"
        case _:
            return f"{function.name}({', '.join(parameters)})"


def _parameter(overloads: tuple[Parameter, ...]) -> str:
    """One parameter with all that its overloads take."""
    first = overloads[0]
    kinds = dict.fromkeys(kind for one in overloads for kind in one.kind.replace("readable", "string|dynamic").split("|"))
    types = frozenset[Type]().union(*(one.types for one in overloads))
    kind = "common" if "common" in kinds else _CLASSES.get(types, "|".join(kinds)).replace("series", "array")
    wanted = "const " if all(one.constant for one in overloads) else "column " if all(one.column for one in overloads) else ""
    return f"{first.name}{'?' if first.optional else ''}: {wanted}{kind}{'...' if first.repeated else ''}"


def _shown(returns: str) -> str:
    """A result without the form that a body gives it in."""
    if returns.startswith("bag("):
        return "bag"
    text = returns.replace("record(", "columns(")
    return re.sub(rf"\b({'|'.join([*LISTS, 'series'])})\b", "array", text)


def _result(signatures: list[Signature]) -> str:
    results = list(dict.fromkeys(_shown(signature.returns) for signature in signatures))
    if len(results) == 1:
        return results[0]
    for position, parameter in enumerate(signatures[0].parameters):
        overloads = ((signature.parameters[position], signature.returns) for signature in signatures)
        if all(returns == one.name or one.types == {returns} for one, returns in overloads):
            return parameter.name
    return "|".join(results)
