"""Text graphics of charts with an x and a y axis: lines, areas, columns and dots."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kqlog.charts.canvas import FAINT, MARKS, UP, Canvas, Terminal
from kqlog.charts.chart import Axis, Chart, Floats, Scale, Series, Shape, Split, Stacking, extremes
from kqlog.charts.palette import ANSI_ANOMALY
from kqlog.charts.stacking import stacks
from kqlog.charts.ticks import Tick, log_ticks, nice_step, number_ticks, span_unit, time_ticks
from kqlog.formats import width_of

_LEAST_ROWS = 3
"""A plot of fewer rows says nothing."""
_TICK_GAP = 11
"""The least characters from one mark of x to the next."""


@dataclass(frozen=True, slots=True)
class Range:
    """The part of an axis that is seen."""

    low: float
    high: float
    log: bool = False

    def share(self, values: Floats) -> Floats:
        """Where values are: 0 at the low end, 1 at the high one."""
        if not self.log:
            return (values - self.low) / (self.high - self.low)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((np.log10(values) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low)))


def plane(chart: Chart, terminal: Terminal, rows: int) -> tuple[list[str], list[str]]:
    """The lines of a plot that takes so many rows with its axis, and what it could not show."""
    if chart.split is Split.NONE:
        return _panel(chart, terminal, rows, last=True)
    each = max(_LEAST_ROWS + 1, (rows - 2) // len(chart.series))
    lines: list[str] = []
    notes: list[str] = []
    if chart.split is Split.AXES:
        notes.append("each series has its y axis, one below the other")
    for at, one in enumerate(chart.series):
        last = at == len(chart.series) - 1
        lines.append(terminal.fit(one.name, terminal.width))
        panel, more = _panel(replace(chart, series=(one,), split=Split.NONE), terminal, each - 1 + 2 * last, last)
        lines += panel
        notes += more
    return lines, list(dict.fromkeys(notes))


def _panel(chart: Chart, terminal: Terminal, rows: int, last: bool) -> tuple[list[str], list[str]]:
    """One plot; only the last one of several has the axis of x."""
    height = max(_LEAST_ROWS, rows - 2 * last)
    notes: list[str] = []
    if chart.shape is Shape.COLUMN and not _stackable(chart, terminal.width):
        notes.append("columns are drawn as lines, since they do not fit")
        chart = replace(chart, shape=Shape.LINE)
    ends = stacks(chart) if chart.shape in {Shape.COLUMN, Shape.AREA} else []
    y_range, y_ticks, unit = _y_axis(chart, ends, height)
    gutter = max(width_of(tick.text) for tick in y_ticks)
    width = max(8, terminal.width - gutter - 2)
    x_range = _x_range(chart)
    canvas = Canvas(terminal, width, height)
    if chart.shape is Shape.COLUMN and chart.x.scale is Scale.CATEGORY:
        _groups(canvas, chart, ends, y_range)
    elif chart.shape is Shape.COLUMN or (
        chart.shape is Shape.AREA and (chart.stacking is not Stacking.UNSTACKED or len(chart.series) == 1)
    ):
        notes += _filled(canvas, chart, ends, x_range, y_range)
    else:
        _drawn(canvas, chart, x_range, y_range)
    lines = _with_y_axis(canvas, y_ticks, y_range, gutter)
    if last:
        lines += _with_x_axis(chart, terminal, x_range, gutter, width)
    return lines, [*notes, *([f"{chart.y.title or 'y'} is in {unit}"] if unit else [])]


def _stackable(chart: Chart, width: int) -> bool:
    """Whether columns side by side have the room of a character each."""
    if chart.stacking is not Stacking.UNSTACKED or len(chart.series) == 1:
        return True
    return chart.x.scale is Scale.CATEGORY


# -------------------------------------------------------------------------------------------------------------------- axes


def _y_axis(chart: Chart, ends: list[tuple[Floats, Floats]], height: int) -> tuple[Range, list[Tick], str]:
    """The range of y, its marks, and the unit of timespans."""
    values = np.concatenate([edge for pair in ends for edge in pair] or [one.y for one in chart.series])
    values = values[np.isfinite(values)]
    if chart.y.log:
        values = values[values > 0]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    asked_low, asked_high = chart.y.low, chart.y.high
    most = max(2, height // 3)
    if chart.y.log:
        low = asked_low if asked_low is not None and asked_low > 0 else 10.0 ** math.floor(math.log10(low))
        high = asked_high if asked_high is not None and asked_high > low else 10.0 ** math.ceil(math.log10(high))
        high = high if high > low else low * 10
        return Range(low, high, log=True), log_ticks(low, high, most), ""
    if chart.stacking is Stacking.STACKED100:
        bounds = Range(min(0.0, low), max(1.0, high) if low >= 0 else high)
        return bounds, [Tick(tick.value, f"{tick.value:.0%}") for tick in number_ticks(bounds.low, bounds.high, most)], ""
    unit, seconds = span_unit(low, high) if chart.y.scale is Scale.SPAN else ("", 1.0)
    low = asked_low if asked_low is not None else low
    high = asked_high if asked_high is not None else high
    if not high > low:
        low, high = (low if asked_low is not None else low - _about(low), low + _about(low))
    step = nice_step(low / seconds, high / seconds, most) * seconds
    low = math.floor(low / step + 1e-9) * step if asked_low is None else low
    high = math.ceil(high / step - 1e-9) * step if asked_high is None else high
    ticks = number_ticks(low / seconds, high / seconds, most + 2)
    return Range(low, high), [Tick(tick.value * seconds, tick.text) for tick in ticks], unit


def _x_range(chart: Chart) -> Range:
    if chart.x.scale is Scale.CATEGORY:
        return Range(-0.5, len(chart.x.labels) - 0.5)
    values = np.concatenate([one.x for one in chart.series])
    low, high = float(values.min()), float(values.max()) + (chart.x.step or 0.0)
    if chart.x.log and chart.x.scale in {Scale.NUMBER, Scale.SPAN} and low > 0:
        return Range(low, high if high > low else low * 10, log=True)
    low = chart.x.low if chart.x.low is not None else low
    high = chart.x.high if chart.x.high is not None else high
    return Range(low, high) if high > low else Range(low - _about(low), low + _about(low))


def _about(value: float) -> float:
    """How much to show around a single value: more than the last digit that a float has."""
    return max(0.5, abs(value) * 1e-3)


def _with_y_axis(canvas: Canvas, ticks: list[Tick], bounds: Range, gutter: int) -> list[str]:
    """The rows of a plot behind their axis."""
    marks = {}
    for tick in ticks:
        share = float(bounds.share(np.array([tick.value]))[0])
        marks[min(canvas.height - 1, max(0, round((1 - share) * canvas.height - 0.5)))] = tick.text
    frame = Canvas(canvas.terminal, gutter + 2, canvas.height)
    for row in range(canvas.height):
        text = marks.get(row, "")
        frame.write(gutter - width_of(text), row, text, FAINT)
        edge = ("┤" if text else "│") if canvas.terminal.unicode else "+" if text else "|"
        frame.put(gutter + 1, row, edge, FAINT)
    return [f"{axis}{plot}".rstrip() for axis, plot in zip(frame.lines(), canvas.lines(), strict=True)]


def _with_x_axis(chart: Chart, terminal: Terminal, bounds: Range, gutter: int, width: int) -> list[str]:
    """The line below a plot, and below that what its marks mean."""
    canvas = Canvas(terminal, gutter + 2 + width, 2)
    across, corner, mark = "─└┬" if terminal.unicode else "-+|"
    canvas.put(gutter + 1, 0, corner, FAINT)
    for x in range(width):
        canvas.put(gutter + 2 + x, 0, across, FAINT)
    free = 0
    for tick in x_ticks(chart.x, bounds, width):
        place = min(width - 1, int(float(bounds.share(np.array([tick.value]))[0]) * width))
        text = terminal.fit(tick.text, max(4, _label_room(chart, width)))
        size = width_of(text)
        start = max(0, min(gutter + 2 + place - size // 2, canvas.width - size))
        if start < free:
            continue
        free = start + size + 1
        canvas.put(gutter + 2 + place, 0, mark, FAINT)
        canvas.write(start, 1, text, FAINT)
    return canvas.lines()


def _label_room(chart: Chart, width: int) -> int:
    return width // max(1, len(chart.x.labels)) - 1 if chart.x.scale is Scale.CATEGORY else width


def x_ticks(axis: Axis, bounds: Range, width: int) -> list[Tick]:
    """The marks of a horizontal axis."""
    most = max(2, width // _TICK_GAP)
    match axis.scale:
        case Scale.TIME:
            return time_ticks(bounds.low, bounds.high, most)
        case Scale.CATEGORY:
            return [Tick(at, text) for at, text in enumerate(axis.labels)]
        case Scale.SPAN:
            unit, seconds = span_unit(bounds.low, bounds.high)
            ticks = number_ticks(bounds.low / seconds, bounds.high / seconds, most)
            return [Tick(tick.value * seconds, f"{tick.text} {unit}") for tick in ticks]
        case _:
            return (log_ticks if bounds.log else number_ticks)(bounds.low, bounds.high, most)


# ----------------------------------------------------------------------------------------------------------- lines and dots


def _drawn(canvas: Canvas, chart: Chart, x_range: Range, y_range: Range) -> None:
    """Lines or dots: of braille where colours tell them apart or there is but one, else of each series' own mark."""
    terminal = canvas.terminal
    fine = terminal.unicode and (terminal.colour or len(chart.series) == 1)
    wide, tall = (2 * canvas.width, 4 * canvas.height) if fine else (canvas.width, canvas.height)
    for at, one in enumerate(chart.series):
        thin = one if chart.shape is Shape.SCATTER else _thin(one, 2 * wide)
        # A point far outside would be a line of as many steps.
        xs = np.floor(np.clip(x_range.share(thin.x), -1, 2) * wide * (1 - 1e-9))
        ys = np.floor((1 - np.clip(y_range.share(thin.y), -1, 2)) * tall * (1 - 1e-9))
        known = np.isfinite(xs) & np.isfinite(ys)
        if chart.shape is Shape.SCATTER:
            # As many dots as are told apart, however many points there are.
            xs, ys = np.divmod(np.unique(xs[known] * 4 * tall + ys[known] + tall), 4 * tall)
            ys, known = ys - tall, np.full(len(xs), True)
        points = [(int(x), int(y)) if seen else None for x, y, seen in zip(xs, ys, known, strict=True)]
        for x, y in filter(None, points) if chart.shape is Shape.SCATTER else _path(points):
            if fine:
                canvas.dot(x, y, terminal.ink(at))
            else:
                canvas.put(x, y, MARKS[at % len(MARKS)], terminal.ink(at))
        for point, stands_out in zip(points, () if thin.anomalies is None else thin.anomalies, strict=False):
            if stands_out and point:
                scale = (2, 4) if fine else (1, 1)
                canvas.put(point[0] // scale[0], point[1] // scale[1], anomaly_mark(terminal), anomaly_ink(terminal))


def anomaly_mark(terminal: Terminal) -> str:
    """What stands where an anomaly is."""
    return "●" if terminal.unicode else "O"


def anomaly_ink(terminal: Terminal) -> int | None:
    """Its colour."""
    return ANSI_ANOMALY if terminal.colour else None


def _thin(series: Series, most: int) -> Series:
    kept = extremes(series.x, series.y, most)
    if series.anomalies is not None:
        kept = np.union1d(kept, np.flatnonzero(series.anomalies))
    return Series(
        series.name, series.x[kept], series.y[kept], anomalies=None if series.anomalies is None else series.anomalies[kept]
    )


def _path(points: list[tuple[int, int] | None]) -> list[tuple[int, int]]:
    """Every place that the line through the points crosses; a gap ends it."""
    path = [point for point in points if point]
    for start, end in pairwise(points):
        if start and end:
            steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
            across, down = (end[0] - start[0]) / max(1, steps), (end[1] - start[1]) / max(1, steps)
            path += [(round(start[0] + across * step), round(start[1] + down * step)) for step in range(1, steps)]
    return path


# -------------------------------------------------------------------------------------------------------- areas and columns


def _filled(canvas: Canvas, chart: Chart, ends: list[tuple[Floats, Floats]], x_range: Range, y_range: Range) -> list[str]:
    """Columns over bins, or areas: a pillar in every column of characters."""
    edges = np.linspace(x_range.low, x_range.high, canvas.width + 1)
    grid = np.unique(np.concatenate([one.x for one in chart.series]))
    crowded = chart.x.step is not None and (x_range.high - x_range.low) / chart.x.step > canvas.width
    if x_range.log:
        edges = np.geomspace(x_range.low, x_range.high, canvas.width + 1)
    parts = [_parts(chart.x.step, one.x, *pair, edges) for one, pair in zip(chart.series, ends, strict=True)]
    for x, stack in enumerate(zip(*parts, strict=True)):
        _pillar(canvas, x, list(stack), y_range)
    return [f"a column of characters shows the largest of {math.ceil(len(grid) / canvas.width)} bins"] if crowded else []


def _parts(step: float | None, x: Floats, low: Floats, high: Floats, edges: Floats) -> list[tuple[float, float]]:
    """What a series fills in each column of characters, which stand between edges."""
    if not len(x):
        return [(0.0, 0.0)] * (len(edges) - 1)
    middles = edges[:-1] / 2 + edges[1:] / 2
    if step is None:
        room = edges[1] - edges[0]
        inside = (middles >= x[0] - room / 2) & (middles <= x[-1] + room / 2)
        lows, highs = (np.where(inside, np.interp(middles, x, edge), 0.0) for edge in (low, high))
        return list(zip(lows.tolist(), highs.tolist(), strict=True))
    starts = np.searchsorted(x, edges - step * 0.5)
    # Of a bin that is wider than a column of characters: the one that reaches over the middle.
    over = np.searchsorted(x, middles, side="right") - 1
    parts = []
    for first, last, at, middle in zip(starts, starts[1:], over, middles, strict=False):
        if first < last:
            at = first + int(np.argmax(np.abs(high[first:last])))
        elif at < 0 or x[at] + step <= middle:
            parts.append((0.0, 0.0))
            continue
        parts.append((float(low[at]), float(high[at])))
    return parts


def _groups(canvas: Canvas, chart: Chart, ends: list[tuple[Floats, Floats]], y_range: Range) -> None:
    """Columns over names: side by side, or upon each other."""
    room = canvas.width / len(chart.x.labels)
    beside = 1 if chart.stacking is not Stacking.UNSTACKED else len(chart.series)
    thick = max(1, min(8, int((room - 1) // beside)))
    for place in range(len(chart.x.labels)):
        start = int((place + 0.5) * room - thick * beside / 2)
        parts = []
        for one, (low, high) in zip(chart.series, ends, strict=True):
            found = np.flatnonzero(one.x == place)
            parts.append((float(low[found[0]]), float(high[found[0]])) if len(found) else (0.0, 0.0))
        for at in range(beside):
            shown = parts if beside == 1 else [part if at == other else (0.0, 0.0) for other, part in enumerate(parts)]
            for x in range(thick):
                _pillar(canvas, start + at * thick + x, shown, y_range)


def _pillar(canvas: Canvas, x: int, parts: list[tuple[float, float]], y_range: Range) -> None:
    """What each series fills in one column of characters, to an eighth of a character where it can be said."""
    terminal = canvas.terminal
    fine = terminal.unicode and (terminal.colour or len(parts) == 1)
    filled = []
    for at, (low, high) in enumerate(parts):
        if low == high:
            continue
        low, high = min(low, high), max(low, high)
        bottom, top = (_eighths(edge, y_range, canvas.height) for edge in (low, high))
        filled.append((bottom, max(top, bottom + 1), at))
    for row in range(canvas.height):
        base = 8 * (canvas.height - 1 - row)
        inside = sorted(
            (max(bottom, base), min(top, base + 8), at) for bottom, top, at in filled if bottom < base + 8 and top > base
        )
        if not inside:
            continue
        bottom, top, at = inside[0]
        if fine and bottom == base:
            above = terminal.ink(inside[1][2]) if len(inside) > 1 and top < base + 8 else None
            canvas.put(x, row, UP[top - base], terminal.ink(at), above)
        elif max(top - bottom for bottom, top, _ in inside) >= 4 or (not fine and base == 0):
            at = max(inside, key=lambda part: part[1] - part[0])[2]
            canvas.put(
                x, row, UP[8] if fine or (terminal.unicode and len(parts) == 1) else _solid(at, len(parts)), terminal.ink(at)
            )


def _solid(at: int, parts: int) -> str:
    return "#" if parts == 1 else MARKS[at % len(MARKS)]


def _eighths(value: float, bounds: Range, height: int) -> int:
    share = float(bounds.share(np.array([value]))[0]) if not bounds.log or value > 0 else 0.0
    return round(min(1.0, max(0.0, share)) * height * 8)
