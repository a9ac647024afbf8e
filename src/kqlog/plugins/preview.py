"""The plugin `preview`: some rows, and how many there are."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering import calls
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.syntax import nodes as syntax

USAGE = "NumberOfRows"


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Two results: at most so many rows, and the number of all rows. Nothing can follow it."""
    raise QueryError("SEM005", "preview gives several results, so it can only end a query", call.span)


def results(source: plan.Node | None, call: syntax.Call, scope: Scope) -> tuple[plan.Output, ...]:
    """Both results."""
    source = required(source, call)
    rows = Arguments(call, scope.over(source), USAGE).whole_number("NumberOfRows")
    counted = plan.Aggregate(source, (), (plan.Item("Count", calls.call("count")),))
    return plan.Output(plan.Limit(source, calls.number(rows)), open=scope.session.open), plan.Output(counted)
