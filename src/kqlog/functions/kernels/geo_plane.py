"""Polygons and lines laid over each other: on the plane, where Shapely does it, and on which edges of the sphere are straight.

The plane is the gnomonic projection from the middle of the shapes. It shows less than half of the sphere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import chain, pairwise

import numpy as np
import shapely

from kqlog.errors import QueryError
from kqlog.functions.kernels.geo_shapes import Area, Line, Position, polygons
from kqlog.functions.kernels.json_text import Json
from kqlog.functions.kernels.sphere import across, angles, middle, positions, vectors

WIDEST = float(np.radians(80))
"""So far from the middle are places still told apart."""
_GRID = 2.0**48
"""Shapely computes in whole numbers of this fraction of Earth's radius, 23 nm."""
_ONE_PLACE = 32
"""Positions nearer than this in the grid are one: equal corners of two shapes seldom have the same last digits."""
_OFF = 4
"""So far may rounding move an edge in the grid."""


def too_wide() -> QueryError:
    """The error for what does not fit on a plane."""
    return QueryError("ENG001", "shapes that reach farther than 80 degrees from their middle are not offered")


class Plane:
    """A plane for some shapes; QueryError when they are too wide."""

    def __init__(self, shapes: Iterable[Line]) -> None:
        places = vectors(np.concatenate(list(shapes)))
        center = middle(places)
        if angles(places, center).max() > WIDEST:
            raise too_wide()
        self._axes = np.array([*across(center), center])
        self._corners: dict[tuple[int, int], Position] = {}
        self._known: dict[Position, Position] = {}

    def spots(self, line: Line) -> np.ndarray:
        """Positions on the plane, each by itself."""
        east, north, up = self._axes @ vectors(line).T
        result: np.ndarray = np.round(np.column_stack([east / up, north / up]) * _GRID)
        return result

    def flat(self, line: Line) -> np.ndarray:
        """A line on the plane."""
        x, y = self.spots(line).T.tolist()
        return np.array(list(map(self._spot, x, y, line.tolist())), float)

    def _spot(self, x: float, y: float, position: list[float]) -> Position:
        column, row = int(x // _ONE_PLACE), int(y // _ONE_PLACE)
        around = ((column + east, row + north) for east in (0, -1, 1) for north in (0, -1, 1))
        known = next((self._corners[corner] for corner in around if corner in self._corners), None)
        if known is None:
            known = self._corners[column, row] = (x, y)
            self._known[known] = (position[0], position[1])
        return known

    def area(self, found: Area) -> shapely.MultiPolygon:
        """Polygons on the plane."""
        return shapely.MultiPolygon([shapely.Polygon(shell, holes) for shell, *holes in map(self._flat, found)])

    def lines(self, found: list[Line]) -> shapely.MultiLineString:
        """Lines on the plane."""
        return shapely.MultiLineString(self._flat(found))

    def _flat(self, found: list[Line]) -> list[np.ndarray]:
        return [self.flat(line) for line in found]

    def round(self, spots: np.ndarray) -> Line:
        """Places of the plane as positions: those that were given are as they were."""
        line = positions(np.column_stack([spots / _GRID, np.ones(len(spots))]) @ self._axes)
        for number, spot in enumerate(map(tuple, spots.tolist())):
            line[number] = self._known.get(spot, line[number])
        return line

    def polygons(self, found: shapely.Geometry, sources: Iterable[Line] = ()) -> Area:
        """The polygons among what Shapely made of some rings."""
        edges = [edge for source in sources for edge in pairwise(self.flat(source))]
        parts = [part for part in _parts(shapely.orient_polygons(found)) if part.geom_type == "Polygon"]
        rings = [[shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)] for part in parts]
        return [[self.round(_turned(ring, edges)) for ring in polygon] for polygon in rings]

    def written(self, found: shapely.Geometry, sources: Iterable[Line]) -> Iterator[tuple[str, Json]]:
        """What Shapely made of some rings, points first, as GeoJSON types and coordinates."""
        parts = list(_parts(found))
        for point in parts:
            if point.geom_type == "Point":
                yield "Point", self.round(shapely.get_coordinates(point))[0].tolist()
        ways = shapely.MultiLineString([part for part in parts if part.geom_type == "LineString"])
        for way in _parts(shapely.line_merge(ways, directed=True)):
            yield "LineString", self.round(shapely.get_coordinates(way)).tolist()
        for rings in self.polygons(found, sources):
            yield "Polygon", [ring.tolist() for ring in rings]


