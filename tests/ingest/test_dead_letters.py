"""Rows among which some cannot be taken in: the others are, and those are kept with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.errors import QueryError
from kqlog.ingest import dead_letters
from kqlog.ingest.dead_letters import LONGEST, DeadLetter, sorted_out
from kqlog.ingest.operations import Operations
from kqlog.ingest.shaping import Shaped
from kqlog.store.store import create
from kqlog.types import Column, Type


def taking(bad: set[int], code: str = "ENG002"):
    def make(some: Sequence[int]) -> Shaped:
        if bad.intersection(some):
            raise QueryError(code, "overflow")
        return Shaped("T_CL", pa.table({"n": list(some)}), (Column("n", Type.LONG),))

    return make


@settings(deadline=None)
@given(st.integers(0, 60), st.sets(st.integers(0, 60)))
def test_good_rows_are_taken_in_in_their_order_and_bad_ones_refused(count: int, bad: set[int]) -> None:
    parts, refused = sorted_out(range(count), taking(bad))
    assert [n for part in parts for n in part.rows.column("n").to_pylist()] == [n for n in range(count) if n not in bad]
    assert [n for n, _ in refused] == [n for n in range(count) if n in bad]


def test_what_is_wrong_with_all_rows_alike_is_no_dead_letter() -> None:
    with pytest.raises(QueryError):
        sorted_out([1, 2], taking({1}, "SEM001"))

    def unknown_column(some: Sequence[int]) -> Shaped:
        raise QueryError("ING001", "there is no such type")

    with pytest.raises(QueryError):
        sorted_out([1, 2], unknown_column)


def test_a_flood_of_bad_rows_ends() -> None:
    tries = 0

    def make(some: Sequence[int]) -> Shaped:
        nonlocal tries
        tries += 1
        return taking(set(range(100_000)))(some)

    parts, refused = sorted_out(range(100_000), make)
    assert (parts, len(refused)) == ([], 100_000)
    assert tries < 2100


def test_a_dead_letter_says_what_it_is_and_is_not_too_long(tmp_path: Path) -> None:
    store = create(tmp_path / "logs")
    letters = [
        DeadLetter("Syslog", "here", "why", "x" * 10_000),
        DeadLetter("T_CL", "here", "why", "\0 '\"", "Transformation"),
        DeadLetter("", "here", "why", ""),
    ]
    made = dead_letters.shaped(store, letters)
    store.table(dead_letters.TABLE).append(made.rows, made.columns)
    columns = "InputStreamId, OperationName, Message, Table_CF, Source_CF, RawData_CF"
    assert kqlog.connect(store.root).query(f"DCRLogErrors | project {columns} | order by Table_CF asc").rows == [
        ("", "Ingestion", "why", "", "here", ""),
        ("Microsoft-Syslog", "Ingestion", "why", "Syslog", "here", "x" * LONGEST),
        ("Custom-T_CL", "Transformation", "why", "T_CL", "here", "\0 '\""),
    ]
    told: list[dict[str, object]] = []
    operations = Operations()
    dead_letters.note(operations, made)
    operations.tell(told.extend)
    assert len(told) == 3
