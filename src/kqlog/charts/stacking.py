"""Where each bar begins and ends when bars stand upon each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kqlog.charts.chart import Chart, Floats, Stacking


def stacks(chart: Chart) -> list[tuple[Floats, Floats]]:
    """The lower and the upper end of every point of each series. What is below 0 hangs down; shares are between 0 and 1."""
    if chart.stacking is Stacking.UNSTACKED:
        return [(np.zeros(len(one.y)), np.nan_to_num(one.y)) for one in chart.series]
    grid, places = shared_grid([one.x for one in chart.series])
    above, below, ends = np.zeros(len(grid)), np.zeros(len(grid)), []
    for one, at in zip(chart.series, places, strict=True):
        y = np.nan_to_num(one.y)
        start = np.where(y >= 0, above[at], below[at])
        ends.append((start, start + y))
        above[at] += np.maximum(y, 0)
        below[at] += np.minimum(y, 0)
    if chart.stacking is not Stacking.STACKED100:
        return ends
    whole = above - below
    whole[whole == 0] = 1
    return [(low / whole[at], high / whole[at]) for (low, high), at in zip(ends, places, strict=True)]


def shared_grid(places: list[Floats]) -> tuple[Floats, list[NDArray[np.intp]]]:
    """Every x that some series has, in order, and where in it each series' own are."""
    if all(one is places[0] for one in places):
        return places[0], [np.arange(len(places[0]))] * len(places)
    grid = np.unique(np.concatenate(places))
    return grid, [np.searchsorted(grid, one) for one in places]
