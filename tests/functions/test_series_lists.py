"""A series answers the same whether it is held as a list of reals or read from JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.functions.declare import FUNCTIONS, Kind, Signature

ARGUMENTS = {"number": "2.0", "real": "3.0", "long": "2", "int": "2", "string": "'linefit'", "bool": "true"}


def calls() -> Iterator[str]:
    """A call of every signature over series, with its required arguments and with all of them."""
    for function in FUNCTIONS.values():
        for signature in function.signatures:
            if function.kind is Kind.SCALAR and any(one.kind == "series" for one in signature.parameters):
                yield from dict.fromkeys(written(function.name, signature, optional) for optional in (False, True))


def written(name: str, signature: Signature, optional: bool) -> str:
    columns = iter(("x", "z", "x"))
    parameters = [one for one in signature.parameters if optional or not one.optional]
    return f"{name}({', '.join(next(columns) if one.kind == 'series' else ARGUMENTS[one.kind] for one in parameters)})"


Rows = list[tuple[list[float | None] | None, list[float | None] | None]]
ROWS: Rows = [
    ([1.5, -2.0, 4.0, 80.0, 3.0, 2.5, 1.0, 0.5], [2.0, 3.0, 5.0, 7.0, 1.0, 0.5, 4.0, 2.0]),
    ([1.0, None, 3.0, None], [2.0, 4.0, 6.0]),
    ([None, None, 2.0, None, 5.0, None], [None, 1.0, 1.0, 1.0, 1.0, 1.0]),
    (None, [1.0]),
    ([], []),
    ([None, 2.5], [3.0]),
    ([7.25], [0.5, None]),
]


def lists(rows: Rows) -> kqlog.Workspace:
    columns = {name: pa.array([row[at] for row in rows], pa.list_(pa.float64())) for at, name in enumerate("xz")}
    return kqlog.connect(tables={"T": pa.table({"row": range(len(rows)), **columns})})


def texts(rows: Rows) -> kqlog.Workspace:
    columns = {
        name: pa.array([None if row[at] is None else json.dumps(row[at], separators=(",", ":")) for row in rows], pa.string())
        for at, name in enumerate("xz")
    }
    table = pa.table({"row": range(len(rows)), **columns})
    for at, name in enumerate("xz", start=1):
        table = table.set_column(at, name, pa.ExtensionArray.from_storage(pa.json_(pa.string()), columns[name]))
    return kqlog.connect(tables={"T": table})


def answers(workspace: kqlog.Workspace, call: str) -> list[list[str]]:
    return workspace.query(f"T | project row, {call} | sort by row asc").texts()


@pytest.fixture(scope="module")
def both() -> tuple[kqlog.Workspace, kqlog.Workspace]:
    return lists(ROWS), texts(ROWS)


@pytest.mark.parametrize("call", list(calls()))
def test_lists_and_texts_answer_alike(call: str, both: tuple[kqlog.Workspace, kqlog.Workspace]) -> None:
    held, read = both
    assert answers(held, call) == answers(read, call)


VALUE = st.none() | st.floats(-1e6, 1e6).map(lambda value: round(value, 3) + 0.0)
# The text of nulls alone does not say that they are reals, and what fills them is then a whole number.
SERIES = st.none() | st.lists(VALUE, max_size=9).filter(lambda items: not items or any(item is not None for item in items))


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(SERIES, SERIES), min_size=1, max_size=6), data=st.data())
def test_any_lists_and_texts_answer_alike(rows: Rows, data: st.DataObject) -> None:
    call = data.draw(st.sampled_from([call for call in calls() if "fill" in call or "add" in call or "greater" in call]))
    assert answers(lists(rows), call) == answers(texts(rows), call)


def test_a_chain_of_series_never_becomes_text() -> None:
    plan = lists(ROWS).explain(
        "T | extend y = series_fir(x, z) | extend w = series_add(y, x) | summarize sum(series_magnitude(w))"
    )
    assert '"series.magnitude(DOUBLE[])"' in plan
    assert '"elementwise.add(DOUBLE[], DOUBLE[])"' in plan


def test_series_of_counts_stay_whole() -> None:
    query = """range t from 1 to 6 step 1 | make-series n = count(), a = avg(t) on t step 1
        | project n, doubled = series_multiply(n, 2), filled = series_fill_const(n, 5), a, halves = series_divide(n, 2)"""
    assert kqlog.query(query).texts() == [
        ["[1,1,1,1,1,1]", "[2,2,2,2,2,2]", "[1,1,1,1,1,1]", "[1.0,2.0,3.0,4.0,5.0,6.0]", "[0.5,0.5,0.5,0.5,0.5,0.5]"]
    ]


def test_what_is_no_finite_number_becomes_text_only_in_the_end() -> None:
    query = "print x = range(0.0, 2.0, 1.0) | extend y = series_log(x) | project y, z = series_exp(y)"
    assert kqlog.query(query).texts() == [['["-Infinity",0.0,0.6931471805599453]', "[0.0,1.0,2.0]"]]
