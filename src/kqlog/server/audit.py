"""Every query of every caller as a row of LAQueryLogs, as Azure's audit of queries has it."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

from kqlog.server.intake import AUDIT, Intake
from kqlog.server.queries import Query, State
from kqlog.text import datetime_text, from_python
from kqlog.timespan import time_range

_MOST = 100_000
"""So many rows wait at most. Should the disk be full for long, the oldest are given up, and the log says how many."""
_STATUS = {"ENG004": 499, "LIM002": 504}
_LENGTH = 64 * 1024
"""Azure Monitor cuts texts at so many bytes."""
_NAME = 256


class Audit:
    """Notes queries down when they are over. A thread stores them, those of a second together."""

    def __init__(self, intake: Intake, delay: float = 1.0) -> None:
        self._intake, self._delay = intake, delay
        self._rows: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="kqlog audit", daemon=True)
        self._thread.start()

    def note(self, query: Query) -> None:
        """Note a query down."""
        row = _row(query, self._intake.store.workspace_id)
        with self._changed:
            self._rows.append(row)
            if (lost := len(self._rows) - _MOST) > 0:
                del self._rows[:lost]
                _warn(lost)
            self._changed.notify()

    def close(self) -> None:
        """Store what was noted, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._rows or self._closed)
                if not self._rows:
                    return
                # Those of a second go together: each version of a table costs something.
                self._changed.wait_for(lambda: self._closed, self._delay)
                rows, self._rows = self._rows, []
            try:
                self._intake.put(AUDIT, rows)
            except Exception:  # noqa: BLE001  (the next rows are stored all the same)
                _warn(len(rows))


def _warn(count: int) -> None:
    logging.getLogger("uvicorn.error").warning("%d queries could not be noted in %s", count, AUDIT)


def _row(query: Query, workspace: str) -> dict[str, Any]:
    ask, target = query.ask, query.ask.target or f"/workspaces/{workspace}"
    moment = from_python(query.started)
    start, end = time_range(ask.timespan, moment) or (None, None)
    return {
        "TimeGenerated": datetime_text(moment),
        "CorrelationId": query.activity,
        "AADObjectId": ask.caller.id,
        "AADTenantId": ask.caller.tenant,
        "AADClientId": ask.caller.client,
        "AADEmail": ask.caller.name,
        "QueryText": _cut(ask.text, _LENGTH),
        "QueryTimeRangeStart": None if start is None else datetime_text(start),
        "QueryTimeRangeEnd": None if end is None else datetime_text(end),
        "RequestClientApp": _cut(ask.application, _NAME),
        "RequestTarget": target,
        "RequestContext": json.dumps({"workspaces": [f"/workspaces/{workspace}"]}),
        "ResponseCode": _status(query),
        "ResponseRowCount": query.rows,
        "ResponseDurationMs": query.seconds * 1000,
        "StatsCPUTimeMs": query.cpu * 1000,
        "StatsWorkspaceCount": 1,
        "StatsRegionCount": 1,
        "IsBillableQuery": False,
        "IsWorkspaceInFailover": False,
        "SourceSystem": "kqlog",
        "_ResourceId": target,
    }


def _status(query: Query) -> int:
    if query.state is State.COMPLETED:
        return 200
    if query.error is None:
        return 499 if query.state is State.CANCELLED else 500
    return _STATUS.get(query.error.code, 400)


def _cut(text: str, length: int) -> str:
    """The start of a text, of so many bytes at most, without halves of what UTF-16 pairs."""
    return text.encode("utf-8", "replace")[:length].decode("utf-8", "ignore")
