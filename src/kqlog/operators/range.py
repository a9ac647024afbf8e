"""The operator `range`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator
from kqlog.types import NUMBERS, SUMMABLE, Column, Type


@dataclass(frozen=True)
class Range(Operator):
    """A table of one column that counts from one value to another."""

    rule: ClassVar[str] = "range"
    syntax: ClassVar[str] = "range Name from Start to Stop step Step"
    examples: ClassVar[tuple[str, ...]] = (
        "range x from 1 to 7 step 3",
        "range Hour from datetime(2026-03-10 09:00) to datetime(2026-03-10 11:00) step 1h",
    )

    name: str
    start: Expr
    stop: Expr
    step: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        start, stop = scope.constant(self.start), scope.constant(self.stop)
        step = scope.constant(self.step)
        for value, expr in ((start, self.start), (stop, self.stop)):
            if value.type not in SUMMABLE:
                raise QueryError(
                    "SEM002", f"a range counts numbers, datetimes or timespans, and this is {value.type.one}", expr.span
                )
        wanted = NUMBERS if start.type in NUMBERS else {Type.TIMESPAN}
        if step.type not in wanted:
            raise QueryError("SEM002", f"{step.type.one} cannot be added to {start.type.one}", self.step.span)
        if step.value == 0:
            raise QueryError("SEM002", "the step of a range is not zero", self.step.span)
        types = [start.type, stop.type] + ([step.type] if start.type in NUMBERS else [])
        type_ = overloads.common_type(types)
        if type_ is None:
            raise QueryError("SEM002", f"a range from {start.type} to {stop.type} by {step.type} is not defined", self.span)
        step_type = Type.TIMESPAN if type_ in (Type.DATETIME, Type.TIMESPAN) else type_
        return plan.Range(
            Column(self.name, type_),
            overloads.convert(start, type_),
            overloads.convert(stop, type_),
            overloads.convert(step, step_type),
        )
