"""The plugin `funnel_sequence`: what came before and after a sequence of states. It binds, and is refused where it would run."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import SUMMABLE, Arguments, required
from kqlog.plugins.refused import refused
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

USAGE = "IdColumn, TimelineColumn, Start, End, MaxSequenceStepWindow, Step, StateColumn, Sequence"


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The columns of its first result."""
    arguments = Arguments(call, scope.over(required(source, call)), USAGE)
    state = arguments.column("StateColumn")
    columns = (
        arguments.column("TimelineColumn", SUMMABLE),
        Column("prev", state.type),
        Column("next", state.type),
        Column("dcount", Type.LONG),
        Column("samples", Type.DYNAMIC),
    )
    hint = "funnel_sequence_completion counts who gets how far"
    return refused(columns, "the plugin funnel_sequence is not offered", hint, call, scope)
