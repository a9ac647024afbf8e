"""The plugin `activity_counts_metrics`: the ids of each period against those of all periods before."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, required
from kqlog.syntax import nodes as syntax

USAGE = "IdColumn, TimelineColumn, Start, End, Step, Dimension..."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Rows, distinct ids, ids never seen before and distinct ids so far, for each period from Start to End that has rows.

    Periods count from Start; Step is their length, or 'week', 'month' or 'year'.
    """
    source = required(source, call)
    rows = Activity(source, Arguments(call, scope.over(source), USAGE), scope)
    rows.moment("Start")
    rows.moment("End")
    rows.step("Step")
    text = f"""
        let Active = Rows
            | where Timeline between (Start .. End)
            | summarize Rows = count() by Id, Bin = {rows.period("Timeline")}{rows.by};
        Active
        | join kind=inner (Active | summarize First = min(Bin) by Id{rows.by}) on {rows.same("Id")}
        | summarize count = sum(Rows), dcount = countif(isnotnull(Id)), new_dcount = countif(isnotnull(Id) and Bin == First)
            by Bin{rows.by}
        | sort by {rows.same("Bin asc")}
        | extend aggregated_dcount = row_cumsum(new_dcount, {rows.changed("Bin")})
    """
    return rows.answer(text, ("count", "dcount", "new_dcount", "aggregated_dcount"))
