"""S2 cells: those of points, lines and polygons, and their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.geo_measures import in_area, polygon
from kqlog.functions.kernels.geo_shapes import Area, answers, each, lines, points, write_points
from kqlog.functions.kernels.json_text import Json, write
from kqlog.functions.kernels.s2_cells import FINEST, cell, cells_of, centers, corners, identities, neighbors, tokens, written
from kqlog.functions.kernels.sphere import RADIUS, angles, closest, positions, unit, vectors

_MOST_CELLS = 65_536

# ---------------------------------------------------------------------------------------------------------------- cells


def point_to_s2cell(longitudes: pa.Array, latitudes: pa.Array, levels: pa.Array) -> pa.Array:
    """geo_point_to_s2cell(): '' for what is not on Earth, or a level that cannot be."""
    places, wanted = points(longitudes, latitudes), np.asarray(levels.cast(pa.float64()).fill_null(np.nan))
    known = np.flatnonzero(~np.isnan(places[:, 0]) & (wanted >= 0) & (wanted <= FINEST))
    level = wanted[known].astype(np.int64)
    found = np.full(len(places), "", object)
    faces, columns, rows = cells_of(places[known], level)
    found[known] = tokens(faces, columns, rows, level)
    return pa.array(found, pa.string())


def _cells(column: pa.Array) -> list[tuple[np.ndarray, ...] | None]:
    """The cells of tokens, each as four arrays of one."""
    found = answers(cell, column.to_pylist())
    return [None if parts is None else tuple(np.array([part]) for part in parts) for parts in found]


def s2cell_to_central_point(column: pa.Array) -> pa.Array:
    """geo_s2cell_to_central_point()."""
    found = [cell(token or "") for token in column.to_pylist()]
    known = [row for row, parts in enumerate(found) if parts is not None]
    places = np.full((len(found), 3), np.nan)
    if known:
        places[known] = centers(*np.array([parts for parts in found if parts is not None]).T)
    return write_points(positions(places).tolist())


def s2cell_to_polygon(column: pa.Array) -> pa.Array:
    """geo_s2cell_to_polygon()."""

    def outline(parts: tuple[np.ndarray, ...]) -> Json:
        ring = positions(corners(*parts)[0]).tolist()
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}

    return write(answers(outline, _cells(column)))


def s2cell_neighbors(column: pa.Array) -> pa.Array:
    """geo_s2cell_neighbors()."""
    return write(answers(lambda parts: neighbors(*parts), answers(cell, column.to_pylist())))


# ---------------------------------------------------------------------------------------------------------------- coverings


def line_to_s2cells(column: pa.Array, levels: pa.Array, radii: pa.Array) -> pa.Array:
    """geo_line_to_s2cells()."""

    def covering(found: list[Any], level: float, radius: float) -> Json:
        return _covering(found, [], level, radius)

    return write(answers(covering, each(column, lines), levels.to_pylist(), radii.to_pylist()))


def polygon_to_s2cells(column: pa.Array, levels: pa.Array, radii: pa.Array) -> pa.Array:
    """geo_polygon_to_s2cells()."""

    def covering(area: Area, level: float, radius: float) -> Json:
        return _covering([ring for rings in area for ring in rings], area, level, radius)

    return write(answers(covering, each(column, polygon), levels.to_pylist(), radii.to_pylist()))


def _covering(outline: list[np.ndarray], area: Area, level: float, radius: float) -> Json:
    """The cells of a level within a distance of a shape, or None when there are too many."""
    if not 0 <= level <= FINEST or not 0 <= radius < np.inf:
        return None
    places = [vectors(line) for line in outline]
    starts, ends = np.concatenate([line[:-1] for line in places]), np.concatenate([line[1:] for line in places])
    # Face, column and row of cells, whether they are all inside, and which edge is near which other cell.
    cells, inside = np.array([(face, 0, 0) for face in range(6)]), np.zeros(6, bool)
    pairs = np.array([(number, edge) for number in range(6) for edge in range(len(starts))])
    for depth in range(int(level) + 1):
        if depth:
            cells, inside, pairs = _divided(cells, inside, pairs)
        faces, columns, rows = cells.T
        quads = corners(faces, columns, rows, np.full(len(cells), depth))
        pairs = pairs[_near(quads[pairs[:, 0]], starts[pairs[:, 1]], ends[pairs[:, 1]], radius / RADIUS)]
        outlying = ~inside
        outlying[pairs[:, 0]] = False
        inside[outlying] = in_area(unit(quads[outlying].sum(axis=1)), area)
        kept = inside.copy()
        kept[pairs[:, 0]] = True
        if kept.sum() > _MOST_CELLS:  # There are never fewer smaller cells.
            return None
        cells, inside, pairs[:, 0] = cells[kept], inside[kept], (np.cumsum(kept) - 1)[pairs[:, 0]]
    faces, columns, rows = cells.T
    return list(written(np.sort(identities(faces, columns, rows, np.full(len(cells), int(level))))))


def _divided(cells: np.ndarray, inside: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The four parts of cells; an edge near a cell may be near all of them."""
    parts = [
        np.column_stack([cells[:, 0], 2 * cells[:, 1] + east, 2 * cells[:, 2] + north]) for east in (0, 1) for north in (0, 1)
    ]
    shifted = [pairs + np.array([part * len(cells), 0]) for part in range(4)]
    return np.concatenate(parts), np.tile(inside, 4), np.concatenate(shifted)


def _near(quads: np.ndarray, starts: np.ndarray, ends: np.ndarray, radius: float) -> np.ndarray:
    """For each cell, by its corners, and its edge, whether they are within an angle of each other."""
    sides = [(quads[:, side], quads[:, (side + 1) % 4]) for side in range(4)]
    near = np.all([_volume(*side, starts) >= 0 for side in sides], axis=0)
    for side in sides:
        near |= _cross(*side, starts, ends)
    if radius > 0:
        for corner, other in sides:
            near |= angles(corner, closest(corner, starts, ends)) <= radius
            for end in (starts, ends):
                near |= angles(end, closest(end, corner, other)) <= radius
    result: np.ndarray = near
    return result


def _cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Whether edges ab and cd cross or touch."""
    turns = np.stack([_volume(a, c, b), _volume(c, b, d), _volume(b, d, a), _volume(d, a, c)])
    result: np.ndarray = ((turns >= 0).all(axis=0) | (turns <= 0).all(axis=0)) & (turns != 0).any(axis=0)
    return result


def _volume(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Positive where a, b and c turn to the left."""
    result: np.ndarray = (np.cross(b - a, c - a) * a).sum(axis=-1)
    return result
