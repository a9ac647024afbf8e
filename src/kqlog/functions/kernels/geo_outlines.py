"""Lines and polygons on the sphere made wider, simpler or more exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pyarrow as pa
from s2rst import (
    BufferOptions,
    IdentitySnapFunction,
    LatLng,
    Polygon,
    Polyline,
    S2Builder,
    S2Point,
    buffer_point,
    buffer_polygon,
    buffer_polyline,
    interpolate,
)

from kqlog.errors import QueryError
from kqlog.functions.kernels.geo_shapes import (
    RADIUS,
    angle,
    answers,
    each,
    joint,
    lines,
    points,
    polygon,
    write_lines,
    write_polygon,
)
from kqlog.functions.kernels.json_text import Json, write

# ---------------------------------------------------------------------------------------------------------------- buffers

_FINEST = 1e-6
"""The smallest tolerance, as a share of the radius."""


def _options(radius: float, tolerance: float) -> BufferOptions | None:
    if not 0 < radius < math.pi * RADIUS or not tolerance >= _FINEST * radius:
        return None
    return BufferOptions(angle(radius), error_fraction=min(tolerance / radius, 1.0))


def point_buffer(longitudes: pa.Array, latitudes: pa.Array, radii: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_point_buffer()."""

    def buffered(place: S2Point, radius: float, tolerance: float) -> Json:
        options = _options(radius, tolerance)
        return None if options is None else write_polygon(buffer_point(place, options))

    return write(answers(buffered, points(longitudes, latitudes), radii.to_pylist(), tolerances.to_pylist()))


def line_buffer(column: pa.Array, radii: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_line_buffer(): round at the ends."""

    def buffered(line: list[Polyline], radius: float, tolerance: float) -> Json:
        options = _options(radius, tolerance)
        return None if options is None else write_polygon(joint([buffer_polyline(part, options) for part in line]))

    return write(answers(buffered, each(column, lines), radii.to_pylist(), tolerances.to_pylist()))


def polygon_buffer(column: pa.Array, radii: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_polygon_buffer()."""

    def buffered(area: Polygon, radius: float, tolerance: float) -> Json:
        wider = widened(area, radius, tolerance)
        return None if wider is None else write_polygon(wider)

    return write(answers(buffered, each(column, polygon), radii.to_pylist(), tolerances.to_pylist()))


def widened(area: Polygon, radius: float, tolerance: float) -> Polygon | None:
    """A polygon with all that is within a distance of it; None for a distance that cannot be."""
    options = _options(radius, tolerance)
    return None if options is None else buffer_polygon(area, options)


# ---------------------------------------------------------------------------------------------------------------- fewer points

_FARTHEST = math.radians(70) * RADIUS
"""S2 moves vertices no farther."""


def _simplifier(tolerance: float) -> S2Builder:
    return S2Builder(snap_function=IdentitySnapFunction(angle(tolerance)), simplify_edge_chains=True)


def line_simplify(column: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_line_simplify(): null when nothing is left."""

    def simplified(line: list[Polyline], tolerance: float) -> Json:
        if not 0 <= tolerance <= _FARTHEST:
            return None
        if len(line) > 1:
            raise QueryError("ENG001", "geo_line_simplify() is offered for a single line only")
        builder = _simplifier(tolerance)
        builder.add_polyline(line[0])
        left = builder.build_polyline()
        return write_lines([left]) if len(left) > 1 else None

    return write(answers(simplified, each(column, lines), tolerances.to_pylist()))


def polygon_simplify(column: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_polygon_simplify(): null when nothing is left."""

    def simplified(area: Polygon, tolerance: float) -> Json:
        if not 0.1 <= tolerance <= 10_000:
            return None
        builder = _simplifier(tolerance)
        for loop in area.loops():
            builder.add_loop(loop)
        return write_polygon(builder.build_polygon())

    return write(answers(simplified, each(column, polygon), tolerances.to_pylist()))


# ---------------------------------------------------------------------------------------------------------------- more points

_SAMPLE = 0.31215691082248312
"""Where an edge on the sphere is farthest from its straight line on the map, as a share of its length."""
_SCALE = 0.83829992569888509
"""How far that is at most, when it is 1 at both of these places."""


def line_densify(column: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_line_densify()."""
    return _densified("geo_line_densify", column, tolerances, lines)


def polygon_densify(column: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_polygon_densify()."""
    return _densified("geo_polygon_densify", column, tolerances, polygon)


def _densified(name: str, column: pa.Array, tolerances: pa.Array, shape: Callable[[Json], Any]) -> pa.Array:
    def known(value: Json) -> Json:
        return None if shape(value) is None else value

    def densified(value: dict[str, Json], tolerance: float) -> Json:
        if not 0.1 <= tolerance <= 10_000:
            return None
        limit = _SCALE * tolerance / RADIUS
        return {"type": value["type"], "coordinates": _with_more(value["coordinates"], limit, name)}

    return write(answers(densified, each(column, known), tolerances.to_pylist()))


def _with_more(coordinates: Any, limit: float, name: str) -> Json:
    """Nested lists of positions, with more of them."""
    if isinstance(coordinates[0][0], list):
        return [_with_more(part, limit, name) for part in coordinates]
    found = [coordinates[0]]
    for start, end in pairwise(coordinates):
        if abs(start[0] - end[0]) > 180:
            raise QueryError("ENG001", f"{name}() is not offered for edges over more than 180 degrees of longitude")
        found += _halves(start, end, limit)
    return found


def _halves(start: list[float], end: list[float], limit: float) -> list[list[float]]:
    """The positions of an edge after its start: it is halved on the map until it is as good as straight."""
    if _deviation(start, end) <= limit:
        return [end]
    middle = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2]
    return _halves(start, middle, limit) + _halves(middle, end, limit)


def _deviation(start: list[float], end: list[float]) -> float:
    """How far an edge on the sphere is from its straight line on the map, as an angle."""
    ends = _on_sphere(start), _on_sphere(end)
    if ends[0].distance(ends[1]).radians > math.pi / 2:
        return math.inf
    shares = _SAMPLE, 1 - _SAMPLE
    straight = [_on_sphere([a + share * (b - a) for a, b in zip(start, end, strict=False)]) for share in shares]
    return max(interpolate(share, *ends).distance(place).radians for share, place in zip(shares, straight, strict=True))


def _on_sphere(position: list[float]) -> S2Point:
    return LatLng.from_degrees(position[1], position[0]).to_point()
