"""Distances on the spheroid of WGS-84, which is flatter at the poles."""

from __future__ import annotations

import pyarrow as pa
from geographiclib.geodesic import Geodesic

from kqlog.functions.kernels.geo_shapes import answers


def distance_2points(*coordinates: pa.Array) -> pa.Array:
    """geo_distance_2points() with use_spheroid: null for what is not on Earth."""

    def distance(east: float, north: float, other_east: float, other_north: float) -> float | None:
        if not (abs(east) <= 180 and abs(other_east) <= 180 and abs(north) <= 90 and abs(other_north) <= 90):
            return None
        return float(Geodesic.WGS84.Inverse(north, east, other_north, other_east, Geodesic.DISTANCE)["s12"])

    return pa.array(answers(distance, *(column.to_pylist() for column in coordinates)), pa.float64())
