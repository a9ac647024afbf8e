"""Rectangles of given areas that fill one: the squarified treemap of Bruls, Huizing and van Wijk, as little oblong as can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


def squarified(sizes: Sequence[float], room: Box) -> list[Box]:
    """A box for each size, all above 0, in the order given; the largest are laid first."""
    if not sizes:
        return []
    scale = room.width * room.height / sum(sizes)
    order = sorted(range(len(sizes)), key=lambda at: -sizes[at])
    boxes: list[Box] = [room] * len(sizes)
    row: list[int] = []
    for at in order:
        side = min(room.width, room.height)
        if row and _worst([*row, at], sizes, scale, side) > _worst(row, sizes, scale, side):
            room = _lay(row, sizes, scale, room, boxes)
            row = []
        row.append(at)
    _lay(row, sizes, scale, room, boxes)
    return boxes


def _worst(row: list[int], sizes: Sequence[float], scale: float, side: float) -> float:
    """How oblong the worst rectangle of a row along a side is."""
    total = sum(sizes[at] for at in row) * scale
    if not side or not total:
        return float("inf")
    depth = total / side
    breadths = [sizes[at] * scale / depth for at in row]
    return max(max(depth / breadth, breadth / depth) if breadth else float("inf") for breadth in breadths)


def _lay(row: list[int], sizes: Sequence[float], scale: float, room: Box, boxes: list[Box]) -> Box:
    """A row along the shorter side, and the room that is left."""
    total = sum(sizes[at] for at in row) * scale
    upright = room.width >= room.height
    side = room.height if upright else room.width
    depth = total / side if side else 0.0
    place = room.y if upright else room.x
    for at in row:
        breadth = sizes[at] * scale / depth if depth else 0.0
        boxes[at] = Box(room.x, place, depth, breadth) if upright else Box(place, room.y, breadth, depth)
        place += breadth
    if upright:
        return Box(room.x + depth, room.y, max(0.0, room.width - depth), room.height)
    return Box(room.x, room.y + depth, room.width, max(0.0, room.height - depth))
