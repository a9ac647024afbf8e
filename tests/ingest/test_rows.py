"""JSON of unknown senders: each column gets one type, however long the body is."""

from __future__ import annotations

import json

import pytest

from kqlog.errors import QueryError
from kqlog.ingest.rows import from_array, from_delimited, from_sequence

MANY = 45_000
"""More than are read at once."""


@pytest.mark.parametrize(
    ("first", "last", "type_"),
    [(1, 2, "int64"), (1, 2.5, "double"), (1, "x", "string"), (None, True, "bool"), ({"a": 1}, None, "extension<arrow.json>"),
     ("x", [1], "extension<arrow.json>"), (1, 2**63, "double")],
)  # fmt: skip
def test_a_late_value_of_another_kind_changes_the_type(first: object, last: object, type_: str) -> None:
    sent = [{"v": first}, *({"other": n} for n in range(MANY)), {"v": last}]
    table = from_array(json.dumps(sent).encode())
    assert (table.num_rows, str(table.column("v").type)) == (MANY + 2, type_)
    assert table.column("v").null_count == MANY + (first is None or last is None)


def test_whole_numbers_stay_exact() -> None:
    text = b'[{"n": 9223372036854775807, "d": {"n": 123456789012345678901234567890}}]'
    table = from_array(text)
    assert table.column("n").to_pylist() == [2**63 - 1]
    assert table.column("d").combine_chunks().storage.to_pylist() == ['{"n":123456789012345678901234567890}']


def test_a_number_that_no_column_holds_is_refused() -> None:
    for number in (b"1" + b"0" * 400, b"1" + b"0" * 5000, b"1e400"):
        with pytest.raises(QueryError, match=r"too large|out of range"):
            from_array(b'[{"n": %b}]' % number)


@pytest.mark.parametrize("text", [b'{"a": 1} {"a"', b'{"a": 1} x', b'{"a": 1} 2', b"\xff"])
def test_a_sequence_that_ends_wrong(text: bytes) -> None:
    with pytest.raises(QueryError, match=r"not JSON|not UTF-8"):
        from_sequence(text)


def test_lines_of_values() -> None:
    table = from_delimited(b'1,"a, ""b""\nc"\n2,\n', ["n", "s", "more"])
    assert table.to_pydict() == {"n": ["1", "2"], "s": ['a, "b"\nc', ""]}
    for text, reason in [(b"1,2\n3\n", "Expected 2 columns"), (b"1,2,3,4\n", "4 values"), (b"\xff,1\n", "UTF8|UTF-8")]:
        with pytest.raises(QueryError, match=reason):
            from_delimited(text, ["n", "s", "more"])
