"""Whatever text or coordinates come in, geospatial functions answer with a shape or with null."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kqlog.functions.kernels import geo, geo_h3, geo_measures, geo_plane, geo_s2, geo_shapes, geo_wkt

TYPES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection")
numbers = st.one_of(st.integers(-200, 200), st.floats(-200, 200), st.sampled_from([1e308, -0.0, None, True, "1", [], {}]))
positions = st.lists(numbers, min_size=1, max_size=3)
lines = st.lists(positions, max_size=6)
coordinates = st.one_of(numbers, positions, lines, st.lists(lines, max_size=3), st.lists(st.lists(lines, max_size=2), max_size=2))
shapes = st.fixed_dictionaries({"type": st.sampled_from((*TYPES, "", 5)), "coordinates": coordinates})
words = st.sampled_from([*map(str.upper, TYPES), "(", ")", ",", "1", "-2.5", "1e5", "x", " ", "EMPTY", "Z", "\n"])


def dynamic(value: Any) -> pa.Array:
    return pa.array([json.dumps(value)])


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.lists(words, max_size=20).map(" ".join), st.text(max_size=30)))
def test_any_text_as_wkt(text: str) -> None:
    (found,) = geo_wkt.from_wkt(pa.array([text])).to_pylist()
    assert found is None or json.loads(found)["type"] in TYPES


@settings(deadline=None, max_examples=150)
@given(shapes)
def test_any_value_as_a_shape(value: Any) -> None:
    for read in (geo_shapes.lines, geo_shapes.polygons, geo_plane.polygon):
        found = read(value)
        assert found is None or len(found) > 0
    (length,) = geo_measures.line_length(dynamic(value)).to_pylist()
    assert length is None or length > 0


@settings(deadline=None, max_examples=150)
@given(st.floats(), st.floats(), st.floats())
def test_any_numbers_as_coordinates(longitude: float, latitude: float, level: float) -> None:
    place = [pa.array([number]) for number in (longitude, latitude, level)]
    on_earth = abs(longitude) <= 180 and abs(latitude) <= 90
    for function, least, most in (
        (geo.point_to_geohash, 1, 18),
        (geo_s2.point_to_s2cell, 0, 30),
        (geo_h3.point_to_h3cell, 0, 15),
    ):
        (found,) = function(*place).to_pylist()
        assert bool(found) == (on_earth and least <= level <= most)
    square = dynamic({"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]})
    (inside,) = geo_measures.point_in_polygon(*place[:2], square).to_pylist()
    assert (inside is not None) == on_earth


@settings(deadline=None, max_examples=150)
@example("4")
@given(st.text(max_size=18))
def test_any_text_as_a_cell(text: str) -> None:
    for function in (
        geo.geohash_to_central_point,
        geo.geohash_neighbors,
        geo_s2.s2cell_to_central_point,
        geo_s2.s2cell_neighbors,
        geo_h3.h3cell_to_central_point,
        geo_h3.h3cell_neighbors,
    ):
        (found,) = function(pa.array([text])).to_pylist()
        assert found is None or json.loads(found)
