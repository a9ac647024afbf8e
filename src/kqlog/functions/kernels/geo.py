"""Geohash cells."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.geo_shapes import write_points
from kqlog.functions.kernels.json_text import Json, write

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
LONGEST = 18
"""The number of characters that a geohash has at most."""
NEIGHBORS = ((-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1))
"""The cells around a cell, in columns and rows, in the order that Kusto gives them."""


def point_to_geohash(longitudes: pa.Array, latitudes: pa.Array, accuracies: pa.Array) -> pa.Array:
    """geo_point_to_geohash(): '' for what is not on Earth, or a length that cannot be."""
    columns = (longitudes, latitudes, accuracies)
    east, north, wanted = (np.asarray(column.cast(pa.float64()).fill_null(np.nan)) for column in columns)
    known = (abs(east) <= 180) & (abs(north) <= 90) & (wanted >= 1) & (wanted <= LONGEST)
    lengths = np.where(known, wanted, 0).astype(int)
    found = np.full(len(lengths), "", object)
    for length in np.unique(lengths[known]).tolist():
        rows = np.flatnonzero(lengths == length)
        across, up = _grid(length)
        column = np.minimum(((east[rows] + 180) / 360 * across).astype(np.int64), across - 1)
        row = np.minimum(((north[rows] + 90) / 180 * up).astype(np.int64), up - 1)
        found[rows] = _names(column, row, length)
    return pa.array(found, pa.string())


def _grid(length: int) -> tuple[int, int]:
    """How many columns and rows of cells there are; a column's bit comes first."""
    bits = 5 * length
    return 1 << (bits + 1) // 2, 1 << bits // 2


def _names(columns: np.ndarray, rows: np.ndarray, length: int) -> list[str]:
    bits = 5 * length
    letters = np.zeros((length, len(columns)), np.int64)
    for place in range(bits):
        axis, left = (columns, (bits + 1) // 2) if place % 2 == 0 else (rows, bits // 2)
        letters[place // 5] = letters[place // 5] << 1 | axis >> (left - 1 - place // 2) & 1
    names = np.frombuffer(ALPHABET.encode(), np.uint8)[letters.T]
    return [str(name, "ascii") for name in np.ascontiguousarray(names).view(f"S{length}")[:, 0].tolist()]


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
    return write_points([(np.nan, np.nan) if cell is None else _center(*cell, len(name)) for name, cell in _cells(geohashes)])


def _cells(geohashes: pa.Array) -> list[tuple[str, tuple[int, int] | None]]:
    return [(name or "", _cell(name)) for name in geohashes.to_pylist()]


def _center(column: int, row: int, length: int) -> tuple[float, float]:
    columns, rows = _grid(length)
    return (column + 0.5) / columns * 360 - 180, (row + 0.5) / rows * 180 - 90


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
    east, north = np.array(places).T
    return list(_names(east, north, length))
