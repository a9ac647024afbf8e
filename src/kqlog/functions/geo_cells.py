"""Cells on Earth: the hexagons of H3 and the squares of S2, by their tokens. H3 and polygons need `pip install 'kqlog[geo]'`."""

from __future__ import annotations

from kqlog.functions.declare import scalar, sig

# ---------------------------------------------------------------------------------------------------------------- H3

scalar(
    "geo_point_to_h3cell",
    "The H3 cell that a point is in, of resolution 0 to 15 (6 unless told otherwise); empty for what is not on Earth.",
    sig("(longitude: real, latitude: real) -> string", kql="geo_point_to_h3cell(longitude, latitude, 6)"),
    sig("(longitude: real, latitude: real, resolution: real) -> string", python="geo_h3.point_to_h3cell"),
    examples={
        "geo_point_to_h3cell(13.377704, 52.516275, 9)": "891f1d48863ffff",
        "geo_point_to_h3cell(13.377704, 52.516275, 16)": "",
    },
)
scalar(
    "geo_h3cell_level",
    "The resolution of an H3 cell; null for what is no H3 cell.",
    sig("(h3cell: string) -> int", python="geo_h3.h3cell_level"),
    examples={"geo_h3cell_level('851f1d4bfffffff')": 5, "geo_h3cell_level('berlin')": None},
)
scalar(
    "geo_h3cell_to_central_point",
    "The center of an H3 cell, as GeoJSON; null for what is no H3 cell.",
    sig("(h3cell: string) -> dynamic", python="geo_h3.h3cell_to_central_point"),
    examples={"round(toreal(geo_h3cell_to_central_point('851f1d4bfffffff').coordinates[1]), 3)": 52.535},
)
scalar(
    "geo_h3cell_to_polygon",
    "The outline of an H3 cell, as GeoJSON; null for what is no H3 cell.",
    sig("(h3cell: string) -> dynamic", python="geo_h3.h3cell_to_polygon"),
    examples={"array_length(geo_h3cell_to_polygon('851f1d4bfffffff').coordinates[0])": 7},
)
scalar(
    "geo_h3cell_parent",
    "The larger H3 cell that an H3 cell is part of, of the next or of a smaller resolution; empty where there is none.",
    sig("(h3cell: string) -> string", kql="geo_h3cell_parent(h3cell, geo_h3cell_level(h3cell) - 1)"),
    sig("(h3cell: string, resolution: real) -> string", python="geo_h3.h3cell_parent"),
    examples={"geo_h3cell_parent('851f1d4bfffffff')": "841f1d5ffffffff", "geo_h3cell_parent('851f1d4bfffffff', 6)": ""},
)
scalar(
    "geo_h3cell_children",
    "The H3 cells that an H3 cell is divided into, of the next or of up to five larger resolutions; null where there are none.",
    sig("(h3cell: string) -> dynamic", kql="geo_h3cell_children(h3cell, geo_h3cell_level(h3cell) + 1)"),
    sig("(h3cell: string, resolution: real) -> dynamic", python="geo_h3.h3cell_children"),
    examples={
        "geo_h3cell_children('851f1d4bfffffff')[0]": "861f1d487ffffff",
        "array_length(geo_h3cell_children('851f1d4bfffffff', 8))": 343,
    },
)
scalar(
    "geo_h3cell_neighbors",
    "The H3 cells around an H3 cell; null for what is no H3 cell.",
    sig("(h3cell: string) -> dynamic", python="geo_h3.h3cell_neighbors"),
    examples={"array_length(geo_h3cell_neighbors('851f1d4bfffffff'))": 6},
)
scalar(
    "geo_h3cell_rings",
    "The rings of H3 cells around an H3 cell, which is the first ring, up to a distance of at most 142 cells.",
    sig("(h3cell: string, distance: real) -> dynamic", python="geo_h3.h3cell_rings"),
    examples={"array_length(geo_h3cell_rings('851f1d4bfffffff', 3)[3])": 18, "geo_h3cell_rings('851f1d4bfffffff', 200)": None},
)
scalar(
    "geo_polygon_to_h3cells",
    "The H3 cells whose center is in a polygon, of resolution 6 unless told otherwise, after widening it by a radius in meters.",
    sig("(polygon: bag) -> dynamic", kql="geo_polygon_to_h3cells(polygon, 6, 0)"),
    sig("(polygon: bag, resolution: real) -> dynamic", kql="geo_polygon_to_h3cells(polygon, resolution, 0)"),
    sig("(polygon: bag, resolution: real, radius: real) -> dynamic", python="geo_h3.polygon_to_h3cells"),
    examples={"array_length(geo_polygon_to_h3cells(geo_h3cell_to_polygon('851f1d4bfffffff'), 7))": 49},
)

