"""What lines and polygons on the sphere have in common, and what they make up together.

A polygon has its edges and vertices, a line its ends. S2 says where areas and edges overlap or cross; where shapes only
touch, they share a vertex or an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
from s2rst import CrossingEdgeQuery, Polygon, PolygonModel, Polyline, PolylineModel, S2Point, intersection, intersects

from kqlog.functions.kernels.geo_shapes import (
    EMPTY,
    Edge,
    answers,
    chains,
    degrees,
    each,
    edges,
    geometry,
    index,
    joint,
    lines,
    polygon,
    polygons,
    rings,
    united,
    write_lines,
    write_polygon,
)
from kqlog.functions.kernels.json_text import Json, write

# ---------------------------------------------------------------------------------------------------------------- whether


def _meet(first: Iterable[Any], second: Iterable[Any], model: PolygonModel) -> bool:
    return intersects(index(*first), index(*second), polygon_model=model, polyline_model=PolylineModel.CLOSED)


def intersects_2lines(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersects_2lines()."""

    def meet(line: list[Polyline], other: list[Polyline]) -> bool:
        return _meet(line, other, PolygonModel.CLOSED)

    return pa.array(answers(meet, each(first, lines), each(second, lines)), pa.bool_())


def intersects_line_with_polygon(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersects_line_with_polygon(): the one function for which a polygon need not have its vertices."""

    def meet(line: list[Polyline], area: Polygon) -> bool:
        return _meet(line, [area], PolygonModel.SEMI_OPEN)

    return pa.array(answers(meet, each(first, lines), each(second, polygon)), pa.bool_())


def intersects_2polygons(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersects_2polygons()."""

    def meet(area: Polygon, other: Polygon) -> bool:
        return _meet([area], [other], PolygonModel.CLOSED)

    return pa.array(answers(meet, each(first, polygon), each(second, polygon)), pa.bool_())


# ---------------------------------------------------------------------------------------------------------------- what


def intersection_2lines(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersection_2lines()."""

    def common(line: list[Polyline], other: list[Polyline]) -> Json:
        ours, theirs = _edges(line), _edges(other)
        shared = chains(_shared(ours, theirs))
        crossings = [intersection(*edge, *across) for edge, across in _crossings(ours, other)]
        return _written([*crossings, *_touches(ours, theirs)], shared)

    return write(answers(common, each(first, lines), each(second, lines)))


def intersection_line_with_polygon(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersection_line_with_polygon()."""

    def common(line: list[Polyline], area: Polygon) -> Json:
        ours, border = _edges(line), _edges(rings(area))
        inside = _edges(part for piece in line for part in area.intersect_with_polyline(piece))
        return _written(_touches(ours, border), chains([*inside, *_shared(ours, border)]))

    return write(answers(common, each(first, lines), each(second, polygon)))


def intersection_2polygons(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersection_2polygons()."""

    def common(area: Polygon, other: Polygon) -> Json:
        ours, theirs = _edges(rings(area)), _edges(rings(other))
        # An edge with the insides on both of its sides: nothing but the edge is in both.
        between = {(end, start) for start, end in theirs}
        return _written(_touches(ours, theirs), chains(edge for edge in ours if edge in between), area.intersection(other))

    return write(answers(common, each(first, polygon), each(second, polygon)))


def _edges(parts: Iterable[Any]) -> list[Edge]:
    return [edge for part in parts for edge in edges(part)]


def _shared(ours: list[Edge], theirs: list[Edge]) -> list[Edge]:
    known = {frozenset(edge) for edge in theirs}
    return [edge for edge in ours if frozenset(edge) in known]


def _touches(ours: list[Edge], theirs: list[Edge]) -> list[S2Point]:
    known = {vertex for edge in theirs for vertex in edge}
    return [vertex for edge in ours for vertex in edge if vertex in known]


def _crossings(ours: list[Edge], other: list[Polyline]) -> Iterable[tuple[Edge, Edge]]:
    query = CrossingEdgeQuery(index(*other))
    parts = [edges(part) for part in other]
    for edge in ours:
        for part, numbers in sorted(query.crossings(*edge).items()):
            for number in numbers:
                yield edge, parts[part][number]


def _written(places: list[S2Point], found: list[list[S2Point]], area: Polygon | None = None) -> Json:
    """A GeoJSON value; points that are part of a line or a polygon are left out."""
    contained = {vertex for line in found for vertex in line}
    if area is not None:
        contained |= {vertex for loop in area.loops() for vertex in loop.vertices()}
    parts: list[tuple[str, Json]] = [("Point", degrees(place)) for place in dict.fromkeys(places) if place not in contained]
    parts += [("LineString", [degrees(vertex) for vertex in line]) for line in found]
    parts += polygons(area) if area is not None else []
    return geometry(parts) if parts else EMPTY


# ---------------------------------------------------------------------------------------------------------------- unions


def _members(shape: Callable[[Json], Any]) -> Callable[[Json], list[Any] | None]:
    """A reader of arrays in which everything has to be such a shape."""

    def members(value: Json) -> list[Any] | None:
        found = [shape(item) for item in value] if isinstance(value, list) else []
        return found if found and all(item is not None for item in found) else None

    return members


def union_lines_array(column: pa.Array) -> pa.Array:
    """geo_union_lines_array()."""

    def union(members: list[list[Polyline]]) -> Json:
        return write_lines(united(line for member in members for line in member))

    return write(answers(union, each(column, _members(lines))))


def union_polygons_array(column: pa.Array) -> pa.Array:
    """geo_union_polygons_array()."""
    return write(answers(lambda members: write_polygon(joint(members)), each(column, _members(polygon))))
