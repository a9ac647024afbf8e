"""How long the operators that DuckDB has no word for take over a million rows.

    python bench/operators.py [--folder DIR] [--rows N] [--runs N] [name ...]

Prints the median of each, and its ratio to sorting the same rows by time in the same run, since machines are noisy.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from data import make

import kqlog

ROWS = 1_000_000
SORTED = "Requests | project TimeGenerated, Computer, ResultCode, UserId | sort by TimeGenerated asc"
DAY = "datetime(2026-03-01), datetime(2026-03-02)"
PATTERNS = """Requests | project Computer, Name, ResultCode, Slow = DurationMs > 100, Hour = hourofday(TimeGenerated),
    Day = dayofweek(TimeGenerated), Group = UserId % 7, Part = UserId % 100"""
QUERIES = {
    "sort": SORTED,
    "scan": f"""{SORTED} | partition by Computer (scan with (
        step Failed: ResultCode == "500";
        step Calm: ResultCode != "500" and TimeGenerated - Failed.TimeGenerated < 10m;))""",
    "scan two steps": f"""{SORTED} | scan with_match_id=Match declare (Total: long = 0) with (
        step Start output=all: ResultCode == "500";
        step Going: ResultCode == "200" and TimeGenerated - Start.TimeGenerated < 1h => Total = Going.Total + 1;)""",
    "scan cumulative": f"{SORTED} | scan declare (Total: long = 0) with (step s: true => Total = s.Total + UserId;)",
    "row_window_session": f"{SORTED} | extend Session = row_window_session(TimeGenerated, 1h, 30ms)",
    "sequence_detect": """Requests | evaluate sequence_detect(
        TimeGenerated, 1m, 5m, Failed = (ResultCode == "500"), Paid = (Name == "POST /pay"), UserId)""",
    "sequence_detect, all": """Requests | evaluate sequence_detect(
        TimeGenerated, 1s, 5s, Failed = (ResultCode == "500"), Paid = (Name == "POST /pay"))""",
    "funnel_sequence": f"""Requests | evaluate funnel_sequence(
        UserId, TimeGenerated, {DAY}, 1h, 1d, Name, dynamic(["POST /pay"])) | count""",
    "activity_counts": f"Requests | evaluate activity_counts_metrics(UserId, TimeGenerated, {DAY}, 1h)",
    "sliding_window": f"Requests | evaluate sliding_window_counts(UserId, TimeGenerated, {DAY}, 6h, 1h)",
    "basket": f"{PATTERNS} | evaluate basket()",
    "autocluster": f"{PATTERNS} | evaluate autocluster()",
    "mv-expand": "Requests | project UserId, Parts = split(Message, ' ') | mv-expand Parts to typeof(string)",
    "mv-apply": """Requests | where UserId < 20000 | project UserId, Parts = split(Message, ' ')
        | mv-apply Part = Parts to typeof(string) on (summarize Longest = max(strlen(Part)))""",
    "mv-apply top": """Requests | where UserId < 20000 | project UserId, Parts = split(Message, ' ')
        | mv-apply Part = Parts to typeof(string) on (top 1 by strlen(Part))""",
    "make-series": "Requests | make-series Count = count(), avg(DurationMs) on TimeGenerated step 1h by Computer, Name",
    "parse": """Requests | parse Message with * 'request ' Id: long ' served by worker ' Worker: int *
        | summarize max(Id), max(Worker)""",
    "extract": "Requests | extend Id = tolong(extract('request (\\\\d+) served', 1, Message)) | summarize max(Id)",
    "split": "Requests | extend Id = tostring(split(Message, ' ')[1]) | summarize max(Id)",
    "has": "Requests | where Message has 'timeout' | count",
    "has, few values": "Requests | where Name has 'cart' | count",
    "join": "Requests | join kind=inner Users on UserId | summarize count() by Plan",
    "arg_max(*)": "Requests | summarize arg_max(TimeGenerated, *) by UserId",
}


def seconds(workspace: kqlog.Workspace, query: str) -> float:
    started = time.perf_counter()
    workspace.query(query).to_arrow()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "kqlog-bench")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    workspace = kqlog.connect(make(options.folder / str(options.rows), options.rows))
    print(f"{'operator':20} {'ms':>9} {'ratio':>6}")
    for name, query in QUERIES.items():
        if options.names and name not in options.names:
            continue
        pairs = [(seconds(workspace, query), seconds(workspace, SORTED)) for _ in range(options.runs)]
        ratio = statistics.median(own / base for own, base in pairs)
        print(f"{name:20} {1000 * statistics.median(own for own, _ in pairs):9.0f} {ratio:6.1f}", flush=True)


if __name__ == "__main__":
    main()
