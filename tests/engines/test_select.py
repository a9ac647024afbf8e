"""One SELECT and its text."""

from __future__ import annotations

import pytest

from kqlog.engines.sql.select import OrderKey, Output, Select, aliases, quote, unwrapped


def test_names_are_quoted_whatever_they_contain():
    assert quote('a "b"; drop table x --') == '"a ""b""; drop table x --"'


def test_names_that_differ_in_case_only_get_different_aliases():
    assert aliases(["foo", "Foo", "FOO", "bar"]) == ['"foo"', '"Foo#2"', '"FOO#3"', '"bar"']


@pytest.mark.parametrize(
    ("wrapped", "plain"),
    [
        ("(a + b)", "a + b"),
        ("((a))", "a"),
        ("(a) + (b)", "(a) + (b)"),
        ("('(' || a)", "'(' || a"),
        ('(")" + 1)', '")" + 1'),
        ("(select 1)", "(select 1)"),
    ],
)
def test_only_parentheses_around_the_whole_are_taken_off(wrapped, plain):
    assert unwrapped(wrapped) == plain


def test_clauses_come_in_the_order_of_sql():
    select = Select(
        "t",
        {"k": Output('"k"', '"k"'), "n": Output('"n"', "count(*)", False)},
        where=("(a = 1)", "(b = 1 or c)"),
        groups=1,
        aggregated=True,
        order=(OrderKey("count(*)", descending=True),),
        limit="3",
    )
    assert select.text() == (
        'select "k", count(*) as "n"\nfrom t\nwhere a = 1\n  and (b = 1 or c)\ngroup by 1\norder by "n" desc nulls last\nlimit 3'
    )


def test_an_order_is_written_only_where_it_matters():
    select = Select("t", {"a": Output('"a"', '"a"')}, order=(OrderKey('"b"'),))
    assert "order by" not in select.text()
    assert select.text(ordered=True).endswith('order by "b" asc nulls last')


def test_a_sort_key_that_an_alias_hides_is_noticed():
    replaced = Select("t", {"a": Output('"a"', '"b" + 1', False)}, order=(OrderKey('"a"'),))
    assert replaced.hidden_order()
    assert not Select("t", {"a": Output('"a"', '"a"')}, order=(OrderKey('"a"'),)).hidden_order()
