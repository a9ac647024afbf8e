"""What lines and polygons on the sphere have in common, and what they make up together."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import pyarrow as pa
import shapely

from kqlog.functions.kernels.geo_plane import Plane, joint, near, polygon
from kqlog.functions.kernels.geo_shapes import EMPTY, Area, Line, answers, each, geometry, lines, united, write_area
from kqlog.functions.kernels.json_text import Json, write

_Drawn = tuple[Plane, shapely.Geometry, shapely.Geometry] | None
"""A plane with two shapes on it, or None for those that cannot meet."""


def _drawn(first: list[Any], second: list[Any]) -> _Drawn:
    """The parts of two shapes (lines, or polygons) that may meet, on a plane."""
    ours, theirs = _outlines(first), _outlines(second)
    first = [part for part, meets in zip(first, near(ours, theirs), strict=True) if meets]
    second = [part for part, meets in zip(second, near(theirs, ours), strict=True) if meets]
    if not first or not second:
        return None
    plane = Plane(chain.from_iterable(part if isinstance(part, list) else [part] for part in first + second))
    return plane, *[plane.area(parts) if isinstance(parts[0], list) else plane.lines(parts) for parts in (first, second)]


def _outlines(parts: list[Any]) -> list[Line]:
    return [part[0] if isinstance(part, list) else part for part in parts]


# ---------------------------------------------------------------------------------------------------------------- whether


def intersects_2lines(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersects_2lines()."""
    return pa.array(answers(_meet, each(first, lines), each(second, lines)), pa.bool_())


def intersects_line_with_polygon(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersects_line_with_polygon()."""
    return pa.array(answers(_meet, each(first, lines), each(second, polygon)), pa.bool_())


def intersects_2polygons(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersects_2polygons()."""
    return pa.array(answers(_meet, each(first, polygon), each(second, polygon)), pa.bool_())


def _meet(first: list[Any], second: list[Any]) -> bool:
    drawn = _drawn(first, second)
    return drawn is not None and bool(shapely.intersects(*drawn[1:]))


# ---------------------------------------------------------------------------------------------------------------- what


def intersection_2lines(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersection_2lines()."""
    return write(answers(_common, each(first, lines), each(second, lines)))


def intersection_line_with_polygon(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersection_line_with_polygon()."""
    return write(answers(_common, each(first, lines), each(second, polygon)))


def intersection_2polygons(first: pa.Array, second: pa.Array) -> pa.Array:
    """geo_intersection_2polygons()."""
    return write(answers(_common, each(first, polygon), each(second, polygon)))


def _common(first: list[Any], second: list[Any]) -> Json:
    drawn = _drawn(first, second)
    if drawn is None:
        return EMPTY
    plane, *shapes = drawn
    rings = [ring for part in first + second if isinstance(part, list) for ring in part]
    parts = list(plane.written(shapely.intersection(*shapes, grid_size=1), rings))
    return geometry(parts) if parts else EMPTY


# ---------------------------------------------------------------------------------------------------------------- unions


def _members(shape: Callable[[Json], list[Any] | None]) -> Callable[[Json], list[Any] | None]:
    """A reader of arrays of shapes, as all of their parts; None when one is no such shape."""

    def members(value: Json) -> list[Any] | None:
        found = [shape(item) for item in value] if isinstance(value, list) else []
        return [part for parts in found for part in parts or []] if found and None not in found else None

    return members


def union_lines_array(column: pa.Array) -> pa.Array:
    """geo_union_lines_array()."""

    def union(parts: list[Line]) -> Json:
        return geometry(("LineString", line.tolist()) for line in united(parts))

    return write(answers(union, each(column, _members(lines))))


def union_polygons_array(column: pa.Array) -> pa.Array:
    """geo_union_polygons_array()."""

    def union(parts: Area) -> Json:
        return write_area(joint(parts))

    return write(answers(union, each(column, _members(polygon))))
