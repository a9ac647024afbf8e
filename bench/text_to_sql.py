"""How long it takes from a query's text to its SQL, once the grammar is loaded.

python bench/text_to_sql.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from data import make

import kqlog

FIVE = """
Requests
| where TimeGenerated > ago(1d) and Computer startswith "web"
| extend Slow = DurationMs > 100
| summarize Count = count(), Errors = countif(ResultCode == "500") by Name, bin(TimeGenerated, 5m)
| extend Rate = todouble(Errors) / Count
| top 10 by Rate
"""
STEP = """
| extend c{n} = DurationMs * {n} + strlen(Name)
| where c{n} > {n} and Message !has "x{n}"
| project-away c{n}"""
SIXTY = "Requests" + "".join(STEP.format(n=n) for n in range(20))


def main() -> None:
    workspace = kqlog.connect(make(Path(tempfile.gettempdir()) / "kqlog-bench" / "1000", 1000))
    for name, text, runs in (("5 operators", FIVE, 200), ("60 operators", SIXTY, 50)):
        workspace.explain(text)
        times = []
        for _ in range(runs):
            started = time.perf_counter()
            workspace.explain(text)
            times.append(time.perf_counter() - started)
        print(f"{name}: median {1000 * statistics.median(times):.2f} ms")


if __name__ == "__main__":
    main()