# ---------------------------------------------------------------------------------------------------------------- S2

scalar(
    "geo_point_to_s2cell",
    "The S2 cell that a point is in, of level 0 to 30 (11 unless told otherwise); empty for what is not on Earth.",
    sig("(longitude: real, latitude: real) -> string", kql="geo_point_to_s2cell(longitude, latitude, 11)"),
    sig("(longitude: real, latitude: real, level: real) -> string", python="geo_s2.point_to_s2cell"),
    examples={
        "geo_point_to_s2cell(13.377704, 52.516275, 12)": "47a851d",
        "geo_point_to_s2cell(13.377704, 95)": "",
    },
)
scalar(
    "geo_s2cell_to_central_point",
    "The center of an S2 cell, as GeoJSON; null for what is no S2 cell.",
    sig("(s2cell: string) -> dynamic", python="geo_s2.s2cell_to_central_point"),
    examples={"geo_s2cell_to_central_point('1').coordinates": [0.0, 0.0], "geo_s2cell_to_central_point('berlin')": None},
)
scalar(
    "geo_s2cell_to_polygon",
    "The outline of an S2 cell, as GeoJSON; null for what is no S2 cell.",
    sig("(s2cell: string) -> dynamic", python="geo_s2.s2cell_to_polygon"),
    examples={"round(toreal(geo_s2cell_to_polygon('1').coordinates[0][0][1]), 3)": -35.264},
)
scalar(
    "geo_s2cell_neighbors",
    "The S2 cells around an S2 cell; null for what is no S2 cell.",
    sig("(s2cell: string) -> dynamic", python="geo_s2.s2cell_neighbors"),
    examples={"array_length(geo_s2cell_neighbors('47a851d'))": 8},
)
scalar(
    "geo_line_to_s2cells",
    "The S2 cells that cover a line, of level 11 unless told otherwise, and all within a radius in meters of it.",
    sig("(lineString: bag) -> dynamic", kql="geo_line_to_s2cells(lineString, 11, 0)"),
    sig("(lineString: bag, level: real) -> dynamic", kql="geo_line_to_s2cells(lineString, level, 0)"),
    sig("(lineString: bag, level: real, radius: real) -> dynamic", python="geo_s2.line_to_s2cells"),
    examples={
        "geo_line_to_s2cells(geo_from_wkt('LINESTRING (13.35 52.51, 13.38 52.52)'), 12)": ["47a851b", "47a851d"],
    },
)
scalar(
    "geo_polygon_to_s2cells",
    "The S2 cells that cover a polygon, of level 11 unless told otherwise, and all within a radius in meters of it.",
    sig("(polygon: bag) -> dynamic", kql="geo_polygon_to_s2cells(polygon, 11, 0)"),
    sig("(polygon: bag, level: real) -> dynamic", kql="geo_polygon_to_s2cells(polygon, level, 0)"),
    sig("(polygon: bag, level: real, radius: real) -> dynamic", python="geo_s2.polygon_to_s2cells"),
    examples={
        "geo_polygon_to_s2cells(geo_from_wkt('POLYGON ((13 52, 14 52, 14 53, 13 53, 13 52))'), 6)": ["4707", "47a9"],
        "geo_polygon_to_s2cells(geo_from_wkt('POLYGON ((13 52, 14 52, 14 53, 13 53, 13 52))'), 30)": None,
    },
)
