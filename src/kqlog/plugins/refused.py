"""What a plugin that is not offered gives: its columns as long as a query is only checked, an error where it would run."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Schema


def refused(columns: Schema, message: str, hint: str | None, call: syntax.Call, scope: Scope) -> plan.Node:
    """A table of these columns.

    Raises:
        QueryError: ENG001 where there is an engine.
    """
    if scope.environment.fetch is not None:
        raise QueryError("ENG001", message, call.span, hint)
    return plan.Values(columns, ())
