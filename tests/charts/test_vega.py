"""Vega-Lite specifications, judged by its schema, and the files that are drawn from them."""

from __future__ import annotations

import json
import re
import struct
import sys
import zlib
from pathlib import Path

import altair
import pytest

import kqlog
from kqlog.charts.chart import ChartError

DOCS = Path(__file__).parents[2] / "docs"
ROWS = """
range x from 1 to 60 step 1
| extend t = datetime(2026-03-09) + x * 1h, n = x * (60 - x), w = strcat('web-', x % 3)
"""
FLAGS = f"{ROWS} | summarize n = make_list(n), t = make_list(t) | extend f = series_decompose_anomalies(n)"
QUERIES = {
    "timechart": f"{ROWS} | project t, n, w | render timechart with (title='T', ytitle='y', ymin=0, ymax=500)",
    "linechart on a logarithmic axis": f"{ROWS} | project x, n | where n > 0 | render linechart with (xaxis=log, yaxis=log)",
    "linechart over names": f"{ROWS} | project w, n | render linechart",
    "timespans": f"{ROWS} | project t, d = x * 1m | render timechart",
    "axes": f"{ROWS} | project t, n, x, y = x * 2 | render timechart with (ysplit=axes)",
    "panels": f"{ROWS} | project t, n, w | render areachart with (ysplit=panels)",
    "anomalychart": f"{FLAGS} | render anomalychart with (anomalycolumns=f, ycolumns=n)",
    "areachart": f"{ROWS} | project t, n, w | render areachart with (legend=hidden)",
    "areachart stacked": f"{ROWS} | project t, n, w | render areachart with (kind=stacked)",
    "stackedareachart": f"{ROWS} | project t, n, w | render stackedareachart",
    "areachart stacked100": f"{ROWS} | project t, n, w | render areachart with (kind=stacked100)",
    "columnchart over bins": f"{ROWS} | project t, n, w | render columnchart with (kind=stacked)",
    "columnchart side by side": f"{ROWS} | project w, n, x | render columnchart",
    "columnchart with axes": f"{ROWS} | project t, n, x | render columnchart with (ysplit=axes)",
    "barchart": f"{ROWS} | project w, n | render barchart",
    "barchart over bins": f"{ROWS} | project t, n | render barchart",
    "barchart on a logarithmic axis": f"{ROWS} | where n > 0 | project w, n, x | render barchart with (yaxis=log)",
    "barchart stacked100": f"{ROWS} | project w, n, x | render barchart with (kind=stacked100, ysplit=panels)",
    "piechart": f"{ROWS} | project w, n | render piechart",
    "scatterchart": f"{ROWS} | project x, n, w | render scatterchart with (xmin=0)",
    "ladderchart": f"{ROWS} | project w, t, e = t + 1h | render ladderchart",
    "treemap": f"{ROWS} | project w, y = tostring(x), n | render treemap",
    "pivotchart": f"{ROWS} | project w, y = tostring(x % 2), n | render pivotchart",
    "card": "print a = 1, b = 'two' | render card with (title='Both')",
}


@pytest.mark.parametrize("name", QUERIES)
def test_specifications_are_valid_and_draw_something(name, tmp_path):
    file, result = tmp_path / "chart.png", kqlog.query(QUERIES[name])
    spec = result.to_vega()
    json.dumps(spec, allow_nan=False)
    altair.Chart.from_dict(spec)
    result.save(file)
    colours = pixels(file.read_bytes())
    assert len(colours) > 20


@pytest.mark.parametrize("theme", ["dark", "neutral"])
def test_every_theme_is_valid(theme):
    altair.Chart.from_dict(kqlog.query(QUERIES["treemap"]).to_vega(theme))


def pixels(png: bytes) -> set[bytes]:
    """The first 10,000 different rows of pixels, unfiltered as they are stored: many, when something is drawn."""
    assert png.startswith(b"\x89PNG")
    (width,) = struct.unpack(">I", png[16:20])
    data, place = b"", 8
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + size]
        place += size + 12
    raw, stride = zlib.decompress(data), 4 * width + 1
    return {raw[start : start + stride] for start in range(0, len(raw), stride)}


