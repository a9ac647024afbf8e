"""Alerts as rows: the table Alert has a row for each that fired or resolved, AlertHistory one for all that happened.

So alerts are queried with KQL. What was written is known from the tables themselves, so that nothing is in them twice.
"""

from __future__ import annotations

import json
from typing import Any

from kqlog.alerts.model import MonitorCondition, Rule
from kqlog.alerts.state import Event, State, Told
from kqlog.alerts.windows import as_datetime
from kqlog.errors import QueryError
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store

ALERT, HISTORY = "Alert", "AlertHistory"
_CHANGES = frozenset(MonitorCondition)


def store_events(store: Store, state: State) -> int:
    """Write what happened since this was last done; how many events that were.

    Raises:
        QueryError: the disk does not take them.
    """
    events = state.unstored()
    if not events:
        return 0
    rules = state.rules()
    rows = [_row(event, _told(event, state), rules.get(event.rule)) for event in events]
    for table in (ALERT, HISTORY):
        _append(
            store,
            state,
            table,
            [row for row, event in zip(rows, events, strict=True) if table == HISTORY or event.event in _CHANGES],
        )
    state.stored(event.number for event in events)
    return len(events)


def _append(store: Store, state: State, name: str, rows: list[dict[str, Any]]) -> None:
    table, source = store.table(name), f"alerts {state.id}"
    with table.writing():
        last = table.position(source) or 0
        new = [row for row in rows if row["number"] > last]
        if new:
            last = new[-1]["number"]
            shaped = shape(store, name, [{key: value for key, value in row.items() if key != "number"} for row in new])
            table.append(shaped.rows, shaped.columns, positions={source: last})


def _row(event: Event, told: Told | None, rule: Rule | None) -> dict[str, Any]:
    """The row of an event, with the names of Azure Monitor's tables."""
    return {
        "number": event.number,
        "TimeGenerated": as_datetime(event.at),
        "AlertId": event.id or "",
        "AlertName": event.rule,
        "AlertDescription": rule.description if rule is not None else "",
        "AlertSeverity": f"Sev{rule.severity}" if rule is not None else "",
        "AlertState": str(told.state) if told is not None else "",
        "SourceDisplayName": (rule.display_name or rule.name) if rule is not None else event.rule,
        "SourceSystem": "kqlog",
        "TimeRaised": as_datetime(told.fired) if told is not None else None,
        "TimeResolved": as_datetime(told.resolved) if told is not None and told.resolved is not None else None,
        "TimeLastModified": as_datetime(event.at),
        "AlertContext": json.dumps(_context(event, told)),
        "Custom1": event.event,
    }


def _context(event: Event, told: Told | None) -> dict[str, Any]:
    own = {"dimensions": list(told.episode.key), "value": told.value, "reason": told.reason} if told is not None else {}
    return {"event": event.event, **own, **event.detail}


def _told(event: Event, state: State) -> Told | None:
    if event.id is None:
        return None
    try:
        return state.alert(event.id)
    except QueryError:
        # Forgotten meanwhile.
        return None
