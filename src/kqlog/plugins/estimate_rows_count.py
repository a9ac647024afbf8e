"""The plugin `estimate_rows_count`: how many rows there are."""

from __future__ import annotations

from kqlog.lowering import calls
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.syntax import nodes as syntax

USAGE = ""
DIFFERS = "Exact, where Kusto estimates."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The number of rows."""
    source = required(source, call)
    Arguments(call, scope.over(source), USAGE)
    return plan.Aggregate(source, (), (plan.Item("EstimatedRowsCount", calls.call("count")),))
