"""Every example of every declared function gives the answer that its help shows."""

from __future__ import annotations

import math

import pytest

import kqlog
from kqlog.functions.declare import FUNCTIONS, Function, Kind

_AS_TEXT = {"datetime", "timespan", "guid", "decimal"}
"""Types whose answers an example writes as text."""

EXAMPLES = [
    pytest.param(function, example, answer, id=f"{function.name}: {example}")
    for named in FUNCTIONS.values()
    for function in (named, named.of_values)
    if function is not None
    for example, answer in function.examples.items()
]


def _column(result: kqlog.Result, position: int) -> list[object]:
    """The values of a column, as an example writes them."""
    if result.columns[position].type not in _AS_TEXT:
        return [row[position] for row in result.rows]
    return [None if row[position] is None else texts[position] for row, texts in zip(result.rows, result.texts(), strict=True)]


def _same(got: object, answer: object) -> bool:
    """Equal, but for the last digits of reals."""
    if isinstance(answer, list):
        return isinstance(got, list) and len(got) == len(answer) and all(map(_same, got, answer))
    if isinstance(answer, float) and isinstance(got, (int, float)):
        return math.isclose(got, answer, rel_tol=1e-9, abs_tol=1e-9)
    return got == answer


@pytest.mark.parametrize(("function", "example", "answer"), EXAMPLES)
def test_example(workspace: kqlog.Workspace, function: Function, example: str, answer: object) -> None:
    if function.kind is Kind.SCALAR:
        result = workspace.query(f"print {example}")
        # A function of several columns shows all of them.
        got = [_column(result, position)[0] for position in range(len(result.columns))]
        assert _same(got if len(got) > 1 else got[0], answer)
    elif function.kind is Kind.AGGREGATE:
        assert _same(_column(workspace.query(example), 0), [answer])
    else:
        assert _same(_column(workspace.query(example), -1), answer)


def _has_body(function: Function) -> bool:
    return any(any((s.kql, s.sql, s.duckdb, s.python)) for s in function.signatures)


@pytest.mark.parametrize("function", [f for f in FUNCTIONS.values() if _has_body(f) and not f.deprecated], ids=lambda f: f.name)
def test_what_is_offered_shows_an_example(function: Function) -> None:
    shares = any(other.signatures is function.signatures and other.examples for other in FUNCTIONS.values())
    assert function.examples or function.name.startswith("__") or shares
