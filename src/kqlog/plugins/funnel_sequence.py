"""The plugin `funnel_sequence`: what came before and after a sequence of states."""

from __future__ import annotations

from kqlog.lowering.calls import column, missing
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.funnels import define_states
from kqlog.plugins.written import written
from kqlog.syntax import nodes as syntax

USAGE = "IdColumn, TimelineColumn, Start, End, MaxSequenceStepWindow, Step, StateColumn, Sequence"
DIFFERS = (
    "How bins and repeated states count is documented in part. Here each bin is looked at alone, and a state that goes on "
    "over several rows counts once."
)
SAMPLES = 128
RESULTS = ("prev, next", "prev", "next")
"""What each result counts ids by."""


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The distinct ids that went through a sequence, and some of them, by the states around it: three results.

    The first is by the state before and the one after, the second by the one before, the third by the one after. Operators that
    follow see the first. Each step is at most MaxSequenceStepWindow later than the one before, with no other
    state between; a state that goes on over several rows counts once. Bins of the length Step count from Start, and each is
    looked at alone. A state before or after is empty where the id has none in the bin.
    """
    return results(source, call, scope)[0].relation


def results(source: plan.Node | None, call: syntax.Call, scope: Scope) -> tuple[plan.Output, ...]:
    """All three results."""
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    rows = Activity(source, arguments, scope, dimension="StateColumn")
    rows.moment("Start")
    rows.moment("End")
    rows.span("MaxSequenceStepWindow")
    rows.step("Step")
    state = rows.dimensions[0].type
    rows.names["Nothing"] = missing(state)
    steps = define_states(rows, arguments, state)
    found = plan.Named(scope.session.unique("$sequences"), written(_sequences(rows, steps), rows.names, scope))
    return tuple(plan.Output(_counted(rows, found, by, scope)) for by in RESULTS)


def _sequences(rows: Activity, steps: int) -> str:
    """The id, bin and neighbours of each time that the sequence was gone through."""
    passed = [f"next(Stretch, {step}) == Stretch and next(Dimension1, {step}) == State{step}" for step in range(1, steps)]
    in_time = [f"next(Timeline, {step}) - next(Timeline, {step - 1}) <= MaxSequenceStepWindow" for step in range(1, steps)]
    return f"""
        Rows
        | where Timeline between (Start .. End) and isnotnull(Id)
        | extend Bin = {rows.period("Timeline")}
        | sort by Id asc, Bin asc, Timeline asc, Dimension1 asc
        | where {rows.changed("Timeline", "Id", "Bin")}
        | extend Stretch = row_cumsum(iff(Id != prev(Id) or Bin != prev(Bin), 1, 0))
        | extend prev = iff(prev(Stretch) == Stretch, prev(Dimension1), Nothing),
            next = iff(next(Stretch, {steps}) == Stretch, next(Dimension1, {steps}), Nothing),
            Passed = {" and ".join(("Dimension1 == State0", *passed, *in_time))}
        | where Passed
        | project Id, Bin, prev, next
    """


def _counted(rows: Activity, found: plan.Node, by: str, scope: Scope) -> plan.Node:
    text = f"""
        Found
        | summarize dcount = count_distinct(Id), samples = make_set(Id, {SAMPLES}) by Bin, {by}
        | sort by Bin asc, dcount desc, {", ".join(f"{name} asc" for name in by.split(", "))}
    """
    node = written(text, {"Found": found}, scope)
    names = ColumnNames()
    bin_, *others = node.columns
    start = plan.Item(names.derive(rows.timeline.name), overloads.convert(column(bin_), rows.timeline.type))
    return plan.Project(node, (start, *(plan.Item(names.derive(other.name), column(other)) for other in others)))
