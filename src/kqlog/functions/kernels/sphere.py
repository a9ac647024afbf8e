"""Geometry on the sphere, of vectors of length 1: edges are the shortest lines between two of them."""

from __future__ import annotations

import numpy as np

RADIUS = 6_371_010.0
"""Earth's, in meters."""
_AT_ONCE = 500_000
"""How many pairs of places and edges are looked at together: more do not stay in the processor's cache."""
_FLAT = 0.02
"""The cosine from the middle up to which a plane shows a ring."""


def vectors(positions: np.ndarray) -> np.ndarray:
    """Longitudes and latitudes in degrees as vectors."""
    east, north = np.radians(positions).T
    result: np.ndarray = np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
    return result


def positions(places: np.ndarray) -> np.ndarray:
    """Vectors of any length as longitudes and latitudes in degrees."""
    x, y, z = places.T
    result: np.ndarray = np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))]))
    return result


def unit(places: np.ndarray) -> np.ndarray:
    """Vectors made as long as 1; those of no length stay so."""
    lengths = norm(places)
    result: np.ndarray = places / np.where(lengths == 0, 1, lengths)[..., None]
    return result


def norm(places: np.ndarray) -> np.ndarray:
    """The lengths of vectors."""
    result: np.ndarray = np.sqrt((places * places).sum(axis=-1))
    return result


def angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The angles between vectors, as exact for small ones as for large."""
    result: np.ndarray = 2 * np.arctan2(norm(first - second), norm(first + second))
    return result


def lengths(line: np.ndarray) -> np.ndarray:
    """The angles of the edges of a line."""
    return angles(line[:-1], line[1:])


def middle(places: np.ndarray) -> np.ndarray:
    """The direction in which most of some places are."""
    return unit(places.sum(axis=0))


def closest(places: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """For each place the nearest one on an edge."""
    normal = unit(np.cross(start - end, start + end))
    foot = unit(places - (places * normal).sum(axis=-1, keepdims=True) * normal)
    beside = ((foot * np.cross(start, normal)).sum(axis=-1) > 0) | ((foot * np.cross(normal, end)).sum(axis=-1) > 0)
    # A place from which all of the edge is equally far has no foot.
    beside |= norm(foot) == 0
    first = angles(places, start) <= angles(places, end)
    return np.where(beside[..., None], np.where(first[..., None], start, end), foot)


def nearest(places: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each place the nearest one on a line, the angle to it, and the number of its edge."""
    size = max(_AT_ONCE // len(line), 1)
    parts = [places[first : first + size] for first in range(0, len(places), size)]
    edge = np.concatenate([_nearest_edge(part, line) for part in parts]) if parts else np.zeros(0, int)
    found = closest(places, line[edge], line[edge + 1])
    return found, angles(places, found), edge


def _nearest_edge(places: np.ndarray, line: np.ndarray) -> np.ndarray:
    """For each place the number of the edge that it is nearest to."""
    start, end = line[:-1], line[1:]
    normal = unit(np.cross(start - end, start + end))
    sine = places @ normal.T
    upright = 2 * sine * sine / (1 + np.sqrt(np.maximum(1 - sine * sine, 0)))
    # Seen from near by, as the squares of small distances are lost in those from the middle of Earth.
    here, there = places - middle(line), line - middle(line)
    corners = np.add.outer((here * here).sum(axis=1), (there * there).sum(axis=1)) - 2 * here @ there.T
    beside = (places @ np.cross(start, normal).T > 0) | (places @ np.cross(normal, end).T > 0)
    result: np.ndarray = np.where(beside, np.minimum(corners[:, :-1], corners[:, 1:]), upright).argmin(axis=1)
    return result


def area(ring: np.ndarray) -> float:
    """The area to the left of a closed ring, less than that of half the sphere; negative when it is to the right."""
    corner, here, there = ring[0], ring[1:-2], ring[2:-1]
    # Of differences, as the vectors of a small ring are nearly the same.
    volume = np.cross(here - corner, there - corner) @ corner
    around = 1 + here @ corner + there @ corner + (here * there).sum(axis=1)
    return float(2 * np.arctan2(volume, around).sum())


def moment(ring: np.ndarray) -> np.ndarray:
    """The integral of all places to the left of a closed ring: its direction is their center."""
    here, there = ring[:-1] - ring[0], ring[1:] - ring[0]
    bent = lengths(ring)
    more = bent / np.sin(bent) - 1
    result: np.ndarray = (np.cross(here, there).sum(axis=0) + more @ np.cross(ring[:-1], ring[1:])) / 2
    return result


def encloses(ring: np.ndarray, places: np.ndarray) -> np.ndarray:
    """For each place, whether a closed ring goes all the way round it, on the side where the ring is."""
    center = middle(ring)
    least = float((ring @ center).min())
    near = np.flatnonzero(places @ center >= max(least, 0))
    result = np.zeros(len(places), bool)
    size = max(_AT_ONCE // len(ring), 1)
    for first in range(0, len(near), size):
        part = near[first : first + size]
        result[part] = _crosses(ring, places[part], center) if least > _FLAT else _winds(ring, places[part])
    return result


def _crosses(ring: np.ndarray, places: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Whether a ray on the plane that touches the sphere at the center, where edges are straight, leaves the ring."""
    axes = np.array(across(center)).T
    (x, y), (east, north) = ((places_ @ axes / (places_ @ center)[:, None]).T for places_ in (ring, places))
    level = np.diff(y) == 0
    slope = np.diff(x) / np.where(level, 1, np.diff(y))
    above = y > north[:, None]
    beyond = x[:-1] + slope * (north[:, None] - y[:-1]) > east[:, None]
    result: np.ndarray = ((above[:, :-1] != above[:, 1:]) & beyond).sum(axis=1) % 2 == 1
    return result


def _winds(ring: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Whether a ring that is too wide for a plane turns all around a place."""
    sideways = ring[None] - (places @ ring.T)[:, :, None] * places[:, None]
    here, there = sideways[:, :-1], sideways[:, 1:]
    across_ = (np.cross(here, there) * places[:, None]).sum(axis=2)
    turns = np.arctan2(across_, (here * there).sum(axis=2)).sum(axis=1)
    result: np.ndarray = abs(turns) > np.pi
    return result


def along(line: np.ndarray, fraction: float) -> np.ndarray:
    """The place at a fraction of a line's length."""
    bent = lengths(line)
    ends = np.cumsum(bent)
    edge = min(int(np.searchsorted(ends, fraction * ends[-1])), len(bent) - 1)
    return between(line[edge], line[edge + 1], (fraction * ends[-1] - ends[edge] + bent[edge]) / bent[edge])


def between(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    """The place at a fraction of an edge."""
    bent = angles(start, end)
    return unit(np.sin((1 - fraction) * bent) * start + np.sin(fraction * bent) * end)


def circle(center: np.ndarray, radius: float, corners: int) -> np.ndarray:
    """Places at an angle from a center, counterclockwise all around it."""
    east, north = across(center)
    turns = np.arange(corners) * (2 * np.pi / corners)
    ways = np.outer(np.cos(turns), east) + np.outer(np.sin(turns), north)
    result: np.ndarray = np.cos(radius) * center + np.sin(radius) * ways
    return result


def across(center: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two directions at right angles to a place and to each other; north is to the left of east."""
    pole = np.array([0.0, 0.0, 1.0]) if abs(center[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = unit(np.cross(pole, center))
    return east, np.cross(center, east)
