"""The operator `sort`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.rows import sort_key
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator, Parameter, SortKey


@dataclass(frozen=True)
class Sort(Operator):
    """Sort the rows; largest first unless told otherwise."""

    rule: ClassVar[str] = "sort"
    syntax: ClassVar[str] = "T | sort by Column [asc|desc] [nulls first|last], ..."
    examples: ClassVar[tuple[str, ...]] = ()

    parameters: tuple[Parameter, ...]
    keys: tuple[SortKey, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        row.windows = None
        return plan.Sort(source, tuple(sort_key(key, row) for key in self.keys))
