"""Property bags, arrays and sets: what the declared examples do not show."""

from __future__ import annotations

from typing import Any

import pytest

import kqlog
from kqlog.errors import QueryError


def value(expression: str) -> Any:
    """What `print` answers for one expression."""
    return kqlog.connect(None).query(f"print x = {expression}").rows[0][0]


def columns(query: str) -> list[str]:
    return [column.name for column in kqlog.connect(None).query(query).columns]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("{}", {}),
        ("[]", []),
        ("null", None),
        ("", None),
        ("1.50", 1.5),
        ("NaN", "NaN"),
        ("[1,", "[1,"),
        (' {"a" : [1, null]} ', {"a": [1, None]}),
    ],
)
def test_text_is_read_as_json_or_stays_text(text: str, held: object) -> None:
    assert value(f"parse_json('{text}')") == held


def test_whole_numbers_stay_exact_through_array_functions() -> None:
    big = 9007199254740993
    array = f"dynamic([{big}, 1])"
    assert value(f"array_reverse({array})") == [1, big]
    assert value(f"array_sort_desc({array})") == [big, 1]
    assert value(f"set_union({array}, dynamic([{big - 1}]))") == [big, 1, big - 1]
    assert value(f"series_add({array}, 0)") == [big, 1]


@pytest.mark.parametrize(
    "call", ["array_reverse(n)", "array_concat(dynamic([1]), n)", "set_union(dynamic([1]), n)", "zip(dynamic([1]), n)"]
)
def test_what_is_no_array_gives_null(call: str) -> None:
    assert value(call.replace("n)", "parse_json('{\"a\": 1}'))")) is None
    assert value(call.replace("n)", "dynamic(null))")) is None


@pytest.mark.parametrize(
    ("start", "end", "slice_"), [(-10, 1, [1, 2]), (2, 1, []), (5, 9, []), (-2, -2, [2]), (0, -1, [1, 2, 3]), (-9, -8, [])]
)
def test_slices_ignore_positions_outside(start: int, end: int, slice_: list[int]) -> None:
    assert value(f"array_slice(dynamic([1, 2, 3]), {start}, {end})") == slice_


def test_values_of_every_type_are_packed_as_their_text() -> None:
    packed = value("pack_array(1, 1.0, 'a', true, datetime(2026-01-02), 1d, guid(74be27de-1e4e-49d9-b579-fe0b331d3642))")
    assert packed == [1, 1.0, "a", True, "2026-01-02T00:00:00.0000000Z", "1.00:00:00", "74be27de-1e4e-49d9-b579-fe0b331d3642"]


def test_the_leftmost_bag_wins_and_what_is_no_bag_adds_nothing() -> None:
    assert value("bag_merge(dynamic({'a': 1}), dynamic(null), dynamic({'a': 2, 'b': {'c': 3}}))") == {"a": 1, "b": {"c": 3}}


def test_pack_all_can_leave_out_what_is_empty() -> None:
    query = "datatable(name: string, size: long)['', long(null), 'x', 1] | project all = pack_all(), some = pack_all(true)"
    assert kqlog.connect(None).query(query).rows == [({"name": "", "size": None}, {}), ({"name": "x", "size": 1},) * 2]


def test_several_arrays_are_sorted_alike_into_a_column_each() -> None:
    query = "print t = dynamic([3, 1, 2]), name = dynamic(['c', 'a', 'b']) | project array_sort_asc(t, name, dynamic([1]))"
    assert columns(query) == ["t_sorted", "name_sorted", "array2_sorted"]
    assert kqlog.connect(None).query(query).rows == [([1, 2, 3], ["a", "b", "c"], None)]


def test_mixed_values_are_sorted_by_kind() -> None:
    assert value("array_sort_asc(dynamic([true, '10', 9, null, '9', 10]))") == [9, 10, "10", "9", True, None]


def test_ranges_end_at_a_million_values() -> None:
    assert value("array_length(range(1, 1000000000))") == 1_048_576
    assert value("range(5, 1)") == []
    assert value("range(9223372036854775806, 9223372036854775807)") == [9223372036854775806, 9223372036854775807]


def test_arrays_are_asked_for() -> None:
    with pytest.raises(QueryError, match="array_length"):
        value("array_length('abc')")
