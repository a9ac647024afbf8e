"""How much longer kqlog takes than the best hand-written DuckDB SQL for the same answer.

    python bench/overhead.py [--folder DIR] [--rows N] [--runs N]

Every query of bench/queries runs in both forms in turn, warm, in one process; the ratio of the medians is what counts,
since machines are noisy. Prints one line a query and the geometric mean.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from data import ROWS, make

import kqlog

QUERIES = Path(__file__).parent / "queries"


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "kqlog-bench")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    folder = make(options.folder / str(options.rows), options.rows)
    workspace = kqlog.connect(folder)
    connection = duckdb.connect()
    for file in folder.glob("*.parquet"):
        connection.execute(f"create view {file.stem} as select * from '{file}'")
    ratios = []
    print(f"{'query':16} {'kqlog ms':>9} {'SQL ms':>9} {'ratio':>6}")
    for file in sorted(QUERIES.glob("*.kql")):
        kql, sql = file.read_text(), file.with_suffix(".sql").read_text()
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(options.runs + 1):
            ours.append(seconds(lambda text=kql: workspace.query(text).to_arrow()))
            theirs.append(seconds(lambda text=sql: connection.sql(text).to_arrow_table()))
        kqlog_ms, sql_ms = (1000 * statistics.median(runs[1:]) for runs in (ours, theirs))
        ratios.append(kqlog_ms / sql_ms)
        print(f"{file.stem:16} {kqlog_ms:9.1f} {sql_ms:9.1f} {ratios[-1]:6.2f}")
    print(f"{'geometric mean':36} {statistics.geometric_mean(ratios):6.2f}")


if __name__ == "__main__":
    main()
