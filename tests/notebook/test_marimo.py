"""Results and charts in marimo, whose command runs an app and exports what its cells show."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kqlog

VEGA_LITE = "application/vnd.vegalite.v5+json"
APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    import kqlog

    rows = kqlog.query("print name = 'contoso', size = 3")
    rows
    return


@app.cell
def _():
    import kqlog as k

    k.query("datatable(name: string, size: long) ['a', 1, 'b', 2] | render columnchart with (title = 'Sizes')")
    return
"""


@pytest.mark.skipif(importlib.util.find_spec("marimo") is None, reason="marimo is not installed")
def test_marimo_shows_results_and_charts(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    own = {"HOME": str(tmp_path), "PYTHONPATH": str(Path(kqlog.__file__).parents[1])}
    command = [sys.executable, "-m", "marimo", "export", "ipynb", "--include-outputs", "app.py", "-o", "app.ipynb"]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **own}, capture_output=True, timeout=120, check=True)
    cells = json.loads((tmp_path / "app.ipynb").read_text())["cells"]
    table, chart = [output["data"] for cell in cells for output in cell.get("outputs", [])]
    assert "contoso</td>" in "".join(table["text/html"])
    assert "Sizes" in json.dumps(chart[VEGA_LITE])


def test_what_marimo_asks_for():
    kind, text = kqlog.query("print size = 3 | render treemap")._mime_()
    assert (kind, "no chart: " in text) == ("text/html", True)
