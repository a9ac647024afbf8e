"""Lines and polygons on Earth."""

from __future__ import annotations

import itertools
import math
import random
import sys
from typing import Any

import pytest

import kqlog
from kqlog.errors import QueryError

RADIUS = 6_371_010
DEGREE = RADIUS * math.pi / 180
SQUARE = "geo_from_wkt('POLYGON ((10 40, 11 40, 11 41, 10 41, 10 40))')"
OVERLAPPING = "geo_from_wkt('POLYGON ((10.5 40.5, 11.5 40.5, 11.5 41.5, 10.5 41.5, 10.5 40.5))')"
HOLED = "geo_from_wkt('POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (3 3, 3 6, 6 6, 6 3, 3 3))')"


def near(coordinates: Any) -> Any:
    """Nested positions, but for the last digits."""
    return [near(part) for part in coordinates] if isinstance(coordinates[0], list) else pytest.approx(coordinates, abs=1e-9)


# ---------------------------------------------------------------------------------------------------------------- what is valid


@pytest.mark.parametrize(
    "line",
    [
        "{'type': 'LineString', 'coordinates': [[1, 1]]}",
        "{'type': 'LineString', 'coordinates': [[1, 1], [1, 1]]}",
        "{'type': 'LineString', 'coordinates': [[0, 0], [180, 0]]}",
        "{'type': 'LineString', 'coordinates': [[0, 0], [181, 0]]}",
        "{'type': 'LineString', 'coordinates': [[0, 0], ['1', 0]]}",
        "{'type': 'LineString'}",
        "{'type': 'MultiLineString', 'coordinates': []}",
        "{'type': 'MultiLineString', 'coordinates': [[[0, 0], [1, 1]], [[0, 0]]]}",
        "{'type': 'Point', 'coordinates': [0, 0]}",
    ],
)
def test_what_is_no_line_gives_null(value: Any, line: str) -> None:
    assert value(f"geo_line_length(dynamic({line}))") is None
    assert value(f"geo_line_centroid(dynamic({line}))") is None
    assert value(f"geo_distance_point_to_line(1, 1, dynamic({line}))") is None
    assert value(f"geo_line_densify(dynamic({line}))") is None


@pytest.mark.parametrize(
    "rings",
    [
        [[[0, 0], [1, 0], [0, 0]]],
        [[[0, 0], [1, 0], [1, 1], [0, 1]]],
        [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]],
        [[[0, 0], [1, 0], [1, 0], [0, 1], [0, 0]]],
        [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]], [[20, 20], [20, 21], [21, 21], [20, 20]]],
        [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]], [[5, 5], [5, 12], [7, 12], [5, 5]]],
        [],
        [[]],
    ],
)
def test_what_is_no_polygon_gives_null(value: Any, rings: Any) -> None:
    polygon = f"dynamic({{'type': 'Polygon', 'coordinates': {rings}}})"
    for call in ("geo_polygon_area({})", "geo_polygon_buffer({}, 10)", "geo_union_polygons_array(pack_array({}))"):
        assert value(call.format(polygon)) is None


def test_rings_may_go_either_way_round(value: Any) -> None:
    turned = "geo_from_wkt('POLYGON ((10 40, 10 41, 11 41, 11 40, 10 40))')"
    assert value(f"geo_polygon_area({turned})") == pytest.approx(value(f"geo_polygon_area({SQUARE})"))


def test_a_polygon_may_lie_over_the_antimeridian_and_a_pole(value: Any) -> None:
    here = value("geo_polygon_area(geo_from_wkt('POLYGON ((-1 -1, 1 -1, 1 1, -1 1, -1 -1))'))")
    assert value("geo_polygon_area(geo_from_wkt('POLYGON ((179 -1, -179 -1, -179 1, 179 1, 179 -1))'))") == pytest.approx(here)
    cap = "geo_from_wkt('POLYGON ((0 60, 90 60, 180 60, -90 60, 0 60))')"
    assert value(f"geo_distance_point_to_polygon(45, 89, {cap})") == 0


