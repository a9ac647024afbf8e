"""Relations as SQL: what KQL promises and SQL does not."""

from __future__ import annotations

import math
import time
from datetime import datetime

import pyarrow
import pyarrow.parquet
import pytest

import kqlog

NUMBERS = pyarrow.table({"n": [3, 1, 2, None], "k": ["c", "a", "b", None]})


def rows(query, **tables):
    return kqlog.query(query, tables={"T": NUMBERS, **tables}).rows


# ---------------------------------------------------------------------------------------------------------------- order


@pytest.mark.parametrize(
    "after",
    [
        "extend x = 1 | project n",
        "where isnotempty(k) or isnull(n) | project n",
        "extend n2 = n, n = 0 | project n = n2",
        "take 10 | project n",
        "mv-expand x = dynamic([1]) to typeof(long) | project n",
        "serialize r = row_number() | where r > 0 | project n",
        "project x = n + 1, n | extend y = x * 2 | where y > 0 or isnull(y) | project n",
        "project-rename m = n | extend k = '' | project m",
    ],
)
def test_a_sort_holds_through_what_follows(after):
    assert rows(f"T | sort by n desc | {after}") == [(3,), (2,), (1,), (None,)]


def test_a_sort_by_a_column_that_is_dropped_or_replaced_holds():
    assert rows("T | where n > 0 | sort by n asc | project k") == [("a",), ("b",), ("c",)]
    assert rows("T | where n > 0 | sort by n asc | extend n = -n | project n") == [(-1,), (-2,), (-3,)]
    assert rows("T | where n > 0 | sort by n asc | project k = n, n = k | project k") == [(1,), (2,), (3,)]


def test_a_limit_sees_the_order_before_it_and_keeps_it():
    assert rows("T | top 2 by n | extend x = n * 10 | project x") == [(30,), (20,)]
    assert rows("T | sort by n desc | take 2 | sort by n asc | take 1 | project n") == [(2,)]


def test_no_number_sorts_next_to_null():
    frame = pyarrow.table({"r": [1.0, math.nan, None, math.inf, -math.inf]})

    def sorted_by(order):
        return ["nan" if value != value else value for (value,) in rows(f"F | sort by r {order}", F=frame)]

    assert sorted_by("desc") == [math.inf, 1.0, -math.inf, "nan", None]
    assert sorted_by("asc") == [None, "nan", -math.inf, 1.0, math.inf]
    assert sorted_by("asc nulls last") == [-math.inf, 1.0, math.inf, "nan", None]
    assert sorted_by("desc nulls first") == [None, "nan", math.inf, 1.0, -math.inf]


def test_rows_that_tie_keep_one_order_for_all_window_functions():
    frame = pyarrow.table({"g": [number % 3 for number in range(3000)], "n": list(range(3000))})
    query = (
        "F | sort by g asc | extend p = prev(n), i = row_number() | extend q = prev(n), j = row_number() | where p != q or i != j"
    )
    assert rows(query, F=frame) == []
    query = "F | sort by g asc | extend i = row_number() | project i, n | extend back = prev(i)"
    found = rows(query, F=frame)
    assert [row[0] for row in found] == list(range(1, 3001))
    assert [row[2] for row in found[1:]] == list(range(1, 3000))


def test_running_sums_count_each_row_of_a_tie():
    frame = pyarrow.table({"g": [1, 1, 1], "n": [1, 1, 1]})
    assert rows("F | sort by g | extend total = row_cumsum(n) | project total", F=frame) == [(1,), (2,), (3,)]


def test_lists_are_made_in_the_order_of_the_rows():
    assert rows("T | where n > 0 | sort by n asc | summarize make_list(k)") == [(["a", "b", "c"],)]


# ---------------------------------------------------------------------------------------------------------------- names


def test_names_that_differ_in_case_only_are_different_columns():
    query = "print foo = 1, Foo = 2, FOO = 3 | extend fOO = foo + Foo | where FOO == 3 | project FOO, fOO, foo"
    result = kqlog.query(query)
    assert [column.name for column in result.columns] == ["FOO", "fOO", "foo"]
    assert result.rows == [(3, 3, 1)]


def test_such_names_survive_joins_and_groups():
    query = """let L = datatable(k: long, K: long)[1, 10, 2, 20];
        L | join kind=inner (L | summarize a = sum(K), A = count() by k) on k | project k, K, a, A | sort by k asc"""
    assert kqlog.query(query).rows == [(1, 10, 10, 1), (2, 20, 20, 1)]


# ---------------------------------------------------------------------------------------------------------------- nulls


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("inner", [(1, "x", 1, "one"), (None, "", None, "none")]),
        ("leftouter", [(1, "x", 1, "one"), (2, "y", None, ""), (None, "", None, "none")]),
        ("rightouter", [(1, "x", 1, "one"), (None, "", None, "none"), (None, "", 7, "seven")]),
        ("fullouter", [(1, "x", 1, "one"), (2, "y", None, ""), (None, "", None, "none"), (None, "", 7, "seven")]),
    ],
)
def test_null_keys_agree_and_missing_strings_are_empty(kind, found):
    left = pyarrow.table({"a": [1, 2, None], "s": ["x", "y", None]})
    right = pyarrow.table({"a": [1, None, 7], "z": ["one", "none", "seven"]})
    query = f"L | join kind={kind} R on a | project a, s, a1, z"
    assert sorted(rows(query, L=left, R=right), key=repr) == sorted(found, key=repr)


@pytest.mark.parametrize(
    ("kind", "found"),
    [("leftsemi", {1, None}), ("leftanti", {2}), ("rightsemi", {1, None}), ("rightanti", {7})],
)
def test_semi_joins_keep_one_side(kind, found):
    left, right = pyarrow.table({"a": [1, 2, None]}), pyarrow.table({"a": [1, None, 7, 1]})
    assert {row[0] for row in rows(f"L | join kind={kind} R on a", L=left, R=right)} == found


