"""Commands that keep a workspace in order."""

from __future__ import annotations

import argparse
from pathlib import Path

from kqlog.commands.command import CommandError, Commands, store_of


def declare(commands: Commands) -> None:
    """init, compact, retention, rollup."""
    init = commands.add("init", "make a workspace: a folder that logs are stored in", _init, data=False)
    init.add_argument("folder", metavar="FOLDER")
    compact = commands.add("compact", "put small files together, and delete what is too old", _compact)
    compact.add_argument("tables", nargs="*", metavar="TABLE", help="default: all tables")
    retention = commands.add("retention", "show or set for how many days rows are kept", _retention)
    retention.add_argument("table", nargs="?", metavar="TABLE")
    retention.add_argument("days", nargs="?", type=int, metavar="DAYS", help="0 keeps them for good")

    rollup = commands.add("rollup", "roll metrics up by the minute, into AzureMetrics", _rollup)
    rollup.add_argument("switch", nargs="?", choices=["on", "off"], help="whether a server does this by itself (default: on)")


def _init(options: argparse.Namespace) -> None:
    from kqlog.store.store import create

    print(f"made the workspace {create(Path(options.folder)).root}")


def _compact(options: argparse.Namespace) -> None:
    from kqlog.ingest.metering import ended, meter
    from kqlog.store.upkeep import keep_in_order

    store = store_of(options)
    meter(store, ended())
    for name in options.tables or [name for name in store if store.table(name).exists]:
        print(keep_in_order(store, name, few=2))


def _retention(options: argparse.Namespace) -> None:
    store = store_of(options)
    if options.days is not None:
        if options.days < 0:
            raise CommandError("rows are kept for a number of days, or for good with 0")
        store.keep(options.table, options.days)
    days = store.retention()
    for name in [options.table] if options.table else sorted(days):
        print(f"{name}: {f'{days[name]} days' if days.get(name) else 'for good'}")


def _rollup(options: argparse.Namespace) -> None:
    from kqlog.ingest.rollup import TABLE, roll_up

    store = store_of(options)
    if options.switch is not None:
        store.set_rollup(options.switch == "on")
    print(f"{roll_up(store):,} rows in {TABLE}" if store.rolls_up else "metrics are not rolled up")
