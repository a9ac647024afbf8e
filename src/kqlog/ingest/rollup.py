"""Metrics by the minute, in the form of Azure Monitor's table AzureMetrics.

A minute is rolled up when it has been over for a while. What comes in for it later makes a further row of the same minute, with
the sum and the number of the late values only: sums of `Total` and `Count` over all rows of a minute are those of all values.

What is missing in AzureMetrics is found by comparing it with the values themselves, so that nothing is counted twice whatever
happened before. How far the values were compared is stored with the rows, and only saves comparing all of them again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from kqlog.ingest.shaping import fitted, shape_from
from kqlog.store.lock import locked
from kqlog.store.store import Store
from kqlog.types import TICKS_PER_DAY, UNIX_EPOCH_TICKS
from kqlog.workspace import connect

TABLE = "AzureMetrics"
_LOCK = "locks/rollup"
_MINUTE = 600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATENESS = 120
"""Seconds after its end in which values of a minute are waited for."""

_VALUES = {
    "Perf": """
        Perf | where isfinite(CounterValue)
        | summarize Total = sum(CounterValue), Count = toreal(count()), Maximum = max(CounterValue), Minimum = min(CounterValue)
            by TimeGenerated = bin(TimeGenerated, 1m), Category = ObjectName, MetricName = CounterName, Resource = Computer,
            ResourceId = _ResourceId, InstanceName
        | extend Dimensions_CF = iff(isempty(InstanceName), '', tostring(bag_pack('InstanceName', InstanceName)))""",
    "InsightsMetrics": """
        InsightsMetrics | where isfinite(Val)
        | summarize Total = sum(Val), Count = toreal(count()), Maximum = max(Val), Minimum = min(Val)
            by TimeGenerated = bin(TimeGenerated, 1m), Category = Namespace, MetricName = Name, Resource = Computer,
            ResourceId = _ResourceId, Dimensions_CF = Tags""",
}
"""The values of each table of metrics by minute and series. Azure's table has no column for dimensions: `_CF` marks one's own."""

_SERIES = "TimeGenerated, Category, MetricName, Resource, ResourceId, Dimensions_CF"
_MISSING = """
let since = datetime({since}); let until = datetime({until});
{values}
| join kind=leftouter (
    AzureMetrics
    | where TimeGenerated >= since and TimeGenerated < until and SourceSystem == 'kqlog' and OperationName == '{table}'
    | extend Dimensions_CF = tostring(column_ifexists('Dimensions_CF', ''))
    | summarize CountBefore = sum(Count), TotalBefore = sum(Total) by {series}
  ) on {series}
| extend Count = Count - coalesce(CountBefore, 0.0), Total = Total - coalesce(TotalBefore, 0.0)
| where Count > 0
| project TimeGenerated, SourceSystem = 'kqlog', OperationName = '{table}', Category, MetricName, Resource, ResourceId,
    _ResourceId = ResourceId, Dimensions_CF, Total, Count, Maximum, Minimum, Average = Total / Count, TimeGrain = 'PT1M',
    UnitName = case(
        MetricName startswith '%' or MetricName startswith 'Pct ' or MetricName endswith 'Percentage', 'Percent',
        MetricName endswith 'Bytes/sec' or MetricName endswith 'BytesPerSecond', 'BytesPerSecond',
        MetricName endswith '/sec' or MetricName endswith 'PerSecond', 'CountPerSecond',
        MetricName endswith '_bytes' or MetricName endswith ' Bytes' or MetricName startswith 'Total Bytes', 'Bytes',
        MetricName endswith '_seconds' or MetricName contains ' sec/' or MetricName == 'Uptime', 'Seconds',
        'Unspecified')
"""

Span = tuple[int, int]
"""A time from a tick on, up to another one that is not in it."""


def roll_up(store: Store, ended: Callable[[], bool] = lambda: False) -> int:
    """Roll up all minutes that are over, or some of them when it has `ended` meanwhile. So many rows were made.

    Where the workspace does not want this, or while another process or thread does it, nothing is done. Readers and writers
    are not held up.

    Raises:
        QueryError: ING002 when the disk does not take what is written.
    """
    if not store.rolls_up:
        return 0
    try:
        with locked(store.root / _LOCK, wait=False):
            return sum(_roll_up(store, table, ended) for table in _VALUES if store.table(table).exists)
    except BlockingIOError:
        return 0


def _roll_up(store: Store, table: str, ended: Callable[[], bool]) -> int:
    metrics = store.table(TABLE)
    at, until = f"rollup {table}", f"rollup {table} until"
    with metrics.writing():
        version, done = metrics.position(at), metrics.position(until)
    now = int((time.time() - _LATENESS) // 60)
    # In this order: values that come in between are compared now and once more.
    reached = store.table(table).snapshot().version
    spans = store.table(table).times_since(None if done is None else version)
    if done is not None and done < now:
        # Values of minutes that were not over when they came.
        spans.append((_tick(done), _tick(now) - 1))
    rows = 0
    for since, end in _days(spans, _oldest(store), _tick(now)):
        if ended():
            return rows
        rows += _append(store, table, since, end)
    if metrics.exists and (version, done) != (reached, now):
        with metrics.writing():
            metrics.commit([], {at: reached, until: now})
    return rows


def _append(store: Store, table: str, since: int, until: int) -> int:
    values = _VALUES[table].replace("| where", "| where TimeGenerated >= since and TimeGenerated < until\n        | where", 1)
    query = _MISSING.format(table=table, values=values.strip(), series=_SERIES, since=_text(since), until=_text(until))
    shaped = shape_from(connect(store.root), store, TABLE, transform=query, keep=True)
    if shaped.rows.num_rows:
        metrics = store.table(TABLE)
        with metrics.writing():
            shaped = fitted(shaped, metrics.columns())
            metrics.append(shaped.rows, shaped.columns)
    return int(shaped.rows.num_rows)


def _days(spans: Iterable[Span], least: int, most: int) -> list[Span]:
    """Spans as whole minutes between two times, each one of a day at most, and none twice."""
    found: list[Span] = []
    for low, high in sorted(spans):
        since, until = max(least, low - low % _MINUTE), min(most, high - high % _MINUTE + _MINUTE)
        if found and since <= found[-1][1]:
            since, until = found[-1][0], max(until, found.pop()[1])
        if since < until:
            found.append((since, until))
    return [part for since, until in found for part in _parts(since, until)]


def _parts(since: int, until: int) -> Iterator[Span]:
    while since < until:
        end = min(until, since - since % TICKS_PER_DAY + TICKS_PER_DAY)
        yield since, end
        since = end


def _oldest(store: Store) -> int:
    """The first tick whose minute is not deleted again at once."""
    days = store.retention().get(TABLE)
    return _tick(int(time.time() // 86_400 - days) * 1440) if days else 0


def _tick(minutes_since_1970: int) -> int:
    return minutes_since_1970 * _MINUTE + UNIX_EPOCH_TICKS


def _text(ticks: int) -> str:
    return (_EPOCH + timedelta(minutes=(ticks - UNIX_EPOCH_TICKS) // _MINUTE)).isoformat()
