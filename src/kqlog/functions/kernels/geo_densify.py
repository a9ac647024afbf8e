"""Edges that are straight on a map, as edges on the sphere."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from kqlog.errors import QueryError
from kqlog.functions.kernels.geo_measures import polygon
from kqlog.functions.kernels.geo_shapes import answers, each, lines
from kqlog.functions.kernels.json_text import Json, write
from kqlog.functions.kernels.sphere import RADIUS, angles, between, vectors

_SAMPLE = 0.31215691082248312
"""Where an edge on the sphere is farthest from its straight line on the map, as a share of its length."""
_SCALE = 0.83829992569888509
"""How far it may be there, for a tolerance of 1 everywhere."""


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
        return {"type": value["type"], "coordinates": _with_more(value["coordinates"], _SCALE * tolerance / RADIUS, name)}

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
    shares = np.array([0, _SAMPLE, 1 - _SAMPLE, 1])[:, None]
    straight = vectors(np.array(start[:2]) * (1 - shares) + np.array(end[:2]) * shares)
    if straight[0] @ straight[3] < 0:
        return np.inf
    return float(max(angles(between(straight[0], straight[3], shares[place, 0]), straight[place]) for place in (1, 2)))