def _turned(ring: np.ndarray, edges: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """A closed ring that ends with what is left of the last of some edges, as S2 has it."""
    middles, ways = (ring[:-1] + ring[1:]) / 2, np.diff(ring, axis=0)
    for start, end in reversed(edges):
        way = end - start
        if not way.any():
            continue
        off = abs((middles - start) @ (way[1], -way[0])) / np.hypot(*way)
        share = (middles - start) @ way / (way @ way)
        on = np.flatnonzero((off <= _OFF) & (share > 0) & (share < 1) & (ways @ way > 0))
        if len(on):
            last = on[share[on].argmax()] + 1
            return np.concatenate([ring[last:], ring[1 : last + 1]])
    return ring


def _parts(found: shapely.Geometry) -> Iterator[shapely.Geometry]:
    for part in shapely.get_parts(found):
        if part.geom_type.startswith(("Multi", "Geometry")):
            yield from _parts(part)
        elif not part.is_empty:
            yield part


# ---------------------------------------------------------------------------------------------------------------- polygons


def polygon(value: Json) -> Area | None:
    """The area of a Polygon or a MultiPolygon, None for one that has no inside and outside."""
    found = polygons(value)
    if found is None or not all(map(_is_valid, found)):
        return None
    return joint(found)


def _is_valid(rings: list[Line]) -> bool:
    plane = Plane(rings)
    return bool(shapely.is_valid(plane.area([rings])))


def joint(found: Area) -> Area:
    """The union of polygons. Those that cannot meet are never on one plane."""
    result: Area = []
    for group in _groups(found):
        if len(group) == 1:
            result += group
        else:
            plane = Plane(ring for rings in group for ring in rings)
            united = shapely.union_all([plane.area([rings]) for rings in group], grid_size=1)
            result += plane.polygons(united, [ring for rings in _in_turn(group) for ring in rings])
    return result


def mended(found: Area) -> Area:
    """Polygons whose rings may have come to touch or cross, as polygons that are valid."""
    result: Area = []
    for rings in found:
        plane = Plane(rings)
        drawn = plane.area([rings])
        if shapely.is_valid(drawn):
            result.append(rings)
        else:
            result += plane.polygons(shapely.make_valid(drawn, method="structure", keep_collapsed=False), rings)
    return joint(result)


def _in_turn(found: Area) -> Area:
    """Polygons in the order in which S2 comes to them: it unites the two with the fewest corners, again and again."""
    queue = [(sum(len(ring) - 1 for ring in rings), number, [rings]) for number, rings in enumerate(found)]
    heapify(queue)
    for number in range(len(found), 2 * len(found) - 1):
        (few, _, first), (more, _, second) = heappop(queue), heappop(queue)
        heappush(queue, (few + more, number, first + second))
    return queue[0][2]


def _groups(found: Area) -> list[Area]:
    """Polygons by whether the circles around them meet."""
    circles = [_circle(rings[0]) for rings in found]
    groups: list[list[int]] = []
    for number, circle in enumerate(circles):
        met = [group for group in groups if any(_meet(circle, circles[other]) for other in group)]
        groups = [group for group in groups if group not in met]
        groups.append([*chain.from_iterable(met), number])
    return [[found[number] for number in group] for group in groups]


def near(shapes: list[Line], others: list[Line]) -> list[bool]:
    """For each line or shell, whether the circle around it meets that of one of the others."""
    circles = [_circle(other) for other in others]
    return [any(_meet(_circle(shape), circle) for circle in circles) for shape in shapes]


_Circle = tuple[np.ndarray, float]


def _circle(line: Line) -> _Circle:
    places = vectors(line)
    center = middle(places)
    return center, float(angles(places, center).max())


def _meet(first: _Circle, second: _Circle) -> bool:
    return bool(angles(first[0], second[0]) <= first[1] + second[1] + 1e-9)
