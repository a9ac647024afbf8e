"""The operator `make-series`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plan.series import Axis, series
from kqlog.syntax.nodes import Expr, Operator, Parameter, SeriesItem


@dataclass(frozen=True)
class MakeSeries(Operator):
    """Aggregate into arrays of equal steps along an axis, one row for each group."""

    rule: ClassVar[str] = "make_series"
    syntax: ClassVar[str] = (
        "T | make-series [Name =] Aggregate [default = Value], ... on Axis [from Start] [to End] step Step [by Expression, ...]"
    )
    differs: ClassVar[str] = (
        "A group of which no row lies between from and to gives no series; the documentation only speaks of empty tables."
    )
    examples: ClassVar[tuple[str, ...]] = (
        "datatable(Time: datetime, Bytes: long) [datetime(2026-03-10 00:30), 10, datetime(2026-03-10 02:10), 5] "
        "| make-series Total = sum(Bytes) on Time from datetime(2026-03-10) to datetime(2026-03-10 03:00) step 1h",
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("nonempty",)}

    parameters: tuple[Parameter, ...]
    items: tuple[SeriesItem, ...]
    on: Expr
    start: Expr | None
    stop: Expr | None
    step: Expr | None
    in_range: bool
    by: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        axis = Axis(self.on, self.start, self.stop, self.step, self.in_range)
        return series(self.required(source), self.items, axis, self.by, self.parameters, scope)
