"""Cells that begin with %%kql have KQL's colours in JupyterLab, and charts are drawn: a real one, in a real browser."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

import kqlog
from kqlog.syntax import grammar

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EXTENSION = Path(kqlog.__file__).parent / "notebook" / "labextension"
COLOURED = re.compile(r'<span class="[^"]+">([^<]+)</span>')


def module():
    """The file that JupyterLab loads."""
    return EXTENSION / json.loads((EXTENSION / "package.json").read_text())["jupyterlab"]["_build"]["load"]


def test_the_words_are_the_grammars():
    listed = re.search(r"new Set\(\s*\((.*?)\)\.split", module().read_text(), re.DOTALL)[1]
    terms = {term for terms in grammar.tables().words.values() for term in terms if term[-1].isalpha()}
    words = {word.removeprefix("!") for term in terms if term.islower() and not term.startswith("__") for word in term.split()}
    assert set("".join(re.findall(r"'([^']*)'", listed)).split()) == words


def test_the_name_of_the_file_changes_with_it():
    # Browsers keep it for a year.
    content = hashlib.sha256(module().read_bytes()).hexdigest()
    assert [file.name for file in (EXTENSION / "static").iterdir()] == [f"remoteEntry.{content[:12]}.js"]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab that has the extension, over a folder with one notebook."""
    (tmp_path / "share" / "labextensions").mkdir(parents=True)
    (tmp_path / "share" / "labextensions" / "kqlog").symlink_to(EXTENSION)
    cells = ['%%kql\nPerf\n| where a == "b" and n between (1 .. 2) // c\n| top-hitters 3 of x', "if x: print('summarize')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    chart = kqlog.query("datatable(name: string, size: long) ['a', 1, 'b', 2] | render columnchart")
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", chart._repr_mimebundle_())]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "mimetype": "text/x-python"},
    }
    (tmp_path / "files").mkdir()
    nbformat.write(notebook, tmp_path / "files" / "n.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"JUPYTER_PATH": str(tmp_path / "share"), "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "HOME": str(tmp_path)}
    options = [f"--port={port}", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token=t"]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={tmp_path / 'files'}"]
    server = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/api/status?token=t").close()
            break
        except urllib.error.URLError:
            assert time.monotonic() < end
            time.sleep(0.2)
    yield f"{address}/lab/tree/n.ipynb?token=t"
    server.terminate()
    server.wait(timeout=30)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.skipif(importlib.util.find_spec("jupyterlab") is None, reason="JupyterLab is not installed")
def test_jupyterlab_colours_kql_and_draws_a_chart(lab, tmp_path):
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=30000",
        "--dump-dom",
        f"--user-data-dir={tmp_path}/profile",
        lab,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    coloured = set(COLOURED.findall(done.stdout))
    assert {"%%kql", "where", "and", "between", "top-hitters", "of", '"b"', "// c"} <= coloured
    assert {"if", "'summarize'"} <= coloured
    assert "summarize" not in coloured
    assert "vega-embed" in done.stdout
    assert "<canvas" in done.stdout
