"""Lines and polygons on Earth, as GeoJSON. What takes a polygon, two shapes or a buffer needs `pip install 'kqlog[geo]'`.

Their edges are the shortest lines on a sphere; lengths and distances are in meters. What is no line or no polygon gives null:
coordinates that are not on Earth, an edge half way round it, rings that cross, an open ring.
"""

from __future__ import annotations

from kqlog.functions.declare import scalar, sig

_LINE = "geo_from_wkt('LINESTRING (0 0, 10 0)')"
_CROSSING = "geo_from_wkt('LINESTRING (5 -5, 5 5)')"
_TRIANGLE = "geo_from_wkt('POLYGON ((0 0, 90 0, 0 90, 0 0))')"
_SQUARE = "geo_from_wkt('POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))')"
_BESIDE = "geo_from_wkt('POLYGON ((2 0, 4 0, 4 2, 2 2, 2 0))')"
_BENT = "geo_from_wkt('LINESTRING (8 50, 8.01 50.001, 8.02 50)')"
_DENTED = "geo_from_wkt('POLYGON ((8 50, 8.01 50.001, 8.02 50, 8.02 50.02, 8 50.02, 8 50))')"
_AWAY = "geo_from_wkt('POLYGON ((7 0, 9 0, 9 2, 7 2, 7 0))')"
_FEWER = (
    ": those that are kept are farther apart than a tolerance in meters (10 unless told otherwise), and all others within it of "
    "what is left; null for nothing left."
)
_NO_CORNERS_ADDED = "Kusto may add a point where an edge comes too near to one that it does not end at; here no point is added."
_HALF_OF_EARTH = "Refused where the shapes reach farther than 80 degrees from their middle."
_OWN_CORNERS = "Within the tolerance the corners are others than Kusto's."
_NARROW_EDGES = "Refused for edges over more than 180 degrees of longitude."

scalar(
    "geo_from_wkt",
    "The GeoJSON value of a well-known text (WKT); null for what is no such text.",
    sig("(wkt: string) -> dynamic", python="geo_wkt.from_wkt"),
    sig("(wkt: array) -> dynamic", kql="geo_from_wkt(tostring(wkt))"),
    examples={
        "geo_from_wkt('POINT (13.4 52.5)')": {"type": "Point", "coordinates": [13.4, 52.5]},
        "geo_from_wkt('linestring (1 2, 3 4)')": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
        "geo_from_wkt('POINT (1)')": None,
        "geo_from_wkt(dynamic(['POINT (1 2)']))": None,
    },
)

# ---------------------------------------------------------------------------------------------------------------- measures

