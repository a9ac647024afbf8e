"""Points, lines and polygons on the sphere, made wider by a distance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import shapely

from kqlog.functions.kernels.geo_plane import WIDEST, Plane, joint, polygon, too_wide
from kqlog.functions.kernels.geo_shapes import Area, Line, answers, each, lines, points, write_area
from kqlog.functions.kernels.json_text import Json, write
from kqlog.functions.kernels.sphere import RADIUS, angles, between, circle, positions, vectors

_FINEST = 1e-6
"""The smallest tolerance, as a share of the radius."""
_FEWEST = 4
"""The corners that a circle has at least."""


def point_buffer(longitudes: pa.Array, latitudes: pa.Array, radii: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_point_buffer()."""

    def buffered(place: np.ndarray, radius: float, tolerance: float) -> Json:
        if np.isnan(place[0]) or not can_be(radius, tolerance):
            return None
        ring = positions(circle(place, radius / RADIUS, _corners(radius, tolerance)))
        return write_area([[np.vstack([ring, ring[:1]])]])

    return write(answers(buffered, points(longitudes, latitudes), radii.to_pylist(), tolerances.to_pylist()))


def line_buffer(column: pa.Array, radii: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_line_buffer(): round at the ends."""

    def buffered(found: list[Line], radius: float, tolerance: float) -> Json:
        if not can_be(radius, tolerance):
            return None
        return write_area(joint([part for line in found for part in _widened([line], [], radius, tolerance)]))

    return write(answers(buffered, each(column, lines), radii.to_pylist(), tolerances.to_pylist()))


def polygon_buffer(column: pa.Array, radii: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_polygon_buffer()."""

    def buffered(area: Area, radius: float, tolerance: float) -> Json:
        return write_area(widened(area, radius, tolerance)) if can_be(radius, tolerance) else None

    return write(answers(buffered, each(column, polygon), radii.to_pylist(), tolerances.to_pylist()))


def widened(area: Area, radius: float, tolerance: float) -> Area:
    """Polygons with all that is within a distance of them."""
    return joint([part for rings in area for part in _widened(rings, [rings], radius, tolerance)])


def can_be(radius: float, tolerance: float) -> bool:
    """Whether there is a buffer of a radius; QueryError when it does not fit on a plane."""
    if WIDEST * RADIUS < radius < math.inf:
        raise too_wide()
    return 0 < radius < math.inf and tolerance >= _FINEST * radius


def _corners(radius: float, tolerance: float) -> int:
    """How many corners a circle has when its edges are within a tolerance of it."""
    return max(math.ceil(math.pi / math.acos(1 - min(tolerance / radius, 1))), _FEWEST)


def _widened(outline: list[Line], area: Area, radius: float, tolerance: float) -> Area:
    """An area with all that is within a distance of some lines."""
    corners = _corners(radius, tolerance)
    edges = [edge for line in outline for edge in pairwise(_pieces(vectors(line), radius / RADIUS, tolerance / RADIUS))]
    ends = [[circle(end, radius / RADIUS, corners) for end in edge] for edge in edges]
    around = [positions(np.concatenate(circles)) for circles in ends]
    plane = Plane([*around, *(ring for rings in area for ring in rings)])
    hulls = [shapely.MultiPoint(plane.spots(places)).convex_hull for places in around]
    return plane.polygons(shapely.union_all([*hulls, plane.area(area)], grid_size=1))


def _pieces(line: np.ndarray, radius: float, tolerance: float) -> Iterator[np.ndarray]:
    """The corners of a line and as many places between them that an edge beside it is within the tolerance as well.

    What is always as far from an edge is no shortest line: that bulges away from it.
    """
    most = 2 * math.acos(1 / (1 + tolerance / max(math.sin(2 * radius) / 2, 1e-300)))
    for start, end in pairwise(line):
        count = math.ceil(angles(start, end) / most)
        yield from (between(start, end, piece / count) for piece in range(count))
    yield line[-1]
