"""Paths on the sphere led over a few of their own corners, as S2's builder does it: which corners are kept, and in what order.

First some corners are chosen so that none is within a radius of another, and every path goes to those that it comes nearest
to. Then runs of short edges become one edge, if that passes all they were made of within the radius.
S2 also moves edges away from corners that they come near to without touching them; here they stay.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np

from kqlog.functions.kernels.s2_cells import FINEST, cells_of, identities
from kqlog.functions.kernels.sphere import across, angles, closest, unit

Path = list[int]
_FINEST = 1e-14
"""The smallest radius: rounding moves places as far."""
_FARTHER = 1.1
"""How far an edge may stray from what it was made of, in radii."""
_APART = 0.5
"""How far an edge stays away from corners that it does not go to, in radii."""


def snapped(corners: np.ndarray, layers: list[list[Path]], radius: float) -> list[list[Path]]:
    """Paths over corners, by their numbers, with fewer of them. The paths of a layer make one shape."""
    radius = max(radius, _FINEST)
    chosen = _chosen(corners, radius)
    sites = _Sites(corners[chosen], radius)
    led = [[_led(path, corners, sites) for path in paths] for paths in layers]
    needless = _Chains(led, sites, corners).needless()
    return [[[chosen[site] for site in _without(path, needless)] for path in paths] for paths in led]


def _chosen(corners: np.ndarray, radius: float) -> list[int]:
    """Corners with none within a radius of another, in the order of S2's cells."""
    order = np.argsort(
        identities(*cells_of(corners, np.full(len(corners), FINEST)), np.full(len(corners), FINEST)), kind="stable"
    )
    size = 2 * math.sin(radius / 2)
    boxes: dict[tuple[int, ...], list[int]] = defaultdict(list)
    found = []
    for corner, box in zip(order.tolist(), np.floor(corners[order] / size).astype(np.int64).tolist(), strict=True):
        boxes_around = product(*[(side - 1, side, side + 1) for side in box])
        around = [near for box_near in boxes_around for near in boxes.get(box_near, ())]
        if not around or angles(corners[around], corners[corner]).min() > radius:
            boxes[tuple(box)].append(corner)
            found.append(corner)
    return found


def _without(path: Path, needless: set[int]) -> Path:
    kept = [site for site in path if site not in needless]
    is_open = len(path) < 2 or path[0] != path[-1] or path[0] not in needless
    return kept if is_open else kept + kept[:1]


