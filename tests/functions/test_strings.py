from __future__ import annotations

import pyarrow as pa
import pytest

import kqlog
from kqlog.errors import QueryError


def answer(expression):
    return kqlog.query(f"print {expression}").rows[0][0]


@pytest.mark.parametrize("start", [-9, -2, 0, 1, 5, 9])
@pytest.mark.parametrize("length", [-1, 0, 2, 9])
def test_substring_of_columns_equals_that_of_constants(start, length):
    table = pa.table({"text": ["abcde"], "start": [start], "length": [length]})
    calls = "substring(text, {0}), substring(text, {0}, {1})"
    query = f"T | project {calls.format('start', 'length')}, {calls.format(start, length)}"
    rows = kqlog.query(query, tables={"T": table}).rows
    first = max(start + 5, 0) if start < 0 else start
    rest, part = "abcde"[first:], "abcde"[first : first + max(length, 0)]
    assert rows == [(rest, part, rest, part)]


def test_positions_beyond_what_the_engine_takes_are_no_error():
    assert answer("substring('abc', 9223372036854775807)") == ""
    assert answer("substring('abc', 1, 9223372036854775807)") == "bc"
    assert answer("indexof('abc', 'b', 9223372036854775807)") == -1


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("countof('a', 'a', 'word')", "the kind is 'normal' or 'regex', not 'word'"),
        (r"replace_regex('a', 'a', @'\1')", "the regular expression has no group 1"),
        ("trim('(', 'a')", "a '(' is not closed"),
    ],
)
def test_wrong_constants_are_refused_with_a_reason(expression, reason):
    with pytest.raises(QueryError) as error:
        answer(expression)
    assert error.value.message.endswith(reason)


def test_text_that_looks_like_a_template_stays_text():
    assert answer("replace_regex('a', 'a', '{source}')") == "{source}"
    assert answer("'x {left} y' contains '{left}'") is True
    assert answer("split('a{source}b', '{source}')") == ["a", "b"]


def test_a_replacement_keeps_its_other_backslashes():
    assert answer(r"replace_regex('a.b', @'\.', @'\\')") == r"a\b"
    assert answer(r"replace_regex('a.b', @'(\.)', @'\d\1')") == r"a\d.b"


def test_earlier_texts_are_replaced_first_and_once():
    assert answer("replace_strings('aab', dynamic(['aa', 'a', 'b']), dynamic(['b', 'x', 'a']))") == "ba"
    assert answer("replace_strings('abc', dynamic([]), dynamic([]))") == "abc"