def test_shapes_that_fit_on_no_plane_are_refused(value: Any) -> None:
    with pytest.raises(QueryError, match="80 degrees"):
        value("geo_polygon_area(geo_from_wkt('POLYGON ((0 -5, 120 -5, -120 -5, 0 -5))'))")


# ---------------------------------------------------------------------------------------------------------------- measures


def test_a_degree_along_a_meridian(value: Any) -> None:
    assert value("geo_line_length(geo_from_wkt('LINESTRING (7 10, 7 11, 7 13)'))") == pytest.approx(3 * DEGREE)


def test_what_lines_share_counts_once(value: Any) -> None:
    both = "geo_from_wkt('MULTILINESTRING ((0 0, 0 1, 0 2), (0 2, 0 1), (0 1, 0 2, 0 3))')"
    assert value(f"geo_line_length({both})") == pytest.approx(3 * DEGREE)
    assert value(f"geo_line_centroid({both})")["coordinates"] == near([0.0, 1.5])


def test_what_polygons_share_counts_once(value: Any) -> None:
    both = "geo_from_wkt('MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 0, 3 0, 3 2, 1 2, 1 0)))')"
    left, right = (
        f"geo_polygon_area(geo_from_wkt('POLYGON (({a} 0, {b} 0, {b} 2, {a} 2, {a} 0))'))" for a, b in ((0, 2), (1, 3))
    )
    assert value(f"geo_polygon_area({both})") < value(f"{left} + {right}") * 0.76


def test_areas_of_lunes(value: Any) -> None:
    eighth = "geo_from_wkt('POLYGON ((0 0, 90 0, 0 90, 0 0))')"
    assert value(f"geo_polygon_area({eighth})") == pytest.approx(4 * math.pi * RADIUS**2 / 8)
    small = "geo_from_wkt('POLYGON ((10 40, 10.00001 40, 10.00001 40.00001, 10 40.00001, 10 40))')"
    assert value(f"geo_polygon_area({small})") == pytest.approx((DEGREE * 1e-5) ** 2 * math.cos(math.radians(40)), rel=1e-6)


def test_holes_are_no_part_of_a_polygon(value: Any) -> None:
    whole, hole = ("geo_from_wkt('POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))')", "geo_from_wkt('POLYGON ((3 3, 6 3, 6 6, 3 6, 3 3))')")
    area, missing = value(f"geo_polygon_area({whole})"), value(f"geo_polygon_area({hole})")
    assert value(f"geo_polygon_area({HOLED})") == pytest.approx(area - missing)
    assert value(f"geo_polygon_perimeter({HOLED})") > value(f"geo_polygon_perimeter({whole})")
    assert value(f"geo_closest_point_on_polygon(4, 4.5, {HOLED})")["coordinates"][0] == pytest.approx(3)


def test_the_nearest_of_several_lines(value: Any) -> None:
    two = "geo_from_wkt('MULTILINESTRING ((0 0, 10 0), (0 3, 10 3))')"
    assert value(f"geo_distance_point_to_line(5, 1, {two})") == pytest.approx(DEGREE)
    assert value(f"geo_closest_point_on_line(12, 0.5, {two})")["coordinates"] == near([10.0, 0.0])


def test_distances_of_many_points(workspace: kqlog.Workspace) -> None:
    rows = workspace.query("""
        datatable(longitude: real, latitude: real, line: dynamic) [
            0, 1, dynamic({"type": "LineString", "coordinates": [[0, 0], [1, 0]]}),
            0, 2, dynamic(null),
            0, 95, dynamic({"type": "LineString", "coordinates": [[0, 0], [1, 0]]}),
            3, 0, dynamic({"type": "LineString", "coordinates": [[0, 0], [1, 0]]})]
        | project d = geo_distance_point_to_line(longitude, latitude, line)
    """).rows
    assert [row[0] for row in rows] == [pytest.approx(DEGREE), None, None, pytest.approx(2 * DEGREE)]


