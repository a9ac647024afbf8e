"""The operator `evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import closest
from kqlog.plan.scope import Scope
from kqlog.plugins import SCHEMAS, SERVICES, plugin, plugin_names, results
from kqlog.syntax.nodes import Call, NameAndType, Operator, Parameter, TypeLiteral


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
        'datatable(Host: string, App: string, Result: string) ["web-01", "nginx", "ok", "web-01", "nginx", "failed", '
        '"web-02", "nginx", "failed", "web-02", "cron", "failed"] | evaluate basket(0.5)',
        'let Networks = datatable(Network: string, Site: string) ["10.1.0.0/16", "Lisbon", "10.2.0.0/16", "Porto"]; '
        'datatable(Address: string) ["10.1.4.7", "10.2.0.9"] | evaluate ipv4_lookup(Networks, Address, Network) '
        "| sort by Address asc",
        "range Minute from 1 to 8 step 1 | evaluate rows_near(Minute == 5, 1)",
        'datatable(Text: string, Good: bool) ["user ann logged in", true, "user ben logged in", true, "user cat was refused", '
        'false, "user dan was refused", false] | evaluate diffpatterns_text(Text, Good, 2, 0.9)',
        "let Old = datatable(Host: string, Code: int) [] | getschema; "
        "let New = datatable(Host: string, Code: long, Zone: string) [] | getschema; union Old, New | evaluate schema_merge()",
    )

    parameters: tuple[Parameter, ...]
    call: Call
    schema: TypeLiteral | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        found = plugin(self.call.name)
        if found is None:
            near = closest(self.call.name, plugin_names())
            raise QueryError("SEM001", f"no plugin named '{self.call.name}'", self.call.name_span, meant=near)
        node = found(source, self.call, self.schema, scope)
        if self.schema is not None and self.call.name not in SCHEMAS | SERVICES:
            self._check(self.schema, node)
        return node

    def _check(self, schema: TypeLiteral, node: plan.Node) -> None:
        """Refuse a schema that is not the plugin's."""
        wanted = [tuple(found) for found in node.columns]
        given = [(found.name, found.type) for found in schema.columns if isinstance(found, NameAndType)]
        if given != wanted:
            columns = ", ".join(f"{name}: {type_}" for name, type_ in wanted)
            raise QueryError("SEM002", f"{self.call.name} gives other columns", schema.span, f"it gives ({columns})")

    def results(self, source: plan.Node | None, scope: Scope) -> tuple[plan.Output, ...] | None:
        several = results(self.call.name)
        return several(source, self.call, scope) if several is not None else None
