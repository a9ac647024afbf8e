"""A chart: points, axes and words, with every choice made. What draws one decides nothing but looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

MOST_SERIES = 20
"""More series than this are counted, not drawn: nobody tells more colours apart."""
MOST_PANELS = 5
"""Kusto's limit for `ysplit = panels`."""


class ChartError(ValueError):
    """Why a result is not drawn, in one line for people."""


class Shape(StrEnum):
    """What is drawn for the points."""

    LINE = "line"
    AREA = "area"
    COLUMN = "column"
    BAR = "bar"
    PIE = "pie"
    SCATTER = "scatter"
    LADDER = "ladder"
    TREEMAP = "treemap"
    PIVOT = "pivot"
    CARD = "card"


class Stacking(StrEnum):
    """How series share the room: each from zero, one upon the other, or as shares of 100 %."""

    UNSTACKED = "unstacked"
    STACKED = "stacked"
    STACKED100 = "stacked100"


class Split(StrEnum):
    """How series share the y axis: all one, one each, or one each in a panel of its own."""

    NONE = "none"
    AXES = "axes"
    PANELS = "panels"


class Scale(StrEnum):
    """What an axis counts: numbers, seconds since 1970 in UTC, seconds, or positions in a list of labels."""

    NUMBER = "number"
    TIME = "time"
    SPAN = "span"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis. `low` and `high` are the ends that the query asks for, `step` the width of a bin that a column stands for."""

    title: str
    scale: Scale = Scale.NUMBER
    log: bool = False
    low: float | None = None
    high: float | None = None
    step: float | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Points of one name and colour. NaN in `y` is a gap.

    `end` is where the rungs of a ladder that begin at `y` end, `anomalies` says which points stand out.
    """

    name: str
    x: Floats
    y: Floats
    end: Floats | None = None
    anomalies: Flags | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """All that is drawn. `facts` are the names and values of a card, `notes` what is not shown, for people."""

    shape: Shape
    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...] = ()
    stacking: Stacking = Stacking.UNSTACKED
    split: Split = Split.NONE
    legend: bool = True
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """How many points there are."""
        return sum(len(series.x) for series in self.series)


def extremes(x: Floats, y: Floats, most: int) -> NDArray[np.intp]:
    """The positions of so many points at most that a line through them looks as through all: lowest and highest of each stretch.

    `x` is sorted.
    """
    if len(x) <= most or most < 2:
        return np.arange(len(x))
    stretches = most // 2
    width = (x[-1] - x[0]) / stretches or 1.0
    stretch = np.minimum(((x - x[0]) / width).astype(np.intp), stretches - 1)
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    kept = set()
    for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
        part = y[start:stop]
        if not np.all(np.isnan(part)):
            kept |= {int(start + np.nanargmin(part)), int(start + np.nanargmax(part))}
        else:
            kept.add(int(start))
    return np.array(sorted(kept), dtype=np.intp)
