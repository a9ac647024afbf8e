"""Commands that hand rows on: answers to files, and what comes in to other places."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from kqlog.commands.command import EXIT_ERROR, Commands, connected, parameters, query_text, store_of, text

_EXPORTED = ("parquet", "csv", "jsonl", "delta")


def declare(commands: Commands) -> None:
    """export, exports."""
    export = commands.add("export", "write the rows of a query to files, however many they are", _export, text())
    export.add_argument("-o", "--output", metavar="PATH", required=True, help="a file, or a folder for Delta and partitions")
    export.add_argument(
        "--format", choices=_EXPORTED, help="default: by the ending of PATH, which may end in .gz; without one, delta"
    )
    export.add_argument(
        "--partition-by", metavar="COLUMN", help="files in folders by a column, or by its COLUMN:day or COLUMN:hour"
    )
    existing = export.add_mutually_exclusive_group()
    existing.add_argument(
        "--append", dest="mode", action="store_const", const="append", help="add to a Delta table that is there"
    )
    existing.add_argument("--overwrite", dest="mode", action="store_const", const="overwrite", help="replace the rows of one")
    exports = commands.add("exports", "show or run the continuous exports of a workspace", _exports)
    exports.set_defaults(action="list", names=[])
    actions = exports.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", parents=[commands.data], help="how far each is (what happens without an action, too)")
    run = actions.add_parser("run", parents=[commands.data], help="run them until told to end; kqlog serve does so by itself")
    run.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    run.add_argument("--once", action="store_true", help="export what there is, and end")
    reset = actions.add_parser("reset", parents=[commands.data], help="let them begin as if they had never run")
    reset.add_argument("names", nargs="+", metavar="NAME")


def _export(options: argparse.Namespace) -> int:
    from kqlog.export.once import Target
    from kqlog.export.partitions import By
    from kqlog.export.streams import Source
    from kqlog.progress import bar_line, wait_for

    asked, given, workspace = query_text(options), parameters(options), connected(options)
    by = By.read(options.partition_by) if options.partition_by else None
    target = Target(Path(options.output).absolute(), options.format, by, options.mode or "error")
    source = Source(lambda: workspace.stream(asked, options.timespan, given))

    def told(seconds: float) -> str:
        return bar_line(target.path.name, source.progress(), source.rows, target.size, seconds)

    wait_for(lambda: target.write(source), source.cancel, told)
    print(f"{options.output}: {'1 row' if source.rows == 1 else f'{source.rows:,} rows'}")
    return 0


def _exports(options: argparse.Namespace) -> int:
    from kqlog.export.running import Exports

    exports, say = Exports(store_of(options)), partial(print, flush=True)
    match options.action:
        case "run" if options.once:
            return EXIT_ERROR if exports.run_once(options.names, say) else 0
        case "run":
            exports.run(options.names, say)
        case "reset":
            exports.reset(options.names)
        case _:
            for line in exports.lines(options.names):
                print(line)
    return 0
