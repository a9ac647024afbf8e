"""The operator `invoke`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Call, Name, Operator


@dataclass(frozen=True)
class Invoke(Operator):
    """Call a function with the table as its first argument."""

    rule: ClassVar[str] = "invoke"
    syntax: ClassVar[str] = "T | invoke Function(Argument, ...)"
    examples: ClassVar[tuple[str, ...]] = (
        "let above = (T: (Bytes: long), limit: long) { T | where Bytes > limit }; datatable(Bytes: long) [10, 2000] "
        "| invoke above(1000)",
    )

    call: Call

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        inner = Scope(scope.session, scope)
        inner.define("$invoked", self.required(source))
        call = replace(self.call, arguments=(Name("$invoked", span=self.span), *self.call.arguments))
        if scope.meaning(call.name) is None:
            raise scope.unknown("function", call.name, call.name_span)
        if not inner.is_tabular(call):
            raise QueryError("SEM002", f"{call.name}() does not give a table", self.span)
        return inner.relation(call)
