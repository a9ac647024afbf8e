"""What the documentation shows runs, and gives what it shows; the reference is that of today's declarations.

In README.md, sample_data/README.md and docs/*.md a block of `kql` runs over sample_data, and a block of `text` right after it is
what `kqlog query` prints for it. Blocks of `console` and `pycon` run from top to bottom of their page, in a folder that has
sample_data; paths are shown from the checkout on. `pytest --accept` rewrites every output that differs.
"""

from __future__ import annotations

import doctest
import importlib.util
import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import kqlog
from kqlog.formats import Format
from kqlog.operators import operators

TOP = Path(__file__).parent.parent
SAMPLE = TOP / "sample_data"
GUIDE = [TOP / "README.md", SAMPLE / "README.md", *sorted((TOP / "docs").glob("*.md"))]
EXAMPLES = [(name, example) for name, operator in operators().items() for example in operator.examples]
QUERY = re.compile(r"^```kql\n(?P<query>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```(?P<kind>console|pycon)\n(?P<lines>.*?)^```\n", re.MULTILINE | re.DOTALL)


class Shown(NamedTuple):
    """A query of a page, and the output that follows it, if one does."""

    page: Path
    line: int
    query: str
    output: str | None


def shown(page: Path) -> list[Shown]:
    text = page.read_text("utf-8")
    return [
        Shown(page, text.count("\n", 0, block.start()) + 1, block["query"], block["output"]) for block in QUERY.finditer(text)
    ]


def printed(workspace: kqlog.Workspace, query: str) -> str:
    """What `kqlog query` writes: the result, or the error."""
    stream = io.BytesIO()
    try:
        workspace.query(query).write_all(stream, Format.TABLE)
    except kqlog.QueryError as error:
        return f"{error}\n"
    return stream.getvalue().decode()


def in_shell(lines: str) -> str:
    """A console's commands, each with what it writes now."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    outputs = []
    for command in re.findall(r"^\$ (.*)$", lines, re.MULTILINE):
        done = subprocess.run(
            ["bash", "-c", command],
            env={**os.environ, "PATH": path},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        outputs.append(f"$ {command}\n{done.stdout}")
    return "".join(outputs)


def in_python(lines: str, names: dict[str, object]) -> str:
    """A Python session's inputs, each with what the prompt shows now."""
    outputs = []
    for example in doctest.DocTestParser().get_examples(lines):
        written = io.StringIO()
        try:
            with redirect_stdout(written):
                exec(compile(example.source, "<docs>", "single"), names)
        except kqlog.QueryError as error:
            written.write(f"kqlog.errors.QueryError: {error}\n")
        first, *more = example.source.splitlines()
        outputs.append("\n".join([f">>> {first}", *(f"... {line}" for line in more)]) + "\n" + written.getvalue())
    return "".join(outputs)


def replace(page: Path, before: str, after: str) -> None:
    page.write_text(page.read_text("utf-8").replace(before, after), "utf-8")


@pytest.fixture(scope="module")
def workspace() -> kqlog.Workspace:
    return kqlog.connect(SAMPLE)


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", TOP / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


QUERIES = [query for page in GUIDE for query in shown(page)]


@pytest.mark.parametrize("query", QUERIES, ids=[f"{query.page.relative_to(TOP)}:{query.line}" for query in QUERIES])
def test_queries(query: Shown, workspace: kqlog.Workspace, request: pytest.FixtureRequest) -> None:
    if query.output is None:
        workspace.query(query.query)
        return
    output = printed(workspace, query.query)
    if output != query.output and request.config.getoption("--accept"):
        block = f"```kql\n{query.query}```\n\n```text\n"
        replace(query.page, f"{block}{query.output}```\n", f"{block}{output}```\n")
        return
    assert output == query.output


@pytest.mark.parametrize("page", GUIDE, ids=[str(page.relative_to(TOP)) for page in GUIDE])
def test_sessions(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    (tmp_path / "sample_data").symlink_to(SAMPLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    names: dict[str, object] = {}
    for session in SESSION.finditer(page.read_text("utf-8")):
        lines = session["lines"]
        now = in_shell(lines) if session["kind"] == "console" else in_python(lines, names)
        now = now.replace(f"{TOP}/", "")
        if now != lines and request.config.getoption("--accept"):
            replace(page, session[0], f"```{session['kind']}\n{now}```\n")
            continue
        assert now == lines


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_operator_examples(name: str, example: str) -> None:
    assert kqlog.connect().query(example).columns


def test_every_operator_has_an_example() -> None:
    without = {name for name, operator in operators().items() if not operator.examples}
    outside = {"externaldata", "inline_external_table", "materialized-view-combine"}
    assert without == outside, "an example that stands alone has no files and views to read"


def test_reference_is_fresh(generate: ModuleType, tmp_path: Path) -> None:
    generate.write(tmp_path)
    # The rows of an example come in any order where its query does not say one.
    known, made = (
        {name: sorted(text.splitlines()) for name, text in _pages(folder).items()} for folder in (generate.REFERENCE, tmp_path)
    )
    assert known == made, "run: python docs/generate.py"


def test_differences_are_fresh(generate: ModuleType) -> None:
    page = generate.DIFFERENCES.read_text("utf-8")
    assert page == generate.differences(page), "run: python docs/generate.py"


def test_links_lead_somewhere() -> None:
    pages = [*GUIDE, *sorted((TOP / "docs" / "reference").rglob("*.md"))]
    broken = [
        f"{page.relative_to(TOP)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken


def _pages(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.md")}
