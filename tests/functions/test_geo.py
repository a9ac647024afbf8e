"""Places on Earth."""

from __future__ import annotations

from typing import Any

import pytest

import kqlog


def value(expression: str) -> Any:
    """What `print` answers for one expression."""
    return kqlog.connect(None).query(f"print x = {expression}").rows[0][0]


def test_a_spheroid_is_flatter_at_the_poles() -> None:
    table = "datatable(longitude: real, latitude: real, spheroid: bool) [0, 90, true, 0, 90, false, 90, 0, true, 0, 91, true]"
    rows = kqlog.query(f"{table} | project geo_distance_2points(0, 0, longitude, latitude, spheroid)").rows
    found = [distance and round(distance) for (distance,) in rows]
    assert found == [10_001_966, 10_007_559, 10_018_754, None]


@pytest.mark.parametrize(
    "call", ["geo_distance_2points(200, 0, 0, 0)", "geo_point_in_circle(0, 0, 0, 0, -1)", "geo_azimuth(0, 0, 180, 0)"]
)
def test_what_cannot_be_gives_null(call: str) -> None:
    assert value(call) is None


def test_holes_are_outside() -> None:
    shell, hole = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]], [[3, 3], [3, 6], [6, 6], [6, 3], [3, 3]]
    polygon = f"dynamic({{'type': 'Polygon', 'coordinates': [{shell}, {hole}]}})"
    assert value(f"geo_point_in_polygon(1, 1, {polygon})") is True
    assert value(f"geo_point_in_polygon(4, 4, {polygon})") is False
    assert value(f"geo_point_in_polygon(184, -4, {polygon})") is None


def test_a_geohash_leads_back_to_its_point() -> None:
    center = value("geo_geohash_to_central_point(geo_point_to_geohash(8.25, 50.0, 12))")
    assert center["coordinates"] == pytest.approx([8.25, 50.0], abs=1e-6)
    assert value("geo_geohash_to_central_point('aa')") is None
