"""What a power cut or a lost file leaves of a table: readers go on with what is whole, and the next writer needs no help."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

import kqlog
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create
from kqlog.store.table import StoredTable
from kqlog.store.upkeep import keep_in_order

DAYS = ("2026-03-01T10:00:00.1234567Z", "2026-03-02T10:00:00Z")
"""A batch has rows of two days: two files, one version."""


def append(store: Store, batch: int, **more: object) -> None:
    shaped = shape(store, "T_CL", [{"TimeGenerated": day, "batch": batch, **more} for day in DAYS])
    store.table("T_CL").append(shaped.rows, shaped.columns, [f"request-{batch}"])


def log_of(root: Path) -> Path:
    return root / "tables" / "T_CL" / "_delta_log"


def batches(root: Path) -> list[tuple[object, ...]]:
    return kqlog.connect(root).query("T_CL | summarize rows = count() by batch | order by batch asc").rows


def whole(*numbers: int) -> list[tuple[object, ...]]:
    return [(number, len(DAYS)) for number in numbers]


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def lengths(data: bytes) -> Iterable[int]:
    """Where a file is cut: all around its lines, and at many places within."""
    ends = [0, *(at for at, byte in enumerate(data) if byte == ord("\n")), len(data) - 1]
    return sorted(
        {*range(0, len(data), 61), *(near for end in ends for near in (end - 1, end, end + 1) if 0 <= near < len(data))}
    )


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three batches."""
    store = create(tmp_path_factory.mktemp("three") / "logs")
    for batch in range(3):
        append(store, batch)
    return store.root


@pytest.fixture
def root(three: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(three, tmp_path / "logs"))


def test_a_last_version_that_is_cut_anywhere_is_passed_over_by_readers(root: Path) -> None:
    last = max(log_of(root).glob("*.json"))
    data = last.read_bytes()
    last.unlink()
    early = StoredTable(root / "tables" / "T_CL")
    assert early.snapshot().rows == 4
    for cut in (*(data[:length] for length in lengths(data)), bytes(len(data)), data[:-100] + bytes(100)):
        last.write_bytes(cut)
        before = content(root)
        assert early.snapshot().rows == 4, cut
        assert StoredTable(root / "tables" / "T_CL").snapshot().rows == 4, cut
        assert content(root) == before
    last.write_bytes(data)
    assert early.snapshot().rows == StoredTable(root / "tables" / "T_CL").snapshot().rows == 6


@pytest.mark.parametrize("part", [0.0, 0.2, 0.5, 0.9, "lines"])
def test_the_next_writer_stores_the_batch_again(root: Path, part: float | str) -> None:
    last = max(log_of(root).glob("*.json"))
    data = last.read_bytes()
    # Between two lines: one of the two files would be part of the table.
    last.write_bytes(b"\n".join(data.splitlines()[:2]) if part == "lines" else data[: int(len(data) * float(part))])
    early = kqlog.connect(root)
    assert early.query("T_CL | count").rows == [(4,)]
    assert batches(root) == whole(0, 1)
    store = Store(root)
    with store.table("T_CL").writing():
        assert [store.table("T_CL").seen(f"request-{number}") for number in range(3)] == [True, True, False]
    append(store, 2)
    append(store, 3)
    assert batches(root) == whole(0, 1, 2, 3)
    assert early.query("T_CL | count").rows == [(8,)]


def test_a_table_whose_first_version_is_torn_is_not_there_yet(tmp_path: Path) -> None:
    root = create(tmp_path / "logs").root
    append(Store(root), 0)
    first, second = sorted(log_of(root).glob("*.json"))
    second.unlink()
    data = first.read_bytes()
    for length in lengths(data):
        first.write_bytes(data[:length])
        assert "T_CL" not in kqlog.connect(root).tables
    append(Store(root), 1)
    assert batches(root) == whole(1)


