"""How long a query of one hour takes to plan over a table of 10,000 files.

    python bench/store.py [--files N]

The files hold a minute of logs each. Prints the time from text to SQL when the table is known, after it grew, and at first.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kqlog
from kqlog.store.columns import stored
from kqlog.store.store import create
from kqlog.store.table import StoredTable
from kqlog.types import Schema

QUERY = "Minutes_CL | where TimeGenerated between (datetime(2026-03-02 10:00) .. 1h) | summarize count() by Computer"
START = datetime(2026, 3, 1, tzinfo=UTC)


def minute(number: int) -> tuple[object, Schema]:
    moment = START + timedelta(minutes=number)
    query = (
        f"range n from 0 to 9 step 1 | project TimeGenerated = datetime({moment:%Y-%m-%d %H:%M}) + n * 6s, Computer = 'web-01', n"
    )
    result = kqlog.query(query)
    return result.stored(), tuple(result.columns)


def fill(table: StoredTable, files: int) -> None:
    """Files of ten rows: a template, moved on by a minute each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows, columns = minute(0)
    assert isinstance(rows, pa.Table)
    table.append(rows, columns)
    adds = []
    for number in range(1, files):
        moved = rows.set_column(0, "TimeGenerated", pc.add(rows.column(0), number * 600_000_000))
        adds.append(table.write(stored(moved, columns), columns, f"{START + timedelta(minutes=number):%Y-%m-%d}"))
    table.commit(adds)


def milliseconds(workspace: kqlog.Workspace) -> float:
    started = time.perf_counter()
    workspace.explain(QUERY)
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as folder:
        table = create(Path(folder, "logs")).table("Minutes_CL")
        fill(table, files)
        workspace = kqlog.connect(Path(folder, "logs"))
        first, known, grown = milliseconds(workspace), [], []
        for number in range(10):
            known.append(milliseconds(workspace))
            table.append(*minute(files + number))
            grown.append(milliseconds(workspace))
        started = time.perf_counter()
        rows = workspace.query(QUERY).rows
        ran = 1000 * (time.perf_counter() - started)
        middle = {name: statistics.median(times) for name, times in (("known", known), ("grown", grown))}
        print(f"{files:,} files: first {first:.0f} ms, known {middle['known']:.0f} ms, grown {middle['grown']:.0f} ms")
        print(f"the query itself {ran:.0f} ms: {rows}")


if __name__ == "__main__":
    main()
