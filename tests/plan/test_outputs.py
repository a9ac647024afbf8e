"""The results of a query, as the plan has them."""

from __future__ import annotations

from kqlog.plan.bind import bind
from kqlog.plan.lookup import Environment
from kqlog.syntax.parse import parse


def test_a_branch_of_fork_is_called_by_the_query_or_by_as():
    text = "range x from 1 to 3 step 1 | fork (take 1 | as One) Two=(take 2 | as Other) (count)"
    assert [output.name for output in bind(parse(text), Environment({}, now=0)).outputs] == ["One", "Two", None]
