"""Write the sample tables: three days of a made-up company, and the logs of one real machine.

    python sample_data/make.py
    python sample_data/make.py --recording counters.jsonl --package-log /var/log/dpkg.log

The company's rows are the same on every run. The real machine's files are only written when its logs are given;
otherwise they stay as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from contoso import control_plane, machines, people, real_machine, telemetry, traffic, windows
from contoso.log import Log
from contoso.stories import bad_release, brute_force, database_failover, full_disk
from contoso.write import write

HERE = Path(__file__).parent


def company() -> Log:
    """Everything the company's systems logged in the three days."""
    log = Log()
    requests = list(traffic.requests([database_failover.change_request, bad_release.change_request]))
    telemetry.record(log, requests)
    machines.record(log, silences=[full_disk.SILENCE], disk_use=full_disk.disk_use)
    people.record(log)
    windows.record(log)
    control_plane.record(log)
    for story in (database_failover, brute_force, full_disk, bad_release):
        story.tell(log)
    return log


def write_tables(log: Log, folder: Path, perf_file: str) -> None:
    """Each table is a file; Perf is a folder, as it has two origins."""
    for table, rows in sorted(log.rows.items()):
        path = folder / "Perf" / f"{perf_file}.parquet" if table == "Perf" else folder / f"{table}.parquet"
        write(path, table, rows)
        print(f"{len(rows):7,} rows  {path.stat().st_size / 1024:7,.0f} KB  {path.relative_to(folder)}")


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=HERE, help="folder to write to (default: this one)")
    parser.add_argument("--recording", type=Path, help="what collect_counters.py printed")
    parser.add_argument("--package-log", type=Path, help="a dpkg.log")
    options = parser.parse_args()

    write_tables(company(), options.into, perf_file="contoso")
    real = Log()
    if options.recording:
        real_machine.read_counters(real, options.recording)
    if options.package_log:
        real_machine.read_package_log(real, options.package_log)
    write_tables(real, options.into, perf_file="build-01")


if __name__ == "__main__":
    main()
