"""Upkeep: small files become one, old days go, and whoever holds an older version still reads it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import kqlog
from kqlog.cli import main
from kqlog.store.store import Store, create
from kqlog.store.upkeep import compact, expire, keep_in_order, tidy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def append(store: Store, query: str, request: str | None = None) -> None:
    result = kqlog.query(query)
    store.table("T_CL").append(result.stored(), tuple(result.columns), [request] if request else [])


def rows(store: Store) -> list[list[str]]:
    return kqlog.connect(store.root).query("T_CL | sort by n asc").texts()


def test_small_files_become_one_and_keep_every_digit_column_and_request(store: Store) -> None:
    for number in range(4):
        append(store, f"print TimeGenerated = datetime(2026-03-01 10:00:0{9 - number}), n = {number}", f"request-{number}")
    append(store, "print TimeGenerated = datetime(2026-03-01 09:00:00.1234567), n = 4, more = dynamic([1]), at = datetime(null)")
    append(store, "print TimeGenerated = datetime(2026-03-02), n = 5")
    before, table = rows(store), store.table("T_CL")
    old = table.snapshot()
    assert compact(table) == (5, 1)
    assert [len(snapshot.files()) for snapshot in (old, table.snapshot())] == [6, 2]
    assert rows(store) == before
    assert all(Path(file).exists() for file in old.files())
    with table.writing():
        assert table.seen("request-2")
    assert compact(table) == (0, 0)


def test_old_days_go_in_one_version_and_a_reader_of_before_still_has_them(store: Store) -> None:
    for day in (1, 2, 3):
        append(store, f"print TimeGenerated = datetime(2020-03-0{day}), n = {day}")
    append(store, "print TimeGenerated = now(), n = 9")
    table = store.table("T_CL")
    old = table.snapshot()
    assert expire(table, 30) == 3
    assert (table.snapshot().version, [row[1] for row in rows(store)]) == (old.version + 1, ["9"])
    assert all(Path(file).exists() for file in old.files())


def test_files_of_no_version_are_deleted_after_a_day(store: Store) -> None:
    for number in range(4):
        append(store, f"print TimeGenerated = datetime(2026-03-01), n = {number}")
    table = store.table("T_CL")
    folder = table.folder / "_day=2026-03-01"
    left, new = folder / "left.parquet", folder / "new.parquet"
    for orphan in (left, new):
        orphan.write_bytes(b"half of a file")
    os.utime(left, (time.time() - 90_000,) * 2)
    compact(table)
    assert tidy(table) == 1
    assert (left.exists(), new.exists(), len(list(folder.iterdir()))) == (False, True, 6)


def test_a_last_version_that_power_took_is_dropped(store: Store) -> None:
    append(store, "print TimeGenerated = datetime(2026-03-01), n = 1")
    (store.root / "tables" / "T_CL" / "_delta_log" / f"{2:020}.json").touch()
    again = Store(store.root)
    append(again, "print TimeGenerated = datetime(2026-03-01), n = 2")
    assert [row[1] for row in rows(again)] == ["1", "2"]


def test_retention_is_kept_with_the_workspace(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    append(store, "print TimeGenerated = datetime(2020-03-01), n = 1")
    data = ["-d", str(store.root)]
    assert main(["retention", *data, "T_CL", "30"]) == 0
    assert main(["retention", *data, "Perf", "0"]) == 0
    assert Store(store.root).retention() == {"AzureMetrics": 93, "InsightsMetrics": 93, "Perf": 0, "T_CL": 30}
    assert main(["compact", *data]) == 0
    assert capsys.readouterr().out == "T_CL: 30 days\nPerf: for good\nT_CL: 1 files were too old\n"
    assert str(keep_in_order(store, "T_CL")) == "T_CL: nothing to do"
