"""The plugin `sequence_detect`: where events follow one another."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from kqlog.errors import QueryError
from kqlog.lowering.calls import column
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.lookup import Variable
from kqlog.plan.names import ColumnNames, derived_name
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.refused import refused
from kqlog.plugins.written import written
from kqlog.syntax import nodes as syntax
from kqlog.types import SUMMABLE, Column, Type

STEPS = "Name = Condition..., "
USAGE = f"TimelineColumn, MaxSequenceStepWindow, MaxSequenceSpan, {STEPS}Dimension..."
DIFFERS = "Refused on a timeline that is no datetime: how its windows count there is not documented."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """A row for each way to go through all steps, one after the other in time, within rows of equal dimensions.

    Each step is later than the one before, by at most MaxSequenceStepWindow; the last at most MaxSequenceSpan later than the
    first. What several rows at one moment say counts once.
    """
    source = required(source, call)
    row = scope.over(source)
    steps = tuple(takewhile(lambda argument: _is_step(argument, row), call.arguments[3:]))
    rest = call.arguments[:3] + call.arguments[3 + len(steps) :]
    arguments = Arguments(replace(call, arguments=rest), row, USAGE.replace(STEPS, ""))
    timeline = arguments.column("TimelineColumn", SUMMABLE)
    if not steps:
        raise QueryError("SEM003", "sequence_detect wants at least one step", call.span, "write: Name = (Condition)")
    dimensions = arguments.columns("Dimension")
    names = ColumnNames()
    shown = [names.declare(found.name, call.span) for found in dimensions]
    shown += [_shown(step, timeline, names) for step in steps]
    shown.append(names.derive("Duration"))
    if timeline.type is not Type.DATETIME and not scope.session.open:
        types_shown = (*(found.type for found in dimensions), *(timeline.type for _ in steps), Type.TIMESPAN)
        columns_shown = tuple(map(Column, shown, types_shown))
        return refused(columns_shown, f"{call.name} is offered on a timeline of datetimes only", None, call, scope)
    own = [f"Dimension{number + 1}" for number in range(len(dimensions))]
    known: dict[str, Variable] = {
        "Step": arguments.constant("MaxSequenceStepWindow", Type.TIMESPAN),
        "Span": arguments.constant("MaxSequenceSpan", Type.TIMESPAN),
    }
    columns = [plan.Item(name, column(found)) for name, found in zip(own, dimensions, strict=True)]
    items = (*columns, plan.Item("Time", column(timeline)), *(_condition(number, step, row) for number, step in enumerate(steps)))
    known["Rows"] = plan.Named(scope.session.unique("$steps"), plan.Project(row.lifted(source), items))
    node = written(_text(len(steps), own), known, scope)
    results = (*own, *(f"Time{number}" for number in range(len(steps))), "Duration")
    types = dict(node.columns)
    return plan.Project(
        node, tuple(plan.Item(name, plan.ColumnRef(have, types[have])) for name, have in zip(shown, results, strict=True))
    )


def _is_step(argument: syntax.Expr, row: Scope) -> bool:
    """Whether an argument is a condition: everything up to the first column that is not a bool."""
    if not isinstance(argument, syntax.Name):
        return True
    found = row.column(argument.name)
    return found is not None and found.type is Type.BOOL


def _shown(step: syntax.Expr, timeline: Column, names: ColumnNames) -> str:
    """What the column of a step's time is called."""
    name = f"{derived_name(step) or ''}_{timeline.name}"
    return names.declare(name, step.span) if isinstance(step, syntax.Named) else names.derive(name)


def _condition(number: int, step: syntax.Expr, row: Scope) -> plan.Item:
    value = row.value(step.value if isinstance(step, syntax.Named) else step)
    if value.type is not Type.BOOL and not row.session.open:
        raise QueryError("SEM002", f"a step is a condition, and this is {value.type.one}", step.span)
    return plan.Item(f"Step{number}", overloads.convert(value, Type.BOOL))


def _text(steps: int, dimensions: list[str]) -> str:
    """The first step joined to the second, those to the third ..."""
    by = "".join(f", {name}" for name in dimensions)
    text = f"Rows | where Step0 and isnotnull(Time) | summarize by Time0 = Time{by}"
    for number in range(1, steps):
        # A later step is in the same stretch of time or in the next one, so that not all rows meet each other.
        text += f"""
        | extend Near = bin(Time{number - 1}, Reach)
        | join kind=inner (
            Rows
            | where Step{number} and isnotnull(Time)
            | summarize by Time{number} = Time{by}
            | mv-expand Before = range(0, 1, 1) to typeof(long)
            | extend Near = bin(Time{number}, Reach) - Before * Reach) on Near{by}
        | where Time{number} > Time{number - 1} and Time{number} - Time{number - 1} <= Step and Time{number} - Time0 <= Span
        """
    order = ", ".join(f"Time{number} asc" for number in range(steps))
    return f"let Reach = min_of(Step, Span); {text} | extend Duration = Time{steps - 1} - Time0 | sort by {order}"
