"""Bodies of JSON as rows: the fast reader gives what the exact one gives."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.ingest import json_rows
from kqlog.ingest.json_rows import read_rows

ROWS = [
    {"t": "2026-03-01T10:00:00Z", "n": n, "r": n / 4, "b": n % 2 == 0, "s": f'"{n}" 한글', "sometimes": None} for n in range(500)
]


def texts(rows: object) -> list[list[str]]:
    result = kqlog.query("T", tables={"T": rows})
    return [[column.name, str(column.type)] for column in result.columns] + result.texts()


def lines(rows: list[dict[str, object]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


@pytest.mark.parametrize("body", [lines(ROWS), json.dumps(ROWS).encode(), b" \n" + json.dumps(ROWS, indent=1).encode()])
def test_rows_of_one_type_are_read_by_arrow_and_nothing_becomes_another_type(body: bytes) -> None:
    read = read_rows(body)
    assert isinstance(read, pyarrow.Table)
    assert texts(read.drop_columns("sometimes")) == texts([{k: v for k, v in row.items() if v is not None} for row in ROWS])


@pytest.mark.parametrize(
    "late",
    [
        {"n": 1.5},
        {"n": "x"},
        {"n": 2**70},
        {"s": 1},
        {"s": {"a": 1.10}},
        {"new": [1, {"b": None}]},
        {"late": "2026-03-01T10:00:00Z"},
    ],
)
def test_what_a_later_row_brings_is_read_as_exactly(late: dict[str, object]) -> None:
    rows = [{"n": n, "s": "x" * 50} for n in range(500)] + [late]
    try:
        wanted = texts(rows)
    except kqlog.QueryError as error:
        with pytest.raises(kqlog.QueryError, match=error.message[:40]):
            texts(read_rows(lines(rows)))
    else:
        assert texts(read_rows(lines(rows))) == wanted
        assert texts(read_rows(json.dumps(rows).encode())) == wanted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", None),
        (b"[]", None),
        (b'{"a": 1', "no JSON"),
        (b'[{"a": 1}', "no JSON"),
        (b'{"a": "\xff"}', "no JSON"),
        (b"[1]", "row 1 is no object"),
        (b'{"a": 1} 2', "row 2 is no object"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_rows_is_refused(body: bytes, message: str | None) -> None:
    if message is None:
        assert read_rows(body) == []
    else:
        with pytest.raises(kqlog.QueryError, match=message):
            read_rows(body)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.booleans() | st.integers() | st.text(max_size=5)), max_size=8)
)
def test_any_rows_are_the_same_both_ways(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, object]]) -> None:
    monkeypatch.setattr(json_rows, "_FEW", 0)
    read = read_rows(json.dumps(rows).encode())
    found = read.to_pylist() if isinstance(read, pyarrow.Table) else read
    assert [{k: v for k, v in row.items() if v is not None} for row in found] == [
        {k: v for k, v in row.items() if v is not None} for row in rows
    ]


def test_a_table_and_its_rows_are_shaped_alike(tmp_path: Path) -> None:
    from kqlog.ingest.shaping import shape
    from kqlog.store.store import create

    store = create(tmp_path / "logs")
    names = ["t", "n", "r", "b", "s"]
    shaped = [shape(store, "T_CL", rows).rows.select(names) for rows in (read_rows(lines(ROWS)), ROWS)]
    assert shaped[0].equals(shaped[1])
