"""What importing costs, and that the package that is built works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"duckdb", "pyarrow", "lark", "prompt_toolkit", "numpy", "pygments", "pandas", "polars"}


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_importing_kqlog_loads_nothing_heavy():
    assert not loaded_after("import kqlog; dir(kqlog); kqlog.__version__") & HEAVY


def test_help_needs_no_engine():
    assert not loaded_after("import kqlog; kqlog.help('top')") & HEAVY


def test_a_query_needs_no_arrow():
    assert not loaded_after("import kqlog; kqlog.connect().query('print 1').rows") & (HEAVY - {"duckdb", "lark"})


def test_check_needs_no_engine():
    assert not loaded_after("import kqlog; kqlog.check('print 1')") & (HEAVY - {"lark"})


def test_an_unknown_public_name_is_an_attribute_error():
    import kqlog

    with pytest.raises(AttributeError, match="nope"):
        _ = kqlog.nope


@pytest.mark.slow
def test_the_built_wheel_answers_a_query_without_the_checkout(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)], check=True, timeout=300
    )
    (wheel,) = tmp_path.glob("kqlog-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("kqlog/grammar/") and name.endswith(".lark") for name in names)
    assert "kqlog/py.typed" in names
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies are borrowed from this environment; an editable install there does not follow through PYTHONPATH.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    done = subprocess.run(
        [str(python), "-m", "kqlog.cli", "query", "print 1 + 1", "--format", "csv"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(borrowed), "XDG_CACHE_HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("print_0\n2\n", "")
