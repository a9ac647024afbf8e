"""The operator `summarize`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.grouping import ARG_EXTREMES, Grouping
from kqlog.lowering.rows import groupable
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Call, Expr, Named, Operator, Parameter


@dataclass(frozen=True)
class Summarize(Operator):
    """Aggregate the rows of each group into one row."""

    rule: ClassVar[str] = "summarize"
    syntax: ClassVar[str] = "T | summarize [Name =] Aggregate, ... [by [Name =] Expression, ...]"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, Ms: long) ["web-01", 30, "web-02", 50, "web-01", 10] '
        "| summarize count(), avg(Ms) by Host | sort by Host asc",
        "range x from 1 to 10 step 1 | summarize Total = sum(x), Largest = max(x)",
        "datatable(Time: datetime) [datetime(2026-03-10 09:42), datetime(2026-03-10 09:58), datetime(2026-03-10 10:21)] "
        "| summarize Events = count() by bin(Time, 1h) | sort by Time asc",
    )

    parameters: tuple[Parameter, ...]
    items: tuple[Expr, ...]
    by: tuple[Expr, ...] | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        names = ColumnNames()
        row = scope.over(source)
        keys = tuple(row.items(self.by or (), names))
        groupable(keys, self.span, scope)
        grouping = Grouping(scope.grouped(source), keys, names)
        items = [item for expr in self.items for item in grouping.items(expr)]
        extreme = self._only_extreme()
        rows = row.lifted(source)
        if extreme is None:
            return plan.Aggregate(rows, keys, tuple(items))
        compared, _ = grouping.arg_extreme(extreme)
        returned = [plan.Item(item.name, _returned(item.value)) for item in items]
        return plan.ArgExtreme(rows, keys, compared, ARG_EXTREMES[extreme.name], tuple(returned))

    def _only_extreme(self) -> Call | None:
        """The arg_max or arg_min that is all there is to aggregate: then whole rows are picked."""
        if len(self.items) != 1:
            return None
        inner = self.items[0].value if isinstance(self.items[0], Named) else self.items[0]
        return inner if isinstance(inner, Call) and inner.name in ARG_EXTREMES else None


def _returned(value: plan.Value) -> plan.Value:
    """What an aggregate of arg_max() takes from the row: the last argument, which for the extreme itself is the only one."""
    assert isinstance(value, plan.Call)
    return value.arguments[-1]
