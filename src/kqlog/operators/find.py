"""The operator `find`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column, missing, text
from kqlog.lowering.parameters import parameter_word
from kqlog.lowering.searching import SearchTerms, names_in, searched
from kqlog.lowering.uniting import Leg
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Call, Expr, FindProjection, Literal, Name, NameAndType, Operator, Parameter
from kqlog.types import Column, Type

PACKED = "pack_"


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
        terms = SearchTerms()
        legs = searched(self.tables, scope)
        used = names_in(self.predicate)
        concerned = [leg for leg in legs if used & dict(leg.relation.columns).keys()] or legs
        types = _types(concerned)
        source_column = parameter_word(self.parameters, "withsource", "with_source") or "source_"
        columns, pack = _columns(self.projection, used, concerned, {**_types(legs), **types})
        columns = tuple(found for found in columns if found.name != source_column)
        fitting = terms.fitting(self.predicate, concerned)
        conditions = [self.predicate if leg in fitting else Literal(Type.BOOL, False) for leg in concerned]
        filtered = [terms.filtered(leg.relation, where, types, scope) for leg, where in zip(concerned, conditions, strict=True)]
        rows = tuple(_row(leg, rows, source_column, columns, pack) for leg, rows in zip(concerned, filtered, strict=True))
        return plan.Union(rows, rows[0].columns)


def _types(legs: list[Leg]) -> dict[str, Type]:
    """Every column with the type that all tables agree on, else dynamic."""
    types: dict[str, Type] = {}
    for leg in legs:
        for name, type_ in leg.relation.columns:
            types[name] = type_ if types.get(name, type_) is type_ else Type.DYNAMIC
    return types


def _columns(
    projection: FindProjection | None, used: set[str], legs: list[Leg], types: dict[str, Type]
) -> tuple[tuple[Column, ...], bool]:
    """The columns of the result after the source's, and whether the rest is packed."""
    if projection is None or projection.kind == "project-smart":
        there = [dict(leg.relation.columns) for leg in legs]
        shown = [name for name in _types(legs) if name in used or all(name in columns for columns in there)]
        pack = any(columns.keys() - shown for columns in there)
        return tuple(Column(name, types[name]) for name in shown), pack
    if projection.kind == "project-away":
        away = {item.name for item in projection.items if isinstance(item, Name)}
        return tuple(Column(name, types[name]) for name in _types(legs) if name not in away), False
    columns = []
    for item in projection.items:
        if isinstance(item, (Name, NameAndType)):
            if item.name not in types:
                raise QueryError("SEM001", f"no table has a column named '{item.name}'", item.span)
            columns.append(Column(item.name, item.type if isinstance(item, NameAndType) else types[item.name]))
    return tuple(columns), any(isinstance(item, Call) for item in projection.items)


def _row(leg: Leg, rows: plan.Node, source: str, columns: tuple[Column, ...], pack: bool) -> plan.Node:
    """The rows of one table that were found, as the result shows them."""
    have = dict(rows.columns)
    items = [plan.Item(source, text(leg.name))]
    for name, type_ in columns:
        value = overloads.convert(plan.ColumnRef(name, have[name]), type_) if name in have else missing(type_)
        items.append(plan.Item(name, value))
    if pack:
        shown = {found.name for found in columns}
        hidden = [Column(name, have[name]) for name, _ in leg.relation.columns if name not in shown]
        pairs = [part for found in hidden for part in (text(found.name), column(found))]
        items.append(plan.Item(PACKED, call("bag_pack", *pairs) if pairs else plan.Literal(Type.DYNAMIC, "{}")))
    return plan.Project(rows, tuple(items))
