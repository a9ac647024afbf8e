"""Lines and polygons of GeoJSON values, in degrees, and GeoJSON values of them.

A line is an array of positions. An area is a list of polygons, each a list of closed rings, the shell first, with the inside
on the left of all of them. A value that Kusto does not take for a line or a polygon reads as None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from math import isnan
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read
from kqlog.functions.kernels.series import is_number
from kqlog.functions.kernels.sphere import area, lengths, vectors

EMPTY: Json = {"type": "GeometryCollection", "geometries": []}
_HALF_WAY_ROUND = np.pi - 1e-12
"""An edge has to be shorter, or many would join its ends."""

Position = tuple[float, float]
Line = np.ndarray
Area = list[list[np.ndarray]]
Shape = TypeVar("Shape")

# ---------------------------------------------------------------------------------------------------------------- columns


def each(column: pa.Array, make: Callable[[Json], Shape | None]) -> list[Shape | None]:
    """The shapes of a dynamic column; equal values are read once, and are one object."""
    encoded = column.dictionary_encode()
    shapes = [_made(make, text) for text in encoded.dictionary.to_pylist()]
    return [None if index is None else shapes[index] for index in encoded.indices.to_pylist()]


@lru_cache(maxsize=128)
def _made(make: Callable[[Json], Shape | None], text: str) -> Shape | None:
    """A shape, kept since a constant is there again in each batch of rows."""
    (value,) = read(pa.array([text]))
    return make(value)


def answers(function: Callable[..., Any], *columns: Iterable[Any]) -> list[Any]:
    """What a function makes of every row; None where an argument is."""
    rows = zip(*columns, strict=True)
    return [None if any(value is None for value in row) else function(*row) for row in rows]


def points(longitudes: pa.Array, latitudes: pa.Array) -> np.ndarray:
    """Two columns in degrees as vectors, NaN for what is not on Earth."""
    pairs = [np.asarray(column.cast(pa.float64()).fill_null(np.nan)) for column in (longitudes, latitudes)]
    known = (abs(pairs[0]) <= 180) & (abs(pairs[1]) <= 90)
    return vectors(np.where(known, pairs, np.nan).T)


# ---------------------------------------------------------------------------------------------------------------- reading


def lines(value: Json) -> list[Line] | None:
    """The lines of a LineString or a MultiLineString; several are united."""
    match value:
        case {"type": "LineString", "coordinates": list(line)}:
            return _all([_line(line)])
        case {"type": "MultiLineString", "coordinates": [_, *_] as many}:
            found = _all([_line(line) for line in many])
            return found if found is None or len(found) == 1 else united(found)
        case _:
            return None


def polygons(value: Json) -> Area | None:
    """The polygons of a Polygon or a MultiPolygon by their coordinates; whether rings cross is not looked at."""
    match value:
        case {"type": "Polygon", "coordinates": list(rings)}:
            return _all([_polygon(rings)])
        case {"type": "MultiPolygon", "coordinates": [_, *_] as many}:
            return _all([_polygon(rings) for rings in many])
        case _:
            return None


def united(parts: Iterable[Line]) -> list[Line]:
    """Lines without what they have twice, joined where exactly one ends and one starts."""
    edges = (edge for part in parts for edge in pairwise(map(tuple, part.tolist())))
    return [np.array(line, dtype=float) for line in _chains(edges)]


def _all(shapes: list[Shape | None]) -> list[Shape] | None:
    known = [shape for shape in shapes if shape is not None]
    return known if len(known) == len(shapes) else None


def _line(positions: Json) -> Line | None:
    """Positions on Earth, of which neighbors differ."""
    if not isinstance(positions, list) or len(positions) < 2 or not all(map(_is_position, positions)):
        return None
    line: Line = np.array([position[:2] for position in positions], dtype=float)  # type: ignore[index]
    edges = lengths(vectors(line))
    return line if edges.min() > 0 and edges.max() < _HALF_WAY_ROUND else None


def _is_position(value: Any) -> bool:
    if not isinstance(value, list) or len(value) < 2 or not all(map(is_number, value[:2])):
        return False
    return bool(abs(value[0]) <= 180 and abs(value[1]) <= 90)


def _polygon(rings: Json) -> list[Line] | None:
    found = _all([_ring(ring) for ring in rings]) if isinstance(rings, list) else None
    return [ring if number == 0 else ring[::-1] for number, ring in enumerate(found)] if found else None


def _ring(positions: Json) -> Line | None:
    """A closed ring of at least three different positions, counterclockwise around the smaller side."""
    ring = _line(positions)
    if ring is None or len(ring) < 4 or (ring[0] != ring[-1]).any() or len(np.unique(ring, axis=0)) < len(ring) - 1:
        return None
    return ring if area(vectors(ring)) > 0 else ring[::-1]


def _chains(edges: Iterable[tuple[Position, Position]]) -> list[list[Position]]:
    """Edges, each once whatever its direction, as lines that branch and meet at their ends only."""
    kept: dict[frozenset[Position], tuple[Position, Position]] = {}
    for edge in edges:
        kept.setdefault(frozenset(edge), edge)
    once = list(kept.values())
    following: dict[Position, list[Position]] = {}
    arriving: dict[Position, int] = {}
    for start, end in once:
        following.setdefault(start, []).append(end)
        arriving[end] = arriving.get(end, 0) + 1

    def passes(place: Position) -> bool:
        return arriving.get(place) == 1 and len(following.get(place, ())) == 1

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


def write_point(position: np.ndarray) -> Json:
    """A GeoJSON Point."""
    return {"type": "Point", "coordinates": position.tolist()}


def write_points(positions: Iterable[Iterable[float]]) -> pa.Array:
    """A dynamic column of GeoJSON Points, null for NaN."""
    return pa.array([None if isnan(x) else f'{{"type":"Point","coordinates":[{x!r},{y!r}]}}' for x, y in positions], pa.string())


def write_area(found: Area) -> Json:
    """A GeoJSON Polygon or MultiPolygon, None for nothing."""
    return geometry(("Polygon", [ring.tolist() for ring in rings]) for rings in found) if found else None


def geometry(parts: Iterable[tuple[str, Json]]) -> Json:
    """The GeoJSON value of some parts, each a type and its coordinates; parts of one type make one Multi value."""
    by_type: dict[str, list[Json]] = {}
    for type_, coordinates in parts:
        by_type.setdefault(type_, []).append(coordinates)
    values: list[Json] = [
        {"type": type_, "coordinates": found[0]} if len(found) == 1 else {"type": f"Multi{type_}", "coordinates": found}
        for type_, found in by_type.items()
    ]
    return values[0] if len(values) == 1 else {"type": "GeometryCollection", "geometries": values}