scalar(
    "geo_line_length",
    "The length of a line in meters.",
    sig("(lineString: bag) -> real", python="geo_measures.line_length"),
    examples={f"geo_line_length({_LINE})": 1111951.0117748394},
)
scalar(
    "geo_line_centroid",
    "The center of mass of a line, as GeoJSON.",
    sig("(lineString: bag) -> dynamic", python="geo_measures.line_centroid"),
    examples={f"geo_line_centroid({_LINE}).coordinates": [5.0, 0.0]},
)
scalar(
    "geo_polygon_area",
    "The area of a polygon in square meters.",
    sig("(polygon: bag) -> real", python="geo_measures.polygon_area"),
    examples={f"geo_polygon_area({_TRIANGLE}) ": 63758259139748.57},
)
scalar(
    "geo_polygon_perimeter",
    "The length of the outline of a polygon in meters.",
    sig("(polygon: bag) -> real", python="geo_measures.polygon_perimeter"),
    examples={f"geo_polygon_perimeter({_TRIANGLE})": 30022677.317920666},
)
scalar(
    "geo_polygon_centroid",
    "The center of mass of a polygon, as GeoJSON.",
    sig("(polygon: bag) -> dynamic", python="geo_measures.polygon_centroid"),
    examples={f"round(toreal(geo_polygon_centroid({_TRIANGLE}).coordinates[1]), 4)": 35.2644},
)
scalar(
    "geo_distance_point_to_line",
    "The distance in meters from a point to a line.",
    sig("(longitude: real, latitude: real, lineString: bag) -> real", python="geo_measures.distance_point_to_line"),
    examples={
        f"geo_distance_point_to_line(5, 1, {_LINE})": 111195.10117748393,
        f"geo_distance_point_to_line(5, 91, {_LINE})": None,
    },
)
scalar(
    "geo_distance_point_to_polygon",
    "The distance in meters from a point to a polygon; 0 inside of it.",
    sig("(longitude: real, latitude: real, polygon: bag) -> real", python="geo_measures.distance_point_to_polygon"),
    examples={
        f"geo_distance_point_to_polygon(1, -1, {_SQUARE})": 111195.10117748393,
        f"geo_distance_point_to_polygon(1, 1, {_SQUARE})": 0.0,
    },
)
scalar(
    "geo_closest_point_on_line",
    "The point of a line that is nearest to a point, as GeoJSON.",
    sig("(longitude: real, latitude: real, lineString: bag) -> dynamic", python="geo_measures.closest_point_on_line"),
    examples={f"geo_closest_point_on_line(-3, 4, {_LINE}).coordinates": [0.0, 0.0]},
)
scalar(
    "geo_closest_point_on_polygon",
    "The point of a polygon that is nearest to a point, as GeoJSON; the point itself inside of it.",
    sig("(longitude: real, latitude: real, polygon: bag) -> dynamic", python="geo_measures.closest_point_on_polygon"),
    examples={f"geo_closest_point_on_polygon(-1, -1, {_SQUARE}).coordinates": [0.0, 0.0]},
)
scalar(
    "geo_line_interpolate_point",
    "The point at a fraction, 0 to 1, of a line, as GeoJSON.",
    sig("(lineString: bag, fraction: real) -> dynamic", python="geo_measures.line_interpolate_point"),
    examples={f"round(toreal(geo_line_interpolate_point({_LINE}, 0.25).coordinates[0]), 9)": 2.5},
)
scalar(
    "geo_line_locate_point",
    "The fraction, 0 to 1, of a line at which it is nearest to a point.",
    sig(
        "(lineString: bag, longitude: real, latitude: real) -> real",
        kql="geo_line_locate_point(lineString, longitude, latitude, false)",
    ),
    sig(
        "(lineString: bag, longitude: real, latitude: real, use_spheroid: number|bool) -> real",
        python="geo_measures.line_locate_point",
    ),
    examples={f"geo_line_locate_point({_LINE}, 2.5, 1)": 0.25},
    differs="Places on a spheroid (use_spheroid) are refused: their rule is not documented.",
)

# ---------------------------------------------------------------------------------------------------------------- overlays

