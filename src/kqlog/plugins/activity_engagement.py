"""The plugin `activity_engagement`: the distinct ids of each period in relation to those of a longer window."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, constants, required
from kqlog.syntax import nodes as syntax

USAGE = "IdColumn, TimelineColumn, Start, End, InnerActivityWindow, OuterActivityWindow, Dimension..."
USAGE_OF_ALL = "IdColumn, TimelineColumn, InnerActivityWindow, OuterActivityWindow, Dimension..."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Distinct ids of each inner window, of the outer window that ends with it, and the first divided by the second.

    Inner windows count from Start; without Start and End all rows are taken, in windows of bin(). One without ids is left out.
    """
    source = required(source, call)
    row = scope.over(source)
    limited = constants(call, row) > 2
    rows = Activity(source, Arguments(call, row, USAGE if limited else USAGE_OF_ALL), scope)
    rows.span("InnerActivityWindow", "Step")
    rows.span("OuterActivityWindow", "Outer")
    seen, shown = "isnotnull(Timeline)", "true"
    if limited:
        rows.moment("Start")
        rows.moment("End")
        rows.look_back("Outer")
        seen, shown = "Timeline between (From .. End)", "Bin between (Start .. End)"
    text = f"""
        Rows
        | where {seen} and isnotnull(Id)
        | summarize by Id, First = {rows.period("Timeline")}{rows.by}
        | {rows.following("Outer")}
        | where {shown}
        | summarize dcount_activities_inner = countif(Later == 0), dcount_activities_outer = count_distinct(Id) by Bin{rows.by}
        | where dcount_activities_inner > 0
        | extend activity_ratio = toreal(dcount_activities_inner) / dcount_activities_outer
    """
    return rows.answer(text, ("dcount_activities_inner", "dcount_activities_outer", "activity_ratio"))
