"""%kql and %%kql in a real kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]


def run(*cells):
    """The outputs of a notebook's last cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in ("%load_ext kqlog", *cells)])
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}}).execute()
    return notebook.cells[-1].outputs


def test_cells_and_lines_and_variables():
    outputs = run(
        "%kql -d sample_data",
        "role = 'contoso-shop'",
        "%%kql requests --timespan 2026-03-09/P1D\nAppRequests\n| where AppRoleName == {role}\n| count",
        "%kql failed = AppRequests | where Success == false and AppRoleName == {role} | count",
        "%kql print both = strcat({role}, ' ', 1 == 1)",
        "print(requests.rows, failed.rows, type(requests).__module__)",
    )
    assert outputs[0].text == "[(7481,)] [(327,)] kqlog.result\n"


def test_a_result_is_shown_as_a_table_that_can_be_sorted():
    (output,) = run("%kql -d sample_data AppRequests | summarize requests = count() by AppRoleName")
    html = output.data["text/html"]
    assert "contoso-shop" in html
    assert "string" in html
    assert "contoso-shop" in output.data["text/plain"]


def test_several_results_are_all_shown():
    outputs = run("%%kql\nprint a = 1;\nprint b = 2")
    assert [next(iter(output.data["text/plain"])) for output in outputs] == ["a", "b"]


def test_a_mistake_fails_the_cell_and_shows_the_place_and_no_frames():
    with pytest.raises(CellExecutionError) as caught:
        run("%kql -d sample_data AppRequests | where DurationMx > 3")
    assert "SEM001: no column named 'DurationMx'\n  1 | AppRequests | where DurationMx > 3\n" in caught.value.traceback
    assert "did you mean 'DurationMs'?" in caught.value.traceback
    assert "File " not in caught.value.traceback


@pytest.mark.parametrize("line", ["%kql --nonsense 3 print 1", "%kql --limit many print 1", "%kql"])
def test_options_that_are_none_are_explained(line):
    with pytest.raises(CellExecutionError, match="UsageError"):
        run(line)


def test_a_query_is_bounded():
    outputs = run("%kql --limit 10 r = range x from 1 to 1000 step 1", "print(len(r), r.truncated)")
    assert outputs[0].text == "10 True\n"
