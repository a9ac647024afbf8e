"""Reads the plain-text cases of tests/cases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).parent / "cases"
SECTIONS = ("rows", "rows, any order", "error", "columns")


@dataclass(frozen=True)
class Case:
    """One case and where it stands."""

    file: Path
    name: str
    query: str
    section: str
    expected: str


def read_cases(file: Path) -> list[Case]:
    """Every case of a file.

    Raises:
        ValueError: for a case that does not have its parts.
    """
    cases = []
    for block in re.split(r"(?m)^=== ", file.read_text("utf-8"))[1:]:
        name, _, rest = block.partition("\n")
        query, dashes, outcome = rest.partition("\n--- ")
        section, _, expected = outcome.partition("\n")
        if not dashes or section not in SECTIONS:
            raise ValueError(f"{file.name}: case {name!r} has no section of {SECTIONS}")
        cases.append(Case(file, name, query, section, expected.strip("\n")))
    return cases


ALL = [case for file in sorted(CASES.rglob("*.txt")) for case in read_cases(file)]
"""Every case there is."""
