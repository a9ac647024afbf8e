"""Lengths, areas, centers and distances of lines and polygons on the sphere."""

from __future__ import annotations

import pyarrow as pa
from s2rst import Polygon, Polyline, S2Point, ShapeIndex

from kqlog.errors import QueryError
from kqlog.functions.kernels.geo_shapes import RADIUS, answers, each, index, lines, points, polygon, write_point
from kqlog.functions.kernels.json_text import Json, write


def line_length(column: pa.Array) -> pa.Array:
    """geo_line_length()."""
    return pa.array(answers(lambda line: index(*line).get_length().radians * RADIUS, each(column, lines)), pa.float64())


def polygon_perimeter(column: pa.Array) -> pa.Array:
    """geo_polygon_perimeter()."""
    found = answers(lambda area: index(area).get_perimeter().radians * RADIUS, each(column, polygon))
    return pa.array(found, pa.float64())


def polygon_area(column: pa.Array) -> pa.Array:
    """geo_polygon_area()."""
    return pa.array(answers(lambda area: area.area() * RADIUS**2, each(column, polygon)), pa.float64())


def line_centroid(column: pa.Array) -> pa.Array:
    """geo_line_centroid()."""
    return write(answers(lambda line: write_point(index(*line).get_centroid()), each(column, lines)))


def polygon_centroid(column: pa.Array) -> pa.Array:
    """geo_polygon_centroid()."""
    return write(answers(lambda area: write_point(area.centroid()), each(column, polygon)))


# ---------------------------------------------------------------------------------------------------------------- nearest


def distance_point_to_line(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_distance_point_to_line()."""
    return _distances(longitudes, latitudes, each(column, _indexed_line))


def distance_point_to_polygon(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_distance_point_to_polygon(): 0 inside."""
    return _distances(longitudes, latitudes, each(column, _indexed_polygon))


def _indexed_line(value: Json) -> ShapeIndex | None:
    line = lines(value)
    return None if line is None else index(*line)


def _indexed_polygon(value: Json) -> ShapeIndex | None:
    area = polygon(value)
    return None if area is None else index(area)


def _distances(longitudes: pa.Array, latitudes: pa.Array, shapes: list[ShapeIndex | None]) -> pa.Array:
    def distance(place: S2Point, shape: ShapeIndex) -> float:
        return shape.distance_to_point(place).radians * RADIUS

    return pa.array(answers(distance, points(longitudes, latitudes), shapes), pa.float64())


def closest_point_on_line(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_closest_point_on_line()."""

    def closest(place: S2Point, line: list[Polyline]) -> Json:
        nearest = (part.project(place)[0] for part in line)
        return write_point(min(nearest, key=lambda found: found.distance(place).radians))

    return write(answers(closest, points(longitudes, latitudes), each(column, lines)))


def closest_point_on_polygon(longitudes: pa.Array, latitudes: pa.Array, column: pa.Array) -> pa.Array:
    """geo_closest_point_on_polygon(): the point itself inside."""

    def closest(place: S2Point, area: Polygon) -> Json:
        return write_point(area.project_point(place))

    return write(answers(closest, points(longitudes, latitudes), each(column, polygon)))


# ---------------------------------------------------------------------------------------------------------------- fractions


def _single(value: Json) -> Polyline | None:
    found = lines(value)
    return found[0] if found is not None and len(found) == 1 else None


def line_interpolate_point(column: pa.Array, fractions: pa.Array) -> pa.Array:
    """geo_line_interpolate_point(): null beyond the ends."""

    def interpolated(line: Polyline, fraction: float) -> Json:
        return write_point(line.interpolate(fraction)[0]) if 0 <= fraction <= 1 else None

    return write(answers(interpolated, each(column, _single), fractions.to_pylist()))


def line_locate_point(column: pa.Array, longitudes: pa.Array, latitudes: pa.Array, use_spheroid: pa.Array) -> pa.Array:
    """geo_line_locate_point()."""
    if any(use_spheroid.to_pylist()):
        raise QueryError("ENG001", "places on a spheroid are not offered; leave out use_spheroid for those on a sphere")

    def located(line: Polyline, place: S2Point) -> float:
        return line.uninterpolate(*line.project(place))

    return pa.array(answers(located, each(column, _single), points(longitudes, latitudes)), pa.float64())
