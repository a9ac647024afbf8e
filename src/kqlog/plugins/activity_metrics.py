"""The plugin `activity_metrics`: the ids of each period against those of the period before."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, constants, required
from kqlog.plugins.refused import refused
from kqlog.syntax import nodes as syntax
from kqlog.types import SUMMABLE, Column, Type

USAGE = "IdColumn, TimelineColumn, Start, End, Step, Dimension..."
USAGE_OF_ALL = "IdColumn, TimelineColumn, Step, Dimension..."
DIFFERS = "Refused without the length of a period: what it then is is not documented."
RESULTS = ("dcount_values", "dcount_newvalues", "retention_rate", "churn_rate")


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Distinct ids, those the period before did not have, and the shares of that period's ids that stayed and left.

    Periods count from Start; Step is their length, or 'week', 'month' or 'year'. Without Start and End all rows are taken, in
    periods of bin(). A period without ids is left out.
    """
    source = required(source, call)
    row = scope.over(source)
    given = constants(call, row)
    if given in (0, 2):
        return _without_step(Arguments(call, row, USAGE_OF_ALL.replace("Step, Dimension...", "[Start], [End]")), scope)
    rows = Activity(source, Arguments(call, row, USAGE if given > 1 else USAGE_OF_ALL), scope, ids=frozenset(Type))
    within = "isnotnull(Timeline)"
    if given > 1:
        rows.moment("Start")
        rows.moment("End")
        within = "Timeline between (Start .. End)"
    rows.step("Step")
    text = f"""
        let Active = Rows
            | where {within} and isnotnull(Id)
            | summarize by Id, Bin = {rows.period("Timeline")}{rows.by};
        let Before = Active | extend Bin = {rows.period("Bin", 1)};
        Active
        | join kind=leftouter (Before | extend Stayed = true) on {rows.same("Id", "Bin")}
        | summarize dcount_values = count(), Stayed = countif(Stayed) by Bin{rows.by}
        | join kind=leftouter (Before | summarize Before = count() by Bin{rows.by}) on {rows.same("Bin")}
        | extend dcount_newvalues = dcount_values - Stayed, retention_rate = toreal(Stayed) / coalesce(Before, 0)
        | extend churn_rate = 1 - retention_rate
    """
    return rows.answer(text, RESULTS)


def _without_step(arguments: Arguments, scope: Scope) -> plan.Node:
    counts = [Column(name, Type.LONG) for name in RESULTS[:2]]
    rates = [Column(name, Type.REAL) for name in RESULTS[2:]]
    hint = f"write: evaluate activity_metrics({USAGE_OF_ALL})"
    columns = (arguments.column("TimelineColumn", SUMMABLE), *counts, *rates)
    return refused(columns, "activity_metrics without the length of a period is not offered", hint, arguments.call, scope)
