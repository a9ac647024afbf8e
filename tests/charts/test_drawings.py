"""Text graphics as they stand in a terminal: tests/charts/drawings.txt, whose sections name its size.

`pytest --accept` rewrites the drawing of every case that fails with what came out; then read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import kqlog
from kqlog.charts.canvas import Terminal
from kqlog.formats import width_of

FILE = Path(__file__).parent / "drawings.txt"
CASE = re.compile(
    r"^=== (?P<name>.*)\n(?P<query>(?:.*\n)*?)^--- (?P<width>\d+)x(?P<height>\d+)(?P<says> ascii| colour)?\n(?P<drawing>(?:(?!===).*\n)*)",
    re.M,
)


class Case(NamedTuple):
    """A query, the terminal, and what stands there; the sequences of colours are written `\\e[`."""

    whole: str
    name: str
    query: str
    terminal: Terminal
    drawing: str


def cases() -> list[Case]:
    return [
        Case(
            found[0],
            found["name"],
            found["query"],
            Terminal(int(found["width"]), int(found["height"]), found["says"] == " colour", found["says"] != " ascii"),
            found["drawing"],
        )
        for found in CASE.finditer(FILE.read_text("utf-8"))
    ]


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_drawing(case, request):
    drawn = kqlog.query(case.query).draw(case.terminal).replace("\x1b", "\\e") + "\n"
    if drawn != case.drawing and request.config.getoption("--accept"):
        text = FILE.read_text("utf-8")
        after = case.whole.removesuffix(case.drawing) + drawn
        FILE.write_text(text.replace(case.whole, after), "utf-8")
        return
    assert drawn == case.drawing


def test_every_case_is_read():
    assert len(CASES) == FILE.read_text("utf-8").count("\n=== ") + 1


SIZES = [(80, 24), (200, 50), (20, 24), (20, 5), (5, 2)]
KINDS = [
    "timechart", "linechart", "anomalychart", "areachart", "stackedareachart", "columnchart", "barchart", "piechart", "scatterchart",
    "treemap", "pivotchart", "card",
]  # fmt: skip
QUERY = """
range x from 1 to 200 step 1
| extend t = datetime(2026-03-09) + x * 20m, n = x * (200 - x), w = strcat('contoso-', x % 7, '.example')
| project t, n, w
"""


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fits_every_terminal(kind, size):
    width, height = size
    lines = kqlog.query(f"{QUERY} | render {kind}").draw(Terminal(width, height)).split("\n")
    assert max(map(width_of, lines)) <= max(20, width)
    if kind not in {"barchart", "columnchart", "pivotchart"} and width >= 80:
        assert len(lines) <= height - 2


def test_a_million_points_are_drawn_in_time():
    result = kqlog.query("range x from 1 to 1000000 step 1 | extend y = x % 1000 | render linechart")
    assert "⣿" in result.draw(Terminal())
    assert len(result.to_vega()["data"]["values"]) <= 5_000
