"""What geo_line_lookup and geo_polygon_lookup have in common."""

from __future__ import annotations

from kqlog.lowering.calls import call, column
from kqlog.lowering.joining import joined_columns
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments
from kqlog.types import NUMBERS, Column, Type

_LONGITUDE, _LATITUDE = Column("$longitude", Type.REAL), Column("$latitude", Type.REAL)
_SHAPE = Column("$shape", Type.STRING)


def found_in(source: plan.Node, arguments: Arguments, key: str, kernel: str, scope: Scope) -> plan.Node:
    """Each row with each row of LookupTable in or near whose shape, in the column that `key` names, a kernel finds its place."""
    table = scope.relation(arguments["LookupTable"])
    shape = scope.over(table).require_column(arguments[key])
    places = (
        (_LONGITUDE, arguments.column("SourceLongitude", NUMBERS | {Type.DYNAMIC})),
        (_LATITUDE, arguments.column("SourceLatitude", NUMBERS | {Type.DYNAMIC})),
    )
    left = _extended(source, places, scope)
    right = _extended(table, ((_SHAPE, shape),), scope)
    points = _distinct(left, (("Longitude", _LONGITUDE), ("Latitude", _LATITUDE)))
    texts = _distinct(right, (("Text", _SHAPE),))
    shapes = plan.Extend(texts, (plan.Item("Shape", call("parse_json", column(texts.columns[0]))),))
    options = (("radius", arguments.constant("radius", Type.REAL).value),) if "radius" in arguments else ()
    pairs = plan.Custom(f"places.{kernel}", (points, shapes), options, points.columns + texts.columns)
    there = tuple(plan.JoinColumn(name, type_, True, name) for name, type_ in table.columns)
    here = (plan.JoinColumn(*_LONGITUDE, False, "Longitude"), plan.JoinColumn(*_LATITUDE, False, "Latitude"))
    same_shape = (plan.ColumnRef("Text", Type.STRING), column(_SHAPE))
    matched = plan.Join(pairs, right, plan.JoinKind.INNER, (same_shape,), (*here, *there))
    kind = plan.JoinKind.LEFTOUTER if _flag(arguments, "return_unmatched") else plan.JoinKind.INNER
    outputs = joined_columns(source, table, kind, set() if _flag(arguments, "return_lookup_key") else {shape.name})
    return plan.Join(left, matched, kind, tuple((column(place), column(place)) for place, _ in places), outputs)


def _flag(arguments: Arguments, name: str) -> bool:
    return name in arguments and arguments.constant(name, Type.BOOL).value is True


def _extended(table: plan.Node, keys: tuple[tuple[Column, Column], ...], scope: Scope) -> plan.Node:
    """A table that is used twice, with its keys as we compare them."""
    items = tuple(plan.Item(own.name, overloads.convert(column(key), own.type)) for own, key in keys)
    return plan.Named(scope.session.unique(f"{keys[0][0].name}s"), plan.Extend(table, items))


def _distinct(table: plan.Node, columns: tuple[tuple[str, Column], ...]) -> plan.Node:
    return plan.Aggregate(table, tuple(plan.Item(name, column(found)) for name, found in columns), ())
