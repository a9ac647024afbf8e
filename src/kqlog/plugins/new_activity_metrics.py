"""The plugin `new_activity_metrics`: how many of the ids first seen in one period are seen in later ones."""

from __future__ import annotations

from dataclasses import replace

from kqlog.errors import QueryError
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, constants, required
from kqlog.syntax import nodes as syntax
from kqlog.types import Column

USAGE = "IdColumn, TimelineColumn, Start, End, Window, [Cohort], Dimension..., [lookback]"
USAGE_OF_ALL = USAGE.replace("[Cohort], ", "")
RESULTS = ("dcount_new_values", "dcount_retained_values", "dcount_churn_values", "retention_rate", "churn_rate")


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """For each two periods from Start to End: of the ids new in the first, how many the second has; and how many newer ones.

    Cohort leaves only the ids new in its period; those of the lookback table, in its column of the same name or else its first
    one, are never new. Periods count from Start; Window is their length, or 'week', 'month' or 'year'.
    """
    source = required(source, call)
    row = scope.over(source)
    lookback: plan.Node | None = None
    if call.arguments and row.is_tabular(call.arguments[-1]):
        lookback = scope.relation(call.arguments[-1])
        call = replace(call, arguments=call.arguments[:-1])
    one_cohort = constants(call, row) > 3
    arguments = Arguments(call, row, USAGE if one_cohort else USAGE_OF_ALL)
    rows = Activity(source, arguments, scope)
    rows.moment("Start")
    rows.moment("End")
    rows.step("Window")
    is_new, is_shown = "true", "true"
    if lookback is not None:
        rows.names["Lookback"] = _ids(lookback, rows.id, scope, call)
        is_new = "Id !in (Lookback)"
    if one_cohort:
        rows.moment("Cohort")
        is_shown = f"Bin == {rows.period('Cohort')}"
    return rows.answer(_text(rows, is_new, is_shown), RESULTS, (f"from_{rows.timeline.name}", f"to_{rows.timeline.name}"))


def _ids(lookback: plan.Node, wanted: Column, scope: Scope, call: syntax.Call) -> plan.Node:
    """The ids of the lookback table: its column of that name, else its first one."""
    found = next((have for have in lookback.columns if have.name == wanted.name), None) or next(iter(lookback.columns), None)
    if found is None or (found.type is not wanted.type and not scope.session.open):
        raise QueryError("SEM002", f"the lookback table has no column '{wanted.name}' of {wanted.type}s", call.span)
    return kept(lookback, (found,))


def _text(rows: Activity, is_new: str, is_shown: str) -> str:
    return f"""
        let Active = Rows
            | where Timeline between (Start .. End) and isnotnull(Id)
            | summarize by Id, To = {rows.period("Timeline")}{rows.by};
        let New = Active | summarize First = min(To) by Id{rows.by} | where {is_new};
        let Periods = {rows.periods()} | extend All = 1;
        let Seen = Active
            | join kind=inner New on {rows.same("Id")}
            | summarize Ids = count() by First, To{rows.by};
        New
        | summarize by All = 1{rows.by}
        | join kind=inner (Periods | where {is_shown}) on All
        | join kind=inner (Periods | project All, To = Bin) on All
        | where To >= Bin
        | join kind=leftouter Seen on {rows.same("To")}
        | summarize dcount_retained_values = sumif(Ids, First == Bin),
            dcount_new_values = sumif(Ids, First > Bin or (First == Bin and To == Bin)) by Bin, To{rows.by}
        | join kind=leftouter (New | summarize Cohort = count() by Bin = First{rows.by}) on {rows.same("Bin")}
        | extend Cohort = coalesce(Cohort, 0)
        | extend dcount_churn_values = Cohort - dcount_retained_values, retention_rate = toreal(dcount_retained_values) / Cohort
        | extend churn_rate = toreal(dcount_churn_values) / Cohort
    """