def test_a_widening_that_is_torn_is_made_again(root: Path) -> None:
    append(Store(root), 3, wide=1)
    *_, widened, last = sorted(log_of(root).glob("*.json"))
    last.unlink()
    data = widened.read_bytes()
    for length in lengths(data):
        widened.write_bytes(data[:length])
        assert batches(root) == whole(0, 1, 2)
    append(Store(root), 3, wide=2)
    assert kqlog.connect(root).query("T_CL | where wide == 2 | count").rows == [(2,)]


def damages(checkpoint: Path, hint: Path) -> Iterator[None]:
    """One after the other."""
    data = checkpoint.read_bytes()
    for length in (0, 1, 4, len(data) // 2, len(data) - 1):
        checkpoint.write_bytes(data[:length])
        yield
    checkpoint.unlink()
    yield
    checkpoint.write_bytes(data)
    named = hint.read_bytes()
    for length in (0, 1, len(named) // 2, len(named) - 3):
        hint.write_bytes(named[:length])
        yield
    hint.unlink()
    yield


def test_a_checkpoint_or_its_hint_that_is_torn_costs_nothing_acknowledged(root: Path, tmp_path: Path) -> None:
    DeltaTable(str(root / "tables" / "T_CL")).create_checkpoint()
    (checkpoint,) = log_of(root).glob("*.checkpoint.parquet")
    for number, _ in enumerate(damages(checkpoint, checkpoint.parent / "_last_checkpoint")):
        before = content(root)
        # A version and its checkpoint are on disk before anyone hears of the version, so that readers may be without both.
        assert batches(root) in (whole(0, 1), whole(0, 1, 2))
        assert content(root) == before
        copy = Path(shutil.copytree(root, tmp_path / f"copy{number}"))
        append(Store(copy), 3)
        assert batches(copy) == whole(0, 1, 2, 3)


def test_a_file_that_no_version_knows_is_no_part_of_the_table_and_goes_in_time(root: Path) -> None:
    known = next((root / "tables" / "T_CL").glob("_day=*/*.parquet"))
    left, fresh = known.with_name("left.parquet"), known.with_name("fresh.parquet")
    for path in (left, fresh):
        shutil.copy(known, path)
    long_ago = time.time() - 2 * 86_400
    os.utime(left, (long_ago, long_ago))
    assert batches(root) == whole(0, 1, 2)
    assert keep_in_order(Store(root), "T_CL").deleted == 1
    assert (left.exists(), fresh.exists()) == (False, True)
    assert batches(root) == whole(0, 1, 2)


def test_a_file_that_is_lost_is_named(root: Path) -> None:
    lost = next((root / "tables" / "T_CL").glob("_day=2026-03-01/*.parquet"))
    lost.unlink()
    with pytest.raises(kqlog.QueryError, match=lost.name) as refused:
        batches(root)
    assert refused.value.code == "ENG003"
    # Other days are still read, and rows still stored.
    day = "T_CL | where TimeGenerated >= datetime(2026-03-02) | count"
    assert kqlog.connect(root).query(day).rows == [(3,)]
    append(Store(root), 3)
    assert kqlog.connect(root).query(day).rows == [(4,)]


def test_a_version_that_is_lost_is_told(root: Path) -> None:
    (log_of(root) / f"{2:020}.json").unlink()
    with pytest.raises(kqlog.QueryError, match="the log of the table 'T_CL' is damaged") as refused:
        batches(root)
    assert refused.value.code == "ENG003"


def test_versions_stay_while_the_checkpoint_that_says_the_same_is_new(root: Path) -> None:
    """Else a power cut could take the one without having kept the other."""
    long_ago = time.time() - 2 * 86_400
    for path in log_of(root).glob("*.json"):
        os.utime(path, (long_ago, long_ago))
    table = Store(root).table("T_CL")
    with table.writing():
        while not list(log_of(root).glob("*.checkpoint.parquet")):
            table.commit([], {"source": 1})
    assert (log_of(root) / f"{0:020}.json").exists()
    assert batches(root) == whole(0, 1, 2)
