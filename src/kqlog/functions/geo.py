"""Places on Earth: a longitude and a latitude in degrees, distances in meters, geohash cells.

Earth is a sphere here, of the radius that Kusto measures with, unless a function is told otherwise.
"""

from __future__ import annotations

from kqlog.functions.declare import scalar, sig

_RADIUS = 6_371_010.0


def _valid(*points: str) -> str:
    """SQL that is true when the points (`p1` for p1_longitude and p1_latitude) are on Earth."""
    return " AND ".join(f"abs({{{point}_longitude}}) <= 180 AND abs({{{point}_latitude}}) <= 90" for point in points)


def _distance(first: str, second: str) -> str:
    """SQL for the distance of two points (haversine)."""
    north, other_north = f"radians({{{first}_latitude}})", f"radians({{{second}_latitude}})"
    rise = f"pow(sin(({other_north} - {north}) / 2), 2)"
    run = f"cos({north}) * cos({other_north}) * pow(sin(radians({{{second}_longitude}} - {{{first}_longitude}}) / 2), 2)"
    return f"2 * {_RADIUS} * asin(least(sqrt({rise} + {run}), 1))"


def _azimuth(first: str, second: str) -> str:
    """SQL for the direction from one point to another: radians clockwise from north, from -pi to pi."""
    north, other_north = f"radians({{{first}_latitude}})", f"radians({{{second}_latitude}})"
    turn = f"radians({{{second}_longitude}} - {{{first}_longitude}})"
    ahead = f"cos({north}) * sin({other_north}) - sin({north}) * cos({other_north}) * cos({turn})"
    return f"atan2(sin({turn}) * cos({other_north}), {ahead})"


def _apart(first: str, second: str) -> str:
    """SQL that is true when two points are neither the same nor opposite, so that one line joins them."""
    return f"{_distance(first, second)} BETWEEN 1e-6 AND {_RADIUS} * (pi() - 1e-12)"


def _from_zero(angle: str) -> str:
    """SQL for an angle within 0 to 2 pi."""
    return f"(({angle}) - 2 * pi() * floor(({angle}) / (2 * pi())))"


_POINTS = "p1_longitude: real, p1_latitude: real, p2_longitude: real, p2_latitude: real"

scalar(
    "geo_distance_2points",
    "The distance of two points in meters, on a sphere or, with use_spheroid, on WGS-84's spheroid (pip install 'kqlog[geo]'); "
    "null for coordinates that are not on Earth.",
    sig(f"({_POINTS}) -> real", duckdb=f"(CASE WHEN {_valid('p1', 'p2')} THEN {_distance('p1', 'p2')} END)"),
    sig(
        f"({_POINTS}, use_spheroid: number|bool) -> real",
        kql="iff(tobool(use_spheroid), __geo_distance_on_spheroid(p1_longitude, p1_latitude, p2_longitude, p2_latitude), "
        "geo_distance_2points(p1_longitude, p1_latitude, p2_longitude, p2_latitude))",
    ),
    examples={
        "geo_distance_2points(0, 0, 0, 90)": 10007559.105973555,
        "round(geo_distance_2points(0, 0, 0, 90, true), 3)": 10001965.729,
        "geo_distance_2points(0, 0, 200, 0)": None,
        "geo_distance_2points(0, 0, 200, 0, true)": None,
    },
    differs="Distances on the spheroid are geographiclib's, exact to nanometers; Kusto does not document its rule.",
)
scalar(
    "__geo_distance_on_spheroid",
    "The distance of two points in meters on WGS-84's spheroid.",
    sig(f"({_POINTS}) -> real", python="geo_spheroid.distance_2points"),
)

scalar(
    "geo_azimuth",
    "The direction from one point to another: the angle from north, clockwise, in radians.",
    sig(
        f"({_POINTS}) -> real",
        duckdb=f"(CASE WHEN {_valid('p1', 'p2')} AND {_apart('p1', 'p2')} THEN {_from_zero(_azimuth('p1', 'p2'))} END)",
    ),
    examples={"geo_azimuth(0, 0, 10, 0)": 1.5707963267948966, "geo_azimuth(1, 1, 1, 1)": None},
)

