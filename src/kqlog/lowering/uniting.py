"""Rows of several tables under one schema, for union, search and find."""

from __future__ import annotations

from typing import NamedTuple

from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.types import Column, Schema, Type


class Leg(NamedTuple):
    """One table of a union, and what its source column says."""

    name: str
    relation: plan.Node


NO_TABLE = Leg("", plan.Values((), ()))
"""What search and find look in where a workspace has no table."""


def given_name(relation: plan.Node) -> str | None:
    """What a relation is called in the query, as by `as`."""
    if isinstance(relation, plan.Named) and not relation.name.startswith("$"):
        return relation.name.partition("#")[0]
    return None


def leg_name(relation: plan.Node, position: int) -> str:
    """What a leg that is not given by name is called: by the name that `as` gave it, or by its place."""
    return given_name(relation) or f"union_arg{position}"


def unite(legs: list[Leg], *, inner: bool = False, source_column: str | None = None) -> plan.Node:
    """All rows of `legs`: columns of one name and type are one; of one name and several types are split by type.

    `inner` keeps only columns that every leg has. `source_column` comes first and holds each leg's name.
    """
    names = _split_names(legs, inner)
    columns = tuple([Column(name, type_) for (_, type_), name in names.items()])
    if source_column is not None:
        columns = (Column(_free(source_column, columns), Type.STRING), *columns)
    if len(legs) == 1 and source_column is None:
        return legs[0].relation
    return plan.Union(
        tuple(_renamed(leg, names, columns[0].name if source_column is not None else None) for leg in legs), columns
    )


def _split_names(legs: list[Leg], inner: bool) -> dict[Column, str]:
    """The result's column for each name and type, in order of first use."""
    types: dict[str, list[Type]] = {}
    for leg in legs:
        for name, type_ in leg.relation.columns:
            if type_ not in types.setdefault(name, []):
                types[name].append(type_)
    if inner:
        common = set.intersection(*(set(leg.relation.columns) for leg in legs))
        types = {name: [type_ for type_ in found if Column(name, type_) in common] for name, found in types.items()}
    names = ColumnNames()
    return {
        Column(name, type_): names.derive(name if len(found) == 1 else f"{name}_{type_}")
        for name, found in types.items()
        for type_ in found
    }


def _renamed(leg: Leg, names: dict[Column, str], source_column: str | None) -> plan.Node:
    """One leg with its columns as the result calls them, after the column for the leg's name if there is one."""
    items = [plan.Item(names[column], plan.ColumnRef(*column)) for column in leg.relation.columns if column in names]
    if source_column is not None:
        items.insert(0, plan.Item(source_column, plan.Literal(Type.STRING, leg.name)))
    if tuple([item.column for item in items]) == leg.relation.columns:
        return leg.relation
    return plan.Project(leg.relation, tuple(items))


def _free(name: str, columns: Schema) -> str:
    names = ColumnNames()
    names.reserve(columns)
    return names.derive(name)
