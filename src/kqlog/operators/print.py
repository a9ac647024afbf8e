"""The operator `print`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Named, Operator, Wildcard


@dataclass(frozen=True)
class Print(Operator):
    """One row of computed values."""

    rule: ClassVar[str] = "print"
    syntax: ClassVar[str] = "print [Name =] Expression, ..."
    examples: ClassVar[tuple[str, ...]] = (
        'print Greeting = strcat("hello, ", "world"), Sum = 1 + 2',
        "print datetime(2026-03-10 09:42) + 39m",
    )

    items: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        one_row = plan.Values((), ((),))
        row = scope.over(one_row)
        names = ColumnNames()
        items: list[plan.Item] = []
        for position, expr in enumerate(self.items):
            if isinstance(expr, Named):
                # More columns than names: print shows the named ones.
                items += row.item(expr, names)[: len(expr.names) if expr.tupled else None]
                continue
            if isinstance(expr, Wildcard):
                raise QueryError("SEM005", "print has no columns that '*' could stand for", expr.span)
            found = row.item(expr, ColumnNames())
            items += found if len(found) > 1 else [plan.Item(names.derive(f"print_{position}"), found[0].value)]
        return plan.Project(row.lifted(one_row), tuple(items))
