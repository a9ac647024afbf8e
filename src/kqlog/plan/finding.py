"""Rows of several tables that fit a condition: the plan of find."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.calls import call, column, text
from kqlog.plan.scope import Scope
from kqlog.plan.searching import SearchTerms, columns_of, searched
from kqlog.plan.uniting import Leg, missing, parameter_word
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

PACKED = "pack_"


def find(
    tables: tuple[syntax.Expr, ...],
    parameters: tuple[syntax.Parameter, ...],
    predicate: syntax.Expr,
    projection: syntax.FindProjection | None,
    scope: Scope,
) -> plan.Node:
    """The rows, under a column for the table's name, the columns asked for, and a bag of the others if that is wanted.

    Raises:
        QueryError: SEM001 when no table can fit.
    """
    terms = SearchTerms()
    legs = searched(tables, scope)
    fitting = terms.fitting(predicate, legs)
    if not fitting:
        raise QueryError("SEM001", "no table has the columns of this condition", predicate.span)
    source = parameter_word(parameters, "withsource") or parameter_word(parameters, "with_source") or "source_"
    columns, pack = _columns(projection, predicate, fitting)
    filtered = [Leg(leg.name, terms.filtered(leg.relation, predicate, scope)) for leg in fitting]
    rows = tuple(_row(leg, source, columns, pack) for leg in filtered)
    return plan.Union(rows, rows[0].columns)


def _columns(
    projection: syntax.FindProjection | None, predicate: syntax.Expr, legs: list[Leg]
) -> tuple[tuple[Column, ...], bool]:
    """The columns of the result after the source's, and whether the rest is packed."""
    if projection is None or projection.kind == "project-smart":
        common = [found for found in legs[0].relation.columns if all(found.name in dict(leg.relation.columns) for leg in legs)]
        used = columns_of(predicate)
        known = {found.name: None for leg in legs for found in leg.relation.columns if found.name in used}
        names = [*known, *(found.name for found in common if found.name not in known)]
        return tuple(Column(name, _type_in(name, legs)) for name in names), True
    if projection.kind == "project-away":
        away = {item.name for item in projection.items if isinstance(item, syntax.Name)}
        every = {found.name: None for leg in legs for found in leg.relation.columns if found.name not in away}
        return tuple(Column(name, _type_in(name, legs)) for name in every), False
    columns = []
    for item in projection.items:
        if isinstance(item, syntax.NameAndType):
            columns.append(Column(item.name, item.type))
        elif isinstance(item, syntax.Name):
            columns.append(Column(item.name, _type_in(item.name, legs)))
    return tuple(columns), any(isinstance(item, syntax.Call) for item in projection.items)


def _type_in(name: str, legs: list[Leg]) -> Type:
    """The type that all tables agree on, else dynamic."""
    types = {dict(leg.relation.columns)[name] for leg in legs if name in dict(leg.relation.columns)}
    return types.pop() if len(types) == 1 else Type.STRING if not types else Type.DYNAMIC


def _row(leg: Leg, source: str, columns: tuple[Column, ...], pack: bool) -> plan.Node:
    have = dict(leg.relation.columns)
    items = [plan.Item(source, text(leg.name))]
    for name, type_ in columns:
        value = overloads.convert(plan.ColumnRef(name, have[name]), type_) if name in have else missing(type_)
        items.append(plan.Item(name, value))
    if pack:
        shown = {found.name for found in columns}
        pairs = [part for found in leg.relation.columns if found.name not in shown for part in (text(found.name), column(found))]
        items.append(plan.Item(PACKED, call("bag_pack", *pairs) if pairs else plan.Literal(Type.DYNAMIC, "{}")))
    return plan.Project(leg.relation, tuple(items))
