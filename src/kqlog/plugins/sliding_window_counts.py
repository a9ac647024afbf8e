"""The plugin `sliding_window_counts`: rows and distinct ids of a window that ends with each period."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, required
from kqlog.syntax import nodes as syntax

USAGE = "IdColumn, TimelineColumn, Start, End, LookbackWindow, Bin, Dimension..."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The rows and distinct ids of the periods that make up a lookback window, for each period from Start to End.

    Periods count from Start; Bin is their length, or 'week', 'month' or 'year'. The window has as many whole ones as fit into
    it, a month being 30 days for that. A period without any row in its window is left out.
    """
    source = required(source, call)
    rows = Activity(source, Arguments(call, scope.over(source), USAGE), scope)
    rows.moment("Start")
    rows.moment("End")
    rows.span("LookbackWindow")
    rows.look_back("LookbackWindow")
    rows.step("Bin")
    text = f"""
        Rows
        | where Timeline between (From .. End)
        | summarize Rows = count() by Id, First = {rows.period("Timeline")}{rows.by}
        | {rows.following("LookbackWindow")}
        | where Bin between (Start .. End)
        | summarize Count = sum(Rows), Dcount = count_distinct(Id) by Bin{rows.by}
    """
    return rows.answer(text, ("Count", "Dcount"))
