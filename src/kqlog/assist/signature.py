"""How what stands at a place is called: the function, plugin or operator around it, and which argument is being written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kqlog.assist.place import Call, Place, place, string_around
from kqlog.assist.proposal import Kind, described, operator_called, usage_of
from kqlog.assist.sight import Functions, body_of, sight
from kqlog.functions.declare import FUNCTIONS
from kqlog.functions.declare import Kind as Role
from kqlog.plugins import OFFERED
from kqlog.types import Schema
from kqlog.usage import usages


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call something: its line of usage, and the parameters as they stand in it."""

    usage: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """What is being called. `overload` and `parameter` are the numbers of those that the place is in."""

    name: str
    kind: Kind
    overloads: tuple[Overload, ...]
    overload: int
    parameter: int
    doc: str


def signature(text: str, position: int, tables: Mapping[str, Schema], functions: Functions | None = None) -> Signature | None:
    """What is called at a position of a text: the innermost call, or else the operator; None outside of both."""
    string = string_around(text, position)
    here = place(text, position if string is None else string.start)
    if here is None:
        return None
    if here.call is not None and (found := _of_call(here.call, here, tables, functions or {})) is not None:
        return found
    declared = operator_called(here.operator)
    if declared is None:
        return None
    doc, usage = described(Kind.OPERATOR, here.operator)
    return Signature(here.operator, Kind.OPERATOR, (Overload(usage, ()),), 0, 0, doc)


def _of_call(call: Call, here: Place, tables: Mapping[str, Schema], functions: Functions) -> Signature | None:
    if here.operator == "evaluate" and call.name in OFFERED and _is_plugin(here):
        doc, usage = described(Kind.PLUGIN, call.name)
        return _chosen(call, Kind.PLUGIN, [usage], doc)
    seen = sight(here, tables, functions)
    body = seen.function(call.name) if seen is not None else body_of(call.name, functions)
    if body is not None:
        kind = Kind.STORED_FUNCTION if call.name in functions else Kind.FUNCTION
        return _chosen(call, kind, [usage_of(call.name, body)], "")
    function = FUNCTIONS.get(call.name)
    if function is None or not function.signatures:
        return None
    kind = Kind.AGGREGATE if function.kind is Role.AGGREGATE else Kind.FUNCTION
    return _chosen(call, kind, usages(function), function.summary)


def _is_plugin(here: Place) -> bool:
    at = here.bracket
    return at is not None and at > 1 and here.symbols[at - 2] in {"EVALUATE", "parameters"}


def _chosen(call: Call, kind: Kind, lines: list[str], doc: str) -> Signature:
    overloads = tuple(Overload(line, _parameters(line, call.name)) for line in lines)
    roomy = (number for number, one in enumerate(overloads) if len(one.parameters) > call.active or _repeats(one))
    chosen = next(roomy, 0)
    parameters = overloads[chosen].parameters
    active = min(call.active, max(len(parameters) - 1, 0))
    if call.label is not None:
        named = (number for number, text in enumerate(parameters) if text.partition(":")[0].rstrip("?") == call.label)
        active = next(named, active)
    return Signature(call.name, kind, overloads, chosen, active, doc)


def _parameters(usage: str, name: str) -> tuple[str, ...]:
    """The parameters in a line of usage, as they stand there."""
    inner = usage.partition(f"{name}(")[2].partition(" -> ")[0]
    inner = inner[: inner.rfind(")")]
    return tuple(part for part in inner.split(", ") if part)


def _repeats(overload: Overload) -> bool:
    return bool(overload.parameters) and overload.parameters[-1].endswith(("...", "...]"))
