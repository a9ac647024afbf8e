"""Odd values - nulls, extremes, NaN, empty and broken things - through every function of values, aggregates and windows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oddvalues import ODD, texts, written

import kqlog
from kqlog.functions import THEMES
from kqlog.functions.declare import FUNCTIONS, Function, Kind, Parameter, Signature
from kqlog.types import Type

CONSTANTS = {
    "bool": "true",
    "int": "2",
    "long": "2",
    "real": "2.5",
    "string": "'a'",
    "timespan": "1h",
    "dynamic": "dynamic([50])",
}
ROWS = 6
FAMILIES = ("arithmetic", "arrays", "dynamic", "logic", "numbers", "relational", "sketches")


def _type(parameter: Parameter, position: int) -> str:
    """One of the types of a parameter, another one at each position."""
    types = sorted(map(str, parameter.types - ({"decimal"} if parameter.constant else set())))
    return types[position % len(types)]


def _value(type_: str, row: int, position: int) -> str:
    values = ODD[Type(type_)]
    return values[(row * (position + 1) + position) % len(values)]


def _calls(function: Function, signature: Signature) -> tuple[str, list[str], str] | None:
    """The table of odd arguments, the calls with each row's constants, and the call with the columns."""
    parameters = signature.parameters
    if not signature.has_body or not all(parameter.types for parameter in parameters):
        return None
    types = [_type(parameter, position) for position, parameter in enumerate(parameters)]
    fixed = [CONSTANTS[type_] if parameter.constant else None for type_, parameter in zip(types, parameters, strict=True)]
    rows = [[constant or _value(types[at], row, at) for at, constant in enumerate(fixed)] for row in range(ROWS)]
    columns = ", ".join(["row: int", *(f"c{at}: {type_}" for at, type_ in enumerate(types))])
    cells = ", ".join(cell for number, row in enumerate(rows) for cell in (str(number), *row))
    by_column = [constant or f"c{at}" for at, constant in enumerate(fixed)]
    calls = [written(function, row) for row in rows]
    return f"datatable({columns})[{cells}]", calls, written(function, by_column)


WRONG_SHAPE = "wrong shape"
"""What a check says of a constant that is no array or bag, while rows give null for it."""


def _alone(workspace: kqlog.Workspace, call: str) -> list[str]:
    if any("does not take" in error.message for error in workspace.check(f"print v = {call}").errors):
        return [WRONG_SHAPE]
    return texts(workspace, f"print v = {call}") or ["error"]


SCALARS = [FUNCTIONS[name] for theme in FAMILIES for name in THEMES[theme] if FUNCTIONS[name].kind is Kind.SCALAR]


LONG = frozenset({"range"})
"""What makes a million values of most odd ones."""


@pytest.mark.parametrize(
    "function", [one for one in SCALARS if not one.volatile and one.name not in LONG], ids=lambda function: function.name
)
def test_a_constant_gives_what_a_row_gives(workspace: kqlog.Workspace, function: Function) -> None:
    for signature in function.signatures[:4]:
        if (written := _calls(function, signature)) is None:
            continue
        table, calls, call = written
        by_row = texts(workspace, f"{table} | sort by row asc | project v = {call}")
        together = texts(workspace, f"print v = {calls[0]} | union " + ", ".join(f"(print v = {one})" for one in calls[1:]))
        alone = sorted(together) if together else [answer for one in calls for answer in _alone(workspace, one)]
        by_row = sorted(by_row) if together and by_row else by_row
        if by_row is None:
            assert "error" in alone, call
        else:
            pairs = zip(by_row, alone, strict=True)
            assert [pair for pair in pairs if pair[0] != pair[1] and pair[1] != WRONG_SHAPE] == [], call


# -------------------------------------------------------------------------------------------------------- empty groups

COUNTS_NULLS = frozenset({"count", "cnt", "countif", "make_list_with_nulls", "buildschema"})


def _aggregates() -> Iterator[str]:
    """Calls of all aggregates over the columns of the table below; strings left out, as they are never null."""
    for function in FUNCTIONS.values():
        if function.kind is not Kind.AGGREGATE or function.name in COUNTS_NULLS:
            continue
        for signature in function.signatures:
            parameters = signature.parameters
            kinds = [_type(parameter, 0) for parameter in parameters if parameter.types]
            if signature.has_body and len(kinds) == len(parameters) and "string" not in kinds:
                values = [CONSTANTS[k] if p.constant else f"c_{k}" for k, p in zip(kinds, parameters, strict=True)]
                yield f"{function.name}({', '.join(values)})"


def test_a_group_of_nulls_is_as_one_of_nothing(workspace: kqlog.Workspace) -> None:
    types = [type_ for type_ in ODD if type_ != "string"]
    table = f"datatable({', '.join(f'c_{type_}: {type_}' for type_ in types)})[{', '.join(f'{type_}(null)' for type_ in types)}]"
    calls = ", ".join(f"v{number}_ = {call}" for number, call in enumerate(_aggregates()))
    of_nulls, of_nothing = (workspace.query(f"{table} | where {some} | summarize {calls}") for some in ("true", "false"))
    pairs = zip(of_nulls.columns, of_nulls.texts()[0], of_nothing.texts()[0], strict=True)
    assert [column.name for column, one, other in pairs if one != other] == [], list(enumerate(_aggregates()))
    assert not workspace.query(f"{table} | where false | summarize {calls} by c_long").rows


# -------------------------------------------------------------------------------------------------------- windows


@pytest.mark.parametrize(
    "call", ["row_number(5, {})", "row_cumsum(x, {})", "row_rank_dense(x, {})", "row_rank_min(x, {})"], ids=lambda call: call[:12]
)
def test_a_restart_is_as_a_partition(workspace: kqlog.Workspace, call: str) -> None:
    cells = ", ".join(f"'{'abc'[n % 3]}', {n * n % 5 if n % 4 else 'real(null)'}, {n}" for n in range(30))
    table = f"datatable(k: string, x: real, n: int)[{cells}]"
    restarted = workspace.query(f"{table} | sort by k asc, x asc, n asc | extend v = {call.format('k != prev(k)')}")
    parts = [f"{table} | where k == '{k}' | sort by x asc, n asc | extend v = {call.format('false')}" for k in "abc"]
    assert restarted.rows == [row for part in parts for row in workspace.query(part).rows]