scalar(
    "geo_intersects_2lines",
    "True when two lines meet.",
    sig("(lineString1: bag, lineString2: bag) -> bool", python="geo_overlays.intersects_2lines"),
    examples={f"geo_intersects_2lines({_LINE}, {_CROSSING})": True},
    differs=_HALF_OF_EARTH,
)
scalar(
    "geo_intersects_2polygons",
    "True when two polygons meet, be it at a vertex.",
    sig("(polygon1: bag, polygon2: bag) -> bool", python="geo_overlays.intersects_2polygons"),
    examples={f"geo_intersects_2polygons({_SQUARE}, {_BESIDE})": True, f"geo_intersects_2polygons({_SQUARE}, {_AWAY})": False},
    differs=_HALF_OF_EARTH,
)
scalar(
    "geo_intersects_line_with_polygon",
    "True when a line and a polygon meet.",
    sig("(lineString: bag, polygon: bag) -> bool", python="geo_overlays.intersects_line_with_polygon"),
    examples={f"geo_intersects_line_with_polygon({_CROSSING}, {_SQUARE})": False},
    differs=_HALF_OF_EARTH,
)
scalar(
    "geo_intersection_2lines",
    "What two lines have in common: points and lines, as GeoJSON; an empty GeometryCollection for nothing.",
    sig("(lineString1: bag, lineString2: bag) -> dynamic", python="geo_overlays.intersection_2lines"),
    examples={f"geo_intersection_2lines({_LINE}, {_CROSSING}).coordinates": [5.0, 0.0]},
    differs=_HALF_OF_EARTH,
)
scalar(
    "geo_intersection_2polygons",
    "What two polygons have in common, as GeoJSON; an empty GeometryCollection for nothing.",
    sig("(polygon1: bag, polygon2: bag) -> dynamic", python="geo_overlays.intersection_2polygons"),
    examples={
        f"geo_intersection_2polygons({_SQUARE}, {_BESIDE}).coordinates": [[2.0, 0.0], [2.0, 2.0]],
        f"geo_intersection_2polygons({_SQUARE}, {_AWAY})": {"type": "GeometryCollection", "geometries": []},
    },
    differs=_HALF_OF_EARTH,
)
scalar(
    "geo_intersection_line_with_polygon",
    "What a line and a polygon have in common, as GeoJSON; an empty GeometryCollection for nothing.",
    sig("(lineString: bag, polygon: bag) -> dynamic", python="geo_overlays.intersection_line_with_polygon"),
    examples={
        f"geo_intersection_line_with_polygon({_LINE}, {_SQUARE})": {"type": "LineString", "coordinates": [[0.0, 0.0], [2.0, 0.0]]}
    },
    differs=_HALF_OF_EARTH,
)
scalar(
    "geo_union_lines_array",
    "One line or multiline of an array of lines; what several have is there once.",
    sig("(lineStrings: array) -> dynamic", python="geo_overlays.union_lines_array"),
    examples={f"array_length(geo_union_lines_array(pack_array({_LINE}, {_CROSSING}, {_LINE})).coordinates)": 2},
)
scalar(
    "geo_union_polygons_array",
    "One polygon or multipolygon of an array of polygons.",
    sig("(polygons: array) -> dynamic", python="geo_overlays.union_polygons_array"),
    examples={f"geo_union_polygons_array(pack_array({_SQUARE}, {_BESIDE})).type": "Polygon"},
    differs=_HALF_OF_EARTH,
)

# ---------------------------------------------------------------------------------------------------------------- outlines

