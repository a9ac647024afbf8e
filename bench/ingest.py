"""How long JSON logs take from the body of a request to a table that can be queried, against DuckDB's own COPY to Parquet.

    python bench/ingest.py [--rows N] [--lines] [--nested] [--seconds N] [--gigabytes N]

Bodies of 40,000 rows (10 MB) go over HTTP to a running server, and through the same code in this process; DuckDB finds them in
files. Then batches of 50 rows come 20 times a second while queries run: what of a core the server takes, and how long after its
acknowledgement a row is found. With --gigabytes, the most memory that the server has while so much JSON comes in.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

import duckdb
from serving import Server, serving

import kqlog
from kqlog.ingest.ingestor import Ingestor
from kqlog.ingest.rows import from_sequence
from kqlog.ingest.shaping import shape
from kqlog.store.store import Store, create

ROWS_PER_BODY = 40_000
ROUNDS = 3


def row(number: int, chance: random.Random, *, nested: bool = False) -> dict[str, object]:
    second, micro = number // 40, chance.randrange(10**6)
    made: dict[str, object] = {
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
    if nested:
        made["Properties"] = {"region": chance.choice(["north", "west"]), "retries": chance.randrange(3), "tags": ["a", "b"]}
    return made


def bodies(rows: int, *, lines: bool, nested: bool) -> list[bytes]:
    chance = random.Random(1)
    texts = [json.dumps(row(number, chance, nested=nested)) for number in range(rows)]
    parts = [texts[at : at + ROWS_PER_BODY] for at in range(0, rows, ROWS_PER_BODY)]
    return [("\n".join(part) if lines else f"[{','.join(part)}]").encode() for part in parts]


def sent(server: Server, table: str, requests: list[bytes]) -> tuple[float, float]:
    """Seconds until the last row can be queried, and seconds of a core that the server took for it."""
    before, started = server.seconds(), time.perf_counter()
    server.post_all(table, requests)
    kqlog.connect(server.folder).query(f"{table} | count")
    return time.perf_counter() - started, server.seconds() - before


def stored(store: Store, table: str, requests: list[bytes]) -> float:
    """The same without HTTP, one body after the other."""
    ingestor = Ingestor(store)
    started = time.perf_counter()
    futures = [ingestor.submit(shape(store, table, from_sequence(body))) for body in requests]
    for future in futures:
        future.result()
    kqlog.connect(store.root).query(f"{table} | count")
    seconds = time.perf_counter() - started
    ingestor.close()
    return seconds


def copied(folder: Path, requests: list[bytes]) -> tuple[float, float]:
    """Seconds for DuckDB, which finds the same bytes in files, and seconds of a core."""
    for at, body in enumerate(requests):
        (folder / f"{at}.json").write_bytes(body)
    started, before = time.perf_counter(), time.process_time()
    duckdb.sql(f"copy (from read_json('{folder}/*.json')) to '{folder}/copied.parquet' (format parquet)")
    return time.perf_counter() - started, time.process_time() - before


def compare(folder: Path, requests: list[bytes], rows: int) -> None:
    create(folder / "logs")
    (folder / "json").mkdir()
    with serving(folder / "logs") as server:
        sent(server, "Warm_CL", requests[:4])
        stored(Store(folder / "logs"), "Warm_CL", requests[:1])
        rounds = []
        for number in range(ROUNDS):
            base, base_core = copied(folder / "json", requests)
            ours, core = sent(server, f"Sent{number}_CL", requests)
            alone = stored(Store(folder / "logs"), f"Stored{number}_CL", requests)
            rounds.append((base / ours, base / alone, base_core / core))
            print(
                f"{rows:,} rows: DuckDB's COPY {base:.2f} s ({base_core:.2f} s of a core), "
                f"over HTTP {ours:.2f} s ({core:.2f} s), in process {alone:.2f} s"
            )
    http_, process, cores = (statistics.median(ratios) for ratios in zip(*rounds, strict=True))
    print(f"the speed of DuckDB's COPY: {http_:.2f} over HTTP, {process:.2f} in process; {1 / cores:.1f} times its work")


def streamed(folder: Path, seconds: int) -> None:
    """1,000 rows a second while queries run."""
    create(folder)
    chance, acknowledged, ended = random.Random(2), [0.0, 0], threading.Event()
    batches = [[row(number, chance) for number in range(50)] for _ in range(20)]

    def send(server: Server, first: int) -> None:
        connection, started = http.client.HTTPConnection("127.0.0.1", server.port), time.perf_counter()
        for number in itertools.count():
            name = first + 10 * number
            batch = [{**each, "Batch": name, "Row": at} for at, each in enumerate(batches[name % 20])]
            server.post(connection, "Stream_CL", json.dumps(batch).encode())
            acknowledged[:] = time.perf_counter(), name
            if ended.wait(max(0.0, started + (number + 1) / 2 - time.perf_counter())):
                return

    with serving(folder) as server:
        # Ten senders with two batches a second each, as agents are.
        senders = [threading.Thread(target=send, args=(server, first)) for first in range(10)]
        for sender in senders:
            sender.start()
            time.sleep(0.05)
        time.sleep(3)
        workspace = kqlog.connect(folder)
        found, queried, before, started = [], [], server.seconds(), time.perf_counter()
        while (at := time.perf_counter()) - started < seconds:
            workspace.query("Stream_CL | summarize count(), avg(DurationMs) by Computer, Level")
            queried.append(time.perf_counter() - at)
            moment, name = acknowledged
            while len(workspace.query(f"Stream_CL | where Batch == {name} and Row == 49")) == 0:
                pass
            found.append(time.perf_counter() - moment)
            time.sleep(max(0.0, at + 1 - time.perf_counter()))
        core = (server.seconds() - before) / (time.perf_counter() - started)
        ended.set()
        for sender in senders:
            sender.join()
    rows = kqlog.connect(folder).query("Stream_CL | count").rows[0][0]
    print(
        f"1,000 rows a second for {seconds} s ({rows:,} rows): {100 * core:.0f} % of a core; a row is found "
        f"{1000 * statistics.median(found):.0f} ms after its acknowledgement, {1000 * max(found):.0f} ms at most; "
        f"an aggregate of all takes {1000 * statistics.median(queried):.0f} ms"
    )


def filled(folder: Path, requests: list[bytes], gigabytes: float) -> None:
    """The memory of the server while much comes in."""
    create(folder)
    count = round(gigabytes * 1e9 / (sum(map(len, requests)) / len(requests)))
    with serving(folder) as server:
        started = time.perf_counter()
        server.post_all("Much_CL", itertools.islice(itertools.cycle(requests), count), senders=8)
        seconds = time.perf_counter() - started
        megabytes = server.megabytes()
    print(f"{gigabytes:g} GB of JSON in {seconds:.0f} s: the server had {megabytes:,} MB of memory at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--lines", action="store_true", help="bodies are JSON Lines, not arrays")
    parser.add_argument("--nested", action="store_true", help="rows have a field that holds an object")
    parser.add_argument("--seconds", type=int, default=60, help="how long rows stream in")
    parser.add_argument("--gigabytes", type=float, default=0, help="so much JSON for a look at the memory")
    options = parser.parse_args()
    requests = bodies(options.rows, lines=options.lines, nested=options.nested)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.rows:
            compare(folder, requests, options.rows)
        if options.seconds:
            streamed(folder / "stream", options.seconds)
        if options.gigabytes:
            filled(folder / "much", requests, options.gigabytes)


if __name__ == "__main__":
    main()
