"""What a chart makes of columns when the query leaves it open, as Kusto's documentation says; and what it makes of each property."""

from __future__ import annotations

import pytest

import kqlog
from kqlog.charts.chart import ChartError, Scale, Split, Stacking

HOURS = "datatable(t: datetime, who: string, where_: string, n: long, m: real) [datetime(2026-03-09 01:00), 'a', 'x', 1, 2.5, "
HOURS += "datetime(2026-03-09 00:00), 'b', 'x', 3, 4.5, datetime(2026-03-09 01:00), 'b', 'y', 5, 6.5]"
SERIES = "datatable(who: string, n: dynamic, flags: dynamic, t: dynamic) "
SERIES += (
    "['a', dynamic([1, null, 3]), dynamic([0, 0, -1]), dynamic(['2026-03-09T00:00:00.0000000Z', '2026-03-09T01:00:00.0000000Z', "
)
SERIES += "'2026-03-09T02:00:00.0000000Z'])]"


def chart(query):
    return kqlog.query(query).chart()


CHOICES = [
    # query, x, y, series
    (f"{HOURS} | project t, n | render timechart", "t", "n", ["n"]),
    (f"{HOURS} | project n, t | render timechart", "t", "n", ["n"]),
    (f"{HOURS} | project t, n, m | render timechart", "t", "", ["n", "m"]),
    (f"{HOURS} | project who, t, n | render timechart", "t", "n", ["a", "b"]),
    (f"{HOURS} | project who, t, n | render linechart", "t", "n", ["a", "b"]),
    (f"{HOURS} | project t, who, n, m | render timechart", "t", "", ["a: n", "a: m", "b: n", "b: m"]),
    (f"{HOURS} | render timechart with (ycolumns=n)", "t", "n", ["a, x", "b, x", "b, y"]),
    (f"{HOURS} | render timechart with (ycolumns=n, series=who)", "t", "n", ["a", "b"]),
    (f"{HOURS} | project n, m | render linechart", "n", "m", ["m"]),
    (f"{HOURS} | project n, m | render scatterchart", "n", "m", ["m"]),
    (f"{HOURS} | project n, m | render areachart with (xcolumn=m)", "m", "n", ["n"]),
    (f"{HOURS} | project n, m, who | render scatterchart", "n", "m", ["a", "b"]),
    (f"{HOURS} | project who, n | render linechart", "who", "n", ["n"]),
    (f"{HOURS} | project who, n | render columnchart", "who", "n", ["n"]),
    (f"{HOURS} | project n, who | render barchart", "who", "n", ["n"]),
    (f"{HOURS} | project who, where_, n | render barchart", "who", "n", ["x", "y"]),
    (f"{HOURS} | project t, who, n | render columnchart", "t", "n", ["a", "b"]),
    (f"{HOURS} | project who, n, m | render piechart", "who", "n", ["n"]),
    (f"{HOURS} | project who, where_, n | render treemap", "who", "n", ["a", "b"]),
    (f"{HOURS} | project who, where_, n | render pivotchart", "who", "n", ["x", "y"]),
    (f"{HOURS} | extend d = 2m | project t, d | render timechart", "t", "d", ["d"]),
    (f"{SERIES} | project who, n, t | render timechart", "t", "n", ["a"]),
    (f"{SERIES} | project who, n, t | render linechart", "t", "n", ["a"]),
    (f"{SERIES} | render anomalychart with (anomalycolumns=flags)", "t", "n", ["a"]),
    ("print i = dynamic([1, 2]), n = dynamic([3, 4]) | render linechart", "i", "n", ["n"]),
    ("print ['a, b'] = 1, n = 2 | render linechart with (ycolumns='a, b')", "n", "a, b", ["a, b"]),
]


@pytest.mark.parametrize(
    ("query", "x", "y", "series"), CHOICES, ids=[query[query.index("| render") + 2 :] for query, *_ in CHOICES]
)
def test_what_the_query_leaves_out(query, x, y, series):
    found = chart(query)
    assert found.x.title.split(" (")[0] == x
    assert found.y.title == y
    assert [one.name for one in found.series] == series


def test_times_are_in_order_and_named_with_their_zone_and_day():
    found = chart(f"{HOURS} | project t, n | render timechart")
    assert found.x.title == "t (UTC, 2026-03-09)"
    assert found.x.scale is Scale.TIME
    assert found.series[0].y.tolist() == [3, 1, 5]


def test_names_keep_the_order_of_rows():
    found = chart("datatable(w: string, n: long) ['z', 1, 'a', 2] | render columnchart")
    assert found.x.labels == ("z", "a")


def test_arrays_become_points_with_their_gaps_and_anomalies():
    (one,) = chart(f"{SERIES} | render anomalychart with (anomalycolumns=flags)").series
    assert one.y.tolist()[::2] == [1, 3]
    assert one.y[1] != one.y[1]
    assert one.anomalies.tolist() == [False, False, True]


def test_an_anomalychart_without_columns_of_them_looks_for_anomalies():
    query = "range x from 1 to 60 step 1 | extend t = datetime(2026-03-09) + x * 1h, n = iff(x == 40, 500.0, 10.0 + x % 3)"
    (one,) = chart(f"{query} | project t, n | render anomalychart").series
    assert one.anomalies.nonzero()[0].tolist() == [39]


def test_regular_numbers_are_bins_and_others_stand_as_names():
    bins = chart("range x from 0 to 90 step 10 | extend n = x | render columnchart")
    assert (bins.x.scale, bins.x.step) == (Scale.NUMBER, 10)
    names = chart("datatable(id: long, n: long) [4720, 1, 1102, 2, 4624, 3] | render columnchart")
    assert names.x.labels == ("1102", "4624", "4720")
    assert dict(zip(names.series[0].x, names.series[0].y, strict=True)) == {0: 2, 1: 3, 2: 1}


