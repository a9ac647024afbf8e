"""Lines and polygons with fewer corners, on the sphere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.geo_measures import polygon
from kqlog.functions.kernels.geo_shapes import Area, Line, answers, each, geometry, lines, united, write_area
from kqlog.functions.kernels.json_text import Json, write
from kqlog.functions.kernels.snapping import snapped
from kqlog.functions.kernels.sphere import RADIUS, vectors

_COARSEST = RADIUS * float(np.radians(70))
"""The largest tolerance, in meters: S2 goes no farther."""
_OF_POLYGON = (0.1, 10_000)
"""The tolerances of a single polygon, in meters."""
_CORNERS = 4
"""The positions of a ring, at least."""


def line_simplify(column: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_line_simplify(): null for what disappears."""

    def simplified(found: list[Line], tolerance: float) -> Json:
        if not 0 <= tolerance <= _COARSEST:
            return None
        (kept,) = _simplified([found], tolerance)
        left = [line for line in kept if len(line) > 1]
        return geometry(("LineString", line.tolist()) for line in (united(left) if len(left) > 1 else left)) if left else None

    return write(answers(simplified, each(column, lines), tolerances.to_pylist()))


def polygon_simplify(column: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_polygon_simplify(): null for what disappears."""

    def simplified(found: Area, tolerance: float) -> Json:
        return _fewer([found], tolerance) if _OF_POLYGON[0] <= tolerance <= _OF_POLYGON[1] else None

    return write(answers(simplified, each(column, polygon), tolerances.to_pylist()))


def simplify_polygons_array(column: pa.Array, tolerances: pa.Array) -> pa.Array:
    """geo_simplify_polygons_array(): borders that polygons share stay shared."""

    def areas(value: Json) -> list[Area] | None:
        found = [polygon(item) for item in value] if isinstance(value, list) else []
        known = [area for area in found if area is not None]
        return known if known and len(known) == len(found) else None

    def simplified(found: list[Area], tolerance: float) -> Json:
        return _fewer(found, tolerance) if 0 <= tolerance <= _COARSEST else None

    return write(answers(simplified, each(column, areas), tolerances.to_pylist()))


def _fewer(found: list[Area], tolerance: float) -> Json:
    """The GeoJSON value of areas with fewer corners."""
    # Lines do without Shapely.
    from kqlog.functions.kernels.geo_plane import mended

    kept = _simplified([[ring for rings in area for ring in rings] for area in found], tolerance)
    areas = [_nested(area, iter(rings)) for area, rings in zip(found, kept, strict=True)]
    return write_area([rings for area in areas for rings in mended(area)])


def _nested(area: Area, kept: Iterator[Line]) -> Area:
    """Rings as the shells and holes that they were, but for those that have disappeared."""
    parts = [[next(kept) for _ in rings] for rings in area]
    return [[ring for ring in rings if len(ring) >= _CORNERS] for rings in parts if len(rings[0]) >= _CORNERS]


def _simplified(layers: list[list[Line]], tolerance: float) -> list[list[Line]]:
    """Lines with fewer positions, of which several layers keep the same."""
    places = np.concatenate([line for lines in layers for line in lines])
    count = 0
    paths: list[list[list[int]]] = []
    for found in layers:
        paths.append([])
        for line in found:
            path = list(range(count, count + len(line)))
            # A closed line ends at the very corner that it starts from.
            paths[-1].append([*path[:-1], path[0]] if (line[0] == line[-1]).all() else path)
            count += len(line)
    return [[places[path] for path in kept] for kept in snapped(vectors(places), paths, tolerance / RADIUS)]
