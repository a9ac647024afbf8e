"""The plugin `funnel_sequence_completion`: how many ids get how far through a sequence of states."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.funnels import define_states
from kqlog.plugins.refused import refused
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

USAGE = "IdColumn, TimelineColumn, Start, End, BinSize, StateColumn, Sequence, MaxSequencePeriods"
DIFFERS = "Refused on a timeline that is no datetime: how periods count there is not documented."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """For each bin, period and state: the distinct ids that came from the first state to this one within the period.

    They pass the states between in time, each later than the one before and all in one bin; other states do not matter.
    Bins count from Start.
    """
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    rows = Activity(source, arguments, scope, dimension="StateColumn")
    if rows.timeline.type is not Type.DATETIME and not scope.session.open:
        state = Column(rows.dimensions[0].name, Type.STRING)
        columns = (rows.timeline, state, Column("Period", Type.TIMESPAN), Column("dcount", Type.LONG))
        return refused(columns, f"{call.name} is offered on a timeline of datetimes only", None, call, scope)
    rows.moment("Start")
    rows.moment("End")
    rows.span("BinSize", "Step")
    states = define_states(rows, arguments, Type.STRING)
    arguments.json("MaxSequencePeriods")
    rows.names["Periods"] = arguments.constant("MaxSequencePeriods")
    return rows.answer(_text(rows, states), ("Period", "dcount"), order=("Bin", "Period", "Number"))


def _text(rows: Activity, states: int) -> str:
    steps = ["let Passed0 = Events | where Dimension1 == State0 | project Id, Bin, First = Timeline, Last = Timeline;"]
    steps += [
        f"""
        let Passed{number} = Passed{number - 1}
            | join kind=inner (Events | where Dimension1 == State{number}) on Id, Bin
            | where Timeline > Last
            | summarize Last = min(Timeline) by Id, Bin, First;"""
        for number in range(1, states)
    ]
    passed = ", ".join(f"(Passed{n} | extend Number = {n}, Dimension1 = State{n})" for n in range(states))
    return f"""
        let Events = Rows
            | where Timeline between (Start .. End) and isnotnull(Id)
            | summarize by Id, Timeline, Dimension1 = tostring(Dimension1), Bin = {rows.period("Timeline")};
        {"".join(steps)}
        union {passed}
        | mv-expand Period = Periods to typeof(timespan)
        | where Last - First <= Period
        | summarize dcount = count_distinct(Id) by Bin, Period, Number, Dimension1
    """
