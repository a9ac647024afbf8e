"""The plugin `identity_v3`: what Kusto tests itself with. It binds, and is refused where it would run."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.refused import refused
from kqlog.syntax import nodes as syntax

USAGE = "mode, exceptionText"
DIFFERS = "Refused, since what it does is not documented. identity() gives the rows unchanged."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The columns of the table.

    Raises:
        QueryError: ENG001 where there is an engine.
    """
    source = required(source, call)
    Arguments(call, scope.over(source), USAGE)
    return refused(source.columns, "the plugin identity_v3 is not offered", DIFFERS, call, scope)
