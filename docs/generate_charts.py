"""Draws the pictures of docs/charts.md: `python docs/generate_charts.py`.

A picture that follows a query is drawn from it, on dark paper when its name ends in -dark.
"""

from __future__ import annotations

import re
from pathlib import Path

import kqlog

DOCS = Path(__file__).parent
DRAWN = re.compile(r"^```kql\n(?P<query>.*?)^```\n\n!\[[^]]*\]\((?P<file>charts/[\w-]+\.svg)\)", re.MULTILINE | re.DOTALL)


def drawn() -> dict[str, str]:
    """The query of each picture, by its path below docs."""
    return {found["file"]: found["query"] for found in DRAWN.finditer((DOCS / "charts.md").read_text("utf-8"))}


def main() -> None:
    """Write all pictures."""
    workspace = kqlog.connect(DOCS.parent / "sample_data")
    for file, query in drawn().items():
        workspace.query(query).save(DOCS / file, "dark" if file.endswith("-dark.svg") else "light")


if __name__ == "__main__":
    main()