def test_dark_paper_is_dark(tmp_path):
    result = kqlog.query(QUERIES["timechart"])
    result.save(tmp_path / "light.svg")
    result.save(tmp_path / "dark.svg", "dark")
    assert 'fill="#ffffff"' in (tmp_path / "light.svg").read_text()
    assert 'fill="#1e1e1e"' in (tmp_path / "dark.svg").read_text()


def test_html_needs_no_network(tmp_path):
    kqlog.query(QUERIES["barchart"]).save(tmp_path / "chart.html")
    page = (tmp_path / "chart.html").read_text("utf-8")
    assert "web-1" in page
    assert "<script src" not in page
    assert "<link" not in page


def test_files_without_the_extra_name_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ModuleNotFoundError, match=r"kqlog\[charts\]"):
        kqlog.query(QUERIES["barchart"]).save(tmp_path / "chart.png")
    assert not (tmp_path / "chart.png").exists()


def test_characters_that_no_picture_can_hold_are_spelled_out(tmp_path):
    bad = "strcat('a', make_string(0, 11, 27, 65534, 65535), 'b')"
    result = kqlog.query(f"print w = {bad}, ['x\ty'] = 1 | render barchart with (title='\\u000b')")
    result.save(tmp_path / "chart.svg")
    assert r"a\x00\x0b\x1b" in (tmp_path / "chart.svg").read_text("utf-8")


def test_times_are_utc_and_gaps_are_null():
    rows = "datatable(t: datetime, n: long) [datetime(2026-03-09), 1, datetime(2026-03-10), long(null)]"
    spec = kqlog.query(f"{rows} | render timechart").to_vega()
    assert [row["y"] for row in spec["data"]["values"]] == [1, None]
    assert spec["data"]["values"][0]["x"] == 1_773_014_400_000
    assert spec["encoding"]["x"]["scale"] == {"type": "utc"}


def test_points_are_bounded_and_the_extremes_stay():
    many = "range x from 1 to 100000 step 1 | extend n = iff(x == 77777, 9999, x % 10)"
    spec = kqlog.query(f"{many} | render linechart").to_vega()
    values = spec["data"]["values"]
    assert len(values) <= 5_000
    assert max(row["y"] for row in values) == 9999
    assert "of 100,000 points are drawn" in spec["title"]["subtitle"][0]


def test_a_notebook_gets_the_chart_and_no_html_which_jupyterlab_would_take_before_it():
    result = kqlog.query(QUERIES["barchart"])
    bundle = result._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "application/vnd.vegalite.v5+json"}
    assert bundle["application/vnd.vegalite.v5+json"]["config"]["background"] == "transparent"
    assert result._repr_html_() is None


def test_a_notebook_gets_the_table_and_why_there_is_no_chart():
    bundle = kqlog.query("print a = '<b>' | render timechart")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "no chart: timechart wants a column of datetimes" in bundle["text/html"]
    assert "no chart" not in kqlog.query("print a = 1 | render table")._repr_mimebundle_()["text/html"]
    assert "no chart" not in kqlog.query("print a = 1")._repr_mimebundle_()["text/html"]


def test_the_guide_has_a_picture_of_every_query_that_draws():
    page = (DOCS / "charts.md").read_text("utf-8")
    shown = set(re.findall(r"\]\((charts/[\w-]+\.svg)\)", page))
    assert len(shown) == page.count("```kql\n")
    assert {f"charts/{file.name}" for file in (DOCS / "charts").iterdir()} == shown
    assert sum(file.stat().st_size for file in (DOCS / "charts").iterdir()) < 1_000_000


def test_a_result_that_cannot_be_drawn_is_not_saved(tmp_path):
    with pytest.raises(ChartError, match="no render"):
        kqlog.query("print 1").save(tmp_path / "chart.svg")
