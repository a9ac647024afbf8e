"""How much longer an answer takes through `kqlog serve` than in this process: one row, and a million.

    python bench/server.py [--rows N] [--runs N]

The same queries run in turn here and through a server of its own on this machine, warm; medians count, since machines are noisy.
An answer of many rows is compared as text: what the client of a protocol gets, against `Result.write` as JSON Lines, and against
Arrow, which is no text at all.
"""

from __future__ import annotations

import argparse
import io
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

import kqlog
from kqlog.formats import Format
from kqlog.store.store import create

SMALL = "print x = 1"
LARGE = """
set notruncation;
range i from 1 to {rows} step 1
| project i, t = datetime(2024-01-01) + i * 1s, host = strcat('host-', i % 1000), load = i / 7.0, more = bag_pack('a', i)
"""


def median(run: Callable[[], object], runs: int) -> float:
    run()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def serve(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "kqlog.cli", "serve", "-d", str(folder), "--port", "0", "--no-auth"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"running on (https?://\S+)", line):
            return process, found[1]
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp()) / "logs"
    create(folder)
    workspace = kqlog.connect(folder)
    process, url = serve(folder)
    large = LARGE.format(rows=options.rows)
    try:
        with httpx.Client(timeout=300) as client:

            def ask(text: str) -> int:
                body = {"db": "", "csl": text}
                with client.stream("POST", f"{url}/v2/rest/query", json=body) as answer:
                    return sum(len(chunk) for chunk in answer.iter_raw())

            here = median(lambda: workspace.query(SMALL).rows, 20 * options.runs)
            there = median(lambda: ask(SMALL), 20 * options.runs)
            times = f"in process {1000 * here:8.1f} ms   served {1000 * there:8.1f} ms   more {1000 * (there - here):6.1f} ms"
            print(f"one row        {times}")
            served = median(lambda: ask(large), options.runs)
            forms: dict[str, Callable[[], object]] = {
                "Arrow": lambda: workspace.query(large).to_arrow(),
                "JSON Lines": lambda: workspace.query(large).write(io.BytesIO(), Format.JSONL),
                "Python rows": lambda: workspace.query(large).rows,
            }
            for name, run in forms.items():
                took = median(run, options.runs)
                print(f"{options.rows:,} rows as {name:11} {took:6.2f} s   served {served:6.2f} s   ratio {served / took:5.2f}")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
