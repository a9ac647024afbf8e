"""S2 cells: those of points, lines and polygons, and their places."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pyarrow as pa
from s2rst import Cell, CellId, ChordAngle, ClosestEdgeQuery, S2Point

from kqlog.functions.kernels.geo_shapes import angle, answers, degrees, each, index, lines, points, polygon, write_point
from kqlog.functions.kernels.json_text import Json, write

_FINEST = 30
_MOST_CELLS = 65_536
_AROUND = (7, 0, 1, 2, 3, 5, 4, 6)
"""The cells that S2 lists around a cell, in the order that Kusto gives them."""


def point_to_s2cell(longitudes: pa.Array, latitudes: pa.Array, levels: pa.Array) -> pa.Array:
    """geo_point_to_s2cell(): '' for what is not on Earth, or a level that cannot be."""

    def token(place: S2Point, level: float) -> str:
        return CellId.from_point(place).parent_at_level(int(level)).to_token() if 0 <= level <= _FINEST else ""

    found = answers(token, points(longitudes, latitudes), levels.to_pylist())
    return pa.array([cell or "" for cell in found], pa.string())


def _cell(token: str) -> CellId | None:
    cell = CellId.from_token(token)
    return cell if cell.is_valid() else None


def _cells(tokens: pa.Array) -> list[CellId | None]:
    return answers(_cell, tokens.to_pylist())


def s2cell_to_central_point(tokens: pa.Array) -> pa.Array:
    """geo_s2cell_to_central_point()."""
    return write(answers(lambda cell: write_point(cell.to_point()), _cells(tokens)))


def s2cell_to_polygon(tokens: pa.Array) -> pa.Array:
    """geo_s2cell_to_polygon()."""

    def outline(cell: CellId) -> Json:
        return {"type": "Polygon", "coordinates": [[degrees(Cell(cell).vertex(corner)) for corner in (0, 1, 2, 3, 0)]]}

    return write(answers(outline, _cells(tokens)))


def s2cell_neighbors(tokens: pa.Array) -> pa.Array:
    """geo_s2cell_neighbors(): three cells meet at a corner of S2's cube, so that some are there twice."""

    def neighbors(cell: CellId) -> Json:
        around = cell.all_neighbors(cell.level()) or []
        return list(dict.fromkeys(around[place].to_token() for place in _AROUND if around[place] != cell))

    return write(answers(neighbors, _cells(tokens)))


# ---------------------------------------------------------------------------------------------------------------- coverings


def line_to_s2cells(column: pa.Array, levels: pa.Array, radii: pa.Array) -> pa.Array:
    """geo_line_to_s2cells()."""
    return _coverings(each(column, lambda value: _query(lines(value))), levels, radii)


def polygon_to_s2cells(column: pa.Array, levels: pa.Array, radii: pa.Array) -> pa.Array:
    """geo_polygon_to_s2cells()."""

    def query(value: Json) -> ClosestEdgeQuery | None:
        area = polygon(value)
        return _query(None if area is None else [area])

    return _coverings(each(column, query), levels, radii)


def _query(shapes: list[Any] | None) -> ClosestEdgeQuery | None:
    return None if shapes is None else ClosestEdgeQuery(index(*shapes))


def _coverings(queries: list[ClosestEdgeQuery | None], levels: pa.Array, radii: pa.Array) -> pa.Array:
    return write(answers(_covering, queries, levels.to_pylist(), radii.to_pylist()))


def _covering(query: ClosestEdgeQuery, level: float, radius: float) -> Json:
    """The cells of a level within a distance of a shape, or None when there are too many."""
    if not 0 <= level <= _FINEST or not radius >= 0:
        return None
    limit = ChordAngle.from_angle(angle(radius)).successor()
    cells = [cell for cell in map(CellId.from_face, range(6)) if query.is_distance_less(Cell(cell), limit)]
    for _ in range(int(level)):
        within = (child for cell in cells for child in cell.children() if query.is_distance_less(Cell(child), limit))
        # There are never fewer smaller cells.
        cells = list(islice(within, _MOST_CELLS + 1))
        if len(cells) > _MOST_CELLS:
            return None
    return [cell.to_token() for cell in cells]
