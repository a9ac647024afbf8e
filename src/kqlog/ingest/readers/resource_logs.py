"""Resource logs as Azure exports them: `{"records": [...]}`, or a record a line. Into AzureDiagnostics, with its suffixes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from kqlog.ingest.readers.format import Format, Row
from kqlog.ingest.readers.json_lines import JsonLines, first_object
from kqlog.types import Type

MOST_COLUMNS = 500
"""What AzureDiagnostics may have. The rest is in a bag."""
_MORE = "AdditionalFields"
_COLUMNS = {
    "time": "TimeGenerated",
    "category": "Category",
    "operationname": "OperationName",
    "operationversion": "OperationVersion",
    "resulttype": "ResultType",
    "resultsignature": "ResultSignature",
    "resultdescription": "ResultDescription",
    "durationms": "DurationMs",
    "calleripaddress": "CallerIPAddress",
    "correlationid": "CorrelationId",
    "level": "Level",
}
_SUFFIXES = {"_t": Type.DATETIME, "_g": Type.GUID}
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_ID = re.compile(
    r"/SUBSCRIPTIONS/(?P<SubscriptionId>[^/]+)(?:/RESOURCEGROUPS/(?P<ResourceGroup>[^/]+))?"
    r"(?:/PROVIDERS/(?P<ResourceProvider>[^/]+)/(?P<rest>.+))?"
)


def convert(record: Row) -> Row:
    """A row of AzureDiagnostics. What its columns do not name gets one of its own, named after its type."""
    row: Row = {"SourceSystem": "Azure"}
    for name, value in record.items():
        lower = name.lower()
        if lower == "resourceid":
            row |= _resource(str(value))
        elif lower in _COLUMNS:
            row[_COLUMNS[lower]] = value
        elif lower == "properties":
            row |= _flat("", _object(value))
        else:
            row |= _flat("", {name: value})
    return row


def within_limit(rows: list[Row], columns: frozenset[str]) -> None:
    """Move what would be a column too many for the table into the bag `AdditionalFields`.

    A name that differs from a column's in case only means this column.
    """
    known = {name.casefold(): name for name in columns | {_MORE}}
    new = [name for name in dict.fromkeys(name for row in rows for name in row) if name.casefold() not in known]
    for name in new:
        if len(known) < MOST_COLUMNS:
            known.setdefault(name.casefold(), name)
    for row in rows:
        for name in [name for name in row if name not in columns]:
            value = row.pop(name)
            column = known.get(name.casefold())
            if column is None or column in row:
                more: dict[str, object] = row.setdefault(_MORE, {})  # type: ignore[assignment]
                more[name] = value
            else:
                row[column] = value


def types(names: Iterable[str]) -> dict[str, Type]:
    """What the suffixes of columns say of values that are texts in JSON."""
    return {name: _SUFFIXES[name[-2:]] for name in names if name[-2:] in _SUFFIXES}


def _object(value: Any) -> dict[str, Any]:
    """Some services write their properties as text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {"properties": value}
    return value if isinstance(value, dict) else {"properties": value}


def _resource(resource_id: str) -> Row:
    row: Row = {"ResourceId": resource_id.upper(), "_ResourceId": resource_id.lower()}
    if match := _ID.fullmatch(resource_id.upper()):
        parts = (match["rest"] or "").split("/")
        row |= {name: match[name] for name in ("ResourceGroup", "ResourceProvider") if match[name]}
        row |= {"SubscriptionId": match["SubscriptionId"].lower(), "_SubscriptionId": match["SubscriptionId"].lower()}
        row |= {"ResourceType": "/".join(parts[::2]), "Resource": parts[-1]}
    return row


def _flat(prefix: str, values: dict[str, Any]) -> Row:
    """Values by the names of their columns: parts are joined by `_`, and the last letter tells the type."""
    row: Row = {}
    stack: list[tuple[str, Iterator[tuple[str, Any]]]] = [(prefix, iter(values.items()))]
    while stack:
        before, items = stack[-1]
        for name, value in items:
            column = before + re.sub(r"\W", "_", name)
            if isinstance(value, dict) and value:
                stack.append((column + "_", iter(value.items())))
                break
            if value is not None:
                suffix, plain = _suffixed(value)
                row[column + suffix] = plain
        else:
            stack.pop()
    return row


def _suffixed(value: Any) -> tuple[str, object]:
    match value:
        case bool():
            return "_b", value
        case int() | float():
            return "_d", float(value) if abs(value) < 1e308 else None
        case str() if _GUID.fullmatch(value):
            return "_g", value
        case str() if _TIME.fullmatch(value):
            return "_t", value
        case str():
            return "_s", value
    return "_s", json.dumps(value, ensure_ascii=False)


def _is_record(item: object) -> bool:
    return isinstance(item, dict) and {"time", "category", "resourceid"} <= {str(name).lower() for name in item}


def _recognises(beginning: str) -> bool:
    first = first_object(beginning)
    if first is None:
        return re.match(r'\s*\{\s*"records"\s*:\s*\[', beginning) is not None
    records = first.get("records")
    return _is_record(first) or (isinstance(records, list) and all(map(_is_record, records)))


FORMAT = Format(
    "resource-logs",
    'resource logs of Azure, {"records": [...]} or JSON Lines',
    recognises=_recognises,
    parser=partial(JsonLines, convert, "records"),
    items="records.item",
    convert=convert,
    table=lambda row: "AzureDiagnostics",
    fit=within_limit,
    types=types,
)