def test_a_place_on_a_line_and_back(value: Any) -> None:
    line = "geo_from_wkt('LINESTRING (5 50, 6 51, 8 51)')"
    for fraction in (0, 0.3, 0.9, 1):
        place = value(f"geo_line_interpolate_point({line}, {fraction})")["coordinates"]
        assert value(f"geo_line_locate_point({line}, {place[0]}, {place[1]})") == pytest.approx(fraction, abs=1e-9)
    assert value(f"geo_line_interpolate_point({line}, 1.1)") is None
    assert value(f"geo_line_locate_point({line}, 5, 91)") is None


def test_a_spheroid_is_refused(value: Any) -> None:
    with pytest.raises(QueryError, match="spheroid"):
        value("geo_line_locate_point(geo_from_wkt('LINESTRING (5 50, 6 51)'), 5, 50, true)")


# ---------------------------------------------------------------------------------------------------------------- overlays


def test_intersection_and_union_make_up_both(value: Any) -> None:
    common = value(f"geo_polygon_area(geo_intersection_2polygons({SQUARE}, {OVERLAPPING}))")
    union = value(f"geo_polygon_area(geo_union_polygons_array(pack_array({SQUARE}, {OVERLAPPING})))")
    assert common + union == pytest.approx(value(f"geo_polygon_area({SQUARE}) + geo_polygon_area({OVERLAPPING})"))


def test_corners_come_through_as_they_were(value: Any) -> None:
    ring = value(f"geo_intersection_2polygons({SQUARE}, {OVERLAPPING})")["coordinates"][0]
    assert [11, 41] in ring
    assert [10.5, 40.5] in ring
    assert ring[0] == ring[-1]


def test_polygons_that_touch_have_a_point_or_a_line_in_common(value: Any) -> None:
    at_corner = "geo_from_wkt('POLYGON ((11 41, 12 41, 12 42, 11 42, 11 41))')"
    assert value(f"geo_intersection_2polygons({SQUARE}, {at_corner})") == {"type": "Point", "coordinates": [11, 41]}
    assert value(f"geo_intersects_2polygons({SQUARE}, {at_corner})") is True
    both = f"geo_union_polygons_array(pack_array({at_corner}, geo_from_wkt('POLYGON ((9 39, 10.5 40.5, 9 41, 9 39))')))"
    assert value(f"geo_intersection_2polygons({SQUARE}, {both}).geometries[0].type") == "Point"
    assert value(f"geo_intersection_2polygons({SQUARE}, {both}).geometries[1].type") == "Polygon"


def test_what_is_far_away_has_nothing_in_common(value: Any) -> None:
    there = "geo_from_wkt('POLYGON ((-170 -40, -169 -40, -169 -39, -170 -40))')"
    assert value(f"geo_intersects_2polygons({SQUARE}, {there})") is False
    assert value(f"geo_intersection_2polygons({SQUARE}, {there})") == {"type": "GeometryCollection", "geometries": []}
    assert value(f"geo_union_polygons_array(pack_array({SQUARE}, {there})).type") == "MultiPolygon"


def test_edges_are_the_shortest_lines(value: Any) -> None:
    # Between two places on a parallel of the north, the shortest line runs north of it.
    line = "geo_from_wkt('LINESTRING (0 50, 60 50)')"
    assert value(f"geo_intersects_2lines({line}, geo_from_wkt('LINESTRING (30 51, 30 53.5)'))") is False
    assert value(f"geo_intersects_2lines({line}, geo_from_wkt('LINESTRING (30 51, 30 54.5)'))") is True


