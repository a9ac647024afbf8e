"""The plugin `active_users_count`: distinct ids that were active in enough periods before."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, required
from kqlog.syntax import nodes as syntax
from kqlog.types import NUMBERS

USAGE = "IdColumn, TimelineColumn, Start, End, LookbackWindow, Period, ActivePeriodsCount, Bin, Dimension..."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The distinct ids, for each bin from Start to End, that were seen in so many periods of the lookback window.

    The window reaches back from each time an id is seen, which is one of its periods. Periods and bins count from Start;
    Bin is a length, or 'week', 'month' or 'year'.
    """
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    rows = Activity(source, arguments, scope)
    rows.moment("Start")
    rows.moment("End")
    rows.span("LookbackWindow")
    rows.look_back("LookbackWindow")
    rows.span("Period")
    least = arguments.constant("ActivePeriodsCount")
    if least.type not in NUMBERS:
        raise QueryError("SEM002", f"a number is wanted here, and this is {least.type.one}", arguments["ActivePeriodsCount"].span)
    rows.names["ActivePeriodsCount"] = least
    rows.step("Bin")
    text = f"""
        let Seen = Rows | where Timeline between (From .. End) and isnotnull(Id);
        let Periods = Seen
            | summarize Last = max(Timeline) by Id, First = bin_at(Timeline, Period, Start){rows.by};
        Seen
        | where Timeline >= Start
        | summarize by Id, Timeline{rows.by}
        | join kind=inner Periods on {rows.same("Id")}
        | where Timeline - Last < LookbackWindow and First <= Timeline
        | summarize Periods = count() by Id, Timeline{rows.by}
        | where Periods >= ActivePeriodsCount
        | summarize dcount = count_distinct(Id) by Bin = {rows.period("Timeline")}{rows.by}
    """
    return rows.answer(text, ("dcount",))
