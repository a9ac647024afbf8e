"""The operator `sort`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.rows import sort_key
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator, Parameter, SortKey


@dataclass(frozen=True)
class Sort(Operator):
    """Sort the rows; largest first unless told otherwise."""

    rule: ClassVar[str] = "sort"
    syntax: ClassVar[str] = "T | sort by Column [asc|desc] [nulls first|last], ..."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Host: string, Errors: long) ["web-01", 3, "web-02", 5, "db-01", 5] | sort by Errors desc, Host asc',
        "datatable(Errors: long) [3, long(null), 5] | sort by Errors asc nulls last",
    )

    parameters: tuple[Parameter, ...]
    keys: tuple[SortKey, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        row.windows = None
        return plan.Sort(source, tuple(sort_key(key, row) for key in self.keys))
