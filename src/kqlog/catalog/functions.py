"""The functions that every workspace of logs has, as Azure Monitor does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from kqlog.catalog.saved import SavedQuery
from kqlog.plan.lookup import StoredFunction

_TEXTS = {
    "_LogOperation": """Operation
        | project TimeGenerated, Category = 'Ingestion', Operation = OperationCategory, Level = case(
            OperationStatus in ('Error', 'Failed'), 'Error', OperationStatus == 'Warning', 'Warning', 'Info'),
            Detail, _ResourceId, Computer, CorrelationId""",
}


@cache
def system_functions() -> Mapping[str, StoredFunction]:
    """What these functions do, by their names."""
    return {name: SavedQuery(name, text).function for name, text in _TEXTS.items()}
