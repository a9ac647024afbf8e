"""The operator `project-reorder`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import chosen, kept
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Name, Operator, SortKey
from kqlog.types import Column


@dataclass(frozen=True)
class ProjectReorder(Operator):
    """Put some columns first, by name or pattern; all others follow."""

    rule: ClassVar[str] = "project_reorder"
    syntax: ClassVar[str] = "T | project-reorder NameOrPattern [asc|desc|granny-asc|granny-desc], ..."
    examples: ClassVar[tuple[str, ...]] = (
        "print Value = 3, b10 = 2, b9 = 1 | project-reorder b* granny-asc",
        "print A = 1, B = 2, C = 3 | project-reorder C",
    )

    items: tuple[SortKey, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        names = ColumnNames()
        for key in self.items:
            if isinstance(key.value, Name):
                names.declare(key.value.name, key.span)
        moved = {column.name: column for key in self.items for column in self._in_order(key, row)}
        rest = [column for column in source.columns if column.name not in moved]
        return kept(source, [*moved.values(), *rest])

    def _in_order(self, key: SortKey, row: Scope) -> list[Column]:
        """The columns that one item stands for: by name if it says so, numbers in names by their value for granny-."""
        columns = chosen((key.value,), row)
        if key.order is None:
            return columns
        split = r"(\d+)" if key.order.startswith("granny") else "$"
        return sorted(columns, key=lambda column: _parts(column.name, split), reverse=key.order.endswith("desc"))


def _parts(name: str, split: str) -> list[str]:
    """A key without regard to case, by which a2 comes before a10 when the numbers in names are split off."""
    return [part.zfill(20) if part.isdigit() else part for part in re.split(split, name.upper())]
