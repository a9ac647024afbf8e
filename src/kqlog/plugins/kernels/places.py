"""Which places are in or near which shapes: a shape is read once, and compared only with the places around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from pyarrow import compute

from kqlog.functions.kernels import geo_measures
from kqlog.functions.kernels.geo_shapes import points
from kqlog.functions.kernels.json_text import Json, read
from kqlog.functions.kernels.series import is_number
from kqlog.functions.kernels.sphere import RADIUS, angles, middle, vectors

AT_ONCE = 10_000
"""So many places are compared with a shape at once."""
NESTED = 4
"""Positions of GeoJSON are in as many arrays, one in the other, at most."""
_HALF = 1.5
"""A shape wider than this angle, nearly a right one, is around everything."""
_SLACK = 1e-6
Test = Callable[[pa.Array, pa.Array, pa.Array], pa.Array]


def in_polygons(places: pa.Table, shapes: pa.Table) -> pa.Table:
    """The places inside of polygons."""
    return _pairs(places, shapes, 0.0, geo_measures.point_in_polygon)


def near_polygons(places: pa.Table, shapes: pa.Table, radius: float) -> pa.Table:
    """The places inside of polygons or at most so many meters from them."""
    return _pairs(places, shapes, radius, _within(geo_measures.distance_point_to_polygon, radius))


def near_lines(places: pa.Table, shapes: pa.Table, radius: float) -> pa.Table:
    """The places at most so many meters from lines."""
    return _pairs(places, shapes, radius, _within(geo_measures.distance_point_to_line, radius))


def _within(distance: Test, radius: float) -> Test:
    return lambda *columns: compute.less_equal(distance(*columns), radius)


def _pairs(places: pa.Table, shapes: pa.Table, radius: float, test: Test) -> pa.Table:
    """Longitude and latitude of each place that a test finds in a shape, and the text of the shape.

    Shapes are a column of texts, and one of what JSON they come to.
    """
    longitudes, latitudes = (column.combine_chunks() for column in places.columns)
    known = points(longitudes, latitudes)
    texts, values = (column.combine_chunks() for column in shapes.columns)
    rows, which = [np.array([], np.intp)], [np.array([], np.intp)]
    for number, shape in enumerate(read(values)):
        around = np.flatnonzero(_around(known, shape, radius))
        for start in range(0, len(around), AT_ONCE):
            part = around[start : start + AT_ONCE]
            same = pa.DictionaryArray.from_arrays(np.zeros(len(part), np.int32), values.slice(number, 1))
            answers = test(longitudes.take(part), latitudes.take(part), same).fill_null(False)
            rows.append(part[np.asarray(answers)])
            which.append(np.full(len(rows[-1]), number))
    found = pa.array(np.concatenate(rows))
    columns = [longitudes.take(found), latitudes.take(found), texts.take(pa.array(np.concatenate(which)))]
    return pa.table(columns, ["longitude", "latitude", "shape"])


def _around(known: np.ndarray, shape: Json, radius: float) -> np.ndarray:
    """Whether places may be so near to a shape: they are in a circle around its corners, which its edges do not leave."""
    positions = list(_positions(shape))
    if not positions:
        return np.zeros(len(known), bool)
    corners = vectors(np.array(positions, np.float64))
    center = middle(corners)
    width = float(angles(corners, center[None]).max())
    reach = width + radius / RADIUS + _SLACK
    if not (width < _HALF and reach < np.pi):
        return np.full(len(known), True)
    result: np.ndarray = known @ center >= np.cos(reach) - _SLACK**2
    return result


def _positions(value: Json, nested: int = 0) -> Iterator[list[Json]]:
    """The positions in GeoJSON."""
    if isinstance(value, dict):
        value = value.get("coordinates")
    if not isinstance(value, list) or nested > NESTED:
        return
    if len(value) > 1 and is_number(value[0]) and is_number(value[1]):
        yield value[:2]
    else:
        for part in value:
            yield from _positions(part, nested + 1)
