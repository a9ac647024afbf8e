"""A result and its `render` become a chart: every choice that the query leaves open is made here, as Kusto makes it.

Source of the rules: Kusto's documentation of the render operator and of each visualization. Where it leaves the choice to who
shows the chart:

- x is the first column whose type suits the chart and that leaves a number to draw. A time chart wants a datetime, a chart of a
  continuous x a number, datetime or timespan; columns, bars and pies take any type. Arrays as make-series gives are unnested.
- y is every other number, or for a result without any every timespan; a pie has one.
- Every other column of names (string, bool, guid, and for columns and bars datetime) makes series, all of them together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kqlog.charts.chart import Axis, Chart, ChartError, Scale, Shape
from kqlog.charts.properties import Properties
from kqlog.charts.shaping import limited, shaped
from kqlog.charts.values import MEASURES, Data, array_types, unnest
from kqlog.plan.nodes import Render
from kqlog.text import write
from kqlog.types import INTEGERS, NUMBERS, Schema, Type

if TYPE_CHECKING:
    import pyarrow

SHAPES: dict[str, Shape] = {
    "timechart": Shape.LINE,
    "linechart": Shape.LINE,
    "anomalychart": Shape.LINE,
    "areachart": Shape.AREA,
    "stackedareachart": Shape.AREA,
    "columnchart": Shape.COLUMN,
    "barchart": Shape.BAR,
    "piechart": Shape.PIE,
    "scatterchart": Shape.SCATTER,
    "ladderchart": Shape.LADDER,
    "treemap": Shape.TREEMAP,
    "pivotchart": Shape.PIVOT,
    "card": Shape.CARD,
}
"""What each visualization draws."""

NOT_DRAWN: dict[str, str] = {
    "table": "table asks for the table",
    "list": "list asks for the table",
    "3Dchart": "3Dchart has no flat form: use scatterchart",
    "timepivot": "timepivot is a dialog, not a picture: use timechart or ladderchart",
    "timeline": "timeline is not drawn: use ladderchart",
    "plotly": "plotly draws itself from its JSON: hand the cell to plotly.io.from_json",
    "graph": "graph is not drawn: use graph-match for a table of its paths",
    "sankey": "sankey is not drawn: use columnchart with (kind=stacked)",
}
"""Why a visualization is shown as a table."""

_TIMED = frozenset({"timechart", "anomalychart"})
_FLOWING = frozenset({Shape.LINE, Shape.AREA, Shape.SCATTER})
"""Shapes whose x is a continuum."""
_NAMES = frozenset({Type.STRING, Type.BOOL, Type.GUID})
_SCALES = {Type.DATETIME: Scale.TIME, Type.TIMESPAN: Scale.SPAN, **dict.fromkeys(NUMBERS, Scale.NUMBER)}


@dataclass(frozen=True, slots=True)
class Roles:
    """What each column is in the chart, by position."""

    x: int
    y: tuple[int, ...]
    series: tuple[int, ...]
    anomalies: tuple[int, ...] = ()


def choose(columns: Schema, table: pyarrow.Table, render: Render | None) -> Chart:
    """The chart of a result; `table` has its rows as engines store them.

    Raises:
        ChartError: for a result that cannot be drawn so.
    """
    if render is None:
        raise ChartError("the query has no render: end it with | render timechart, or another chart")
    if render.kind in NOT_DRAWN:
        raise ChartError(NOT_DRAWN[render.kind])
    wanted, shape, data = Properties.of(render), SHAPES[render.kind], Data(columns, table)
    if wanted.kind == "map":
        raise ChartError("maps are not drawn: leave out kind=map for points on a plane")
    if not len(data):
        raise ChartError("there are no rows to draw")
    if shape is Shape.CARD:
        return _card(data, wanted)
    if shape is Shape.LADDER:
        return _finished(data, _ladder_roles(data, wanted), shape, wanted)
    data, roles = _assigned(data, render.kind, wanted)
    return _finished(data, roles, shape, replace(wanted, seeks_anomalies=render.kind == "anomalychart"))


def _card(data: Data, wanted: Properties) -> Chart:
    """The first row alone, as Kusto shows it."""
    first = data.table.slice(0, 1).to_pylist()[0]
    facts = [(column.name, _fact(value, column.type)) for value, column in zip(first.values(), data.columns, strict=True)]
    notes = wanted.notes + ((f"a card shows the first of {len(data):,} rows",) if len(data) > 1 else ())
    return Chart(Shape.CARD, wanted.title, Axis(""), Axis(""), facts=tuple(facts), notes=notes)


def _fact(value: object, type_: Type) -> str:
    return f"{value:,}" if isinstance(value, int) and type_ in INTEGERS else write(value, type_)


def _finished(data: Data, roles: Roles, shape: Shape, wanted: Properties) -> Chart:
    """The chart of known roles."""
    names = [column.name for column in data.columns]
    x_type, y_type = data.columns[roles.x].type, data.columns[roles.y[0]].type
    zone = " (UTC)" if x_type is Type.DATETIME and shape is not Shape.LADDER else ""
    x = Axis(
        wanted.xtitle or f"{names[roles.x]}{zone}", _SCALES.get(x_type, Scale.CATEGORY), wanted.xlog, wanted.xmin, wanted.xmax
    )
    y_title = names[roles.y[0]] if len(roles.y) == 1 else ""
    if shape is Shape.LADDER and y_type is Type.DATETIME:
        y_title = "UTC"
    y = Axis(wanted.ytitle or y_title, _SCALES[y_type], wanted.ylog, wanted.ymin, wanted.ymax)
    chart = Chart(shape, wanted.title, x, y, (), wanted.stacking, wanted.split, wanted.legend, notes=wanted.notes)
    return limited(shaped(chart, data, roles.x, roles.y, roles.series, roles.anomalies, wanted))


def _assigned(data: Data, kind: str, wanted: Properties) -> tuple[Data, Roles]:
    """The roles of the columns, over rows of which arrays have become several."""
    names = [column.name for column in data.columns]
    x = wanted.column("xcolumn", wanted.xcolumn, names)
    series = wanted.columns("series", wanted.series, names)
    ys = wanted.columns("ycolumns", wanted.ycolumns, names)
    anomalies = wanted.columns("anomalycolumns", wanted.anomalycolumns, names) or ()
    taken = {*(series or ()), *anomalies}
    arrays = array_types(data) if any(column.type is Type.DYNAMIC for column in data.columns) else {}
    if arrays and (x in arrays if x is not None else _spans_arrays(data, arrays, taken, kind)):
        arrays = {position: type_ for position, type_ in arrays.items() if position not in (series or ())}
        data = unnest(data, arrays)
        if not len(data):
            raise ChartError("there are no values in the arrays to draw")
        pool = list(arrays)
    else:
        pool = [position for position, column in enumerate(data.columns) if column.type is not Type.DYNAMIC]
    if x is None:
        x = _pick_x(data, kind, [at for at in pool if at not in taken and at not in (ys or ())], ys)
    if kind in _TIMED and data.columns[x].type is not Type.DATETIME:
        raise ChartError(f"{kind} wants a datetime for x, and {names[x]} is a {data.columns[x].type}: use linechart")
    if ys is None:
        ys = _pick_y(data, [at for at in pool if at != x and at not in taken])
    for at in ys:
        if data.columns[at].type not in NUMBERS | {Type.TIMESPAN}:
            raise ChartError(f"{names[at]} is no number to draw: its type is {data.columns[at].type}")
    for at in anomalies:
        if data.columns[at].type not in NUMBERS | {Type.BOOL}:
            raise ChartError(f"{names[at]} has no flags of anomalies: its type is {data.columns[at].type}")
    if not ys:
        raise ChartError(f"{kind} wants a column of numbers beside {names[x]}")
    if series is None:
        series = _pick_series(data, SHAPES[kind], {x, *ys, *anomalies})
    return data, Roles(x, ys[:1] if SHAPES[kind] in {Shape.PIE, Shape.TREEMAP, Shape.PIVOT} else ys, series, anomalies)


def _spans_arrays(data: Data, arrays: dict[int, Type], taken: set[int], kind: str) -> bool:
    """Whether x lies in arrays: where there is one of times, or nothing else to draw."""
    scalars = [
        column for at, column in enumerate(data.columns) if at not in arrays and at not in taken and column.type in NUMBERS
    ]
    return SHAPES[kind] in _FLOWING and (Type.DATETIME in arrays.values() or not scalars) and len(arrays) > 1


def _pick_x(data: Data, kind: str, pool: list[int], ys: tuple[int, ...] | None) -> int:
    """The first column that suits the chart and leaves a number to draw."""

    def leaves(x: int) -> bool:
        return bool(ys) or bool(_pick_y(data, [at for at in pool if at != x]))

    if kind in _TIMED:
        times = [at for at in pool if data.columns[at].type is Type.DATETIME]
        if not times:
            raise ChartError(f"{kind} wants a column of datetimes")
        return times[0]
    if SHAPES[kind] in _FLOWING:
        measures = [at for at in pool if data.columns[at].type in MEASURES]
        # Arrays of times stand behind what was made of them.
        measures.sort(key=lambda at: data.columns[at].type is not Type.DATETIME if len(pool) != len(data.columns) else False)
        if (x := next((at for at in measures if leaves(at)), None)) is not None:
            return x
    if (x := next((at for at in pool if leaves(at)), None)) is not None:
        return x
    raise ChartError(f"{kind} wants a column of numbers, and another one to draw them over")


def _pick_y(data: Data, pool: list[int]) -> tuple[int, ...]:
    numbers = tuple(at for at in pool if data.columns[at].type in NUMBERS)
    return numbers or tuple(at for at in pool if data.columns[at].type is Type.TIMESPAN)


def _pick_series(data: Data, shape: Shape, used: set[int]) -> tuple[int, ...]:
    names = _NAMES if shape in _FLOWING else _NAMES | {Type.DATETIME}
    return tuple(at for at, column in enumerate(data.columns) if at not in used and column.type in names)


def _ladder_roles(data: Data, wanted: Properties) -> Roles:
    """The last two columns of times or numbers are where a rung begins and ends, every other one names it."""
    names = [column.name for column in data.columns]
    series = wanted.columns("series", wanted.series, names)
    ends = wanted.columns("ycolumns", wanted.ycolumns, names)
    if ends is None:
        ends = tuple(range(len(names)))[-2:]
    types = {data.columns[at].type for at in ends}
    if len(ends) != 2 or not types <= MEASURES or len({_SCALES[type_] for type_ in types}) > 1:
        raise ChartError("ladderchart wants two columns at the end that say where each rung begins and ends")
    rest = tuple(at for at in range(len(names)) if at not in ends)
    if not rest:
        raise ChartError("ladderchart wants a column that names its rungs")
    return Roles(rest[0], ends, series if series else rest)
