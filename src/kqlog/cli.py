"""The command line: kqlog and its commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from kqlog import __version__
from kqlog.commands import alerting, asking, editing, exporting, health, ingesting, keeping, securing
from kqlog.commands.command import EXIT_ERROR, CommandError, Commands, connected
from kqlog.errors import QueryError

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options) or 0
        sys.stdout.flush()
        return status
    except (QueryError, CommandError) as error:
        print(error, file=sys.stderr)
        return EXIT_ERROR
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except OSError as error:
        print(f"{error.filename or 'kqlog'}: {error.strerror or error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    data = argparse.ArgumentParser(add_help=False)
    # SUPPRESS: else a subcommand's default would overwrite what stands before it, as in `kqlog -d logs query ...`.
    data.add_argument("-d", "--data", metavar="FOLDER", default=argparse.SUPPRESS, help="folder of tables, or one file")
    parser = argparse.ArgumentParser("kqlog", description="Ask log files questions in KQL.", parents=[data])
    parser.add_argument("--version", action="version", version=f"kqlog {__version__}")
    parser.set_defaults(run=_prompt)
    commands = Commands(parser, data)
    for group in (asking, editing, keeping, ingesting, exporting, alerting, health, securing):
        group.declare(commands)
    return parser


def _prompt(options: argparse.Namespace) -> None:
    if not sys.stdin.isatty():
        raise CommandError("the prompt wants a terminal: use kqlog query - to read a query from standard input")
    from kqlog.repl.shell import Shell

    Shell(connected(options)).run()


if __name__ == "__main__":
    sys.exit(main())
