"""How long a whole process takes for one tiny query, against the least that DuckDB itself needs.

python bench/cold_start.py [--runs N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

OURS = [str(Path(sys.executable).with_name("kqlog")), "query", "print 1"]
BASE = [sys.executable, "-c", "import duckdb; duckdb.sql('select 1').fetchall()"]


# Python writes its bytecode as it does by default: some environments turn that off, and everything is compiled at each start.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    for command in (OURS, BASE):
        seconds(command)
    pairs = [(seconds(OURS), seconds(BASE)) for _ in range(runs)]
    ours, base = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(first / second for first, second in pairs)
    print(f"kqlog query 'print 1': {1000 * ours:.0f} ms; import duckdb and select 1: {1000 * base:.0f} ms; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