class _Sites:
    """The chosen corners, and which of them an edge passes."""

    def __init__(self, places: np.ndarray, radius: float) -> None:
        self.places = places
        self.radius = radius
        self.nearby: dict[frozenset[int], np.ndarray] = {}
        """The sites that an edge between two sites has to mind."""
        self.corners: dict[int, set[int]] = defaultdict(set)
        """The corners that went to a site."""
        self._axis = int(np.ptp(places, axis=0).argmax())
        self._order = np.argsort(places[:, self._axis])
        self._sorted = places[self._order, self._axis]

    def near(self, starts: np.ndarray, ends: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each edge the sites near it, and their distances to it."""
        wide = (_FARTHER + _APART) * self.radius
        # An edge bulges from the straight line between its ends.
        margins = wide + 1 - np.cos(angles(starts, ends) / 2) + 1e-15
        ways = np.sort([starts[:, self._axis], ends[:, self._axis]], axis=0)
        first, last = np.searchsorted(self._sorted, [ways[0] - margins, ways[1] + margins])
        edges = np.repeat(np.arange(len(starts)), last - first)
        sites = self._order[np.arange(len(edges)) - np.repeat(np.cumsum(last - first) - last, last - first)]
        away = angles(self.places[sites], closest(self.places[sites], starts[edges], ends[edges]))
        kept = away <= wide
        parts = np.cumsum(np.bincount(edges[kept], minlength=len(starts)))[:-1]
        return list(zip(np.split(sites[kept], parts), np.split(away[kept], parts), strict=True))

    def passed(self, start: np.ndarray, end: np.ndarray, met: np.ndarray) -> Path:
        """Which of some sites are the nearest ones on the way along an edge."""
        if len(met) == 1:
            return [int(met[0])]
        way = unit(end - start - (end - start) @ start * start)
        length = float(angles(start, end))
        # The nearest site is the one with the largest ahead * cos(turn) + beside * sin(turn).
        off = self.places[met] - start
        ahead, beside = -(off * off).sum(axis=1) / 2, off @ way
        nearest, turn, found = int(ahead.argmax()), 0.0, []
        while True:
            overtakes = np.arctan2(ahead[nearest] - ahead, beside - beside[nearest])
            overtakes[(overtakes <= turn) | (np.arange(len(met)) == nearest)] = np.inf
            following = int(overtakes.argmin())
            until = min(float(overtakes[following]), length)
            foot = min(max(math.atan2(beside[nearest], 1 + ahead[nearest]), turn), until)
            if angles(self.places[met[nearest]], math.cos(foot) * start + math.sin(foot) * way) <= self.radius:
                found.append(int(met[nearest]))
            if until >= length:
                return found
            nearest, turn = following, until


def _led(path: Path, corners: np.ndarray, sites: _Sites) -> Path:
    """A path over corners as one over sites."""
    found: Path = []
    edges = list(pairwise(path))
    for (start, end), (nearby, away) in zip(edges, sites.near(corners[path[:-1]], corners[path[1:]]), strict=True):
        passed = sites.passed(corners[start], corners[end], nearby[away <= sites.radius])
        sites.corners[passed[0]].add(start)
        sites.corners[passed[-1]].add(end)
        for pair in pairwise(passed):
            sites.nearby.setdefault(frozenset(pair), nearby)
        found += passed if not found else passed[1:] if found[-1] == passed[0] else passed
    return found


class _Chains:
    """The edges of all paths, and the sites between them that are not needed."""

    def __init__(self, layers: list[list[Path]], sites: _Sites, corners: np.ndarray) -> None:
        self._sites = sites
        self._corners = corners
        self._edges = sorted({edge for paths in layers for path in paths for edge in pairwise(path)})
        self._around: dict[int, Counter[int]] = defaultdict(Counter)
        ends: set[int] = set()
        for paths in layers:
            flow: Counter[int] = Counter()
            for path in paths:
                ends |= {here for before, here, after in zip(path, path[1:], path[2:], strict=False) if before == after}
                for start, end in pairwise(path):
                    self._around[start][end] += 1
                    self._around[end][start] += 1
                    flow.update({start: 1, end: -1})
            ends |= {site for site, more in flow.items() if more}
        even = {site for site, around in self._around.items() if len(around) == 2 and len(set(around.values())) == 1}
        self._inner = even - ends

    def needless(self) -> set[int]:
        """The sites that edges go past. What is closed has no end to start from, so it comes last."""
        found: set[int] = set()
        walked: set[frozenset[int]] = set()
        for start, end in [edge for edge in self._edges if edge[0] not in self._inner] + self._edges:
            if frozenset((start, end)) not in walked:
                for run in self._runs(start, end):
                    walked |= {frozenset(edge) for edge in pairwise(run)}
                    found |= set(run[1:-1])
        return found

    def _runs(self, start: int, end: int) -> Iterator[Path]:
        """The runs of edges that one edge replaces, from an edge to where its chain ends."""
        first, done = start, False
        while not done:
            run, view, minded = [start], _View(self._sites.places[start]), {start}
            self._minds(run[0], start, end, minded, view)
            while True:
                run.append(end)
                minded.add(end)
                done = end not in self._inner or end == first
                if done:
                    break
                start, end = end, next(site for site in self._around[end] if site != start)
                if not (
                    self._keeps(start, view)
                    and self._minds(run[0], start, end, minded, view)
                    and view.shows(self._sites.places[end])
                ):
                    break
            yield run

    def _keeps(self, site: int, view: _View) -> bool:
        """Whether an edge past a site can pass all corners that went there."""
        return all(view.narrow(self._corners[corner], self._sites.radius) for corner in sorted(self._sites.corners[site]))

    def _minds(self, origin: int, start: int, end: int, minded: set[int], view: _View) -> bool:
        """Whether an edge from the origin to a site can leave others on the side where they are."""
        places = self._sites.places
        before, here = angles(places[[start, end]], places[origin])
        if here < before or here >= 2 * math.acos(1 / _FARTHER):
            return False
        nearby = self._sites.nearby.get(frozenset((start, end)), np.array([], int))
        for site in nearby[angles(places[nearby], places[origin]) < here].tolist():
            if site in minded:
                continue
            minded.add(site)
            on_left = _on_left(*places[[origin, start, end, site]])
            if not view.avoid(places[site], _APART * self._sites.radius, on_left):
                return False
        return True


def _on_left(origin: np.ndarray, start: np.ndarray, end: np.ndarray, place: np.ndarray) -> bool:
    """Whether a place is to the left of a way from the origin over the start to the end of an edge."""
    if (origin == start).all():
        return bool(np.cross(end - start, place - start) @ start > 0)
    view = _View(start)
    ahead, back, there = (view.direction(spot) for spot in (end, origin, place))
    return (there - ahead) % math.tau < (back - ahead) % math.tau


class _View:
    """The directions in which an edge may leave a place."""

    def __init__(self, origin: np.ndarray) -> None:
        self._origin = origin
        self._axes = np.array(across(origin))
        self._sides: tuple[float, float] | None = None
        self._avoided: list[tuple[float, float, bool]] = []

    def direction(self, place: np.ndarray) -> float:
        """The direction of a place, as an angle."""
        east, north = self._axes @ (place - self._origin)
        return math.atan2(north, east)

    def _width(self, place: np.ndarray, radius: float) -> float | None:
        """Half the angle under which a circle is seen, None from within it."""
        away = float(angles(self._origin, place))
        return None if away <= radius else math.asin(min(math.sin(radius) / math.sin(away), 1.0))

    def narrow(self, place: np.ndarray, radius: float) -> bool:
        """Look only where a circle is; whether anything is left."""
        width = self._width(place, radius)
        if width is None:
            return True
        direction = self._nearest(self.direction(place))
        low, high = direction - width, direction + width
        self._sides = (low, high) if self._sides is None else (max(self._sides[0], low), min(self._sides[1], high))
        avoided, self._avoided = self._avoided, []
        return self._is_open() and all(self._cut(*away) for away in avoided)

    def avoid(self, place: np.ndarray, radius: float, on_left: bool) -> bool:
        """Look past a circle that is to stay on one side; whether anything is left."""
        width = self._width(place, radius)
        if width is None:
            return False
        direction = self.direction(place)
        left, right = (math.pi / 2, width) if on_left else (width, math.pi / 2)
        if self._sides is None:
            self._avoided.append((direction - right, direction + left, on_left))
            return True
        return self._cut(direction - right, direction + left, on_left)

    def shows(self, place: np.ndarray) -> bool:
        """Whether an edge may go to a place."""
        if angles(self._origin, place) > math.pi / 2:
            return False
        direction = self.direction(place)
        if self._sides is not None:
            return self._sides[0] <= self._nearest(direction) <= self._sides[1]
        return not any(low <= direction + turn <= high for low, high, _ in self._avoided for turn in (-math.tau, 0, math.tau))

    def _nearest(self, direction: float) -> float:
        """A direction, in the turn where the sides are."""
        middle = 0.0 if self._sides is None else sum(self._sides) / 2
        return direction + math.tau * round((middle - direction) / math.tau)

    def _cut(self, low: float, high: float, on_left: bool) -> bool:
        assert self._sides is not None
        shift = self._nearest((low + high) / 2) - (low + high) / 2
        low, high, (first, last) = low + shift, high + shift, self._sides
        if high < first or low > last:
            return True
        within = first <= low and high <= last
        # The way past the circle on its other side is none.
        if within:
            self._sides = (first, low) if on_left else (high, last)
        else:
            self._sides = (high, last) if low < first else (first, low)
        return self._is_open()

    def _is_open(self) -> bool:
        return self._sides is not None and self._sides[0] <= self._sides[1]
