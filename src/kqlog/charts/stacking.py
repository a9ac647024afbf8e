"""Where each bar begins and ends when bars stand upon each other."""

from __future__ import annotations

import numpy as np

from kqlog.charts.chart import Chart, Floats, Stacking


def stacks(chart: Chart) -> list[tuple[Floats, Floats]]:
    """The lower and the upper end of every point of each series. What is below 0 hangs down; shares are between 0 and 1."""
    grid = np.unique(np.concatenate([one.x for one in chart.series]))
    above, below, ends = np.zeros(len(grid)), np.zeros(len(grid)), []
    for one in chart.series:
        y, at = np.nan_to_num(one.y), np.searchsorted(grid, one.x)
        if chart.stacking is Stacking.UNSTACKED:
            ends.append((np.zeros(len(y)), y))
            continue
        start = np.where(y >= 0, above[at], below[at])
        ends.append((start, start + y))
        above[at] += np.maximum(y, 0)
        below[at] += np.minimum(y, 0)
    if chart.stacking is not Stacking.STACKED100:
        return ends
    whole = above - below
    whole[whole == 0] = 1
    shares = [whole[np.searchsorted(grid, one.x)] for one in chart.series]
    return [(low / share, high / share) for (low, high), share in zip(ends, shares, strict=True)]
