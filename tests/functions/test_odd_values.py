"""Every function over odd values: a QueryError at most, and over a column what it gives for constants."""

from __future__ import annotations

import math
import random

import pytest
from oddvalues import ODD, texts, written

import kqlog
from kqlog.functions.declare import FUNCTIONS, Function, Kind, Parameter, Signature
from kqlog.plan.special import VALUES as SPECIAL
from kqlog.types import Type

ROWS = 12
CONSTANTS: dict[Type, tuple[str, ...]] = {
    **ODD,
    Type.STRING: ("'a'", "'(a)'", "'day'", "'HH:mm'", "'Meter'", "''", "'한'", "'normal'"),
}

ELSEWHERE = ("geo_", "series_", "array_", "bag_", "set_", "__")
"""Functions of one family, whose arguments these values are not."""
OTHERWISE = {*SPECIAL, "ago", "range", "repeat", "zip"}
"""Functions of the moment, and those that the largest numbers keep busy."""


def _tried(function: Function) -> bool:
    plain = function.kind is Kind.SCALAR and not function.volatile and not function.deprecated
    return plain and not function.service and function.name not in OTHERWISE and not function.name.startswith(ELSEWHERE)


def _values(parameter: Parameter, choice: random.Random) -> tuple[Type, list[str]] | None:
    """A type that the parameter takes and values for the rows, one for all if it has to be a constant."""
    if not parameter.types:
        return None
    type_ = choice.choice(sorted(parameter.types))
    values = (CONSTANTS if parameter.constant else ODD)[type_]
    return type_, [choice.choice(values)] * ROWS if parameter.constant else choice.choices(values, k=ROWS)


def _called(function: Function, signature: Signature, choice: random.Random) -> tuple[str, list[str]] | None:
    """The query over columns, and the same call for each row with constants."""
    parameters = [one for one in signature.parameters if not one.optional]
    chosen = [_values(parameter, choice) for parameter in parameters]
    if not parameters or None in chosen:
        return None
    known = [one for one in chosen if one is not None]
    arguments = [values[0] if parameters[at].constant else f"c{at}" for at, (_, values) in enumerate(known)]
    schema = ", ".join(f"c{at}: {type_}" for at, (type_, _) in enumerate(known))
    cells = ", ".join(values[row] for row in range(ROWS) for _, values in known)
    table = f"datatable({schema})[{cells}] | project x = {written(function, arguments)}"
    rows = ([values[row] for _, values in known] for row in range(ROWS))
    return table, [written(function, row) for row in rows]


def _same(one: str, other: str) -> bool:
    try:
        return one == other or math.isclose(float(one), float(other), rel_tol=1e-9)
    except ValueError:
        return False


@pytest.mark.parametrize("function", list(filter(_tried, FUNCTIONS.values())), ids=lambda function: function.name)
def test_a_column_gives_what_constants_give(workspace: kqlog.Workspace, function: Function) -> None:
    choice = random.Random(function.name)
    for signature in function.signatures:
        called = _called(function, signature, choice)
        if called is None:
            continue
        table, calls = called
        over_column = texts(workspace, table)
        together = texts(workspace, "print " + ", ".join(calls))
        if over_column is None or together is None:
            continue
        different = [
            f"{call}: {one} in a column, {other}"
            for call, one, other in zip(calls, over_column, together, strict=True)
            if not _same(one, other)
        ]
        assert not different, "\n".join(different)
