"""Values as SQL: constants, paths, and text from queries that must stay text."""

from __future__ import annotations

import math

import pyarrow
import pytest

import kqlog


def answer(expression, **columns):
    frame = pyarrow.table({"row": [1], **{name: [value] for name, value in columns.items()}})
    return kqlog.query(f"T | project answer = {expression}", tables={"T": frame}).rows[0][0]


@pytest.mark.parametrize("value", [0, 1, -1, 2**31 - 1, 2**31, -(2**31), 2**63 - 1, -(2**63) + 1])
def test_long_constants_are_exact(value):
    assert answer(f"long({value})") == value


def test_arithmetic_of_small_constants_is_64_bits_wide():
    assert answer("2147483647 + row") == 2**31
    assert answer("iff(row == 1, 2147483647, 0) + 1") == 2**31


@pytest.mark.parametrize("text", ["1.5", "0.1", "1e300", "-2.25", "1e-7"])
def test_real_constants_are_doubles(text):
    assert answer(f"real({text})") == float(text)


def test_real_constants_can_be_no_numbers():
    assert math.isnan(answer("real(nan)"))
    assert answer("real(+inf)") == math.inf
    assert answer("real(-inf)") == -math.inf


@pytest.mark.parametrize(
    "text", ["it's", '"', "'; drop table T; --", "{left}", "a\0b", "\\", "日本", "{0} {{row}}", "$$", "/* x */"]
)
def test_strings_stay_what_they_are(text):
    frame = pyarrow.table({"s": [text, "other"]})
    query = "declare query_parameters(wanted: string); T | where s == wanted | project s, copy = strcat(wanted, '')"
    assert kqlog.query(query, tables={"T": frame}, parameters={"wanted": text}).rows == [(text, text)]


@pytest.mark.parametrize("name", ["a b", 'quo"te', "it's", "select", "日本", "a.b", "#1", "$x", "rowid", "row number", "step1"])
def test_columns_may_have_any_name(name):
    frame = pyarrow.table({name: [3, 1, 2]})
    column = f"['{name}']" if "'" not in name else f'["{name}"]'
    result = kqlog.query(f"T | where {column} > 1 | sort by {column} asc | extend n = row_number()", tables={"T": frame})
    assert result.rows == [(2, 1), (3, 2)]


BAG = '{"k": 1, "a b": 2, "a.b": 3, "quo\\"te": 4, "": 5, "*": 6, "back\\\\slash": 7, "日": 8, "list": [1, [2, 3]], "none": null, "0": 9, "t~/x": 10}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".k", 1),
        ("['a b']", 2),
        ("['a.b']", 3),
        ("['quo\"te']", 4),
        ("['']", 5),
        ("['*']", 6),
        (r"['back\\slash']", 7),
        ("['日']", 8),
        ("['0']", 9),
        ("['t~/x']", 10),
        (".list[0]", 1),
        (".list[1][-1]", 3),
        (".list[-1][0]", 2),
        (".list[7]", None),
        (".list.k", None),
        (".none", None),
        (".none.k", None),
        (".missing", None),
        ("[strcat('', 'k')]", 1),
        ("[strcat(key, '')]", 10),
        (".list[row]", [2, 3]),
        (".list[-row]", [2, 3]),
        (".list[toint(row)][0]", 2),
    ],
)
def test_a_path_finds_its_part_of_a_bag(path, value):
    assert answer(f"parse_json(bag){path}", bag=BAG, key="t~/x") == value


def test_a_path_may_end_in_text():
    assert answer("tostring(parse_json(bag).list)", bag=BAG) == "[1,[2,3]]"
    assert answer("tostring(parse_json(bag).none)", bag=BAG) == ""


def test_a_lambda_in_a_body_does_not_take_a_column_for_its_own():
    names = ["x", "v", "e", "element", "value", "item", "clock", "array", "entry"]
    frame = pyarrow.table({name: [f"[{number}, 10]"] for number, name in enumerate(names)})
    for number, name in enumerate(names):
        result = kqlog.query(
            f"T | project array_sort_asc(array_concat(parse_json({name}), parse_json({name})))", tables={"T": frame}
        )
        assert result.rows == [([number, number, 10, 10],)]


def test_a_null_is_no_reason_to_drop_a_row_that_another_condition_keeps():
    frame = pyarrow.table({"a": [1, None, 3], "b": [True, True, False]})
    kept = kqlog.query("T | where a == 3 or b | project a", tables={"T": frame}).rows
    assert kept == [(1,), (None,), (3,)]
    assert kqlog.query("T | where not(a == 3) | project a", tables={"T": frame}).rows == [(1,), (None,)]


def test_a_function_without_a_body_is_refused_by_name():
    with pytest.raises(kqlog.QueryError) as caught:
        kqlog.query("print hash_many(1, 2)")
    assert caught.value.code == "ENG001"
    assert "hash_many()" in caught.value.message
