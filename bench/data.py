"""Makes the tables that the benchmarks read: a folder of Parquet files with the shapes of log tables."""

from __future__ import annotations

from pathlib import Path

ROWS = 5_000_000

REQUESTS = """
    select
        timestamp '2026-03-01' + to_microseconds((i * 51840 + (hash(i) % 40000))::bigint) as TimeGenerated,
        'web-' || lpad((hash(i, 1) % 40)::varchar, 2, '0') as Computer,
        ['GET /', 'GET /cart', 'POST /cart', 'POST /pay', 'GET /health'][1 + (hash(i, 2) % 5)::int] as Name,
        case when hash(i, 3) % 100 < 3 then '500' when hash(i, 3) % 100 < 8 then '404' else '200' end as ResultCode,
        exp(3 + (hash(i, 4) % 1000) / 400.0)::double as DurationMs,
        (hash(i, 5) % 100000)::bigint as UserId,
        'request ' || (hash(i, 6) % 100000) || ' served by worker ' || (hash(i, 7) % 32)
            || case when hash(i, 8) % 1000 = 0 then ' after retry timeout' else '' end as Message,
        ('{"region":"' || ['eu','us','ap'][1 + (hash(i, 9) % 3)::int] || '","cache":' || (hash(i, 10) % 2 = 0)::varchar
            || ',"bytes":' || (hash(i, 11) % 90000) || '}')::json as Properties
    from range($rows) as numbers(i)
"""

USERS = """
    select i::bigint as UserId, 'user' || i || '@contoso.example' as Account,
        ['free','pro','team'][1 + (hash(i) % 3)::int] as Plan
    from range(100000) as numbers(i)
"""


def make(folder: Path, rows: int = ROWS) -> Path:
    """Write the tables into `folder`, unless they are there already."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    for name, query in (("Requests", REQUESTS.replace("$rows", str(rows))), ("Users", USERS)):
        file = folder / f"{name}.parquet"
        if not file.exists():
            duckdb.sql(f"copy ({query}) to '{file}' (format parquet, compression zstd)")
    return folder
