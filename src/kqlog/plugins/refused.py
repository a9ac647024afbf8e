"""What a plugin that is not offered gives: its columns, and an error where it would run."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Schema


def refused(columns: Schema | None, message: str, hint: str | None, call: syntax.Call, scope: Scope) -> plan.Node:
    """A table of these columns; None: nobody knows them before it runs."""
    if columns is None:
        scope.session.open = True
    return plan.Refused(columns or (), message, hint, call.span)
