"""Points in polygons on the sphere, and geohash cells."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read, write
from kqlog.functions.kernels.series import is_number
from kqlog.functions.kernels.sphere import encloses, vectors

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
LONGEST = 18
"""The number of characters that a geohash has at most."""
NEIGHBORS = ((-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1))
"""The cells around a cell, in columns and rows, in the order that Kusto gives them."""

# ---------------------------------------------------------------------------------------------------------------- polygons


def point_in_polygon(longitudes: pa.Array, latitudes: pa.Array, polygons: pa.Array) -> pa.Array:
    """geo_point_in_polygon(): null for coordinates or a polygon that cannot be."""
    points = _vectors(_floats(longitudes), _floats(latitudes))
    encoded = polygons.dictionary_encode()
    which = np.asarray(encoded.indices.fill_null(-1))
    answers: list[bool | None] = [None] * len(points)
    for number, polygon in enumerate(read(encoded.dictionary)):
        rows = np.flatnonzero((which == number) & ~np.isnan(points[:, 0]))
        shape = _shape(polygon)
        if shape is not None and len(rows):
            inside = np.any([_inside(points[rows], rings) for rings in shape], axis=0)
            for row, answer in zip(rows.tolist(), inside.tolist(), strict=True):
                answers[row] = answer
    return pa.array(answers, pa.bool_())


def _floats(column: pa.Array) -> np.ndarray:
    return np.asarray(column.cast(pa.float64()).fill_null(np.nan))


def _vectors(longitudes: np.ndarray, latitudes: np.ndarray) -> np.ndarray:
    """Points as vectors of length 1, NaN for those that are not on Earth."""
    known = (abs(longitudes) <= 180) & (abs(latitudes) <= 90)
    return vectors(np.where(known, [longitudes, latitudes], np.nan).T)


def _shape(polygon: Json) -> list[list[np.ndarray]] | None:
    """The polygons of a GeoJSON value, each a list of rings, the shell first; None when it is not valid."""
    if not isinstance(polygon, dict):
        return None
    coordinates = polygon.get("coordinates")
    polygons = (
        [coordinates] if polygon.get("type") == "Polygon" else coordinates if polygon.get("type") == "MultiPolygon" else None
    )
    if not isinstance(polygons, list) or not polygons:
        return None
    shapes = [[_ring(ring) for ring in rings] if isinstance(rings, list) and rings else [None] for rings in polygons]
    known = [[ring for ring in rings if ring is not None] for rings in shapes]
    return known if all(len(rings) == len(found) for rings, found in zip(shapes, known, strict=True)) else None


def _ring(points: Json) -> np.ndarray | None:
    """A closed ring of distinct points as vectors, or None."""
    if not isinstance(points, list) or len(points) < 4 or points[0] != points[-1]:
        return None
    pairs = [point[:2] for point in points if isinstance(point, list) and len(point) >= 2 and all(map(is_number, point[:2]))]
    if len(pairs) < len(points) or len(set(map(tuple, pairs))) < len(pairs) - 1:
        return None
    vectors = _vectors(*np.array(pairs, float).T)
    return None if np.isnan(vectors).any() else vectors


def _inside(points: np.ndarray, rings: list[np.ndarray]) -> np.ndarray:
    shell, *holes = rings
    inside = encloses(shell, points)
    for hole in holes:
        inside &= ~encloses(hole, points)
    return inside


# ----------------------------------------------------------------------------------------------------------------- geohash


def point_to_geohash(longitudes: pa.Array, latitudes: pa.Array, accuracies: pa.Array) -> pa.Array:
    """geo_point_to_geohash(): '' for what is not on Earth, or a length that cannot be."""
    rows = zip(longitudes.to_pylist(), latitudes.to_pylist(), accuracies.to_pylist(), strict=True)
    return pa.array([_geohash(*row) for row in rows], pa.string())


def _geohash(longitude: float | None, latitude: float | None, accuracy: float | None) -> str:
    if longitude is None or latitude is None or accuracy is None or not 1 <= accuracy <= LONGEST:
        return ""
    if not abs(longitude) <= 180 or not abs(latitude) <= 90:
        return ""
    columns, rows = _grid(int(accuracy))
    column = min(int((longitude + 180) / 360 * columns), columns - 1)
    row = min(int((latitude + 90) / 180 * rows), rows - 1)
    return _name(column, row, int(accuracy))


def _grid(length: int) -> tuple[int, int]:
    """How many columns and rows of cells there are; a column's bit comes first."""
    bits = 5 * length
    return 1 << (bits + 1) // 2, 1 << bits // 2


def _name(column: int, row: int, length: int) -> str:
    bits = 5 * length
    number = 0
    for place in range(bits):
        axis, left = (column, (bits + 1) // 2) if place % 2 == 0 else (row, bits // 2)
        number = number << 1 | axis >> (left - 1 - place // 2) & 1
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))


def _cell(geohash: str | None) -> tuple[int, int] | None:
    """The column and the row of a cell, or None for what is no geohash."""
    name = (geohash or "").lower()
    if not 1 <= len(name) <= LONGEST or any(letter not in ALPHABET for letter in name):
        return None
    bits = "".join(f"{ALPHABET.index(letter):05b}" for letter in name)
    return int(bits[0::2], 2), int(bits[1::2], 2)


def _corner(column: int, row: int, length: int) -> list[Json]:
    """Longitude and latitude of the south-west corner of a cell."""
    columns, rows = _grid(length)
    return [column / columns * 360 - 180, row / rows * 180 - 90]


def geohash_to_central_point(geohashes: pa.Array) -> pa.Array:
    """geo_geohash_to_central_point()."""
    return write(None if cell is None else _center(*cell, len(name)) for name, cell in _cells(geohashes))


def _cells(geohashes: pa.Array) -> list[tuple[str, tuple[int, int] | None]]:
    return [(name or "", _cell(name)) for name in geohashes.to_pylist()]


def _center(column: int, row: int, length: int) -> Json:
    columns, rows = _grid(length)
    return {"type": "Point", "coordinates": [(column + 0.5) / columns * 360 - 180, (row + 0.5) / rows * 180 - 90]}


def geohash_to_polygon(geohashes: pa.Array) -> pa.Array:
    """geo_geohash_to_polygon(): counterclockwise from the south-west corner."""
    return write(None if cell is None else _outline(*cell, len(name)) for name, cell in _cells(geohashes))


def _outline(column: int, row: int, length: int) -> Json:
    around = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    return {"type": "Polygon", "coordinates": [[_corner(column + east, row + north, length) for east, north in around]]}


def geohash_neighbors(geohashes: pa.Array) -> pa.Array:
    """geo_geohash_neighbors(): there is none beyond a pole."""
    return write(None if cell is None else _neighbors(*cell, len(name)) for name, cell in _cells(geohashes))


def _neighbors(column: int, row: int, length: int) -> Json:
    columns, rows = _grid(length)
    places = [((column + east) % columns, row + north) for east, north in NEIGHBORS if 0 <= row + north < rows]
    return [_name(*place, length) for place in places]
