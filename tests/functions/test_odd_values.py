"""Every function over odd values: a QueryError at most, and over a column what it gives for constants."""

from __future__ import annotations

import math
import random

import pytest

import kqlog
from kqlog.functions.declare import FUNCTIONS, Function, Kind, Parameter, Signature
from kqlog.plan.special import VALUES as SPECIAL
from kqlog.types import Type

ROWS = 12
_LONG_TEXT = "'" + "na" * 1500 + "'"

ODD: dict[Type, list[str]] = {
    Type.BOOL: ["true", "false", "bool(null)"],
    Type.INT: ["int(null)", "int(0)", "int(-1)", "int(7)", "int(2147483647)"],
    Type.LONG: ["long(null)", "0", "1", "-2", "24", "9223372036854775807", "long(-9223372036854775807)"],
    Type.REAL: ["real(null)", "0.0", "-2.5", "1e300", "real(nan)", "real(+inf)", "real(-inf)"],
    Type.DECIMAL: ["decimal(null)", "decimal(0)", "decimal(-1.5)", "decimal(12345678901234567890.5)"],
    Type.STRING: [
        "''",
        "'a'",
        "'한국어 😀'",
        r"'a\0b'",
        r"'-?*([\\'",
        "'10.0.0.1/8'",
        "'fe80::1'",
        "'2024-02-29T01:02:03.1234567Z'",
        "'{\"a\": [1]}'",
        "'aGk='",
        "'https://u:p@h:1/x?y=%zz#f'",
        _LONG_TEXT,
    ],
    Type.DATETIME: ["datetime(null)", "datetime(0001-01-01)", "datetime(9999-12-31 23:59:59.9999999)", "datetime(2024-02-29)"],
    Type.TIMESPAN: ["timespan(null)", "0s", "-1tick", "26h", "timespan(10675199.02:48:05.4775807)"],
    Type.GUID: ["guid(null)", "guid(00112233-4455-6677-8899-aabbccddeeff)"],
    Type.DYNAMIC: [
        "dynamic(null)",
        "dynamic('a')",
        "dynamic(7)",
        "dynamic([])",
        "dynamic({})",
        "dynamic([1, 300, -1, null, 'a'])",
        "dynamic(['10.0.0.0/8', 'x', ''])",
        "dynamic({'a': {'b': [1.5]}})",
    ],
}
CONSTANTS: dict[Type, list[str]] = {**ODD, Type.STRING: ["'a'", "'(a)'", "'day'", "'HH:mm'", "'Meter'", "''", "'한'", "'normal'"]}

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


def _written(function: Function, signature: Signature, arguments: list[str]) -> str:
    """A call, or the use of an operator."""
    match [parameter.name for parameter in signature.parameters]:
        case ["left", "right"]:
            return f"({arguments[0]} {function.name} {arguments[1]})"
        case ["value", "items"]:
            return f"({arguments[0]} {function.name} ({arguments[1]}))"
        case ["value", "low", "high"]:
            return f"({arguments[0]} {function.name} ({arguments[1]} .. {arguments[2]}))"
        case ["operand"]:
            return f"({function.name.removeprefix('unary ')}({arguments[0]}))"
        case _:
            return f"{function.name}({', '.join(arguments)})"


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
    table = f"datatable({schema})[{cells}] | project x = {_written(function, signature, arguments)}"
    rows = ([values[row] for _, values in known] for row in range(ROWS))
    return table, [_written(function, signature, row) for row in rows]


def _texts(workspace: kqlog.Workspace, query: str) -> list[str] | None:
    """The only column, or the only row, as text; None for a query that is refused."""
    try:
        texts = workspace.query(query).texts()
    except kqlog.QueryError as error:
        assert "the engine failed" not in error.message and error.code != "SYN001", f"{query}\n{error}"
        return None
    return [row[0] for row in texts] if len(texts) > 1 else list(texts[0])


def _same(one: str, other: str) -> bool:
    try:
        return one == other or math.isclose(float(one), float(other), rel_tol=1e-9)
    except ValueError:
        return False


@pytest.fixture(scope="module")
def workspace() -> kqlog.Workspace:
    return kqlog.connect(None)


@pytest.mark.parametrize("function", list(filter(_tried, FUNCTIONS.values())), ids=lambda function: function.name)
def test_a_column_gives_what_constants_give(workspace: kqlog.Workspace, function: Function) -> None:
    choice = random.Random(function.name)
    for signature in function.signatures:
        called = _called(function, signature, choice)
        if called is None:
            continue
        table, calls = called
        over_column = _texts(workspace, table)
        together = _texts(workspace, "print " + ", ".join(calls))
        if over_column is None or together is None:
            continue
        different = [
            f"{call}: {one} in a column, {other}"
            for call, one, other in zip(calls, over_column, together, strict=True)
            if not _same(one, other)
        ]
        assert not different, "\n".join(different)
