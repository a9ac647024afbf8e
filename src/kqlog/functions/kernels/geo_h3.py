"""H3 cells: those of points and polygons, and their places."""

from __future__ import annotations

import re

import h3
import pyarrow as pa

from kqlog.functions.kernels.geo_buffers import can_be, widened
from kqlog.functions.kernels.geo_measures import polygon, size
from kqlog.functions.kernels.geo_shapes import Area, Line, answers, each
from kqlog.functions.kernels.json_text import Json, write

_FINEST = 15
_FARTHEST = 142
"""The distance of the last ring."""
_DEEPEST = 5
"""The number of resolutions from a cell to its children, at most."""
_MOST_CELLS = 61_680
_TOLERANCE = 10.0
"""How far the outline of a widened polygon may be off, in meters."""


def point_to_h3cell(longitudes: pa.Array, latitudes: pa.Array, resolutions: pa.Array) -> pa.Array:
    """geo_point_to_h3cell(): '' for what is not on Earth, or a resolution that cannot be."""

    def cell(longitude: float, latitude: float, resolution: float) -> str:
        known = abs(longitude) <= 180 and abs(latitude) <= 90 and 0 <= resolution <= _FINEST
        return h3.latlng_to_cell(latitude, longitude, int(resolution)) if known else ""

    found = answers(cell, longitudes.to_pylist(), latitudes.to_pylist(), resolutions.to_pylist())
    return pa.array([cell or "" for cell in found], pa.string())


def _cells(tokens: pa.Array) -> list[str | None]:
    """The tokens of a column that are cells. H3 itself takes any hexadecimal number Python can read."""
    known = re.compile("[0-9a-fA-F]{15}").fullmatch
    return [token.lower() if known(token) and h3.is_valid_cell(token) else None for token in tokens.to_pylist()]


def h3cell_level(tokens: pa.Array) -> pa.Array:
    """geo_h3cell_level()."""
    return pa.array(answers(h3.get_resolution, _cells(tokens)), pa.int32())


def h3cell_to_central_point(tokens: pa.Array) -> pa.Array:
    """geo_h3cell_to_central_point()."""

    def center(cell: str) -> Json:
        return {"type": "Point", "coordinates": list(h3.cell_to_latlng(cell))[::-1]}

    return write(answers(center, _cells(tokens)))


def h3cell_to_polygon(tokens: pa.Array) -> pa.Array:
    """geo_h3cell_to_polygon()."""

    def outline(cell: str) -> Json:
        corners: list[Json] = [[longitude, latitude] for latitude, longitude in h3.cell_to_boundary(cell)]
        return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}

    return write(answers(outline, _cells(tokens)))


def h3cell_parent(tokens: pa.Array, resolutions: pa.Array) -> pa.Array:
    """geo_h3cell_parent(): '' for what has none."""

    def parent(cell: str, resolution: float) -> str:
        return h3.cell_to_parent(cell, int(resolution)) if 0 <= resolution <= h3.get_resolution(cell) else ""

    found = answers(parent, _cells(tokens), resolutions.to_pylist())
    return pa.array([cell or "" for cell in found], pa.string())


def h3cell_children(tokens: pa.Array, resolutions: pa.Array) -> pa.Array:
    """geo_h3cell_children(): null for what has none, or too many."""

    def children(cell: str, resolution: float) -> Json:
        own = h3.get_resolution(cell)
        return h3.cell_to_children(cell, int(resolution)) if own <= resolution <= min(own + _DEEPEST, _FINEST) else None

    return write(answers(children, _cells(tokens), resolutions.to_pylist()))


def h3cell_neighbors(tokens: pa.Array) -> pa.Array:
    """geo_h3cell_neighbors(): five around a pentagon."""
    return write(answers(lambda cell: _ring(cell, 1), _cells(tokens)))


def h3cell_rings(tokens: pa.Array, distances: pa.Array) -> pa.Array:
    """geo_h3cell_rings()."""

    def rings(cell: str, distance: float) -> Json:
        return [_ring(cell, number) for number in range(int(distance) + 1)] if 0 <= distance <= _FARTHEST else None

    return write(answers(rings, _cells(tokens), distances.to_pylist()))


def _ring(cell: str, distance: int) -> list[Json]:
    """The cells at a distance. Kusto starts with the one that H3 gives as the second."""
    found: list[Json] = h3.grid_ring(cell, distance)
    return found[1:] + found[:1]


# ---------------------------------------------------------------------------------------------------------------- coverings


def polygon_to_h3cells(column: pa.Array, resolutions: pa.Array, radii: pa.Array) -> pa.Array:
    """geo_polygon_to_h3cells(): the cells with their center inside, or null when there are too many."""
    return write(answers(_filled, each(column, polygon), resolutions.to_pylist(), radii.to_pylist()))


def _filled(area: Area, resolution: float, radius: float) -> Json:
    tolerance = min(_TOLERANCE, radius)
    if not 0 <= resolution <= _FINEST or not (radius == 0 or can_be(radius, tolerance)):
        return None
    level, wider = int(resolution), widened(area, radius, tolerance) if radius > 0 else area
    # H3 finds all cells before it counts them.
    if size(wider) > 4 * _MOST_CELLS * h3.average_hexagon_area(level, "m^2"):
        return None
    found = dict.fromkeys(cell for rings in wider for cell in h3.polygon_to_cells(_flat(rings), level))
    return list(found) if len(found) <= _MOST_CELLS else None


def _flat(rings: list[Line]) -> h3.LatLngPoly:
    """A polygon with the straight edges of a map."""
    return h3.LatLngPoly(*[ring[:, ::-1].tolist() for ring in rings])
