"""Plugins that are written in the language itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from kqlog.plan import nodes as plan
from kqlog.plan.lookup import Variable
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.syntax.parse import parse


def written(text: str, names: Mapping[str, Variable], scope: Scope) -> plan.Node:
    """The plan of a query of ours over these names. It sees nothing else of the user's query."""
    inner = Scope(scope.session)
    for name, meaning in names.items():
        inner.define(name, meaning)
    *lets, query = _parsed(text)
    for statement in lets:
        assert isinstance(statement, syntax.Let)
        inner.let(statement)
    assert isinstance(query, syntax.Query)
    return inner.relation(query.value)


@lru_cache(maxsize=64)
def _parsed(text: str) -> tuple[syntax.Statement, ...]:
    return parse(text).statements
