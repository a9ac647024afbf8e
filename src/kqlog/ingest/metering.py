"""The table Usage: how much came into each table in each hour, as Azure Monitor tells it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from kqlog.ingest.shaping import shape
from kqlog.store.store import FREE, Store
from kqlog.types import Column, Type
from kqlog.workspace import Workspace, connect

TABLE = "Usage"
_HOUR = 3600
_LATE = 300
"""So many seconds after an hour all that was received in it is stored."""
_MEGABYTE = 1e6
_MEASURED = {Column("_TimeReceived", Type.DATETIME), Column("_BilledSize", Type.REAL)}

Row = dict[str, object]


def ended(now: float | None = None) -> int:
    """When the last hour ended of which all is stored, in seconds since 1970."""
    return int(((time.time() if now is None else now) - _LATE) // _HOUR) * _HOUR


def meter(store: Store, end: int) -> int:
    """Add the hours before `end` that are not counted yet. How many rows were added.

    What came in is counted where it is stored: `_BilledSize` by the hour of `_TimeReceived`. The last hour that Usage knows says
    where to go on, and no other process writes meanwhile, so that no hour is there twice. Usage does not count itself: an
    idle workspace would grow by that for good.

    Raises:
        QueryError: ING002 when the disk does not take what is written.
    """
    usage = store.table(TABLE)
    with usage.writing():
        workspace = connect(store.root)
        start = _last_end(workspace, store) if usage.exists else 0
        rows = list(_rows(workspace, store, start, end)) if start < end else []
        if rows:
            made = shape(store, TABLE, rows)
            usage.append(made.rows, made.columns)
    return len(rows)


def _last_end(workspace: Workspace, store: Store) -> int:
    """The end of the last hour that is counted, in seconds since 1970."""
    query = (
        f"{TABLE} | where ResourceUri == '{store.workspace_id}' | summarize tolong((max(EndTime) - datetime(1970-01-01)) / 1s)"
    )
    return int(workspace.query(query).rows[0][0] or 0)


def _rows(workspace: Workspace, store: Store, start: int, end: int) -> Iterator[Row]:
    for name in store:
        # What another writer made may have neither sizes nor times.
        if name == TABLE or not store.table(name).exists or not _MEASURED.issubset(store.columns(name)):
            continue
        query = (
            f"['{name}'] | where _TimeReceived >= unixtime_seconds_todatetime({start})"
            f" and _TimeReceived < unixtime_seconds_todatetime({end})"
            " | summarize sum(_BilledSize) by Hour = bin(_TimeReceived, 1h) | order by Hour asc"
        )
        for hour, size in workspace.query(query).rows:
            yield {
                "TimeGenerated": hour,
                "SourceSystem": "kqlog",
                "StartTime": hour,
                "EndTime": hour + timedelta(hours=1),
                "DataType": name,
                "Quantity": float(size or 0.0) / _MEGABYTE,
                "QuantityUnit": "MBytes",
                "IsBillable": name not in FREE,
                "Solution": "LogManagement",
                "ResourceUri": store.workspace_id,
            }
