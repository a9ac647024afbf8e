"""A chart as text graphics of a terminal."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from kqlog.charts.canvas import BOLD, FAINT, MARKS, Terminal, styled
from kqlog.charts.chart import Chart, Shape, Split, Stacking
from kqlog.charts.lists import bars, card, ladder, pie, pivot, treemap
from kqlog.charts.plots import anomaly_ink, anomaly_mark, plane
from kqlog.formats import width_of

_MOST_ROWS = 32
"""No plot is higher, however high the terminal is."""
_KEPT_ROWS = 2
"""Rows of the terminal for the prompt and what stands above it."""
_NARROWEST = 20


def draw(chart: Chart, terminal: Terminal) -> str:
    """The text graphics, of lines that fit the terminal; ends without a line break."""
    if terminal.width < _NARROWEST:
        terminal = Terminal(_NARROWEST, terminal.height, terminal.colour, terminal.unicode)
    head = [styled(terminal, line, BOLD) for line in wrapped(terminal, chart.title)] if chart.title else []
    if chart.shape is Shape.COLUMN and not _names_fit(chart, terminal):
        note = "columns are drawn as bars, since their names do not fit below them"
        chart = replace(chart, shape=Shape.BAR, notes=(*chart.notes, note))
    if measure := _measure(chart):
        head += [styled(terminal, line, FAINT) for line in wrapped(terminal, measure)]
    legend = _legend(chart, terminal)
    foot = _named(chart, terminal)
    rows = terminal.height - _KEPT_ROWS - len(head) - len(foot) - len(legend) - len(chart.notes)
    rows = min(rows, _MOST_ROWS, 3 + terminal.width // 2)
    lines, notes = _body(chart, terminal, max(6, rows))
    said = [line for note in (*chart.notes, *notes) for line in wrapped(terminal, f"({note})")]
    return "\n".join([*head, *lines, *foot, *legend, *(styled(terminal, line, FAINT) for line in said)])


def _body(chart: Chart, terminal: Terminal, rows: int) -> tuple[list[str], list[str]]:
    match chart.shape:
        case Shape.CARD:
            return card(chart, terminal), []
        case Shape.PIE:
            return pie(chart, terminal), []
        case Shape.BAR:
            return bars(chart, terminal), []
        case Shape.TREEMAP:
            return treemap(chart, terminal, rows), []
        case Shape.PIVOT:
            return pivot(chart, terminal)
        case Shape.LADDER:
            return ladder(chart, terminal), []
        case _:
            return plane(chart, terminal, rows)


def _names_fit(chart: Chart, terminal: Terminal) -> bool:
    """Whether each column has room for its name, and for one character of each series."""
    labels = chart.x.labels
    if not labels:
        return True
    room = (terminal.width - 8) // len(labels) - 1
    beside = len(chart.series) if chart.stacking is Stacking.UNSTACKED and chart.split is Split.NONE else 1
    return room >= max(beside, *map(width_of, labels))


def wrapped(terminal: Terminal, text: str) -> list[str]:
    """A text in lines that fit."""
    return textwrap.wrap(terminal.text(text), terminal.width) or [""]


def _measure(chart: Chart) -> str:
    """What is drawn, over what where no axis below says it."""
    if chart.shape in {Shape.BAR, Shape.PIE, Shape.TREEMAP, Shape.PIVOT}:
        return " by ".join(title for title in (chart.y.title, chart.x.title) if title)
    return "" if chart.shape in {Shape.CARD, Shape.LADDER} else chart.y.title


def _named(chart: Chart, terminal: Terminal) -> list[str]:
    """The name of the horizontal axis, in the middle."""
    title = chart.y.title if chart.shape is Shape.LADDER else chart.x.title
    if not title or chart.shape in {Shape.BAR, Shape.PIE, Shape.TREEMAP, Shape.PIVOT, Shape.CARD}:
        return []
    text = terminal.fit(title, terminal.width)
    return [styled(terminal, " " * ((terminal.width - width_of(text)) // 2) + text, FAINT)]


def _legend(chart: Chart, terminal: Terminal) -> list[str]:
    """The series by their marks, as many a line as fit."""
    marked = any(one.anomalies is not None for one in chart.series)
    unnamed = {Shape.PIE, Shape.PIVOT, Shape.CARD, *([] if terminal.colour else [Shape.TREEMAP])}
    if chart.shape in unnamed or not chart.legend or chart.split is not Split.NONE:
        return []
    entries = []
    if len(chart.series) > 1:
        names = [terminal.fit(one.name, min(40, terminal.width - 2)) for one in chart.series]
        entries = [(mark(chart, terminal, at), name, terminal.ink(at)) for at, name in enumerate(names)]
    if marked:
        entries.append((anomaly_mark(terminal), "anomalies", anomaly_ink(terminal)))
    lines: list[str] = []
    room = 0
    for sign, name, ink in entries:
        size = width_of(name) + 2
        text = f"{styled(terminal, sign, ink)} {name}"
        if lines and size + 2 <= room:
            lines[-1] += f"  {text}"
            room -= size + 2
        else:
            lines.append(text)
            room = terminal.width - size
    return lines


def mark(chart: Chart, terminal: Terminal, series: int) -> str:
    """What stands for a series in the legend."""
    if not terminal.colour or not terminal.unicode:
        return MARKS[series % len(MARKS)]
    return "━" if chart.shape is Shape.LINE else "•" if chart.shape is Shape.SCATTER else "■"
