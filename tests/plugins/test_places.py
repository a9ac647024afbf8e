"""Lookups by place find what the geo functions say of every place with every shape, though they compare few of them."""

from __future__ import annotations

import json
import random

import pyarrow
import pytest

import kqlog


def shapes(seed: int) -> pyarrow.Table:
    """Triangles and lines of all sizes, some at poles and across the date line, and what is no shape."""
    chance = random.Random(seed)
    rows = [
        {"Shape": text} for text in ("", "text", '{"type":"Polygon","coordinates":[]}', '{"type":"Point","coordinates":[1,2]}')
    ]
    for _ in range(25):
        east, north, size = chance.uniform(-180, 180), chance.uniform(-89, 89), chance.choice([0.01, 1, 10, 60])
        corners = [[east + chance.uniform(-size, size), north + chance.uniform(-size, size)] for _ in range(3)]
        ring = [[(x + 180) % 360 - 180, max(-90, min(90, y))] for x, y in corners]
        rows.append({"Shape": json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})})
        rows.append({"Shape": json.dumps({"type": "LineString", "coordinates": ring})})
    return pyarrow.Table.from_pylist(rows)


def places(seed: int) -> pyarrow.Table:
    chance = random.Random(-seed - 1)
    rows = [{"Lon": chance.uniform(-180, 180), "Lat": chance.uniform(-90, 90)} for _ in range(300)]
    rows += [{"Lon": None, "Lat": 1.0}, {"Lon": 500.0, "Lat": 1.0}, {"Lon": 0.0, "Lat": 90.0}, {"Lon": 180.0, "Lat": 0.0}]
    return pyarrow.Table.from_pylist(rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("lookup", "test"),
    [
        ("geo_polygon_lookup(S, Shape, Lon, Lat, return_lookup_key = true)", "geo_point_in_polygon(Lon, Lat, Shape)"),
        (
            "geo_polygon_lookup(S, Shape, Lon, Lat, 500000, return_lookup_key = true)",
            "geo_distance_point_to_polygon(Lon, Lat, Shape) <= 500000",
        ),
        (
            "geo_line_lookup(S, Shape, Lon, Lat, 300000, return_lookup_key = true)",
            "geo_distance_point_to_line(Lon, Lat, Shape) <= 300000",
        ),
        (
            "geo_line_lookup(S, Shape, Lon, Lat, 12000000, return_lookup_key = true)",
            "geo_distance_point_to_line(Lon, Lat, Shape) <= 12000000",
        ),
    ],
)
def test_as_if_every_place_met_every_shape(seed: int, lookup: str, test: str) -> None:
    workspace = kqlog.connect(tables={"Shapes": shapes(seed), "Places": places(seed)})
    start = "let S = Shapes | project Shape = todynamic(Shape);"
    order = "| project Lon, Lat, Text = tostring(Shape) | sort by Lon asc, Lat asc, Text asc"
    found = workspace.query(f"{start} Places | evaluate {lookup} {order}").rows
    every = workspace.query(
        f"{start} Places | extend All = 1 | join kind=inner (S | extend All = 1) on All | where {test} {order}"
    ).rows
    assert found == every
    assert found
