"""Rows of several tables that fit a condition: the plan of find."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.calls import call, column, text
from kqlog.plan.scope import Scope
from kqlog.plan.searching import SearchTerms, names_in, searched
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
        QueryError: SEM001 for a name that no table has.
    """
    terms = SearchTerms()
    legs = searched(tables, scope)
    used = names_in(predicate)
    concerned = [leg for leg in legs if used & dict(leg.relation.columns).keys()] or legs
    types = _types(concerned)
    source = parameter_word(parameters, "withsource") or parameter_word(parameters, "with_source") or "source_"
    columns, pack = _columns(projection, used, concerned, {**_types(legs), **types})
    columns = tuple(found for found in columns if found.name != source)
    fitting = terms.fitting(predicate, concerned)
    conditions = [predicate if leg in fitting else syntax.Literal(Type.BOOL, False) for leg in concerned]
    filtered = [terms.filtered(leg.relation, where, types, scope) for leg, where in zip(concerned, conditions, strict=True)]
    rows = tuple(_row(leg, rows, source, columns, pack) for leg, rows in zip(concerned, filtered, strict=True))
    return plan.Union(rows, rows[0].columns)


def _types(legs: list[Leg]) -> dict[str, Type]:
    """Every column with the type that all tables agree on, else dynamic."""
    types: dict[str, Type] = {}
    for leg in legs:
        for name, type_ in leg.relation.columns:
            types[name] = type_ if types.get(name, type_) is type_ else Type.DYNAMIC
    return types


def _columns(
    projection: syntax.FindProjection | None, used: set[str], legs: list[Leg], types: dict[str, Type]
) -> tuple[tuple[Column, ...], bool]:
    """The columns of the result after the source's, and whether the rest is packed."""
    if projection is None or projection.kind == "project-smart":
        there = [dict(leg.relation.columns) for leg in legs]
        shown = [name for name in _types(legs) if name in used or all(name in columns for columns in there)]
        pack = any(columns.keys() - shown for columns in there)
        return tuple(Column(name, types[name]) for name in shown), pack
    if projection.kind == "project-away":
        away = {item.name for item in projection.items if isinstance(item, syntax.Name)}
        return tuple(Column(name, types[name]) for name in _types(legs) if name not in away), False
    columns = []
    for item in projection.items:
        if isinstance(item, (syntax.Name, syntax.NameAndType)):
            if item.name not in types:
                raise QueryError("SEM001", f"no table has a column named '{item.name}'", item.span)
            columns.append(Column(item.name, item.type if isinstance(item, syntax.NameAndType) else types[item.name]))
    return tuple(columns), any(isinstance(item, syntax.Call) for item in projection.items)


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
