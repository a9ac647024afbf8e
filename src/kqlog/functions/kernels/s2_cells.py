"""S2's cells: a face of the cube around the sphere, and a column and a row on it, of which a level has 2 to its power each."""

from __future__ import annotations

import numpy as np

FINEST = 30
"""The last level."""
_TURNS = np.array([1, 0, 0, 3])
_QUARTER = np.array([[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]])
"""Which of its four parts the curve through a cell visits when: by the curve's orientation and the part's column and row."""
_PART = np.argsort(_QUARTER, axis=1)
_AROUND = ((1, 1), (-1, -1), (1, -1), (0, -1), (0, 1), (1, 0), (-1, 0), (-1, 1))
"""The cells around a cell, in columns and rows, in the order that Kusto gives them."""

# ---------------------------------------------------------------------------------------------------------------- identity


def tokens(faces: np.ndarray, columns: np.ndarray, rows: np.ndarray, levels: np.ndarray) -> list[str]:
    """The tokens of cells."""
    return written(identities(faces, columns, rows, levels))


def written(numbers: np.ndarray) -> list[str]:
    """The tokens of cells by their numbers."""
    return [f"{number:016x}".rstrip("0") for number in numbers.tolist()]


def identities(faces: np.ndarray, columns: np.ndarray, rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The numbers of cells: their place on a curve through all of them."""
    turn, place = faces & 1, np.zeros(len(faces), np.uint64)
    for step in range(1, FINEST + 1):
        deeper = step <= levels
        shift = np.where(deeper, levels - step, 0)
        part = _QUARTER[turn, (columns >> shift & 1) << 1 | (rows >> shift & 1)]
        place = np.where(deeper, place << np.uint64(2) | part.astype(np.uint64), place)
        turn = np.where(deeper, turn ^ _TURNS[part], turn)
    below = (2 * (FINEST - levels)).astype(np.uint64)
    return faces.astype(np.uint64) << np.uint64(61) | (place << np.uint64(1) | np.uint64(1)) << below


def cell(token: str) -> tuple[int, int, int, int] | None:
    """Face, column, row and level of a token, or None for what is none."""
    if not 1 <= len(token) <= 16 or not set(token.lower()) <= set("0123456789abcdef"):
        return None
    number = int(token.ljust(16, "0"), 16)
    below = (number & -number).bit_length() - 1
    face, level = number >> 61, FINEST - below // 2
    if number == 0 or face > 5 or below % 2 or level < 0:
        return None
    turn, column, row = face & 1, 0, 0
    for step in range(level):
        visited = number >> (below + 2 * (level - step) - 1) & 3
        part = int(_PART[turn, visited])
        column, row = column << 1 | part >> 1, row << 1 | part & 1
        turn ^= int(_TURNS[visited])
    return face, column, row, level


# ---------------------------------------------------------------------------------------------------------------- places


def cells_of(places: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells of some levels that places are in."""
    faces, flat = _on_faces(places)
    bent = np.sqrt(1 + 3 * abs(flat)) / 2
    size = 1 << levels
    column, row = np.floor(np.where(flat >= 0, bent, 1 - bent) * size[:, None]).astype(np.int64).T
    return faces, np.clip(column, 0, size - 1), np.clip(row, 0, size - 1)


def _on_faces(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The faces that places are on, and where on them, both ways from -1 to 1."""
    axis = abs(places).argmax(axis=1)
    ahead = np.take_along_axis(places, axis[:, None], axis=1)[:, 0]
    faces = axis + 3 * (ahead < 0)
    x, y, z = places.T
    ways = ((y, z), (-x, z), (-x, -y), (z, y), (z, -x), (-y, -x))
    east, north = (np.choose(faces, [way[side] for way in ways]) / ahead for side in (0, 1))
    return faces, np.column_stack([east, north])


def corners(faces: np.ndarray, columns: np.ndarray, rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The four corners of cells, counterclockwise."""
    ways = ((0, 0), (1, 0), (1, 1), (0, 1))
    return np.stack([_places(faces, columns + east, rows + north, levels) for east, north in ways], axis=1)


def centers(faces: np.ndarray, columns: np.ndarray, rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The centers of cells."""
    return _places(faces, columns + 0.5, rows + 0.5, levels)


def _places(faces: np.ndarray, columns: np.ndarray, rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
    share = np.stack([columns, rows]) / (1 << levels)
    u, v = np.where(share >= 0.5, 4 * share**2 - 1, 1 - 4 * (1 - share) ** 2) / 3
    return _off_faces(faces, u, v)


def _off_faces(faces: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    one = np.ones_like(u)
    ways = ((one, u, v), (-u, one, v), (-u, -v, one), (-one, -v, -u), (v, -one, -u), (v, u, -one))
    found = np.column_stack([np.choose(faces, [way[axis] for way in ways]) for axis in range(3)])
    result: np.ndarray = found / np.sqrt((found * found).sum(axis=1, keepdims=True))
    return result


def neighbors(face: int, column: int, row: int, level: int) -> list[str]:
    """The tokens of the cells around a cell; at a corner of the cube, where three faces meet, there are fewer."""
    size, beyond = 1 << level, 1 + 2.0**-50
    around = np.array([(column + east, row + north) for east, north in _AROUND])
    # Just over the edge of the cube lies the next face.
    flat = np.clip((2 * around + 1) / size - 1, -beyond, beyond)
    faces, spots = _on_faces(_off_faces(np.full(len(around), face), *flat.T))
    columns, rows = np.clip(np.floor((spots + 1) / 2 * size), 0, size - 1).astype(np.int64).T
    levels = np.full(len(around), level)
    own = tokens(*(np.array([part]) for part in (face, column, row, level)))
    return [token for token in dict.fromkeys(tokens(faces, columns, rows, levels)) if token not in own]
