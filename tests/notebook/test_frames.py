"""Results as data frames: which columns are copied on the way."""

from __future__ import annotations

import pyarrow
import pytest

import kqlog

QUERY = """
range n from 1 to 400000 step 1
| extend ratio = n * 1.5, even = n % 2 == 0, text = strcat("row ", n), maybe = iff(n % 3 == 0, long(null), n)
"""


@pytest.fixture(scope="module")
def result():
    return kqlog.query(QUERY)


def addresses(column):
    """Where the values of a column are in memory."""
    chunks = column.chunks if isinstance(column, pyarrow.ChunkedArray) else [column]
    return {chunk.buffers()[-1].address for chunk in chunks if len(chunk) > 10_000}


def of_pandas(frame, name):
    return frame[name].array.__arrow_array__()


@pytest.mark.parametrize("name", ["n", "ratio", "even", "maybe"])
def test_polars_has_the_same_memory_for_all_but_text(result, name):
    # A column of polars' alone would come back in one piece, which is a copy.
    found = addresses(result.to_polars().to_arrow()[name])
    assert found
    assert found <= addresses(result.to_arrow()[name])


@pytest.mark.parametrize("name", ["n", "ratio", "even", "maybe", "text"])
def test_pandas_with_columns_of_arrow_has_the_same_memory(result, name):
    found = addresses(of_pandas(result.to_pandas(arrow=True), name))
    assert found
    assert found <= addresses(result.to_arrow()[name])


def test_whole_numbers_with_nulls_stay_whole_in_columns_of_arrow(result):
    assert str(result.to_pandas()["maybe"].dtype) == "float64"
    frame = result.to_pandas(arrow=True)
    assert str(frame["maybe"].dtype) == "int64[pyarrow]"
    assert frame["maybe"].isna().sum() == 133_333
