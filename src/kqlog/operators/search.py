"""The operator `search`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plan.searching import SearchTerms, searched
from kqlog.plan.uniting import Leg, parameter_word, unite
from kqlog.syntax.nodes import Expr, Operator, Parameter


@dataclass(frozen=True)
class Search(Operator):
    """Find a text in all columns of one or all tables."""

    rule: ClassVar[str] = "search"
    syntax: ClassVar[str] = "[T |] search [kind=default|case_insensitive|case_sensitive] [in (Table, ...)] Predicate"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(User: string, Note: string) ["alice", "reset her password", "bob", "lunch"] | search "password"',
        'datatable(User: string, Note: string) ["alice", "reset her password", "bob", "lunch"] '
        '| search User: "bob" or Note: "lunch*"',
    )

    parameters: tuple[Parameter, ...]
    tables: tuple[Expr, ...]
    predicate: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        terms = SearchTerms(parameter_word(self.parameters, "kind") == "case_sensitive")
        legs = [Leg("", source)] if source is not None else searched(self.tables, scope)
        kept = terms.fitting(self.predicate, legs)
        found = [Leg(leg.name, terms.filtered(leg.relation, self.predicate, scope)) for leg in kept]
        if not found:
            raise QueryError("SEM001", "there is no table to search", self.span)
        return unite(found, source_column="$table") if source is None else found[0].relation
