"""Geometry on the sphere, of vectors of length 1: edges are the shortest lines between two of them."""

from __future__ import annotations

import numpy as np

RADIUS = 6_371_010.0
"""Earth's, in meters."""


def vectors(positions: np.ndarray) -> np.ndarray:
    """Longitudes and latitudes in degrees as vectors."""
    east, north = np.radians(positions).T
    return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])


def positions(places: np.ndarray) -> np.ndarray:
    """Vectors of any length as longitudes and latitudes in degrees."""
    x, y, z = places.T
    return np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))]))


def unit(places: np.ndarray) -> np.ndarray:
    """Vectors made as long as 1; those of no length stay so."""
    lengths = norm(places)
    return places / np.where(lengths == 0, 1, lengths)[..., None]


def norm(places: np.ndarray) -> np.ndarray:
    """The lengths of vectors."""
    result: np.ndarray = np.sqrt((places * places).sum(axis=-1))
    return result


def angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The angles between vectors, as exact for small ones as for large."""
    return 2 * np.arctan2(norm(first - second), norm(first + second))


def lengths(line: np.ndarray) -> np.ndarray:
    """The angles of the edges of a line."""
    return angles(line[:-1], line[1:])


def middle(places: np.ndarray) -> np.ndarray:
    """The direction in which most of some places are."""
    return unit(places.sum(axis=0))


def nearest(places: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each place the nearest one on a line, the angle to it, and the number of its edge."""
    found = np.empty_like(places)
    least = np.full(len(places), np.inf)
    edge = np.zeros(len(places), int)
    for number, (start, end) in enumerate(zip(line[:-1], line[1:], strict=True)):
        normal = unit(np.cross(start - end, start + end))
        foot = unit(places - (places @ normal)[:, None] * normal)
        beside = (foot @ np.cross(start, normal) > 0) | (foot @ np.cross(normal, end) > 0)
        to_start, to_end = angles(places, start), angles(places, end)
        closest = np.where(beside[:, None], np.where((to_start <= to_end)[:, None], start, end), foot)
        away = angles(places, closest)
        nearer = away < least
        found[nearer], least[nearer], edge[nearer] = closest[nearer], away[nearer], number
    return found, least, edge


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
    sideways = ring[None] - (places @ ring.T)[:, :, None] * places[:, None]
    here, there = sideways[:, :-1], sideways[:, 1:]
    across = (np.cross(here, there) * places[:, None]).sum(axis=2)
    turns = np.arctan2(across, (here * there).sum(axis=2)).sum(axis=1)
    result: np.ndarray = (abs(turns) > np.pi) & (places @ ring.mean(axis=0) >= 0)
    return result
