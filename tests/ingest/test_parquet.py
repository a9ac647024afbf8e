"""Parquet files that are torn, damaged or hostile: a clear error, and nothing of them is stored."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import kqlog
from kqlog.errors import QueryError
from kqlog.ingest import file_batches
from kqlog.ingest.files import ingest_file
from kqlog.store.store import Store, create

ROWS = 400
TABLE = pa.table(
    {
        "n": range(ROWS),
        "text": [f"text {at % 7}" for at in range(ROWS)],
        "list": [[1, 2, at] for at in range(ROWS)],
        "bag": [{"a": at, "b": str(at)} for at in range(ROWS)],
    }
)
SHAPES: dict[str, dict[str, object]] = {
    "snappy": {},
    "plain": {"compression": "none", "use_dictionary": False},
    "groups": {"compression": "gzip", "row_group_size": 100},
    "second version": {"compression": "zstd", "data_page_version": "2.0", "use_dictionary": False},
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def stored(store: Store) -> int:
    return store.table("P_CL").snapshot().rows if store.table("P_CL").exists else 0


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of few rows, so that a file of hundreds has several."""
    monkeypatch.setattr(file_batches, "MOST_ROWS", 200)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_file_that_is_damaged_anywhere_is_stored_whole_or_not_at_all(
    store: Store, tmp_path: Path, few: None, shape: dict[str, object]
) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(TABLE, path, **shape)
    good, chosen, refused = path.read_bytes(), random.Random(7), 0
    for _ in range(15):
        damaged = bytearray(good)
        at = chosen.randrange(len(good))
        if chosen.random() < 0.3:
            del damaged[at:]
        else:
            damaged[at] = chosen.randrange(256)
        path.write_bytes(damaged)
        before = stored(store)
        try:
            ingest_file(store, "P_CL", path, format_="parquet")
        except QueryError as error:
            assert error.code in {"ENG003", "ING001", "ENG002"}
            assert error.code != "ENG003" or error.message.endswith("Nothing of this file is stored")
            assert stored(store) == before
            refused += 1
        else:
            assert stored(store) - before in {0, ROWS}  # a byte of padding, or of a value
    assert refused > 3


def test_texts_that_are_not_utf8_are_found_before_anything_is_stored(store: Store, tmp_path: Path, few: None) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(TABLE.select(["text"]), path, compression="none", use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[data.rindex(b"text 5")] = 0xFF
    path.write_bytes(data)
    with pytest.raises(QueryError, match="UTF8"):
        ingest_file(store, "P_CL", path)
    assert stored(store) == 0


def test_a_file_whose_parts_do_not_agree_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(TABLE.select(["n"]), path)
    data = path.read_bytes()
    footer = data.rindex(b"\x16\xa0\x06")  # 400 rows, as Thrift writes a number, in the footer
    path.write_bytes(data[:footer] + b"\x16\xa2\x06" + data[footer + 3 :])
    with pytest.raises(QueryError, match=r"not Parquet: .*400"):
        ingest_file(store, "P_CL", path)
    assert stored(store) == 0


def test_a_value_that_no_type_holds_costs_its_row_only(store: Store, tmp_path: Path, few: None) -> None:
    path = tmp_path / "p.parquet"
    moments = pa.array([0] * 333 + [2**62] + [0] * 66, pa.timestamp("us"))
    pq.write_table(pa.table({"n": range(400), "at": moments}), path)
    told = ingest_file(store, "P_CL", path)
    assert told == f"{path}: 399 rows in P_CL; 1 rows could not be taken in: DCRLogErrors has them with the reason"
    assert "(400 of 400 were stored before" in ingest_file(Store(store.root), "P_CL", path)
    workspace = kqlog.connect(store.root)
    assert workspace.query("P_CL | summarize count(), countif(n == 333)").rows == [(399, 0)]
    columns = "InputStreamId, OperationName, Message, Source_CF, RawData_CF"
    letter = ("Custom-P_CL", "Transformation", "overflow: a number is larger than a long can hold")
    raw = f'{{"n": 333, "at": {2**62}}}'
    assert workspace.query(f"DCRLogErrors | project {columns}").rows == [(*letter, f"{path}, row 334", raw)]


def test_a_column_of_a_type_that_is_not_known_refuses_the_file(store: Store, tmp_path: Path, few: None) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"half": pa.array([1.0] * 400, pa.float64()).cast(pa.float16())}), path)
    with pytest.raises(QueryError, match="Unsupported"):
        ingest_file(store, "P_CL", path)
    assert (stored(store), "DCRLogErrors" in kqlog.connect(store.root).tables) == (0, True)
    assert kqlog.connect(store.root).query("DCRLogErrors | count").rows == [(0,)]
