"""Lines and polygons on the sphere: S2's shapes from GeoJSON values, and GeoJSON values of them.

A value that Kusto does not take for a line or a polygon reads as None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import pyarrow as pa
from s2rst import Angle, LatLng, Loop, Polygon, Polyline, S2Point, ShapeIndex, find_self_intersection

from kqlog.functions.kernels.json_text import Json, read
from kqlog.functions.kernels.series import is_number

RADIUS = 6_371_010.0
"""Earth's, in meters."""
EMPTY: Json = {"type": "GeometryCollection", "geometries": []}
_HALF_WAY_ROUND = math.pi - 1e-12
"""An edge has to be shorter, or many would join its ends."""

Edge = tuple[S2Point, S2Point]
Line = Sequence[S2Point]
Shape = TypeVar("Shape")

# ---------------------------------------------------------------------------------------------------------------- columns


def each(column: pa.Array, make: Callable[[Json], Shape | None]) -> list[Shape | None]:
    """The shapes of a dynamic column; equal values are read once."""
    encoded = column.dictionary_encode()
    shapes = [make(value) for value in read(encoded.dictionary)]
    return [None if index is None else shapes[index] for index in encoded.indices.to_pylist()]


def answers(function: Callable[..., Any], *columns: Iterable[Any]) -> list[Any]:
    """What a function makes of every row; None where an argument is."""
    return [None if None in row else function(*row) for row in zip(*columns, strict=True)]


def points(longitudes: pa.Array, latitudes: pa.Array) -> list[S2Point | None]:
    """The points of two columns in degrees; None for what is not on Earth."""
    return answers(point, longitudes.to_pylist(), latitudes.to_pylist())


def point(longitude: float, latitude: float) -> S2Point | None:
    """A point in degrees."""
    return LatLng.from_degrees(latitude, longitude).to_point() if abs(longitude) <= 180 and abs(latitude) <= 90 else None


def angle(meters: float) -> Angle:
    """A distance on Earth as an angle at its center."""
    return Angle.from_radians(meters / RADIUS)


# ---------------------------------------------------------------------------------------------------------------- reading


def lines(value: Json) -> list[Polyline] | None:
    """The lines of a LineString or a MultiLineString; several are united."""
    match value:
        case {"type": "LineString", "coordinates": list(line)}:
            return _all([_line(line)])
        case {"type": "MultiLineString", "coordinates": [_, *_] as many}:
            found = _all([_line(line) for line in many])
            return found if found is None or len(found) == 1 else united(found)
        case _:
            return None


def polygon(value: Json) -> Polygon | None:
    """The area of a Polygon or a MultiPolygon."""
    match value:
        case {"type": "Polygon", "coordinates": list(rings)}:
            return _polygon(rings)
        case {"type": "MultiPolygon", "coordinates": [_, *_] as many}:
            found = _all([_polygon(rings) for rings in many])
            return None if found is None else joint(found)
        case _:
            return None


def joint(polygons: list[Polygon]) -> Polygon:
    """The union of some polygons."""
    return polygons[0] if len(polygons) == 1 else Polygon.destructive_union(polygons)


def united(parts: Iterable[Polyline]) -> list[Polyline]:
    """Lines without what they have twice, joined where exactly one ends and one starts."""
    return [Polyline(list(line)) for line in chains(edge for part in parts for edge in edges(part))]


def _all(shapes: list[Shape | None]) -> list[Shape] | None:
    known = [shape for shape in shapes if shape is not None]
    return known if len(known) == len(shapes) else None


def _vertex(position: Any) -> S2Point | None:
    known = isinstance(position, list) and len(position) >= 2 and all(map(is_number, position[:2]))
    return point(*position[:2]) if known else None


def _vertices(positions: Json) -> list[S2Point] | None:
    if not isinstance(positions, list):
        return None
    vertices = _all([_vertex(position) for position in positions])
    if vertices is None or any(a.distance(b).radians > _HALF_WAY_ROUND for a, b in edges(vertices)):
        return None
    return vertices


def _line(positions: Json) -> Polyline | None:
    vertices = _vertices(positions)
    if vertices is None or len(vertices) < 2:
        return None
    line = Polyline(vertices)
    return line if line.validate() is None else None


