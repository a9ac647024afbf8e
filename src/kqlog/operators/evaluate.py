"""The operator `evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import closest
from kqlog.plan.scope import Scope
from kqlog.plugins import plugin, plugin_names
from kqlog.syntax.nodes import Call, Operator, Parameter, TypeLiteral


@dataclass(frozen=True)
class Evaluate(Operator):
    """Run a plugin."""

    rule: ClassVar[str] = "evaluate"
    syntax: ClassVar[str] = "[T |] evaluate Plugin(Argument, ...) [: (Name:Type, ...)]"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(User: string, Result: string) ["alice", "ok", "bob", "failed", "alice", "failed"] '
        "| evaluate pivot(Result) | sort by User asc",
        'print Details = dynamic({"user": "alice", "tries": 3}) | evaluate bag_unpack(Details)',
        'print Host = "web-01", Errors = 3 | evaluate narrow()',
    )

    parameters: tuple[Parameter, ...]
    call: Call
    schema: TypeLiteral | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        found = plugin(self.call.name)
        if found is None:
            near = closest(self.call.name, plugin_names())
            raise QueryError(
                "SEM001", f"no plugin named '{self.call.name}'", self.call.name_span, f"did you mean '{near}'?" if near else None
            )
        return found(source, self.call, self.schema, scope)
