"""How long JSON logs take from the body of a request to a table that can be queried, against DuckDB's own COPY to Parquet.

    python bench/ingest.py [--rows N] [--array]

Prints the ratio, and what of a core a stream of 1,000 rows a second in batches of 50 takes.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

import duckdb

import kqlog
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.json_rows import read_rows
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create


def row(number: int, chance: random.Random) -> dict[str, object]:
    second, micro = number // 40, chance.randrange(10**6)
    return {
        "TimeGenerated": f"2026-03-01T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{micro:06}Z",
        "Computer": f"web-{chance.randrange(40):02}",
        "Level": chance.choice(["info", "info", "warning", "error"]),
        "Status": chance.choice([200, 200, 404, 500]),
        "DurationMs": chance.random() * 100,
        "Message": f"request {chance.randrange(100_000)} served by worker {chance.randrange(32)}",
        "Url": f"/api/v1/items/{chance.randrange(5000)}",
        "Method": chance.choice(["GET", "POST"]),
        "Bytes": chance.randrange(90_000),
        "User": f"user{chance.randrange(100_000)}",
    }


def bodies(rows: int, *, array: bool) -> list[bytes]:
    """Requests of 100,000 rows."""
    chance = random.Random(1)
    texts = [json.dumps(row(number, chance)) for number in range(rows)]
    parts = [texts[at : at + 100_000] for at in range(0, rows, 100_000)]
    return [(f"[{','.join(part)}]" if array else "\n".join(part)).encode() for part in parts]


def stored(store: Store, requests: list[bytes]) -> float:
    """Seconds until the last row can be queried."""
    ingestor = Ingestor(store)
    started = time.perf_counter()
    futures = [ingestor.submit(shape(store, "Requests_CL", read_rows(body))) for body in requests]
    for future in futures:
        future.result()
    kqlog.connect(store.root).query("Requests_CL | count")
    seconds = time.perf_counter() - started
    ingestor.close()
    return seconds


def copied(folder: Path, requests: list[bytes]) -> float:
    """Seconds for DuckDB, which finds the same bytes in files."""
    for at, body in enumerate(requests):
        (folder / f"{at}.json").write_bytes(body)
    started = time.perf_counter()
    duckdb.sql(f"copy (from read_json('{folder}/*.json')) to '{folder}/copied.parquet' (format parquet)")
    return time.perf_counter() - started


def streamed(store: Store, seconds: int = 20) -> tuple[float, float]:
    """What of a core 1,000 rows a second take, and the longest time from an acknowledgement until a row was found."""
    ingestor, workspace, chance = Ingestor(store), kqlog.connect(store.root), random.Random(2)
    batch = json.dumps([row(number, chance) for number in range(50)]).encode()
    for _ in range(20):
        ingestor.submit(shape(store, "Stream_CL", read_rows(batch))).result()
    before, started, waiting = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter(), []
    for number in range(20 * seconds):
        waiting.append(ingestor.submit(shape(store, "Stream_CL", read_rows(batch))))
        time.sleep(max(0.0, started + (number + 1) / 20 - time.perf_counter()))
    for future in waiting:
        future.result()
    acknowledged = time.perf_counter()
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert workspace.query("Stream_CL | count").rows == [(50 * (20 * seconds + 20),)]
    found = time.perf_counter() - acknowledged
    ingestor.close()
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / (acknowledged - started), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--array", action="store_true", help="bodies are arrays of objects, not lines")
    options = parser.parse_args()
    requests = bodies(options.rows, array=options.array)
    with tempfile.TemporaryDirectory() as folder:
        stored(create(Path(folder, "warm")), requests[:1])
        ours, base = stored(create(Path(folder, "logs")), requests), copied(Path(folder), requests)
        print(f"{options.rows:,} rows: kqlog {ours:.1f} s, DuckDB's COPY {base:.1f} s, speed {base / ours:.2f} of it")
        core, found = streamed(create(Path(folder, "stream")))
        print(
            f"1,000 rows a second: {100 * core:.0f} % of a core; a row is found {1000 * found:.0f} ms after its acknowledgement"
        )


if __name__ == "__main__":
    main()
