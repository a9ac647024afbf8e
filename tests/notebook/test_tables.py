"""The table that a notebook shows, in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

import kqlog

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUERY = """
datatable(name: string, size: long, took: timespan) ["b", 10, 1d, "a", 9, 2h, "c", long(null), time(null)]
"""


def shown(tmp_path, *clicks):
    """The names in the order that a browser shows them after clicks on headers."""
    script = "".join(f"document.querySelectorAll('th')[{at}].click();" for at in clicks)
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{kqlog.query(QUERY)._repr_html_()}<script>{script}</script>")
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        f"--user-data-dir={tmp_path}/profile",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return re.findall(r"<tr><td[^>]*>(\w)</td>", done.stdout)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize(
    ("clicks", "names"),
    [([], "bac"), ([0], "abc"), ([0, 0], "cba"), ([1], "abc"), ([1, 1], "cba"), ([2], "abc"), ([0, 1], "abc")],
)
def test_a_click_on_a_name_sorts_and_a_second_one_turns_the_order_round(tmp_path, clicks, names):
    assert "".join(shown(tmp_path, *clicks)) == names
