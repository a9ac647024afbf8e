"""The operator `union`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.parameters import is_fuzzy, parameter_word
from kqlog.lowering.uniting import Leg, leg_name, unite
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import UnknownTableError
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Name, Operator, Parameter, Pipeline, Wildcard

MAX_LEGS = 1000
"""Tables in one union: DuckDB takes a second to plan so many."""


@dataclass(frozen=True)
class Union(Operator):
    """Put the rows of several tables one after the other."""

    rule: ClassVar[str] = "union"
    syntax: ClassVar[str] = "[T |] union [kind=inner|outer] [withsource=Name] [isfuzzy=true|false] Table, ..."
    differs: ClassVar[str] = (
        "Each type of a column that tables disagree on is kept, as x_long and x_int, also where the first two tables agree "
        "and only a later one does not: Microsoft's binder then drops the type of the later one."
    )
    examples: ClassVar[tuple[str, ...]] = (
        'let A = datatable(x: long) [1]; let B = datatable(x: long, y: string) [2, "two"]; union A, B | sort by x asc',
        'let A = datatable(x: long) [1]; let B = datatable(x: long, y: string) [2, "two"]; '
        "union kind=inner withsource=Table A, B | sort by x asc",
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "kind": ("inner", "outer"),
        **dict.fromkeys(("withsource", "with_source", "isfuzzy", "__isFuzzy", "best_effort"), ()),
    }

    parameters: tuple[Parameter, ...]
    sources: tuple[Expr, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        fuzzy = is_fuzzy(self.parameters, scope.session.options)
        legs = [] if source is None else [Leg(leg_name(source, 0), source)]
        for expr in self.sources:
            legs += self._legs(expr, len(legs), fuzzy, scope)
        if len(legs) > MAX_LEGS:
            raise QueryError("LIM001", f"more than {MAX_LEGS:,} tables in one union", self.span)
        if not legs:
            raise QueryError("SEM001", "no table of this union exists", self.span)
        named = parameter_word(self.parameters, "withsource", "with_source")
        return unite(legs, inner=parameter_word(self.parameters, "kind") == "inner", source_column=named)

    def _legs(self, expr: Expr, position: int, fuzzy: bool, scope: Scope) -> list[Leg]:
        if isinstance(expr, Pipeline) and not expr.operators and isinstance(expr.source, (Name, Wildcard)):
            expr = expr.source
        if isinstance(expr, Wildcard):
            return [Leg(name, scope.relation(Name(name, span=expr.span))) for name in scope.tables_like(expr.pattern)]
        try:
            relation = scope.relation(expr)
        except UnknownTableError:
            # All else that is wrong with a leg is an error even then.
            if fuzzy:
                return []
            raise
        return [Leg(expr.name if isinstance(expr, Name) else leg_name(relation, position), relation)]