scalar(
    "geo_angle",
    "The angle at the second of three points, from the line to the first clockwise to the line to the third, in radians.",
    sig(
        f"({_POINTS}, p3_longitude: real, p3_latitude: real) -> real",
        duckdb=f"(CASE WHEN {_valid('p1', 'p2', 'p3')} AND {_apart('p1', 'p2')} AND {_apart('p2', 'p3')} "
        f"THEN {_from_zero(_azimuth('p2', 'p3') + ' - ' + _azimuth('p2', 'p1'))} END)",
    ),
    examples={"geo_angle(0, 10, 0, 0, 10, 0)": 1.5707963267948966},
)

scalar(
    "geo_point_in_circle",
    "True when a point is within a distance in meters of the center of a circle.",
    sig(
        "(p_longitude: real, p_latitude: real, pc_longitude: real, pc_latitude: real, c_radius: real) -> bool",
        duckdb=f"(CASE WHEN {_valid('p', 'pc')} AND {{c_radius}} > 0 THEN {_distance('p', 'pc')} <= {{c_radius}} END)",
    ),
    examples={"geo_point_in_circle(0, 0, 0, 1, 112000)": True, "geo_point_in_circle(0, 0, 0, 1, 111000)": False},
)

_SQUARE = "dynamic({'type': 'Polygon', 'coordinates': [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]})"

scalar(
    "geo_point_in_polygon",
    "True when a point is inside a polygon or a multipolygon in GeoJSON, whose edges are the shortest lines on the sphere.",
    sig("(longitude: real, latitude: real, polygon: bag) -> bool", python="geo_measures.point_in_polygon"),
    examples={f"geo_point_in_polygon(1, 1, {_SQUARE})": True, f"geo_point_in_polygon(3, 1, {_SQUARE})": False},
)

scalar(
    "geo_point_to_geohash",
    "The geohash cell of a point, of 1 to 18 characters (5 unless told otherwise); empty for what is not on Earth.",
    sig("(longitude: real, latitude: real) -> string", kql="geo_point_to_geohash(longitude, latitude, 5)"),
    sig("(longitude: real, latitude: real, accuracy: real) -> string", python="geo.point_to_geohash"),
    examples={"geo_point_to_geohash(13.377704, 52.516275, 8)": "u33db2m3", "geo_point_to_geohash(200, 1)": ""},
)

scalar(
    "geo_geohash_to_central_point",
    "The center of a geohash cell, as GeoJSON; null for what is no geohash.",
    sig("(geohash: string) -> dynamic", python="geo.geohash_to_central_point"),
    examples={"geo_geohash_to_central_point('s0')": {"type": "Point", "coordinates": [5.625, 2.8125]}},
)

scalar(
    "geo_geohash_to_polygon",
    "The outline of a geohash cell, as GeoJSON; null for what is no geohash.",
    sig("(geohash: string) -> dynamic", python="geo.geohash_to_polygon"),
    examples={
        "geo_geohash_to_polygon('s')": {
            "type": "Polygon",
            "coordinates": [[[0.0, 0.0], [45.0, 0.0], [45.0, 45.0], [0.0, 45.0], [0.0, 0.0]]],
        }
    },
)

scalar(
    "geo_geohash_neighbors",
    "The geohash cells around a geohash cell; null for what is no geohash.",
    sig("(geohash: string) -> dynamic", python="geo.geohash_neighbors"),
    examples={"geo_geohash_neighbors('s1')": ["eb", "ef", "s2", "s4", "ec", "s6", "s3", "s0"]},
)

scalar(
    "geo_info_from_ip_address",
    "The country, state, city and place of an IP address.",
    sig("(ip: string) -> dynamic", python="ip_locations.located"),
    examples={"geo_info_from_ip_address('no address')": None},
    differs="Reads the GeoLite2-City file that the variable KQLOG_GEOIP_DATABASE names: kqlog brings no such database.",
)