def _loop(positions: Json) -> Loop | None:
    vertices = _vertices(positions)
    if vertices is None or len(vertices) < 4 or vertices[0] != vertices[-1]:
        return None
    loop = Loop(vertices[:-1])
    if loop.validate() is not None:
        return None
    loop.normalize()
    return loop


def _polygon(rings: Json) -> Polygon | None:
    loops = _all([_loop(ring) for ring in rings]) if isinstance(rings, list) else None
    if not loops:
        return None
    found = Polygon(loops)
    depths = [loop.depth() for loop in found.loops()]
    # The first ring is the one shell, and has all the others inside.
    if depths != [0] + [1] * (len(loops) - 1) or found.loop_(0) != loops[0]:
        return None
    return found if found.validate() is None and find_self_intersection(index(found)) is None else None


# ---------------------------------------------------------------------------------------------------------------- parts


def index(*shapes: Polyline | Polygon) -> ShapeIndex:
    """An index of some shapes."""
    result = ShapeIndex()
    for shape in shapes:
        result.add(shape)
    result.build()
    return result


def edges(line: Line | Polyline) -> list[Edge]:
    """The edges of a line."""
    return list(pairwise(line))


def rings(area: Polygon) -> list[list[S2Point]]:
    """The closed rings of a polygon, with its inside on their left."""
    around = [loop.vertices()[::-1] if loop.is_hole() else loop.vertices() for loop in area.loops()]
    return [[*vertices, vertices[0]] for vertices in around]


def chains(parts: Iterable[Edge]) -> list[list[S2Point]]:
    """Edges, each once whatever its direction, as lines that branch and meet at their ends only."""
    once = list({frozenset(edge): edge for edge in reversed(list(parts))}.values())[::-1]
    following: dict[S2Point, list[S2Point]] = {}
    arriving: dict[S2Point, int] = {}
    for start, end in once:
        following.setdefault(start, []).append(end)
        arriving[end] = arriving.get(end, 0) + 1

    def passes(vertex: S2Point) -> bool:
        return arriving.get(vertex) == 1 and len(following.get(vertex, ())) == 1

    left = dict.fromkeys(once)
    found = []
    # What is closed has no edge to start from, so it comes last.
    for edge in [edge for edge in once if not passes(edge[0])] + once:
        line = [edge[0]]
        while edge in left:
            del left[edge]
            line.append(edge[1])
            if not passes(edge[1]):
                break
            edge = (edge[1], following[edge[1]][0])
        if len(line) > 1:
            found.append(line)
    return found


# ---------------------------------------------------------------------------------------------------------------- writing


def degrees(place: S2Point) -> list[Json]:
    """A GeoJSON position."""
    position = LatLng.from_point(place)
    return [position.lng.degrees, position.lat.degrees]


def write_point(place: S2Point) -> Json:
    """A GeoJSON Point."""
    return {"type": "Point", "coordinates": degrees(place)}


def write_lines(found: Iterable[Line | Polyline]) -> Json:
    """A GeoJSON LineString or MultiLineString."""
    return geometry(found=[("LineString", [degrees(vertex) for vertex in line]) for line in found])


def write_polygon(area: Polygon) -> Json:
    """A GeoJSON Polygon or MultiPolygon; None for nothing, and for the whole sphere, which have none."""
    if area.is_empty_polygon() or area.is_full_polygon():
        return None
    return geometry(found=polygons(area))


def polygons(area: Polygon) -> list[tuple[str, Json]]:
    """The parts of a polygon for `geometry`."""
    parts: dict[int, list[Json]] = {}
    for number, ring in enumerate(rings(area)):
        written: Json = [degrees(vertex) for vertex in ring]
        parent = area.parent(number)
        if area.loop_(number).is_hole() and parent is not None:
            parts[parent].append(written)
        else:
            parts[number] = [written]
    return [("Polygon", part) for part in parts.values()]


def geometry(found: Iterable[tuple[str, Json]]) -> Json:
    """The GeoJSON value of some parts, each a type and its coordinates; parts of one type make one Multi value."""
    by_type: dict[str, list[Json]] = {}
    for type_, coordinates in found:
        by_type.setdefault(type_, []).append(coordinates)
    values: list[Json] = [
        {"type": type_, "coordinates": parts[0]} if len(parts) == 1 else {"type": f"Multi{type_}", "coordinates": parts}
        for type_, parts in by_type.items()
    ]
    return values[0] if len(values) == 1 else {"type": "GeometryCollection", "geometries": values}
