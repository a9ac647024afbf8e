"""The functions that every workspace of logs has, as Azure Monitor does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from kqlog.syntax import nodes as syntax
from kqlog.syntax.parse import parse

_TEXTS = {
    "_LogOperation": """
        Operation
        | project TimeGenerated, Category = 'Ingestion', Operation = OperationCategory, Level = case(
            OperationStatus in ('Error', 'Failed'), 'Error', OperationStatus == 'Warning', 'Warning', 'Info'),
            Detail, _ResourceId, Computer, CorrelationId""",
}


@cache
def system_functions() -> Mapping[str, syntax.FunctionBody]:
    """What these functions do, by their names."""
    lets = [parse(f"let {name} = () {{ {text} }};").statements[0] for name, text in _TEXTS.items()]
    return {let.name: let.value for let in lets if isinstance(let, syntax.Let) and isinstance(let.value, syntax.FunctionBody)}