def test_lines_that_run_together(value: Any) -> None:
    first, second = "geo_from_wkt('LINESTRING (0 0, 1 0, 2 0, 3 1)')", "geo_from_wkt('LINESTRING (2 0, 1 0, 1 2, 3 0.5)')"
    common = value(f"geo_intersection_2lines({first}, {second})")
    assert [part["type"] for part in common["geometries"]] == ["Point", "LineString"]
    assert common["geometries"][1]["coordinates"] == [[1, 0], [2, 0]]


def test_a_line_through_a_hole(value: Any) -> None:
    common = value(f"geo_intersection_line_with_polygon(geo_from_wkt('LINESTRING (-1 4, 12 4)'), {HOLED})")
    assert common["type"] == "MultiLineString"
    assert [round(way[0][0]) for way in common["coordinates"]] == [0, 6]


def test_a_union_of_neighbors_has_no_seam(value: Any) -> None:
    cells = "array_concat(pack_array('851e15b7fffffff'), geo_h3cell_neighbors('851e15b7fffffff'))"
    outlines = [f"geo_h3cell_to_polygon('{cell}')" for cell in value(cells)]
    union = value(f"geo_union_polygons_array(pack_array({', '.join(outlines)}))")
    assert union["type"] == "Polygon"
    assert [len(ring) for ring in union["coordinates"]] == [19]


def test_lines_are_joined_where_two_meet(value: Any) -> None:
    parts = [f"geo_from_wkt('LINESTRING ({way})')" for way in ("0 0, 1 0", "1 0, 2 0", "5 5, 6 6", "1 0, 0 0")]
    assert value(f"geo_union_lines_array(pack_array({', '.join(parts)}))") == {
        "type": "MultiLineString",
        "coordinates": [[[0, 0], [1, 0], [2, 0]], [[5, 5], [6, 6]]],
    }


@pytest.mark.parametrize("array", ["dynamic([])", "dynamic([1])", f"pack_array({SQUARE}, 1)", "parse_json('{}')"])
def test_unions_want_arrays_of_shapes(value: Any, array: str) -> None:
    assert value(f"geo_union_polygons_array({array})") is None
    assert value(f"geo_union_lines_array({array})") is None


# ---------------------------------------------------------------------------------------------------------------- buffers


@pytest.mark.parametrize(
    ("buffer", "shape"),
    [
        ("geo_line_buffer({}, 20000, 50)", "geo_from_wkt('LINESTRING (10 40, 12 41, 13 40.2)')"),
        ("geo_polygon_buffer({}, 20000, 50)", SQUARE),
        ("geo_polygon_buffer({}, 20000, 50)", HOLED),
    ],
)
def test_the_outline_of_a_buffer_is_as_far_as_it_should_be(workspace: kqlog.Workspace, buffer: str, shape: str) -> None:
    kind = "line" if "line_buffer" in buffer else "polygon"
    least, most, corners = workspace.query(f"""
        print corner = {buffer.format(shape)}.coordinates[0] | mv-expand corner
        | extend d = geo_distance_point_to_{kind}(toreal(corner[0]), toreal(corner[1]), {shape})
        | summarize min(d), max(d), count()
    """).rows[0]
    assert corners > 20
    assert least == pytest.approx(20000, abs=51)
    assert most == pytest.approx(20000, abs=51)


def test_a_finer_tolerance_has_more_corners(value: Any) -> None:
    rough, fine = (value(f"array_length(geo_point_buffer(10, 40, 1000, {meters}).coordinates[0])") for meters in (100, 0.1))
    assert rough < fine
    assert value("geo_polygon_area(geo_point_buffer(10, 40, 1000, 0.001))") == pytest.approx(math.pi * 1e6, rel=1e-5)


@pytest.mark.parametrize("arguments", ["0", "-1", "real(null)", "10, 0", "10, -1", "1000000, 0.1"])
def test_radii_and_tolerances_that_cannot_be_give_null(value: Any, arguments: str) -> None:
    assert value(f"geo_point_buffer(10, 40, {arguments})") is None
    assert value(f"geo_polygon_buffer({SQUARE}, {arguments})") is None