def test_innerunique_keeps_one_left_row_for_each_key():
    left = pyarrow.table({"k": [1, 1, 2, None, None]})
    right = pyarrow.table({"k": [1, 1, None]})
    assert len(rows("L | join R on k", L=left, R=right)) == 3


def test_strings_of_tables_are_never_null():
    assert rows("T | where k == '' | project k, isnull(k), strlen(k)") == [("", False, 0)]
    assert rows("T | summarize count() by k | where k == '' | project k") == [("",)]


def test_null_is_in_no_table():
    assert rows("T | where n in ((T | project n)) | summarize count()") == [(3,)]
    assert rows("T | where n !in ((T | where isnull(n) | project n)) | summarize count()") == [(4,)]


# ---------------------------------------------------------------------------------------------------------------- rows


def test_empty_lists_drop_a_row_and_null_keeps_it():
    query = """datatable(k: string, d: dynamic)['list', dynamic([1, 2]), 'none', dynamic(null), 'empty', dynamic([]),
        'bag', dynamic({'a': 1}), 'one', dynamic(7)] | mv-expand d | project k, d"""
    expected = [("list", 1), ("list", 2), ("none", None), ("bag", {"a": 1}), ("one", 7)]
    assert kqlog.query(query).rows == expected


def test_lists_side_by_side_are_padded():
    query = (
        "print a = dynamic([1, 2, 3]), b = dynamic(['x']) | mv-expand with_itemindex = i a to typeof(long), b to typeof(string)"
    )
    assert kqlog.query(query).rows == [(1, "x", 0), (2, "", 1), (3, "", 2)]


def test_what_is_named_is_drawn_once():
    query = "let s = materialize(T | extend r = rand()); s | join kind=inner s on r | summarize count()"
    assert rows(query) == [(4,)]
    query = "let s = materialize(range x from 1 to 1000 step 1 | sample 5); s | join kind=inner s on x | summarize count()"
    assert rows(query) == [(5,)]


def test_a_summary_of_nothing_has_a_row():
    assert rows("T | where n > 9 | summarize arg_max(n, k)") == [(None, "")]
    assert rows("T | where n > 9 | summarize arg_max(n, *) by k") == []
    assert rows("T | where n > 9 | summarize count(), sum(n)") == [(0, 0)]


def test_the_row_of_the_largest_value_comes_as_a_whole():
    frame = pyarrow.table({"k": ["a", "a", "b"], "v": [1, 2, None], "x": [None, 5, 6], "s": ["p", None, "q"]})
    assert sorted(rows("F | summarize arg_max(v, *) by k", F=frame)) == [("a", 2, 5, ""), ("b", None, 6, "q")]


@pytest.mark.parametrize("nullable", [False, True])
def test_the_latest_row_of_stored_tables(tmp_path, nullable):
    """Stored columns without nulls take another way to the same rows."""
    hours = [datetime(2024, 5, 1, hour) for hour in (3, 1, 2, 2)] + [datetime(2024, 5, 1)]
    table = pyarrow.table({"k": [1, 1, 2, 2, None if nullable else 3], "t": hours, "s": ["a", "b", "c", "c", None]})
    pyarrow.parquet.write_table(table, tmp_path / "T.parquet")
    workspace = kqlog.connect(tmp_path)
    query = "T | where s != 'x' | summarize arg_max(t, *) by k | project k, s, hour = hourofday(t) | sort by k asc nulls last"
    last = None if nullable else 3
    assert workspace.query(query).rows == [(1, "a", 3), (2, "c", 2), (last, "", 0)]
    assert workspace.query(query.replace("arg_max", "arg_min")).rows == [(1, "b", 1), (2, "c", 2), (last, "", 0)]


def test_the_latest_row_of_a_random_choice_is_one_of_it(tmp_path):
    table = pyarrow.table({"k": [number % 10 for number in range(1000)], "t": list(range(1000))})
    pyarrow.parquet.write_table(table, tmp_path / "T.parquet")
    query = "T | where rand() < 0.5 | summarize arg_max(t, *) by k | count"
    assert kqlog.connect(tmp_path).query(query).rows == [(10,)]


def test_rows_of_nothing_have_their_types():
    result = kqlog.query("datatable(a: long, s: string, d: dynamic, t: datetime)[] | extend b = a + 1")
    assert result.rows == []
    assert [str(column.type) for column in result.columns] == ["long", "string", "dynamic", "datetime", "long"]


def test_an_inner_query_runs_for_each_row():
    query = """datatable(k: string, d: dynamic)['a', dynamic([1, 2, 3]), 'b', dynamic([]), 'c', dynamic([5])]
        | mv-apply x = d to typeof(long) on (top 2 by x | summarize total = sum(x)) | project k, total"""
    assert kqlog.query(query).rows == [("a", 5), ("b", 0), ("c", 5)]


# ---------------------------------------------------------------------------------------------------------------- text


def test_only_mentioned_columns_are_read(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"a": [1], "b": [2], "c": ["x"]}), tmp_path / "T.parquet")
    text = kqlog.connect(tmp_path).explain("T | where a > 0 | summarize count() by c")
    assert '"b"' not in text


def test_a_long_query_takes_little_time_to_write():
    steps = " | ".join(f"extend x{n} = n + {n} | where x{n} > {n} or isempty(k)" for n in range(30))
    workspace = kqlog.connect(tables={"T": NUMBERS})
    relation = workspace.planned(f"T | {steps}").outputs[0].relation
    started = time.perf_counter()
    workspace._engine.compile(relation)
    assert time.perf_counter() - started < 0.1
