"""Rows of many senders: stored together, acknowledged when they are on disk, each request once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.ingestor import BusyError, Ingestor
from kqlog.ingest.shaping import Shaped, shape
from kqlog.store.store import Store, create


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


@pytest.fixture
def ingestor(store: Store) -> Iterator[Ingestor]:
    made = Ingestor(store, age=0.05)
    yield made
    made.close()


def rows(store: Store, *numbers: int) -> Shaped:
    return shape(store, "T_CL", [{"n": number} for number in numbers])


def test_what_is_acknowledged_can_be_queried(store: Store, ingestor: Ingestor) -> None:
    assert ingestor.submit(rows(store, 1, 2)).result(10).rows == 2
    assert kqlog.connect(store.root).query("T_CL | count").rows == [(2,)]


def test_senders_of_one_moment_share_a_version(store: Store, ingestor: Ingestor) -> None:
    waiting = [ingestor.submit(part) for part in [rows(store, number) for number in range(5)]]
    assert [one.result(10).rows for one in waiting] == [1] * 5
    assert store.table("T_CL").snapshot().version < 5


def test_a_request_is_stored_once_also_by_another_process(store: Store, ingestor: Ingestor) -> None:
    assert ingestor.submit(rows(store, 1), "request-1").result(10).rows == 1
    assert ingestor.submit(rows(store, 1), "request-1").result(10).rows == 0
    later = Ingestor(Store(store.root), age=0)
    assert later.submit(rows(store, 1), "request-1").result(10).rows == 0
    later.close()
    assert kqlog.connect(store.root).query("T_CL | count").rows == [(1,)]


def test_rows_of_different_columns_are_stored_together(store: Store, ingestor: Ingestor) -> None:
    parts = [shape(store, "T_CL", [{"a": 1}]), shape(store, "T_CL", [{"b": "x", "c": {"d": 2}}])]
    assert [one.result(10).rows for one in [ingestor.submit(part) for part in parts]] == [1, 1]
    assert sorted(kqlog.connect(store.root).query("T_CL | project a, b, c").texts()) == [["", "x", '{"d":2}'], ["1", "", ""]]


def test_who_sends_more_than_waits_is_told_to_come_back(store: Store) -> None:
    full = Ingestor(store, age=5, most=3)
    first = full.submit(rows(store, 1, 2))
    with pytest.raises(BusyError) as busy:
        full.submit(rows(store, 3, 4))
    assert busy.value.seconds >= 1
    full.close()
    assert first.result(1).rows == 2
