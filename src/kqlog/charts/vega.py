"""A chart as a Vega-Lite 5 specification."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from kqlog.charts.chart import Axis, Chart, Floats, Scale, Series, Shape, Split, Stacking, extremes
from kqlog.charts.palette import ANOMALY, INKS, Ink, Theme, ink_on
from kqlog.charts.stacking import stacks
from kqlog.charts.ticks import short, span_unit
from kqlog.charts.treemap import Box, squarified
from kqlog.formats import visible

Json = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
MOST_POINTS = 5_000
"""More points than this are thinned out: notebooks keep every one of them in their file."""
WIDTH, HEIGHT, PANEL_HEIGHT = 640, 320, 130
_MAP_HEIGHT = 384
_CELL_WIDTH = 110
_STACKS = {Stacking.UNSTACKED: None, Stacking.STACKED: "zero", Stacking.STACKED100: "normalize"}
_CLOCK = {
    "year": "%Y",
    "quarter": "%b",
    "month": "%b",
    "week": "%b %d",
    "date": "%b %d",
    "hours": "%H:%M",
    "minutes": "%H:%M",
    "seconds": "%H:%M:%S",
    "milliseconds": ".%L",
}
"""How times are said at each step of an axis."""
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_BINS_FILLED = 0.92
_LONG_NUMBER = 1e6
"""From here on numbers of an axis are said as 1.5M."""


def specification(chart: Chart, theme: Theme = Theme.LIGHT) -> Json:
    """The specification, with its data and its colours."""
    ink = INKS[theme]
    match chart.shape:
        case Shape.CARD:
            spec = _card(chart, ink)
        case Shape.PIE:
            spec = _pie(chart)
        case Shape.TREEMAP:
            spec = _treemap(chart, ink)
        case Shape.PIVOT:
            spec = _pivot(chart)
        case Shape.LADDER:
            spec = _ladder(chart)
        case _:
            chart = thinned(chart)
            spec = _plane(chart, ink)
    title = {"text": chart.title or "", "subtitle": [f"({note})" for note in chart.notes]} if chart.title or chart.notes else None
    whole: Json = _plain({"$schema": SCHEMA, **({"title": title} if title else {}), **spec, "config": _config(ink)})
    return whole


def _plain(value: Any) -> Any:
    """The same with the characters spelled out that SVG cannot hold: what draws it ends the process at the first of them."""
    match value:
        case str():
            return value if value.isprintable() else _NOT_IN_XML.sub("\ufffd", visible(value))
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def _config(ink: Ink) -> Json:
    return {
        "background": ink.paper,
        "font": "Liberation Sans, Arial, sans-serif",
        "padding": 12,
        "view": {"stroke": None},
        "range": {"category": list(ink.series)},
        "title": {
            "color": ink.text,
            "subtitleColor": ink.faint,
            "anchor": "start",
            "fontSize": 15,
            "subtitleFontSize": 11,
            "offset": 12,
        },
        "axis": {
            "labelColor": ink.faint,
            "titleColor": ink.text,
            "titleFontWeight": "normal",
            "gridColor": ink.grid,
            "gridOpacity": ink.grid_opacity,
            "domainColor": ink.faint,
            "tickColor": ink.faint,
            "labelOverlap": True,
            "labelSeparation": 10,
            "labelLimit": 200,
            "titlePadding": 10,
        },
        "header": {"labelColor": ink.text, "titleColor": ink.text, "labelPadding": 4},
        "legend": {"labelColor": ink.text, "titleColor": ink.text, "labelLimit": 240, "symbolOpacity": 1},
        "text": {"color": ink.text},
    }


def thinned(chart: Chart) -> Chart:
    """The chart with no more than `MOST_POINTS`: of lines the extremes are kept, of dots every so many."""
    if chart.points <= MOST_POINTS:
        return chart
    share, series = max(2, MOST_POINTS // len(chart.series)), []
    for one in chart.series:
        if chart.shape is Shape.SCATTER or not len(one.x):
            kept = np.unique(np.linspace(0, max(0, len(one.x) - 1), min(share, len(one.x))).astype(np.intp))
        else:
            kept = extremes(one.x, one.y, share)
        if one.anomalies is not None:
            kept = np.union1d(kept, np.flatnonzero(one.anomalies)[:share])
        series.append(
            Series(one.name, one.x[kept], one.y[kept], anomalies=None if one.anomalies is None else one.anomalies[kept])
        )
    drawn = sum(len(one.x) for one in series)
    notes = (*chart.notes, f"{drawn:,} of {chart.points:,} points are drawn")
    return Chart(
        chart.shape, chart.title, chart.x, chart.y, tuple(series), chart.stacking, chart.split, chart.legend, chart.facts, notes
    )


# ------------------------------------------------------------------------------------------------------------------ values


def _scaled(values: Floats, axis: Axis, unit: float) -> list[Any]:
    """Values as Vega-Lite reads them: times as milliseconds, labels as text, null for a gap."""
    if axis.scale is Scale.CATEGORY:
        return [axis.labels[int(value)] for value in values]
    values = values * 1000 if axis.scale is Scale.TIME else values / unit
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _unit(axis: Axis, values: list[Floats]) -> tuple[str, float]:
    """The unit of an axis of timespans; none for others."""
    if axis.scale is not Scale.SPAN:
        return "", 1.0
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    return span_unit(float(known.min()), float(known.max())) if len(known) else ("s", 1.0)


def _channel(axis: Axis, field: str, unit: tuple[str, float], zero: bool = False) -> Json:
    """The encoding of a place on an axis."""
    title = " ".join([axis.title, *([f"({unit[0]})"] if unit[0] else [])]).strip() or None
    if axis.scale is Scale.CATEGORY:
        return {"field": field, "type": "nominal", "sort": list(axis.labels), "title": title}
    if axis.scale is Scale.TIME:
        return {"field": field, "type": "temporal", "title": title, "scale": {"type": "utc"}, "axis": {"format": _CLOCK}}
    scale: Json = {"type": "log"} if axis.log else {"zero": zero}
    if axis.step is not None:
        scale["nice"] = False
    if axis.low is not None and (axis.low > 0 or not axis.log):
        scale["domainMin"] = axis.low
    if axis.high is not None and (axis.high > 0 or not axis.log):
        scale["domainMax"] = axis.high
    return {"field": field, "type": "quantitative", "title": title, "scale": scale}


def _colour(chart: Chart, title: str | None = None) -> Json:
    """The encoding of the series, with a legend where there is more than one."""
    names = [series.name for series in chart.series]
    legend = {"title": title} if chart.legend and len(names) > 1 and chart.split is Split.NONE else None
    return {"field": "series", "type": "nominal", "sort": names, "scale": {"domain": names}, "legend": legend}


# ----------------------------------------------------------------------------------------------- lines, areas, bars, dots


def _plane(chart: Chart, ink: Ink) -> Json:
    x_unit = _unit(chart.x, [one.x for one in chart.series])
    y_unit = _unit(chart.y, [one.y for one in chart.series])
    values, ends = [], stacks(chart)
    alone = chart.stacking is not Stacking.UNSTACKED or chart.split is Split.PANELS
    for at, one in enumerate(chart.series):
        begin, end = _bins(one.x, chart.x, *(0, 1) if alone else (at, len(chart.series)))
        columns = {"x": _scaled(begin, chart.x, x_unit[1]), "y": _scaled(one.y, chart.y, y_unit[1])}
        if chart.x.step is not None:
            columns["x2"] = _scaled(end, chart.x, x_unit[1])
            low, high = ends[at]
            columns["low"], columns["high"] = _scaled(low, chart.y, y_unit[1]), _scaled(high, chart.y, y_unit[1])
        rows = [dict(zip(columns, row, strict=True), series=one.name, at=at) for row in zip(*columns.values(), strict=True)]
        if one.anomalies is not None:
            for row, stands_out in zip(rows, one.anomalies.tolist(), strict=True):
                row["anomaly"] = stands_out
        values += rows
    data = {"values": values}
    flat, tall = {"width": WIDTH, "height": HEIGHT}, {"width": WIDTH, "height": PANEL_HEIGHT}
    if chart.split is Split.PANELS:
        names = [series.name for series in chart.series]
        header = {"labelOrient": "top", "labelAnchor": "start", "labelFontSize": 12}
        row = {"field": "series", "type": "nominal", "sort": names, "title": None, "header": header}
        inner = {**tall, **_marks(chart, x_unit, y_unit)}
        return {"data": data, "facet": {"row": row}, "spec": inner, "resolve": {"scale": {"y": "independent"}}}
    if chart.split is Split.AXES:
        layers = [_own_axis(chart, at, ink.series[at % len(ink.series)], x_unit, y_unit) for at in range(len(chart.series))]
        axis = "x" if chart.shape is Shape.BAR else "y"
        return {**flat, "data": data, "layer": layers, "resolve": {"scale": {axis: "independent"}}}
    if chart.x.scale is Scale.CATEGORY:
        flat = _room(chart)
    return {**flat, "data": data, **_marks(chart, x_unit, y_unit)}


def _bins(x: Floats, axis: Axis, at: int, sharing: int) -> tuple[Floats, Floats]:
    """Where the columns of a series begin and end, when so many share each bin."""
    if axis.step is None:
        return x, x
    width = axis.step * _BINS_FILLED / sharing
    begin = x + axis.step * (1 - _BINS_FILLED) / 2 + at * width
    return begin, begin + width


def _room(chart: Chart) -> Json:
    """Bars get the height that their names need, columns the width."""
    bars = len(chart.x.labels) * (len(chart.series) if chart.stacking is Stacking.UNSTACKED else 1)
    if chart.shape is Shape.BAR:
        return {"width": WIDTH, "height": max(120, min(1600, len(chart.x.labels) * 14 + bars * 10))}
    return {"width": max(WIDTH, len(chart.x.labels) * 12, min(3 * WIDTH, bars * 8)), "height": HEIGHT}


def _own_axis(chart: Chart, at: int, colour: str, x_unit: tuple[str, float], y_unit: tuple[str, float]) -> Json:
    """A layer of one series, whose y axis has its name and colour."""
    layer = _marks(chart, x_unit, y_unit)
    channel = "x" if chart.shape is Shape.BAR else "y"
    sides = ("bottom", "top") if channel == "x" else ("left", "right")
    name = chart.series[at].name
    for encoding in (part["encoding"] for part in layer.get("layer", [layer])):
        encoding[channel] = {
            **encoding[channel],
            "title": name,
            "axis": {"titleColor": colour, "orient": sides[at % 2], "offset": at // 2 * 60, "grid": at == 0},
        }
    return {"transform": [{"filter": {"field": "series", "equal": name}}], **layer}


def _marks(chart: Chart, x_unit: tuple[str, float], y_unit: tuple[str, float]) -> Json:
    """What is drawn for the points of all series."""
    filled = chart.shape in {Shape.COLUMN, Shape.BAR, Shape.AREA}
    x = _channel(chart.x, "x", x_unit)
    y = (
        {**_channel(chart.y, "y", y_unit, zero=filled), "stack": _STACKS[chart.stacking]}
        if filled
        else _channel(chart.y, "y", y_unit)
    )
    largest = max(float(np.nanmax(np.abs(one.y), initial=0.0)) for one in chart.series)
    if filled and chart.stacking is Stacking.STACKED100:
        y["axis"] = {"format": ".0%"}
    elif largest >= _LONG_NUMBER and chart.y.scale is Scale.NUMBER:
        y["axis"] = {"format": "~s"}
    encoding: Json = {"x": x, "y": y, "color": _colour(chart), "tooltip": _tooltip(chart)}
    if chart.stacking is not Stacking.UNSTACKED:
        encoding["order"] = {"field": "at", "type": "quantitative"}
    if chart.x.scale is Scale.CATEGORY and chart.shape is Shape.COLUMN:
        flat = max(map(len, chart.x.labels)) * len(chart.x.labels) * 7 < WIDTH
        x["axis"] = {"labelAngle": 0 if flat else -40, "labelOverlap": False}
    match chart.shape:
        case Shape.SCATTER:
            mark: Json = {"type": "point", "filled": True, "opacity": 0.6, "size": 30}
        case Shape.AREA:
            alone = chart.stacking is Stacking.UNSTACKED
            mark = {"type": "area", "line": True, "opacity": 0.3} if alone else {"type": "area", "opacity": 0.85}
        case Shape.LINE:
            mark = {"type": "line", "strokeWidth": 1.6, "point": chart.points <= 30 * len(chart.series) and {"size": 18}}
        case _:
            mark = {"type": "bar"}
            if chart.x.step is not None:
                mark["orient"] = "horizontal" if chart.shape is Shape.BAR else "vertical"
            _complete_bars(chart, encoding)
    # Not always: it would cut dots at the edges in half.
    mark["clip"] = any(end is not None for axis in (chart.x, chart.y) for end in (axis.low, axis.high))
    if chart.shape is Shape.BAR:
        swaps = {"x": "y", "y": "x", "x2": "y2", "y2": "x2", "xOffset": "yOffset"}
        encoding = {swaps.get(channel, channel): value for channel, value in encoding.items()}
    base: Json = {"mark": mark, "encoding": encoding}
    if not any(one.anomalies is not None for one in chart.series):
        return base
    points = {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": ANOMALY}
    marked = {key: value for key, value in encoding.items() if key != "color"}
    return {"layer": [base, {"transform": [{"filter": "datum.anomaly === true"}], "mark": points, "encoding": marked}]}


def _complete_bars(chart: Chart, encoding: Json) -> None:
    """Where bars begin and end beside their value."""
    if chart.x.step is not None:
        encoding |= {"x2": {"field": "x2"}, "y": {**encoding["y"], "field": "high", "stack": None}, "y2": {"field": "low"}}
    elif chart.stacking is Stacking.UNSTACKED and len(chart.series) > 1 and chart.split is not Split.PANELS:
        encoding["xOffset"] = {"field": "series", "sort": [series.name for series in chart.series]}
    if chart.y.log and chart.stacking is Stacking.UNSTACKED:
        values = np.concatenate([one.y for one in chart.series])
        low = chart.y.low or 10.0 ** np.floor(np.log10(np.nanmin(values)) - 1e-9)
        encoding["y"]["scale"]["domainMin"] = low
        encoding["y2"] = {"datum": low}


def _tooltip(chart: Chart) -> list[Json]:
    x: Json = {"field": "x", "type": "nominal", "title": chart.x.title or "x"}
    if chart.x.scale is Scale.TIME:
        x |= {"type": "temporal", "timeUnit": "utcyearmonthdatehoursminutesseconds"}
    elif chart.x.scale is not Scale.CATEGORY:
        x["type"] = "quantitative"
    y = {"field": "y", "type": "quantitative", "title": chart.y.title or "y"}
    return [x, y, *([{"field": "series", "type": "nominal"}] if len(chart.series) > 1 else [])]


# -------------------------------------------------------------------------------------------------- parts, rungs, cells


def _pie(chart: Chart) -> Json:
    labels, y = chart.x.labels, chart.series[0].y
    shares = y / y.sum()
    values = [
        {"x": label, "y": value, "share": f"{share:.1%}" if share >= 0.03 else "", "at": at}
        for at, (label, value, share) in enumerate(zip(labels, y.tolist(), shares.tolist(), strict=True))
    ]
    legend = {"title": chart.x.title} if chart.legend else None
    colour = {"field": "x", "type": "nominal", "sort": list(labels), "scale": {"domain": list(labels)}, "legend": legend}
    tip = [{"field": "x", "title": chart.x.title or "x"}, {"field": "y", "type": "quantitative", "title": chart.y.title or "y"}]
    shared = {
        "theta": {"field": "y", "type": "quantitative", "stack": True},
        "order": {"field": "at", "type": "quantitative"},
        "tooltip": tip,
    }
    text = {"text": {"field": "share", "type": "nominal"}, "detail": {"field": "x", "type": "nominal"}}
    return {
        "width": HEIGHT,
        "height": HEIGHT,
        "data": {"values": values},
        "encoding": shared,
        "layer": [
            {"mark": {"type": "arc", "outerRadius": 125, "stroke": "#ffffff40"}, "encoding": {"color": colour}},
            {"mark": {"type": "text", "radius": 146, "fontSize": 11}, "encoding": text},
        ],
    }


def _treemap(chart: Chart, ink: Ink) -> Json:
    scale: Json = {"x": {"domain": [0, WIDTH]}, "y": {"domain": [0, _MAP_HEIGHT], "reverse": True}}
    corner: Json = {
        channel: {"field": channel, "type": "quantitative", "axis": None, "scale": {**scale[channel], "nice": False}}
        for channel in ("x", "y")
    }
    tip = [{"field": "series"}, {"field": "label"}, {"field": "size", "type": "quantitative"}]
    sides = {
        **corner,
        "x2": {"field": "x2"},
        "y2": {"field": "y2"},
        "color": _colour(chart, chart.x.title or None),
        "tooltip": tip,
    }
    words = {**corner, "color": {"field": "ink", "type": "nominal", "scale": None}}
    text = {"type": "text", "align": "left", "baseline": "top", "dx": 5, "fontSize": 11}
    return {
        "width": WIDTH,
        "height": _MAP_HEIGHT,
        "data": {"values": _leaves(chart, ink)},
        "layer": [
            {"mark": {"type": "rect", "stroke": ink.edge, "strokeWidth": 1.5}, "encoding": sides},
            {"mark": {**text, "dy": 4, "fontWeight": "bold"}, "encoding": {**words, "text": {"field": "named"}}},
            {"mark": {**text, "dy": 18}, "encoding": {**words, "text": {"field": "sized"}}},
        ],
    }


def _leaves(chart: Chart, ink: Ink) -> list[Json]:
    """The boxes of a treemap, with as much of their names as there is room for."""
    groups = squarified([float(one.y.sum()) for one in chart.series], Box(0, 0, WIDTH, _MAP_HEIGHT))
    leaves = []
    for at, (one, group) in enumerate(zip(chart.series, groups, strict=True)):
        for place, size, box in zip(one.x.tolist(), one.y.tolist(), squarified(one.y.tolist(), group), strict=True):
            label, room = chart.x.labels[int(place)], int((box.width - 8) / 7.2)
            said = label if len(label) <= room else label[: max(0, room - 1)].rstrip() + "…"
            leaves.append(
                {"x": box.x, "x2": box.x + box.width, "y": box.y, "y2": box.y + box.height, "series": one.name, "at": at}
                | {"label": label, "size": size, "ink": ink_on(ink.series[at % len(ink.series)])}
                | {"named": said if room >= 4 and box.height >= 15 else ""}
                | {"sized": short(size) if box.height >= 32 and len(short(size)) <= room else ""}
            )
    return leaves


def _pivot(chart: Chart) -> Json:
    values = [
        {"x": one.name, "y": chart.x.labels[int(place)], "value": value, "text": short(value)}
        for one in chart.series
        for place, value in zip(one.x.tolist(), one.y.tolist(), strict=True)
    ]
    high = max(row["value"] for row in values)
    low = min(0.0, *(row["value"] for row in values))
    columns = {"field": "x", "type": "nominal", "sort": [one.name for one in chart.series], "title": None}
    width = max(240, min(WIDTH, _CELL_WIDTH * len(chart.series)))
    flat = max(len(one.name) for one in chart.series) * 7 < width / len(chart.series)
    encoding = {
        "x": {**columns, "axis": {"orient": "top", "labelAngle": 0 if flat else -40, "labelLimit": 120, "labelOverlap": False}},
        "y": {"field": "y", "type": "nominal", "sort": list(chart.x.labels), "title": chart.x.title or None},
    }
    shade = {"field": "value", "type": "quantitative", "scale": {"scheme": "blues", "domain": [low, high]}, "legend": None}
    ink = {"condition": {"test": f"datum.value > {low + (high - low) * 0.55}", "value": "#ffffff"}, "value": "#24292f"}
    return {
        "width": width,
        "height": {"step": 24},
        "data": {"values": values},
        "encoding": encoding,
        "layer": [
            {"mark": {"type": "rect", "stroke": "#80808060"}, "encoding": {"color": shade}},
            {"mark": {"type": "text", "fontSize": 11}, "encoding": {"text": {"field": "text"}, "color": ink}},
        ],
    }


def _ladder(chart: Chart) -> Json:
    unit = _unit(chart.y, [one.y for one in chart.series])
    values = []
    for one in chart.series:
        assert one.end is not None
        columns = zip(one.x.tolist(), _scaled(one.y, chart.y, unit[1]), _scaled(one.end, chart.y, unit[1]), strict=True)
        values += [{"y": chart.x.labels[int(place)], "x": low, "x2": high, "series": one.name} for place, low, high in columns]
    encoding = {
        "x": _channel(chart.y, "x", unit),
        "x2": {"field": "x2"},
        "y": {"field": "y", "type": "nominal", "sort": list(chart.x.labels), "title": chart.x.title or None},
        "color": _colour(chart),
    }
    mark = {"type": "bar", "height": {"band": 0.6}, "minBandSize": 3, "clip": True}
    height = max(100, 22 * len(chart.x.labels))
    return {"width": WIDTH, "height": height, "data": {"values": values}, "mark": mark, "encoding": encoding}


def _card(chart: Chart, ink: Ink) -> Json:
    values = [{"name": name, "value": value, "at": at} for at, (name, value) in enumerate(chart.facts)]
    wide = max(150, min(WIDTH // max(1, len(values)), 60 + 20 * max(len(fact[1]) for fact in chart.facts)))
    size = max(12, min(40, int(wide / (max(1, *(len(value) for _, value in chart.facts)) * 0.62))))
    x = {"field": "at", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.1}}
    return {
        "width": {"step": wide},
        "height": 90,
        "data": {"values": values},
        "encoding": {"x": x},
        "layer": [
            {"mark": {"type": "text", "fontSize": size, "dy": -8}, "encoding": {"text": {"field": "value", "type": "nominal"}}},
            {
                "mark": {"type": "text", "fontSize": 12, "dy": 26, "color": ink.faint},
                "encoding": {"text": {"field": "name", "type": "nominal"}},
            },
        ],
    }
