"""The operator `search`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.parameters import parameter_word
from kqlog.lowering.rows import kept
from kqlog.lowering.searching import SearchTerms, searched
from kqlog.lowering.uniting import Leg, leg_name, unite
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Literal, Operator, Parameter
from kqlog.types import Type


@dataclass(frozen=True)
class Search(Operator):
    """Find a text in all columns of one or all tables."""

    rule: ClassVar[str] = "search"
    syntax: ClassVar[str] = "[T |] search [kind=default|case_insensitive|case_sensitive] [in (Table, ...)] Predicate"
    differs: ClassVar[str] = "As union: each type of a column is kept."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(User: string, Note: string) ["alice", "reset her password", "bob", "lunch"] | search "password"',
        'datatable(User: string, Note: string) ["alice", "reset her password", "bob", "lunch"] '
        '| search User: "bob" or Note: "lunch*"',
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("default", "case_insensitive", "case_sensitive")}

    parameters: tuple[Parameter, ...]
    tables: tuple[Expr, ...]
    predicate: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if source is not None and self.tables:
            raise QueryError(
                "SEM005", "what stands before search is what it searches", self.tables[0].span, "leave out: in (...)"
            )
        terms = SearchTerms(parameter_word(self.parameters, "kind") == "case_sensitive")
        legs = [Leg(_table_name(source), source)] if source is not None else searched(self.tables, scope)
        fitting = [leg.name for leg in terms.fitting(self.predicate, legs)]
        types = _types(legs)
        found = []
        for leg in legs:
            # A table that cannot fit shows in the columns all the same.
            predicate = self.predicate if leg.name in fitting else Literal(Type.BOOL, False)
            rows = terms.filtered(leg.relation, predicate, types, scope)
            found.append(Leg(leg.name, rows if rows.columns == leg.relation.columns else kept(rows, leg.relation.columns)))
        return unite(found, source_column="$table")


def _types(legs: list[Leg]) -> dict[str, Type]:
    """The type of every column that is of one type in all tables that have it."""
    types: dict[str, set[Type]] = {}
    for leg in legs:
        for name, type_ in leg.relation.columns:
            types.setdefault(name, set()).add(type_)
    return {name: min(found) for name, found in types.items() if len(found) == 1}


def _table_name(source: plan.Node) -> str:
    """The table that is searched after some filters, by its own name."""
    while isinstance(source, plan.Filter):
        source = source.source
    return source.table if isinstance(source, plan.Scan) else leg_name(source, 0).replace("union", "search")
