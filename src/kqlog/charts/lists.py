"""Text graphics that are lists: bars, pies, ladders, pivot tables, treemaps and cards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kqlog.charts.canvas import BOLD, FAINT, MARKS, RIGHT, Canvas, Terminal, styled
from kqlog.charts.chart import Chart, Floats, Scale, Split, Stacking
from kqlog.charts.plots import Range, x_ticks
from kqlog.charts.stacking import stacks
from kqlog.charts.ticks import exact, moment_text, short, span_unit
from kqlog.charts.treemap import Box, squarified
from kqlog.formats import align, width_of

_LABEL_SHARE = 0.4
"""How much of a line names may take."""


def bars(chart: Chart, terminal: Terminal) -> list[str]:
    """A line for each bar: name, bar, value."""
    if chart.split is not Split.NONE:
        return [line for at in range(len(chart.series)) for line in _part_of(chart, terminal, at)]
    places = np.unique(np.concatenate([one.x for one in chart.series])).tolist()
    names = [_place_name(chart, place) for place in places]
    ends, beside = stacks(chart), chart.stacking is Stacking.UNSTACKED
    rows: list[tuple[str, list[tuple[int, float, float]], str]] = []
    for place, name in zip(places, names, strict=True):
        parts = []
        for at, (one, (low, high)) in enumerate(zip(chart.series, ends, strict=True)):
            found = np.flatnonzero(one.x == place)
            if len(found) and np.isfinite(one.y[found[0]]):
                parts.append((at, float(low[found[0]]), float(high[found[0]]), float(one.y[found[0]])))
        if beside:
            for position, (at, start, stop, value) in enumerate(parts):
                rows.append((name if not position else "", [(at, start, stop)], _value(chart, value)))
        else:
            rows.append((name, [part[:3] for part in parts], _value(chart, sum(part[3] for part in parts))))
    return _strips(rows, chart, terminal)


def _part_of(chart: Chart, terminal: Terminal, at: int) -> list[str]:
    """The panel of one series, below its name."""
    alone = replace(chart, series=(chart.series[at],), split=Split.NONE)
    return [styled(terminal, terminal.fit(chart.series[at].name, terminal.width), terminal.ink(at)), *bars(alone, terminal)]


def _place_name(chart: Chart, place: float) -> str:
    match chart.x.scale:
        case Scale.CATEGORY:
            return chart.x.labels[int(place)]
        case Scale.TIME:
            return moment_text(place)
        case _:
            return _amount(place, chart.x.scale)


def _value(chart: Chart, value: float) -> str:
    return _amount(value, chart.y.scale)


def _amount(value: float, scale: Scale) -> str:
    if scale is not Scale.SPAN:
        return exact(value)
    unit, seconds = span_unit(value, value)
    return f"{short(value / seconds)} {unit}"


def _strips(rows: list[tuple[str, list[tuple[int, float, float]], str]], chart: Chart, terminal: Terminal) -> list[str]:
    """Rows of names, parts and values as lines."""
    edges = [edge for _, parts, _ in rows for part in parts for edge in part[1:]]
    low, high = min(0.0, *edges), max(0.0, *edges)
    if chart.y.log:
        low = chart.y.low or 10.0 ** np.floor(np.log10(min(edge for edge in edges if edge > 0)) - 1e-9)
    low = chart.y.low if chart.y.low is not None and not chart.y.log else low
    high = chart.y.high if chart.y.high is not None else high
    bounds = Range(low, high if high > low else low + 1, chart.y.log)
    number = max(len(value) for _, _, value in rows)
    longest = max(width_of(terminal.text(name)) for name, _, _ in rows)
    label = min(longest, int(terminal.width * _LABEL_SHARE), max(1, terminal.width - number - 4))
    room = max(2, terminal.width - label - number - 2)
    lines = []
    for name, parts, value in rows:
        canvas = Canvas(terminal, room, 1)
        for at, start, stop in parts:
            _strip(canvas, at, _place(bounds, start), _place(bounds, stop), len(chart.series))
        lines.append(f"{align(terminal.fit(name, label), label, False)} {canvas.lines()[0]} {value}")
    return lines


def _seen(strip: str, terminal: Terminal) -> int:
    """How wide a drawn strip is on the screen."""
    if not terminal.colour:
        return len(strip)
    plain, inside = 0, False
    for char in strip:
        inside = inside or char == "\x1b"
        plain += not inside
        inside = inside and char != "m"
    return plain


def _place(bounds: Range, value: float) -> float:
    if bounds.log and value <= 0:
        return 0.0
    return min(1.0, max(0.0, float(bounds.share(np.array([value]))[0])))


def _strip(canvas: Canvas, series: int, start: float, stop: float, parts: int) -> None:
    """A part of a bar between two shares of the room, to an eighth of a character where it can be said."""
    terminal = canvas.terminal
    first, last = sorted((round(start * canvas.width * 8), round(stop * canvas.width * 8)))
    last = max(last, first + 1) if start != stop else last
    fine = terminal.unicode and (terminal.colour or parts == 1)
    for x in range(first // 8, -(-last // 8)):
        covered = min(8, last - 8 * x) - max(0, first - 8 * x)
        if covered <= 0:
            continue
        if fine and first <= 8 * x:
            canvas.put(x, 0, RIGHT[covered], terminal.ink(series))
        elif covered >= 4:
            solid = "█" if fine else "#" if parts == 1 else MARKS[series % len(MARKS)]
            canvas.put(x, 0, solid, terminal.ink(series))
        elif not fine and last - first < 8:
            canvas.put(x, 0, "|" if parts == 1 else MARKS[series % len(MARKS)], terminal.ink(series))


def pie(chart: Chart, terminal: Terminal) -> list[str]:
    """A line for each slice: name, share as a bar and in percent, size."""
    sizes: Floats = chart.series[0].y
    shares = sizes / sizes.sum()
    amounts = [_amount(size, chart.y.scale) for size in sizes.tolist()]
    label = min(max(width_of(terminal.text(name)) for name in chart.x.labels), int(terminal.width * _LABEL_SHARE))
    number = max(map(len, amounts)) if terminal.width >= 40 else 0
    room = max(2, terminal.width - label - 8 - (number + 1 if number else 0))
    lines = []
    for at, (name, share, amount) in enumerate(zip(chart.x.labels, shares.tolist(), amounts, strict=True)):
        canvas = Canvas(terminal, room, 1)
        _strip(canvas, at, 0.0, share / float(shares.max()), 1)
        strip = canvas.lines()[0] + " " * (room - _seen(canvas.lines()[0], terminal))
        said = f"{share:6.1%}" + (f" {amount:>{number}}" if number else "")
        lines.append(f"{align(terminal.fit(name, label), label, False)} {strip} {said}")
    return lines


def ladder(chart: Chart, terminal: Terminal) -> list[str]:
    """A line for each rung over an axis of what they span."""
    lows = np.concatenate([one.y for one in chart.series])
    highs = np.concatenate([one.end for one in chart.series if one.end is not None])
    low, high = float(lows.min()), float(highs.max())
    bounds = Range(low, high) if high > low else Range(low - 0.5, low + 0.5)
    names = chart.x.labels
    label = min(max(width_of(terminal.text(name)) for name in names), int(terminal.width * _LABEL_SHARE))
    width = terminal.width - label - 1
    strips: dict[int, Canvas] = {}
    for at, one in enumerate(chart.series):
        assert one.end is not None
        for place, begin, end in zip(one.x.tolist(), one.y.tolist(), one.end.tolist(), strict=True):
            canvas = strips.setdefault(int(place), Canvas(terminal, width, 1))
            start, stop = _place(bounds, begin), _place(bounds, end)
            _strip(canvas, at, min(start, 1 - 1 / width), max(stop, start + 1 / (8 * width)), len(chart.series))
    lines = [
        f"{align(terminal.fit(names[place], label), label, False)} {canvas.lines()[0]}"
        for place, canvas in sorted(strips.items())
    ]
    axis = Canvas(terminal, terminal.width, 2)
    across, mark = "─┬" if terminal.unicode else "-+"
    for x in range(width):
        axis.put(label + 1 + x, 0, across, FAINT)
    free = 0
    for tick in x_ticks(chart.y, bounds, width):
        place = label + 1 + min(width - 1, int(_place(bounds, tick.value) * width))
        start_at = max(0, min(place - len(tick.text) // 2, terminal.width - len(tick.text)))
        if start_at >= free:
            axis.put(place, 0, mark, FAINT)
            axis.write(start_at, 1, tick.text, FAINT)
            free = start_at + len(tick.text) + 1
    return lines + axis.lines()


def treemap(chart: Chart, terminal: Terminal, rows: int) -> list[str]:
    """Boxes, with as much of their names as fits."""
    height = max(6, min(rows, terminal.width // 3))
    canvas = Canvas(terminal, terminal.width, height)
    room = Box(0, 0, terminal.width - 1, height - 1)
    # A character is twice as high as wide: boxes are laid out in squares.
    square = Box(0, 0, room.width, room.height * 2)
    named = []
    for at, (one, group) in enumerate(
        zip(chart.series, squarified([float(one.y.sum()) for one in chart.series], square), strict=True)
    ):
        for place, size, box in zip(one.x.tolist(), one.y.tolist(), squarified(one.y.tolist(), group), strict=True):
            left, right = round(box.x), round(box.x + box.width)
            top, bottom = round(box.y / 2), round((box.y + box.height) / 2)
            canvas.box(left, top, right, bottom)
            named.append((left + 1, top + 1, right - left - 1, bottom - top - 1, chart.x.labels[int(place)], size, at))
    for x, y, width, tall, name, size, at in named:
        if tall >= 1 and width >= 2:
            canvas.write(x, y, terminal.fit(name, width), terminal.ink(at))
        if tall >= 2 and width >= len(short(size)):
            canvas.write(x, y + 1, short(size), FAINT)
        if tall >= 3 and width >= 4 and len(chart.series) > 1:
            canvas.write(x, y + 2, terminal.fit(chart.series[at].name, width), FAINT)
    return canvas.lines()


def pivot(chart: Chart, terminal: Terminal) -> tuple[list[str], list[str]]:
    """A table of sums: a row for each name, a column for each series."""
    cells = {(int(place), at): value for at, one in enumerate(chart.series) for place, value in zip(one.x, one.y, strict=True)}
    label = min(max(width_of(terminal.text(name)) for name in chart.x.labels), int(terminal.width * _LABEL_SHARE))
    columns, room = [], terminal.width - label
    for at, one in enumerate(chart.series):
        texts = [_value(chart, float(cells[row, at])) if (row, at) in cells else "" for row in range(len(chart.x.labels))]
        width = max([min(width_of(terminal.text(one.name)), 14, max(4, room - 2)), *map(len, texts)])
        if width + 2 > room:
            break
        room -= width + 2
        columns.append((terminal.fit(one.name, width), texts, width))
    head = " " * label + "".join(f"  {align(name, width, True)}" for name, _, width in columns)
    lines = [styled(terminal, head, BOLD)]
    for row, name in enumerate(chart.x.labels):
        lines.append(
            align(terminal.fit(name, label), label, False)
            + "".join(f"  {align(texts[row], width, True)}" for _, texts, width in columns)
        )
    names = ", ".join(one.name for one in chart.series[len(columns) :])
    return [line.rstrip() for line in lines], [f"no room for {names}"] if names else []


def card(chart: Chart, terminal: Terminal) -> list[str]:
    """Values over their names, side by side as far as they fit."""
    lines: list[str] = []
    room, above, below = 0, "", ""
    for name, value in chart.facts:
        size = min(terminal.width, max(width_of(terminal.text(name)), width_of(terminal.text(value))))
        if above and size + 4 > room:
            lines += [above.rstrip(), below.rstrip(), ""]
            above = below = ""
        gap = "    " if above else ""
        room = (room if above else terminal.width) - size - len(gap)
        above += gap + styled(terminal, align(terminal.fit(value, size), size, False), BOLD)
        below += gap + styled(terminal, align(terminal.fit(name, size), size, False), FAINT)
    return [*lines, above.rstrip(), below.rstrip()]
