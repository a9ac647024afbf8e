"""H3 and S2 cells."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import kqlog
from kqlog.errors import QueryError

VIENNA = "16.3725, 48.2083"


@pytest.mark.parametrize("grid", ["h3", "s2"])
@pytest.mark.parametrize("level", [0, 1, 7, 15])
def test_the_center_of_a_cell_is_in_it(value: Any, grid: str, level: int) -> None:
    cell = value(f"geo_point_to_{grid}cell({VIENNA}, {level})")
    longitude, latitude = value(f"geo_{grid}cell_to_central_point('{cell}')")["coordinates"]
    assert value(f"geo_point_to_{grid}cell({longitude}, {latitude}, {level})") == cell
    outline = f"geo_{grid}cell_to_polygon('{cell}')"
    if level > 0:
        assert value(f"geo_point_in_polygon({longitude}, {latitude}, {outline})") is True


def test_levels_unless_told_otherwise(value: Any) -> None:
    assert value(f"geo_point_to_h3cell({VIENNA})") == value(f"geo_point_to_h3cell({VIENNA}, 6)")
    assert value(f"geo_point_to_s2cell({VIENNA})") == value(f"geo_point_to_s2cell({VIENNA}, 11)")


@pytest.mark.parametrize(
    "call",
    [
        "geo_point_to_h3cell(181, 0, 3)",
        "geo_point_to_h3cell(0, 0, 16)",
        "geo_point_to_h3cell(0, 0, int(null))",
        "geo_point_to_s2cell(0, -91, 3)",
        "geo_point_to_s2cell(0, 0, 31)",
        "geo_point_to_s2cell(real(null), 0, 3)",
        "geo_h3cell_parent('vienna')",
        "geo_h3cell_parent('801ffffffffffff')",
    ],
)
def test_what_cannot_be_a_cell_is_empty(value: Any, call: str) -> None:
    assert value(call) == ""


@pytest.mark.parametrize(
    "call",
    [
        "geo_h3cell_level('0x851e15b7fffffff')",
        "geo_h3cell_children('8f1e15b71d1a8e2')",
        "geo_h3cell_children('851e15b7fffffff', 11)",
        "geo_h3cell_rings('851e15b7fffffff', 143)",
        "geo_h3cell_neighbors('')",
        "geo_s2cell_neighbors('c000000000000000')",
        "geo_s2cell_to_polygon('')",
        "geo_s2cell_to_central_point('0123456789abcdef0')",
        "geo_polygon_to_s2cells(dynamic({'type': 'Polygon', 'coordinates': []}))",
        "geo_line_to_s2cells(geo_from_wkt('LINESTRING (0 0, 1 1)'), 5, -1)",
        "geo_polygon_to_h3cells(geo_from_wkt('POLYGON ((0 0, 90 0, 0 80, 0 0))'), 15)",
    ],
)
def test_what_is_no_cell_gives_null(value: Any, call: str) -> None:
    assert value(call) is None


def test_children_lead_back_to_their_parent(value: Any) -> None:
    cell = value(f"geo_point_to_h3cell({VIENNA}, 4)")
    for child in value(f"geo_h3cell_children('{cell}', 6)"):
        assert value(f"geo_h3cell_parent('{child}', 4)") == cell


def test_rings_grow_by_six_but_around_a_pentagon_by_five(value: Any) -> None:
    hexagon, pentagon = value(f"geo_point_to_h3cell({VIENNA}, 5)"), "8009fffffffffff"
    assert [len(ring) for ring in value(f"geo_h3cell_rings('{hexagon}', 3)")] == [1, 6, 12, 18]
    assert [len(ring) for ring in value(f"geo_h3cell_rings('{pentagon}', 2)")] == [1, 5, 10]
    assert set(value(f"geo_h3cell_neighbors('{hexagon}')")) == set(value(f"geo_h3cell_rings('{hexagon}', 1)[1]"))


@pytest.mark.parametrize(("cell", "around"), [("47a851d", 8), ("1", 4), ("0004", 7)])
def test_neighbors_have_the_cell_as_a_neighbor(value: Any, cell: str, around: int) -> None:
    neighbors = value(f"geo_s2cell_neighbors('{cell}')")
    assert len(neighbors) == around
    assert all(cell in value(f"geo_s2cell_neighbors('{neighbor}')") for neighbor in neighbors)


def test_a_polygon_is_covered_by_its_cells(workspace: kqlog.Workspace) -> None:
    inside = workspace.query("""
        let area = geo_from_wkt('POLYGON ((16.2 48.1, 16.6 48.15, 16.5 48.35, 16.3 48.3, 16.2 48.1))');
        let cells = toscalar(print geo_polygon_to_s2cells(area, 13));
        range i from 0 to 1999 step 1
        | extend longitude = 16.1 + (i % 50) * 0.01, latitude = 48.05 + (i / 50) * 0.008
        | where geo_point_in_polygon(longitude, latitude, area)
        | summarize points = count(), covered = countif(cells has geo_point_to_s2cell(longitude, latitude, 13))
    """).rows[0]
    assert inside[0] == inside[1] > 500


def test_a_radius_adds_the_cells_around(value: Any) -> None:
    line = "geo_from_wkt('LINESTRING (16.3 48.2, 16.4 48.2)')"
    few, more = value(f"geo_line_to_s2cells({line}, 14)"), value(f"geo_line_to_s2cells({line}, 14, 500)")
    assert set(few) < set(more)
    for cell in more:
        assert value(f"geo_distance_point_to_line(16.3, 48.2, {line})") == 0
        center = value(f"geo_s2cell_to_central_point('{cell}')")["coordinates"]
        assert value(f"geo_distance_point_to_line({center[0]}, {center[1]}, {line})") < 500 + 500


def test_cells_that_only_touch_are_part_of_a_covering(value: Any) -> None:
    # The equator and the meridian of Greenwich are edges of cells.
    square = "geo_from_wkt('POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))')"
    touched = value(f"geo_polygon_to_s2cells({square}, 5)")
    assert {value(f"geo_point_to_s2cell({place}, 5)") for place in ("0.1, 0.1", "0.1, -0.1", "-0.1, 0.1", "-0.1, -0.1")} <= set(
        touched
    )


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h3", None)
    monkeypatch.delitem(sys.modules, "kqlog.functions.kernels.geo_h3", raising=False)
    with pytest.raises(QueryError) as caught:
        kqlog.connect(None).query("print geo_h3cell_level('851e15b7fffffff')")
    assert (caught.value.code, caught.value.hint) == ("ENG001", "pip install 'kqlog[geo]'")
