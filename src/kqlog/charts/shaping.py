"""The points of a chart whose columns have their roles: series in order, bins, sums, and what is too much left out."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kqlog.charts.chart import (
    MOST_PANELS,
    MOST_SERIES,
    Axis,
    Chart,
    ChartError,
    Flags,
    Floats,
    Scale,
    Series,
    Shape,
    Split,
    Stacking,
)
from kqlog.charts.properties import Properties
from kqlog.charts.stacking import shared_grid
from kqlog.charts.ticks import moment_text
from kqlog.charts.values import Data, Labels

MOST_LABELS = 100
"""More places of an axis of names than this are counted, not drawn."""
MOST_SLICES = 12
"""More slices of a pie than this are one slice of others."""
MOST_LEAVES = 200
"""More boxes of a treemap than this are too small to see."""
MOST_STACKED = 50_000
"""More places than this are not told apart in stacked areas."""
MOST_EXAMINED = 100_000
"""Points of a series in which anomalies are looked for."""
_DISCRETE = frozenset({Shape.COLUMN, Shape.BAR})
_SPLIT = _DISCRETE | {Shape.LINE, Shape.AREA, Shape.SCATTER}


def shaped(
    chart: Chart,
    data: Data,
    x: int,
    ys: tuple[int, ...],
    series: tuple[int, ...],
    anomalies: tuple[int, ...],
    wanted: Properties,
) -> Chart:
    """The chart with its points.

    Raises:
        ChartError: when no point is left.
    """
    match chart.shape:
        case Shape.LADDER:
            return _ladder(chart, data, ys, series)
        case Shape.PIE:
            return _pie(chart, data.labels([x, *series]), data.numbers(ys[0]))
        case Shape.TREEMAP:
            return _crossed(chart, data.labels(list(series) or [x]), data.labels([x] if series else []), data.numbers(ys[0]))
        case Shape.PIVOT:
            return _crossed(chart, data.labels([x]), data.labels(list(series)), data.numbers(ys[0]))
        case _:
            return _plane(chart, data, x, ys, series, anomalies, wanted)


def limited(chart: Chart) -> Chart:
    """The chart without the series, panels and names that are too many, which its notes count."""
    notes, series, most = list(chart.notes), chart.series, MOST_SERIES
    if chart.shape not in _SPLIT or len(series) == 1:
        chart = replace(chart, split=Split.NONE)
    if chart.split is Split.PANELS:
        most = MOST_PANELS
    if chart.shape not in {Shape.TREEMAP, Shape.LADDER} and len(series) > most:
        what = "panels" if chart.split is Split.PANELS else "columns" if chart.shape is Shape.PIVOT else "series"
        notes.append(f"the first {most} of {len(series):,} {what} are drawn")
        series = series[:most]
    labels = chart.x.labels
    if len(labels) > MOST_LABELS and chart.shape is not Shape.TREEMAP:
        notes.append(f"the first {MOST_LABELS} of {len(labels):,} names of {chart.x.title} are drawn")
        series = tuple(_kept(one, one.x < MOST_LABELS) for one in series)
        labels = labels[:MOST_LABELS]
    series = tuple(one for one in series if len(one.x))
    return _some(replace(chart, series=series, x=replace(chart.x, labels=labels), notes=tuple(notes)))


def _kept(series: Series, keep: Flags | NDArray[np.intp]) -> Series:
    """Some of the points."""
    return Series(
        series.name,
        series.x[keep],
        series.y[keep],
        None if series.end is None else series.end[keep],
        None if series.anomalies is None else series.anomalies[keep],
    )


def _groups(labels: Labels) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """The rows of the first `MOST_SERIES` names in order; the order that an engine groups in is chance."""
    order = np.argsort(labels.codes, kind="stable")
    bounds = np.searchsorted(labels.codes[order], np.arange(len(labels.names) + 1))
    for at in _first(range(len(labels.names)), labels.names):
        yield labels.names[at], order[bounds[at] : bounds[at + 1]]


def _first(positions: Iterable[int], names: list[str]) -> list[int]:
    """Where the first names are, sorted, numbers as numbers."""
    return heapq.nsmallest(MOST_SERIES, positions, key=lambda at: _sort_key(names[at]))


def _left_out(chart: Chart, count: int, what: str) -> Chart:
    """With the note on series that are too many."""
    note = f"the first {MOST_SERIES} of {count:,} {what} are drawn"
    return replace(chart, notes=(*chart.notes, note)) if count > MOST_SERIES else chart


def _sort_key(name: str) -> tuple[float, str]:
    try:
        number = float(name)
    except ValueError:
        number = math.inf
    return (math.inf if math.isnan(number) else number, name)


def _some(chart: Chart) -> Chart:
    if not any(np.isfinite(series.y).any() for series in chart.series):
        raise ChartError("there is nothing but nulls to draw")
    return chart


# ------------------------------------------------------------------------------------------------------- x, y and series


def _plane(
    chart: Chart, data: Data, x: int, ys: tuple[int, ...], series: tuple[int, ...], anomalies: tuple[int, ...], wanted: Properties
) -> Chart:
    axis, places = _places(chart, data, x)
    marks = [data.numbers(position) for position in anomalies]
    values = [data.numbers(position) for position in ys]
    notes, known = list(chart.notes), np.isfinite(places)
    if lost := int(np.count_nonzero(~known)):
        notes.append(f"{_rows(lost)} not drawn for want of {data.columns[x].name}")
    found = []
    groups = data.labels(list(series))
    for name, rows in _groups(groups):
        rows = rows[known[rows]]
        for at, y in enumerate(ys):
            flags = marks[at] if len(marks) == len(ys) else marks[0] if marks and at == 0 else None
            one = Series(
                _series_name(name, data.columns[y].name, len(ys)),
                places[rows],
                values[at][rows],
                anomalies=None if flags is None else np.nan_to_num(flags[rows]) != 0,
            )
            found.append(_in_order(one, chart.shape, axis))
    chart = _left_out(replace(chart, x=axis, series=tuple(found), notes=tuple(notes)), len(groups.names), "series")
    if chart.shape in _DISCRETE:
        chart = _added_up(chart)
    if wanted.accumulate:
        chart = replace(chart, series=tuple(replace(one, y=np.nancumsum(one.y)) for one in chart.series))
    if chart.shape is Shape.AREA and chart.stacking is not Stacking.UNSTACKED:
        chart = _aligned(chart)
    if wanted.seeks_anomalies and not anomalies:
        chart = _examined(chart)
    return _dated(_some(_on_scale(chart)))


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count:,} rows are"


def _series_name(label: str, column: str, columns: int) -> str:
    if not label:
        return column
    return label if columns == 1 else f"{label}: {column}"


def _places(chart: Chart, data: Data, x: int) -> tuple[Axis, Floats]:
    """The axis of x, and where on it each row is."""
    axis = chart.x
    if axis.scale is not Scale.CATEGORY:
        places = data.numbers(x)
        if chart.shape not in _DISCRETE:
            return axis, places
        if not axis.log and (step := _step(places)) is not None:
            return replace(axis, step=step), places
    labels = data.labels([x])
    codes = labels.codes
    if axis.scale is not Scale.CATEGORY:
        # Numbers without a common step stand side by side as names do, yet in their order.
        firsts = np.unique(codes, return_index=True)[1]
        order = np.argsort(data.numbers(x)[firsts], kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        labels, codes = Labels([labels.names[at] for at in order], rank), rank[codes]
    title = axis.title.removesuffix(" (UTC)") if not labels.names[0][:4].isdecimal() else axis.title
    return Axis(title, Scale.CATEGORY, labels=tuple(labels.names)), codes.astype(np.float64)


def _step(places: Floats) -> float | None:
    """The width of the bins that x was put into; None where at most places there is none."""
    known = np.unique(places[np.isfinite(places)])
    if len(known) < 2:
        return None
    step = float(np.diff(known).min())
    bins = (known[-1] - known[0]) / step
    return step if bins <= 2 * len(known) else None


def _in_order(series: Series, shape: Shape, axis: Axis) -> Series:
    """By x, but for dots; names keep the order of their rows."""
    if shape is Shape.SCATTER or axis.scale is Scale.CATEGORY:
        return series
    return _kept(series, np.argsort(series.x, kind="stable"))


def _added_up(chart: Chart) -> Chart:
    """One bar for each place: what is drawn twice at one place would hide the smaller one."""
    series, twice = [], False
    for one in chart.series:
        places, where = np.unique(one.x, return_inverse=True)
        if len(places) < len(one.x):
            twice = True
            sums = np.bincount(where, np.nan_to_num(one.y), len(places)).astype(np.float64)
            one = Series(one.name, places, sums)
        series.append(one)
    notes = (*chart.notes, f"rows of the same {chart.x.title} are added up") if twice else chart.notes
    return replace(chart, series=tuple(series), notes=notes)


def _aligned(chart: Chart) -> Chart:
    """Every series at every x, 0 where it has no value: areas can only be stacked so."""
    grid, places = shared_grid([one.x for one in chart.series])
    every = max(1, -(-len(grid) // MOST_STACKED))
    series = []
    for one, at in zip(chart.series, places, strict=True):
        kept = at % every == 0
        y = np.zeros(len(grid[::every]))
        y[at[kept] // every] = np.nan_to_num(one.y[kept])
        series.append(Series(one.name, grid[::every], y))
    notes = (*chart.notes, f"one of {every:,} places of {chart.x.title} is drawn") if every > 1 else chart.notes
    return replace(chart, series=tuple(series), notes=notes)


def _on_scale(chart: Chart) -> Chart:
    """Without what a logarithmic scale has no place for."""
    lost, series = 0, []
    for one in chart.series:
        fits = np.full(len(one.x), True)
        if chart.x.log and chart.x.scale in {Scale.NUMBER, Scale.SPAN}:
            fits &= one.x > 0
        if chart.y.log:
            fits &= ~(one.y <= 0)
        lost += int(np.count_nonzero(~fits))
        series.append(_kept(one, fits))
    notes = (*chart.notes, f"{lost:,} points at or below 0 have no place on a logarithmic scale") if lost else chart.notes
    return replace(chart, series=tuple(series), notes=notes)


def _dated(chart: Chart) -> Chart:
    """With the day in the title where all of it is one: the marks of such an axis are hours."""
    return replace(chart, x=replace(chart.x, title=_with_day(chart.x, [one.x for one in chart.series])))


def _with_day(axis: Axis, values: list[Floats]) -> str:
    if axis.scale is not Scale.TIME:
        return axis.title
    days = {moment_text(edge)[:10] for some in values if len(some) for edge in (float(some.min()), float(some.max()))}
    return axis.title.replace("UTC", f"UTC, {min(days)}") if len(days) == 1 else axis.title


def _examined(chart: Chart) -> Chart:
    """With the anomalies that series_decompose_anomalies() finds, which Kusto marks when the query has none of its own."""
    import pyarrow as pa

    from kqlog.functions.kernels.decomposition import anomalies

    series, unexamined = [], 0
    for one in chart.series:
        known = np.isfinite(one.y)
        if not known.any() or len(one.y) > MOST_EXAMINED:
            unexamined += len(one.y) > MOST_EXAMINED
            series.append(one)
            continue
        filled = np.interp(np.arange(len(one.y)), np.flatnonzero(known), one.y[known])
        with np.errstate(all="ignore"):
            (found,) = anomalies(pa.array([filled.tolist()], pa.list_(pa.float64()))).to_pylist()
        flags = np.array(found["ad_flag"]) != 0 if found else np.zeros(len(one.y), dtype=bool)
        series.append(replace(one, anomalies=flags & known))
    notes = (*chart.notes, f"anomalies are not looked for in more than {MOST_EXAMINED:,} points") if unexamined else chart.notes
    return replace(chart, series=tuple(series), notes=notes)


# ----------------------------------------------------------------------------------------------------- parts of a whole


def _positive(chart: Chart, values: Floats) -> tuple[Chart, Flags]:
    """What has a size, and the note on what has none."""
    sized = np.nan_to_num(values) > 0
    if not sized.any():
        raise ChartError("there is no number above 0 to draw")
    lost = int(np.count_nonzero(np.nan_to_num(values) < 0))
    return (replace(chart, notes=(*chart.notes, f"{_rows(lost)} not drawn, being below 0")) if lost else chart), sized


def _pie(chart: Chart, labels: Labels, values: Floats) -> Chart:
    chart, sized = _positive(chart, values)
    sums: Floats = np.bincount(labels.codes[sized], values[sized], len(labels.names)).astype(np.float64)
    names = [name for name, total in zip(labels.names, sums, strict=True) if total > 0]
    sums = sums[sums > 0]
    if len(names) > MOST_SLICES:
        order = np.sort(np.argsort(-sums, kind="stable")[: MOST_SLICES - 1])
        rest = float(sums.sum() - sums[order].sum())
        names = [*(names[at] for at in order), f"{len(names) - len(order)} others"]
        sums = np.append(sums[order], rest)
    axis = Axis(chart.x.title.removesuffix(" (UTC)"), Scale.CATEGORY, labels=tuple(names))
    return replace(chart, x=axis, series=(Series(chart.y.title, np.arange(len(names), dtype=np.float64), sums),))


def _crossed(chart: Chart, rows: Labels, groups: Labels, values: Floats) -> Chart:
    """The sum of each row and group: a pivot's cells, a treemap's leaves."""
    if chart.shape is Shape.TREEMAP:
        chart, sized = _positive(chart, values)
    else:
        sized = np.isfinite(values)
    cells, where = np.unique(groups.codes[sized] * len(rows.names) + rows.codes[sized], return_inverse=True)
    sums: Floats = np.bincount(where, values[sized], len(cells)).astype(np.float64)
    if chart.shape is Shape.TREEMAP and len(cells) > MOST_LEAVES:
        chart = replace(chart, notes=(*chart.notes, f"the largest {MOST_LEAVES} of {len(cells):,} boxes are drawn"))
        largest = np.sort(np.argsort(-sums, kind="stable")[:MOST_LEAVES])
        cells, sums = cells[largest], sums[largest]
    bounds = np.searchsorted(cells, np.arange(len(groups.names) + 1) * len(rows.names))
    series = []
    chart = _left_out(chart, len(groups.names), "columns" if chart.shape is Shape.PIVOT else "groups")
    for at in _first(np.flatnonzero(np.diff(bounds)).tolist(), groups.names):
        inside = slice(bounds[at], bounds[at + 1])
        places = (cells[inside] % len(rows.names)).astype(np.float64)
        series.append(Series(groups.names[at] or chart.y.title, places, sums[inside]))
    axis = Axis(chart.x.title.removesuffix(" (UTC)"), Scale.CATEGORY, labels=tuple(rows.names))
    return _some(replace(chart, x=axis, series=tuple(series)))


def _ladder(chart: Chart, data: Data, ends: tuple[int, ...], names: tuple[int, ...]) -> Chart:
    """A rung for each row, in the colour of its first name."""
    rungs, begin, end = data.labels(list(names)), data.numbers(ends[0]), data.numbers(ends[1])
    drawn = np.flatnonzero(np.isfinite(begin) & np.isfinite(end) & (rungs.codes < MOST_LABELS))
    title = ", ".join(data.columns[position].name for position in names)
    colours = data.labels(list(names[:1]) if len(names) > 1 else [])
    present, codes = np.unique(colours.codes[drawn], return_inverse=True)
    series = []
    chart = _left_out(chart, len(present), "groups")
    for name, rows in _groups(Labels([colours.names[at] for at in present], codes)):
        rows = drawn[rows]
        low, high = np.minimum(begin, end)[rows], np.maximum(begin, end)[rows]
        series.append(Series(name or title, rungs.codes[rows].astype(np.float64), low, high))
    axis = Axis(title, Scale.CATEGORY, labels=tuple(rungs.names))
    y = replace(chart.y, title=_with_day(chart.y, [edge for one in series for edge in (one.y, one.end) if edge is not None]))
    return _some(replace(chart, x=axis, y=y, series=tuple(series)))
