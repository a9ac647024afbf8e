"""Rows of many senders: stored together, acknowledged when they are on disk, each request once."""

from __future__ import annotations

import time
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


def test_a_sender_that_comes_again_too_early_waits_for_the_disk(store: Store) -> None:
    slow = Ingestor(store, age=5)
    first, again = (slow.submit(rows(store, 1), "request-1") for _ in range(2))
    assert not again.done()
    slow.close()
    assert (first.result(1).rows, again.result(1).rows, store.table("T_CL").snapshot().rows) == (1, 1, 1)


def test_a_sender_that_hangs_up_stops_no_one(store: Store, ingestor: Ingestor) -> None:
    waiting = ingestor.submit(rows(store, 1))
    assert not waiting.cancel()
    assert (waiting.result(10).rows, ingestor.submit(rows(store, 2)).result(10).rows) == (1, 1)


def test_rows_that_were_shaped_before_a_column_had_its_type_are_converted(store: Store, ingestor: Ingestor) -> None:
    parts = [shape(store, "T_CL", [{"a": 1}]), shape(store, "T_CL", [{"A": "2"}]), shape(store, "T_CL", [{"a": "three"}])]
    assert [one.result(10).rows for one in [ingestor.submit(part) for part in parts]] == [1, 1, 1]
    assert kqlog.connect(store.root).query("T_CL | project a | sort by a asc nulls last").texts() == [["1"], ["2"], [""]]


def test_small_files_are_put_together_while_rows_come(store: Store) -> None:
    busy = Ingestor(store, age=0, upkeep=0.2)
    for number in range(12):
        busy.submit(rows(store, number)).result(10)
    until = time.monotonic() + 20
    while len(store.table("T_CL").snapshot().files()) > 4 and time.monotonic() < until:
        time.sleep(0.05)
    busy.close()
    snapshot = store.table("T_CL").snapshot()
    assert (len(snapshot.files()) <= 4, snapshot.rows) == (True, 12)


def test_one_request_may_have_rows_for_several_tables(store: Store, ingestor: Ingestor) -> None:
    parts = [shape(store, table, [{"n": 1}]) for table in ("A_CL", "B_CL")]
    assert [one.result(10).rows for one in [ingestor.submit(part, "request-1") for part in parts]] == [1, 1]
    assert kqlog.connect(store.root).query("union A_CL, B_CL | count").rows == [(2,)]