def test_bars_of_one_place_are_added_up():
    found = chart("datatable(w: string, n: long) ['a', 1, 'b', 2, 'a', 4] | render barchart")
    assert found.series[0].y.tolist() == [5, 2]
    assert found.notes == ("rows of the same w are added up",)


def test_accumulate():
    found = chart("datatable(x: long, n: long) [3, 1, 1, 10, 2, 100] | render linechart with (accumulate=true)")
    assert found.series[0].y.tolist() == [10, 110, 111]


def test_stacked_areas_have_every_x():
    rows = "datatable(x: long, w: string, n: long) [1, 'a', 1, 2, 'b', 2]"
    first, second = chart(f"{rows} | render stackedareachart").series
    assert (first.x.tolist(), first.y.tolist(), second.y.tolist()) == ([1, 2], [1, 0], [0, 2])


PROPERTIES = [
    ("kind=stacked", lambda found: found.stacking is Stacking.STACKED),
    ("kind=stacked100", lambda found: found.stacking is Stacking.STACKED100),
    ("kind=unstacked", lambda found: found.stacking is Stacking.UNSTACKED),
    ("kind=default", lambda found: found.stacking is Stacking.UNSTACKED),
    ("ysplit=panels", lambda found: found.split is Split.PANELS),
    ("ysplit=axes", lambda found: found.split is Split.AXES),
    ("ysplit=none", lambda found: found.split is Split.NONE),
    ("legend=hidden", lambda found: not found.legend),
    ("legend=visible", lambda found: found.legend),
    ("title='T'", lambda found: found.title == "T"),
    ("xtitle='X', ytitle='Y'", lambda found: (found.x.title, found.y.title) == ("X", "Y")),
    ("ymin=-1.5, ymax=9", lambda found: (found.y.low, found.y.high) == (-1.5, 9)),
    ("yaxis=log", lambda found: found.y.log),
    ("xaxis=log", lambda found: found.x.log),
    ("kind=wavy", lambda found: found.notes == ("kind is one of default, unstacked, stacked, stacked100, map, not 'wavy'",)),
]


@pytest.mark.parametrize(("said", "holds"), PROPERTIES, ids=[said for said, _ in PROPERTIES])
def test_properties(said, holds):
    assert holds(chart(f"print x = 1, a = 2, b = 3 | render areachart with ({said})"))


def test_no_more_series_panels_and_names_than_are_told_apart():
    many = "range x from 1 to 2000 step 1 | extend n = 1, w = tostring(x % 30)"
    assert chart(f"{many} | render linechart").notes == ("the first 20 of 30 series are drawn",)
    panels = chart("print x = 1, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6 | render linechart with (ysplit=panels)")
    assert (len(panels.series), panels.notes) == (5, ("the first 5 of 6 panels are drawn",))
    names = chart("range x from 1 to 2000 step 1 | project w = strcat('n', x), n = 1 | render barchart")
    assert (len(names.x.labels), names.notes) == (100, ("the first 100 of 2,000 names of w are drawn",))
    slices = chart("range x from 1 to 2000 step 1 | project w = strcat('n', x), n = x | render piechart")
    assert slices.x.labels[-1] == "1989 others"
    assert slices.series[0].y.sum() == 2000 * 2001 / 2


REFUSED = [
    ("print 1", "the query has no render"),
    ("print 1 | render 3Dchart", "3Dchart has no flat form"),
    ("print 1 | render timepivot", "timepivot is a dialog"),
    ("print 'x' | render columnchart", "columnchart wants a column of numbers"),
    ("print 1 | render piechart", "piechart wants a column of numbers, and another one"),
    ("print a = 1, b = 2 | render timechart", "timechart wants a column of datetimes"),
    ("print t = now() | render timechart", "timechart wants a column of numbers beside t"),
    ("print a = 1, b = 2 | render timechart with (xcolumn=a)", "timechart wants a datetime for x, and a is a long"),
    ("print a = 1, b = 'x' | render linechart with (ycolumns=b)", "b is no number to draw"),
    ("print a = 1, b = 2 | render linechart with (ycolumns=c)", "ycolumns names the column 'c'"),
    ("print a = 1, b = 2 | where a > 1 | render linechart", "there are no rows"),
    ("print a = 'x', b = long(null) | render columnchart", "nothing but nulls"),
    ("print a = 'x', b = -1 | render piechart", "no number above 0"),
    ("print a = 1.0, b = 2.0 | render scatterchart with (kind=map)", "maps are not drawn"),
    ("print t = now(), a = 1, b = 'x' | render anomalychart with (anomalycolumns=b)", "b has no flags of anomalies"),
    ("print a = 'x', b = 1 | render ladderchart", "ladderchart wants two columns"),
]


@pytest.mark.parametrize(("query", "why"), REFUSED, ids=[query for query, _ in REFUSED])
def test_what_cannot_be_drawn_says_why(query, why):
    with pytest.raises(ChartError) as caught:
        chart(query)
    assert why in str(caught.value)


def test_a_number_that_a_scale_has_no_place_for_is_counted():
    found = chart("datatable(x: long, n: long) [1, 10, 2, 0, 3, -5] | render linechart with (yaxis=log)")
    assert found.series[0].y.tolist() == [10]
    assert found.notes == ("2 points at or below 0 have no place on a logarithmic scale",)
    found = chart("datatable(t: datetime, n: long) [datetime(2026-03-09), 1, datetime(null), 2] | render timechart")
    assert found.notes == ("1 row is not drawn for want of t",)