scalar(
    "geo_point_buffer",
    "The polygon of all points within a radius of a point, exact to a tolerance (10 unless told otherwise), both in meters.",
    sig("(longitude: real, latitude: real, radius: real) -> dynamic", kql="geo_point_buffer(longitude, latitude, radius, 10)"),
    sig("(longitude: real, latitude: real, radius: real, tolerance: real) -> dynamic", python="geo_buffers.point_buffer"),
    examples={"round(geo_polygon_area(geo_point_buffer(13.4, 52.5, 1000, 0.001)), -3)": 3142000.0},
    differs=_OWN_CORNERS,
)
scalar(
    "geo_line_buffer",
    "The polygon of all points within a radius of a line, exact to a tolerance (10 unless told otherwise), both in meters.",
    sig("(lineString: bag, radius: real) -> dynamic", kql="geo_line_buffer(lineString, radius, 10)"),
    sig("(lineString: bag, radius: real, tolerance: real) -> dynamic", python="geo_buffers.line_buffer"),
    examples={
        f"geo_distance_point_to_polygon(5, 1, geo_line_buffer({_LINE}, 200000))": 0.0,
        f"geo_line_buffer({_LINE}, 0)": None,
    },
    differs=f"{_OWN_CORNERS} {_HALF_OF_EARTH}",
)
scalar(
    "geo_polygon_buffer",
    "A polygon widened by a radius, exact to a tolerance (10 unless told otherwise), both in meters.",
    sig("(polygon: bag, radius: real) -> dynamic", kql="geo_polygon_buffer(polygon, radius, 10)"),
    sig("(polygon: bag, radius: real, tolerance: real) -> dynamic", python="geo_buffers.polygon_buffer"),
    examples={f"geo_distance_point_to_polygon(3, 1, geo_polygon_buffer({_SQUARE}, 200000))": 0.0},
    differs=f"{_OWN_CORNERS} {_HALF_OF_EARTH}",
)
scalar(
    "geo_line_simplify",
    f"A line with fewer points{_FEWER}",
    sig("(lineString: bag) -> dynamic", kql="geo_line_simplify(lineString, 10)"),
    sig("(lineString: bag, tolerance: real) -> dynamic", python="geo_simplify.line_simplify"),
    examples={
        f"geo_line_simplify({_BENT}, 200).coordinates": [[8, 50], [8.02, 50]],
        f"geo_line_simplify({_BENT}, 0).coordinates": [[8, 50], [8.01, 50.001], [8.02, 50]],
        f"geo_line_simplify({_BENT}, -1)": None,
    },
    differs=_NO_CORNERS_ADDED,
)
scalar(
    "geo_polygon_simplify",
    f"A polygon with fewer points{_FEWER}",
    sig("(polygon: bag) -> dynamic", kql="geo_polygon_simplify(polygon, 10)"),
    sig("(polygon: bag, tolerance: real) -> dynamic", python="geo_simplify.polygon_simplify"),
    examples={
        f"array_length(geo_polygon_simplify({_DENTED}, 200).coordinates[0])": 5,
        f"geo_polygon_simplify({_DENTED}, 9000)": None,
    },
    differs=_NO_CORNERS_ADDED,
)
scalar(
    "geo_simplify_polygons_array",
    f"A multipolygon of an array of polygons, which share the borders that they shared, with fewer points{_FEWER}",
    sig("(polygons: array) -> dynamic", kql="geo_simplify_polygons_array(polygons, 10)"),
    sig("(polygons: array, tolerance: real) -> dynamic", python="geo_simplify.simplify_polygons_array"),
    examples={
        f"array_length(geo_simplify_polygons_array(pack_array({_SQUARE}, {_BESIDE}), 100).coordinates)": 2,
        "geo_simplify_polygons_array(dynamic([1]))": None,
    },
    differs=f"{_NO_CORNERS_ADDED} Polygons that touch stay apart.",
)
scalar(
    "geo_line_densify",
    "A line whose edges, straight on a map, have points enough to be the same on the sphere, within a tolerance in meters.",
    sig("(lineString: bag) -> dynamic", kql="geo_line_densify(lineString, 10)"),
    sig("(lineString: bag, tolerance: real) -> dynamic", python="geo_densify.line_densify"),
    sig(
        "(lineString: bag, tolerance: real, preserve_crossing: number|bool) -> dynamic",
        kql="geo_line_densify(lineString, tolerance)",
    ),
    examples={
        "geo_line_densify(geo_from_wkt('LINESTRING (8 50, 12 50)'), 1000).coordinates": [[8, 50], [10.0, 50.0], [12, 50]],
        f"geo_line_densify({_LINE}).coordinates": [[0, 0], [10, 0]],
    },
    differs=_NARROW_EDGES,
)
scalar(
    "geo_polygon_densify",
    "A polygon whose edges, straight on a map, have points enough to be the same on the sphere, within a tolerance in meters.",
    sig("(polygon: bag) -> dynamic", kql="geo_polygon_densify(polygon, 10)"),
    sig("(polygon: bag, tolerance: real) -> dynamic", python="geo_densify.polygon_densify"),
    sig(
        "(polygon: bag, tolerance: real, preserve_crossing: number|bool) -> dynamic",
        kql="geo_polygon_densify(polygon, tolerance)",
    ),
    examples={"array_length(geo_polygon_densify(geo_from_wkt('POLYGON ((8 50, 12 50, 10 51, 8 50))'), 1000).coordinates[0])": 5},
    differs=_NARROW_EDGES,
)
