"""What a user has set for the prompt: it holds until it is set again."""

from __future__ import annotations

from dataclasses import dataclass

TABLE, VERTICAL = "table", "vertical"
FORMATS = (TABLE, VERTICAL, "csv", "json", "jsonl", "markdown")
MOST_ROWS = 500_000
"""So many rows of an answer are fetched, as Kusto's services do."""
MOST_BYTES = 1 << 30


@dataclass
class Settings:
    """How queries are run and their answers shown."""

    timespan: str | None = None
    """The time range of TimeGenerated, such as 1d; None for all."""
    format: str = TABLE
    most: int = MOST_ROWS
    charts: bool = True
    timing: bool = True