def test_a_buffer_beyond_the_horizon_is_refused(value: Any) -> None:
    with pytest.raises(QueryError, match="80 degrees"):
        value("geo_point_buffer(0, 0, 15000000)")


# ---------------------------------------------------------------------------------------------------------------- densify


def test_an_edge_on_a_map_gets_points_until_it_is_straight(value: Any) -> None:
    line = value("geo_line_densify(geo_from_wkt('LINESTRING (0 60, 8 60)'), 500)")["coordinates"]
    assert line[0] == [0, 60]
    assert line[-1] == [8, 60]
    assert [place[0] for place in line] == [8 * step / (len(line) - 1) for step in range(len(line))]
    assert {place[1] for place in line} == {60}
    middle = f"geo_from_wkt('LINESTRING ({line[0][0]} 60, {line[1][0]} 60)')"
    assert value(f"geo_distance_point_to_line({(line[0][0] + line[1][0]) / 2}, 60, {middle})") < 500


def test_meridians_and_the_equator_are_straight_already(value: Any) -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [0, 40], [0, 0.5]]}
    assert value(f"geo_line_densify(dynamic({line}), 1)") == line


@pytest.mark.parametrize("tolerance", ["0", "0.05", "10001", "real(null)"])
def test_tolerances_that_cannot_be_give_null(value: Any, tolerance: str) -> None:
    assert value(f"geo_polygon_densify({SQUARE}, {tolerance})") is None


def test_an_edge_with_two_ways_round_is_refused(value: Any) -> None:
    with pytest.raises(QueryError, match="180 degrees"):
        value("geo_line_densify(geo_from_wkt('LINESTRING (170 10, -170 10)'))")


# ---------------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("text", "geometry"),
    [
        ("POINT(1 -2.5)", {"type": "Point", "coordinates": [1, -2.5]}),
        ("MultiPoint (1 1, (2 2))", {"type": "MultiPoint", "coordinates": [[1, 1], [2, 2]]}),
        (
            "MULTILINESTRING ((1 1, 2 2), (3 3, 4 4))",
            {"type": "MultiLineString", "coordinates": [[[1, 1], [2, 2]], [[3, 3], [4, 4]]]},
        ),
        (
            "GEOMETRYCOLLECTION (POINT (1e1 .5), LINESTRING (0 0, 1 1))",
            {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Point", "coordinates": [10.0, 0.5]},
                    {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
                ],
            },
        ),
    ],
)
def test_well_known_text(value: Any, text: str, geometry: Any) -> None:
    assert value(f"geo_from_wkt('{text}')") == geometry


@pytest.mark.parametrize(
    "text",
    [
        "",
        "POINT",
        "POINT (1)",
        "POINT (1 2 3)",
        "POINT (1 2) 3",
        "POINT (a b)",
        "POINT (nan 1)",
        "CIRCLE (1 2)",
        "LINESTRING (1 2",
    ],
)
def test_what_is_no_well_known_text_gives_null(value: Any, text: str) -> None:
    assert value(f"geo_from_wkt('{text}')") is None


def test_lines_need_no_other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shapely", None)
    for module in [name for name in sys.modules if name.startswith("kqlog.functions.kernels.geo_")]:
        monkeypatch.delitem(sys.modules, module)
    workspace = kqlog.connect(None)
    assert workspace.query("print geo_line_length(geo_from_wkt('LINESTRING (7 10, 7 11)'))").rows[0][0] == pytest.approx(DEGREE)
    with pytest.raises(QueryError, match="shapely"):
        workspace.query(f"print geo_intersects_2polygons({SQUARE}, {SQUARE})")


