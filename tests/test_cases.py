"""Runs the plain-text cases of tests/cases over sample_data: what an analyst types, and what has to come out.

    === name of the case
    query text
    --- rows | rows, any order | error | columns
    a:long | b:string
    1      | x
    null   |

`pytest --accept` rewrites the expectation of every case that fails with what came out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from casefiles import ALL, Case

import kqlog

SAMPLE = Path(__file__).parent.parent / "sample_data"


def outcome(query: str, section: str, workspace: kqlog.Workspace) -> str:
    """What a query gives, in the form of a case."""
    try:
        result = workspace.query(query)
    except kqlog.QueryError as error:
        return f"{error.code}: {error.message}"
    columns = [f"{column.name}:{column.type}" for column in result.columns]
    if section == "columns":
        return " | ".join(columns)
    rows = [
        ["null" if value is None else cell.replace("|", "\\|").replace("\n", "\\n") for cell, value in zip(*row, strict=True)]
        for row in zip(result.texts(), result.rows, strict=True)
    ]
    if section == "rows, any order":
        rows.sort()
    return _aligned([columns, *rows])


def _aligned(table: list[list[str]]) -> str:
    widths = [max(len(row[position]) for row in table) for position in range(len(table[0]))]
    lines = (" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(lines)


def _normal(text: str, section: str) -> list[str]:
    lines = [" | ".join(cell.strip() for cell in re.split(r"(?<!\\)\|", line)) for line in text.split("\n")]
    return lines[:1] + sorted(lines[1:]) if section == "rows, any order" else lines


@pytest.fixture(scope="module")
def workspace() -> kqlog.Workspace:
    return kqlog.connect(SAMPLE)


@pytest.mark.parametrize("case", ALL, ids=[f"{case.file.stem}: {case.name}" for case in ALL])
def test_case(case: Case, workspace: kqlog.Workspace, request: pytest.FixtureRequest) -> None:
    got = outcome(case.query, case.section, workspace)
    if _normal(got, case.section) == _normal(case.expected, case.section):
        return
    if request.config.getoption("--accept"):
        text = case.file.read_text("utf-8")
        before = f"=== {case.name}\n{case.query}\n--- {case.section}\n{case.expected}"
        case.file.write_text(text.replace(before, f"=== {case.name}\n{case.query}\n--- {case.section}\n{got}"), "utf-8")
        return
    assert got == case.expected


def test_names_are_used_once() -> None:
    names = [(case.file, case.name) for case in ALL]
    assert len(names) == len(set(names))
