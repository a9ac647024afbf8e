"""Odd values - nulls, extremes, NaN, empty and broken things - and calls of functions on them, for tests of every function."""

from __future__ import annotations

import kqlog
from kqlog.functions.declare import Function
from kqlog.types import Type

ODD: dict[Type, tuple[str, ...]] = {
    Type.BOOL: ("true", "false", "bool(null)"),
    Type.INT: ("int(null)", "int(0)", "int(-1)", "int(7)", "int(2147483647)"),
    Type.LONG: ("long(null)", "0", "1", "-2", "24", "9223372036854775807", "long(-9223372036854775808)"),
    Type.REAL: ("real(null)", "0.0", "-2.5", "1e300", "real(nan)", "real(+inf)", "real(-inf)"),
    Type.DECIMAL: ("decimal(null)", "decimal(0)", "decimal(-1.5)", "decimal(12345678901234567890.5)"),
    Type.STRING: (
        "''",
        "'a'",
        "'$.a.b'",
        "'NaN'",
        "'e\\u0301'",
        "'한국어 😀'",
        r"'a\0b'",
        r"'-?*([\\'",
        "'10.0.0.1/8'",
        "'fe80::1'",
        "'2024-02-29T01:02:03.1234567Z'",
        "'{\"a\": [1]}'",
        "'aGk='",
        "'https://u:p@h:1/x?y=%zz#f'",
        "'" + "na" * 1500 + "'",
    ),
    Type.DATETIME: (
        "datetime(null)",
        "datetime(0001-01-01)",
        "datetime(9999-12-31 23:59:59.9999999)",
        "datetime(2024-02-29 13:14)",
    ),
    Type.TIMESPAN: ("timespan(null)", "0s", "-1tick", "26h", "timespan(10675199.02:48:05.4775807)"),
    Type.GUID: ("guid(null)", "guid(00112233-4455-6677-8899-aabbccddeeff)"),
    Type.DYNAMIC: (
        "dynamic(null)",
        "dynamic('a')",
        "dynamic(7)",
        "dynamic(5.5)",
        "dynamic([])",
        "dynamic({})",
        "dynamic({'': null})",
        "dynamic([1, 300, -1, null, 'a'])",
        "dynamic(['10.0.0.0/8', 'x', ''])",
        "dynamic({'a': {'b': [1.5]}})",
    ),
}


def written(function: Function, arguments: list[str]) -> str:
    """A call, or the use of an operator."""
    match [parameter.name for parameter in function.signatures[0].parameters]:
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


def texts(workspace: kqlog.Workspace, query: str) -> list[str] | None:
    """The only column, or the only row, as text; None for a query that is refused."""
    try:
        found = workspace.query(query).texts()
    except kqlog.QueryError as error:
        assert "the engine failed" not in error.message and "UDF" not in error.message, f"{query}\n{error}"
        assert error.code != "SYN001", f"{query}\n{error}"
        return None
    return [row[0] for row in found] if len(found) != 1 else list(found[0])
