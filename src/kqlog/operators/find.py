"""The operator `find`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.finding import find
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, FindProjection, Operator, Parameter


@dataclass(frozen=True)
class Find(Operator):
    """Find the rows of several tables for which a condition is true."""

    rule: ClassVar[str] = "find"
    syntax: ClassVar[str] = (
        "find [withsource=Name] [in (Table, ...)] where Condition [project Column[:Type], ... | project-smart]"
    )
    examples: ClassVar[tuple[str, ...]] = (
        'let Logins = datatable(User: string, Host: string) ["alice", "web-01", "bob", "web-02"]; '
        'find in (Logins) where User == "bob" project User, Host',
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"withsource": (), "with_source": ()}

    parameters: tuple[Parameter, ...]
    tables: tuple[Expr, ...]
    predicate: Expr
    projection: FindProjection | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if source is not None:
            hint = "name the tables in it, as in: find in (Syslog, Event) where ..., or search what stands before: | search"
            raise QueryError("SEM005", "'find' begins a query", self.span, hint)
        return find(self.tables, self.parameters, self.predicate, self.projection, scope)
