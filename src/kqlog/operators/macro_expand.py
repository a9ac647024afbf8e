"""The operator `macro-expand`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.parameters import is_fuzzy, parameter_word
from kqlog.lowering.uniting import Leg, leg_name, unite
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import Database, UnknownTableError, UserFunction, Variable
from kqlog.plan.lookup import EntityGroup as Group
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Call, EntityGroup, Expr, FunctionBody, MemberCall, Name, Operator, Parameter


@dataclass(frozen=True)
class MacroExpand(Operator):
    """Run a query over each of several tables, and put the results together."""

    rule: ClassVar[str] = "macro_expand"
    syntax: ClassVar[str] = "macro-expand [kind=inner|outer] [isfuzzy=true|false] entity_group [Entity, ...] as Name (Query)"
    differs: ClassVar[str] = "An entity is a table of this workspace, or this workspace itself."
    examples: ClassVar[tuple[str, ...]] = (
        'let Web = datatable(Host: string) ["web-01", "web-02"]; let Data = datatable(Host: string) ["db-01"]; '
        "macro-expand entity_group [Web, Data] as Part (Part | summarize Hosts = count())",
    )

    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("inner", "outer"), "isfuzzy": ()}

    parameters: tuple[Parameter, ...]
    group: Expr
    name: str
    body: FunctionBody

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if source is not None:
            raise QueryError("SEM005", "'macro-expand' begins a query", self.span)
        legs: list[Leg] = []
        fuzzy = is_fuzzy(self.parameters, scope.session.options)
        for entity in self._entities(scope):
            if fuzzy and _is_database(entity) and not scope.is_here(entity):
                continue
            try:
                relation = self._expanded(entity, scope)
            except QueryError as error:
                if fuzzy and (isinstance(error, UnknownTableError) or error.code == "ENG001"):
                    continue
                raise
            legs.append(Leg(leg_name(relation, len(legs)), relation))
        if not legs:
            raise QueryError("SEM001", "no entity of this group exists", self.group.span)
        return unite(legs, inner=parameter_word(self.parameters, "kind") == "inner")

    def _entities(self, scope: Scope) -> tuple[Expr, ...]:
        if isinstance(self.group, EntityGroup):
            return self.group.entities
        meaning = scope.variable(self.group.name) if isinstance(self.group, Name) else None
        if not isinstance(meaning, Group):
            hint = "declare it with let Name = entity_group [Entity, ...]"
            raise QueryError("SEM001", "a group of entities is wanted here", self.group.span, hint)
        return meaning.entities

    def _expanded(self, entity: Expr, scope: Scope) -> plan.Node:
        """What the query gives for one entity."""
        inner = Scope(scope.session, scope)
        here = scope.is_here(entity)
        meaning: Variable = Database(here) if here or _is_database(entity) else scope.relation(entity)
        inner.define(self.name, meaning)
        result = inner.invoke(UserFunction(self.body, inner), Call("macro-expand", (), span=self.span))
        if isinstance(result, plan.Value):
            raise QueryError("SEM002", "a table is wanted here, and this is a value", self.body.span)
        return result


def _is_database(entity: Expr) -> bool:
    call = entity.call if isinstance(entity, MemberCall) else entity
    return isinstance(call, Call) and call.name == "database"
