"""The plugin `session_count`: how many sessions begin in each period."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, required
from kqlog.syntax import nodes as syntax

USAGE = "IdColumn, TimelineColumn, Start, End, Bin, LookBackWindow, Dimension..."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """How many sessions begin in each period: an id begins one where it was not seen within the lookback window before.

    Periods are those of bin(), whatever Start is. A period in which no session begins is left out.
    """
    source = required(source, call)
    rows = Activity(source, Arguments(call, scope.over(source), USAGE), scope)
    rows.moment("Start")
    rows.moment("End")
    rows.span("Bin", "Step")
    rows.span("LookBackWindow")
    rows.look_back("LookBackWindow")
    text = f"""
        Rows
        | where Timeline between (From .. End) and isnotnull(Id)
        | sort by {rows.same("Id", "Timeline asc")}
        | extend Begins = {rows.changed("Timeline", "Id")} or Timeline - prev(Timeline) > LookBackWindow
        | where Begins and Timeline >= Start
        | summarize count_sessions = count() by Bin = bin(Timeline, Step){rows.by}
    """
    return rows.answer(text, ("count_sessions",))
