"""The functions that every workspace of logs has, as Azure Monitor does, and those of health and Sentinel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from kqlog.catalog.saved import SavedQuery
from kqlog.plan.lookup import StoredFunction

_TEXTS = {
    "_LogOperation": """Operation
        | project TimeGenerated, Category = 'Ingestion', Operation = OperationCategory, Level = case(
            OperationStatus in ('Error', 'Failed'), 'Error', OperationStatus == 'Warning', 'Warning', 'Info'),
            Detail, _ResourceId, Computer, CorrelationId""",
}


_FILES = Path(__file__).parent / "system"
"""Functions that are there whatever the tables: those of health do without tables that are not."""


class _Functions(Mapping[str, StoredFunction]):
    """Functions by name. Each is read when it is first called: most queries call none."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._read: dict[str, StoredFunction] = {}

    def __getitem__(self, name: str) -> StoredFunction:
        if name not in self._read:
            self._read[name] = SavedQuery(name, self._texts[name]).function
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@cache
def system_functions(stored: bool = True) -> Mapping[str, StoredFunction]:
    """What these functions do, by their names; without those of a workspace that stores logs if it is not one."""
    texts = {file.stem: file.read_text("utf-8") for file in sorted(_FILES.glob("*.kql"))}
    return _Functions(texts | _TEXTS if stored else texts)
