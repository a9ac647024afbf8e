"""The tutorial notebook runs in a fresh kernel, and shows what is stored in it. `pytest --accept` stores what it shows."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FILE = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"
VEGA_LITE = "application/vnd.vegalite.v5+json"


@pytest.fixture(scope="module")
def ran():
    """The notebook without its outputs, run."""
    notebook = nbformat.read(FILE, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FILE.parent)}}, record_timing=False)
    with pytest.MonkeyPatch.context() as environment:
        # Texts are as wide as the terminal that the kernel believes to have.
        environment.setenv("COLUMNS", "130")
        client.execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = nbformat.from_dict({"name": "python"})
    return notebook


def texts(notebook):
    """What each cell shows as text, with the titles of its charts."""
    return [[_text(output) for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]


def _text(output):
    match output.output_type:
        case "stream":
            return output.text
        case "error":
            return output.evalue
        case _:
            return output.data["text/plain"], output.data.get(VEGA_LITE, {}).get("title")


def test_the_notebook_runs_and_shows_what_is_stored_in_it(ran, request):
    if request.config.getoption("--accept"):
        nbformat.write(ran, FILE)
    assert texts(ran) == texts(nbformat.read(FILE, as_version=4))


def test_each_answer_is_a_chart_or_a_table_and_text(ran):
    bundles = [output.data for cell in ran.cells for output in cell.get("outputs", []) if "data" in output]
    charts = [data[VEGA_LITE] for data in bundles if VEGA_LITE in data]
    tables = [data for data in bundles if "<table" in data.get("text/html", "")]
    assert (len(charts), len(tables)) == (3, 8)
    assert all(chart["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json" for chart in charts)
    # JupyterLab would show HTML in the place of a chart.
    assert all(("text/html" in data) != (VEGA_LITE in data) for data in bundles if len(data) > 1)


def test_it_tells_the_story(ran):
    shown = "\n".join(str(one) for cell in texts(ran) for one in cell)
    assert "contoso-shop" in shown
    assert "contoso-sql-weu" in shown
    assert "no column named 'DurationMx'" in shown
    assert "2026-03-10T09:42:00" in shown
    assert "2026-03-10T10:17" in shown