# ---------------------------------------------------------------------------------------------------------------- simpler


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance", [50, 1500])
def test_a_simpler_line_stays_near_and_its_corners_apart(value: Any, seed: int, tolerance: int) -> None:
    chance = random.Random(seed)
    steps = [(chance.gauss(0, 0.02), chance.gauss(0, 0.02)) for _ in range(30)]
    line = [(10 + sum(east for east, _ in steps[:n]), 50 + sum(north for _, north in steps[:n])) for n in range(1, 31)]
    written = f"dynamic({{'type': 'LineString', 'coordinates': {[list(place) for place in line]}}})"
    simpler = value(f"geo_line_simplify({written}, {tolerance})")
    kept = simpler["coordinates"]
    assert all(tuple(place) in line for place in kept)
    lookup = f"dynamic({simpler})"
    away = [value(f"geo_distance_point_to_line({east}, {north}, {lookup})") for east, north in line]
    assert max(away) <= 1.1 * tolerance
    apart = [value(f"geo_distance_2points({a}, {b}, {c}, {d})") for (a, b), (c, d) in itertools.pairwise(kept)]
    assert min(apart) > tolerance


def test_a_simpler_polygon_starts_and_turns_as_it_did(value: Any) -> None:
    shell = "8 50, 8.01 50.0001, 8.02 50, 8.0201 50.01, 8.02 50.02, 8 50.02, 8 50"
    hole = "8.005 50.005, 8.005 50.01, 8.0051 50.0075, 8.015 50.01, 8.015 50.005, 8.005 50.005"
    found = value(f"geo_polygon_simplify(geo_from_wkt('POLYGON (({shell}), ({hole}))'), 100).coordinates")
    assert near(found[0]) == [[8, 50], [8.02, 50], [8.02, 50.02], [8, 50.02], [8, 50]]
    assert len(found[1]) == 5 and found[1][0] == [8.005, 50.005]


def test_a_hole_disappears_before_its_polygon(value: Any) -> None:
    text = "geo_from_wkt('POLYGON ((8 50, 9 50, 9 51, 8 51, 8 50), (8.5 50.5, 8.5 50.501, 8.501 50.501, 8.501 50.5, 8.5 50.5))')"
    assert len(value(f"geo_polygon_simplify({text}, 500).coordinates")) == 1


def test_shared_borders_stay_shared(value: Any) -> None:
    border = "9 50, 9.001 50.25, 8.999 50.5, 9.002 50.75, 9 51"
    west = f"geo_from_wkt('POLYGON ((8 50, {border}, 8 51, 8 50))')"
    east = f"geo_from_wkt('POLYGON ((10 51, {', '.join(reversed(border.split(', ')))}, 10 50, 10 51))')"
    found = value(f"geo_simplify_polygons_array(pack_array({west}, {east}), 1000).coordinates")
    corners = [{tuple(place) for place in polygon[0]} for polygon in found]
    assert corners[0] & corners[1] == {(9, 50), (9, 51)}
    assert [len(polygon[0]) for polygon in found] == [5, 5]


def test_a_neck_that_closes_divides_a_polygon(value: Any) -> None:
    ring = (
        "8 50, 8.1 50, 8.1 50.04, 8.2 50.04, 8.2 50, 8.3 50, 8.3 50.1, 8.2 50.1, 8.2 50.0401, 8.1 50.0401, 8.1 50.1, 8 50.1, 8 50"
    )
    found = value(f"geo_polygon_simplify(geo_from_wkt('POLYGON (({ring}))'), 500)")
    assert found["type"] == "MultiPolygon" and len(found["coordinates"]) == 2


@pytest.mark.parametrize("tolerance", ["-1", "real(nan)", "real(null)", "real(+inf)", "8000000"])
def test_no_tolerance_gives_null(value: Any, tolerance: str) -> None:
    assert value(f"geo_line_simplify(geo_from_wkt('LINESTRING (0 0, 60 0)'), {tolerance})") is None
    assert value(f"geo_polygon_simplify({SQUARE}, {tolerance})") is None
    assert value(f"geo_simplify_polygons_array(pack_array({SQUARE}), {tolerance})") is None
