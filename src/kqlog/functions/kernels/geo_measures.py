"""Lengths, areas, centers and distances of lines and polygons on the sphere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from kqlog.errors import QueryError
from kqlog.functions.kernels.geo_shapes import Area, Line, answers, each, lines, points, polygons, write_point, write_points
from kqlog.functions.kernels.json_text import Json, write
from kqlog.functions.kernels.sphere import RADIUS, along, angles, encloses, lengths, moment, nearest, positions, unit, vectors
from kqlog.functions.kernels.sphere import area as ring_area


def polygon(value: Json) -> Area | None:
    """The area of a polygon."""
    # Lines do without Shapely.
    from kqlog.functions.kernels.geo_plane import polygon

    return polygon(value)


def _rings(area: Area) -> list[np.ndarray]:
    return [vectors(ring) for rings in area for ring in rings]


def line_length(column: pa.Array) -> pa.Array:
    """geo_line_length()."""
    return pa.array(answers(_length, each(column, lines)), pa.float64())


def _length(found: list[Line]) -> float:
    return RADIUS * float(sum(lengths(vectors(line)).sum() for line in found))


def polygon_perimeter(column: pa.Array) -> pa.Array:
    """geo_polygon_perimeter()."""

    def perimeter(area: Area) -> float:
        return _length([ring for rings in area for ring in rings])

    return pa.array(answers(perimeter, each(column, polygon)), pa.float64())


def polygon_area(column: pa.Array) -> pa.Array:
    """geo_polygon_area()."""
    return pa.array(answers(size, each(column, polygon)), pa.float64())


def size(area: Area) -> float:
    """The area of polygons in square meters."""
    return RADIUS**2 * sum(map(ring_area, _rings(area)))


def polygon_centroid(column: pa.Array) -> pa.Array:
    """geo_polygon_centroid()."""
    return write(answers(lambda area: _written(sum(map(moment, _rings(area)))), each(column, polygon)))


def line_centroid(column: pa.Array) -> pa.Array:
    """geo_line_centroid()."""
    return write(answers(lambda found: _written(sum(map(_line_moment, found))), each(column, lines)))


def _line_moment(line: Line) -> np.ndarray:
    """The integral of all places of a line."""
    places = vectors(line)
    result: np.ndarray = (2 * np.sin(lengths(places) / 2)) @ unit(places[:-1] + places[1:])
    return result


def _written(place: Any) -> Json:
    return write_point(positions(place[None])[0])


# ---------------------------------------------------------------------------------------------------------------- nearest


def distance_point_to_line(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_distance_point_to_line()."""
    return _distances(*_nearest(points(longitudes, latitudes), each(column, lines), _on_lines))


def distance_point_to_polygon(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_distance_point_to_polygon(): 0 inside."""
    return _distances(*_nearest(points(longitudes, latitudes), each(column, polygon), _in_area))


def closest_point_on_line(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_closest_point_on_line()."""
    return _places(*_nearest(points(longitudes, latitudes), each(column, lines), _on_lines))


def closest_point_on_polygon(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_closest_point_on_polygon(): the point itself inside."""
    return _places(*_nearest(points(longitudes, latitudes), each(column, polygon), _in_area))


def _nearest(
    places: np.ndarray, shapes: Sequence[Any], function: Callable[[np.ndarray, Any], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The places, and for each the nearest one of the shape in its row, NaN where there is none."""
    found = np.full_like(places, np.nan)
    for together in _together(places, shapes):
        found[together] = function(places[together], shapes[together[0]])
    return places, found


def _together(places: np.ndarray, shapes: Sequence[Any]) -> Iterable[list[int]]:
    """The rows with a place and a shape, those of one shape together, so that they are one call."""
    rows: dict[int, list[int]] = {}
    for row, (shape, is_unknown) in enumerate(zip(shapes, np.isnan(places[:, 0]).tolist(), strict=True)):
        if shape is not None and not is_unknown:
            rows.setdefault(id(shape), []).append(row)
    return rows.values()


def point_in_polygon(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_point_in_polygon(): null for coordinates or a polygon that cannot be."""
    places, shapes = points(longitudes, latitudes), each(column, polygons)
    found = np.full(len(places), None, object)
    for together in _together(places, shapes):
        found[together] = in_area(places[together], shapes[together[0]] or [])
    return pa.array(found, pa.bool_())


def _on_lines(places: np.ndarray, found: list[Line]) -> np.ndarray:
    feet, away = zip(*[nearest(places, vectors(line))[:2] for line in found], strict=True)
    result: np.ndarray = np.stack(feet)[np.argmin(away, axis=0), np.arange(len(places))]
    return result


def _in_area(places: np.ndarray, area: Area) -> np.ndarray:
    return np.where(in_area(places, area)[:, None], places, _on_lines(places, [ring for rings in area for ring in rings]))


def in_area(places: np.ndarray, area: Area) -> np.ndarray:
    """For each place, whether it is in one of the polygons."""
    inside = np.zeros(len(places), bool)
    for shell, *holes in area:
        within = encloses(vectors(shell), places)
        for hole in holes:
            within &= ~encloses(vectors(hole), places)
        inside |= within
    return inside


def _distances(places: np.ndarray, found: np.ndarray) -> pa.Array:
    return pa.array(RADIUS * angles(places, found), pa.float64(), from_pandas=True)


def _places(_: np.ndarray, found: np.ndarray) -> pa.Array:
    return write_points(positions(found).tolist())


# ---------------------------------------------------------------------------------------------------------------- fractions


def _single(value: Json) -> np.ndarray | None:
    found = lines(value)
    return vectors(found[0]) if found is not None and len(found) == 1 else None


def line_interpolate_point(column: pa.Array, fractions: pa.Array) -> pa.Array:
    """geo_line_interpolate_point(): null beyond the ends."""

    def interpolated(line: np.ndarray, fraction: float) -> Json:
        return _written(along(line, fraction)) if 0 <= fraction <= 1 else None

    return write(answers(interpolated, each(column, _single), fractions.to_pylist()))


def line_locate_point(column: pa.Array, longitudes: pa.Array, latitudes: pa.Array, use_spheroid: pa.Array) -> pa.Array:
    """geo_line_locate_point()."""
    if any(use_spheroid.to_pylist()):
        raise QueryError("ENG001", "places on a spheroid are not offered; leave out use_spheroid for those on a sphere")

    places, shapes = points(longitudes, latitudes), each(column, _single)
    found = np.full(len(places), np.nan)
    for together in _together(places, shapes):
        line = shapes[together[0]]
        assert line is not None
        feet, _, edges = nearest(places[together], line)
        ends = np.cumsum(lengths(line))
        before = np.concatenate([[0.0], ends])[edges] + angles(line[edges], feet)
        found[together] = np.minimum(before / ends[-1], 1)
    return pa.array(found, pa.float64(), from_pandas=True)
