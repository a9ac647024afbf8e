"""What the commands of the command line share: how each is declared, the options that several have, and their errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kqlog.store.store import Store
    from kqlog.workspace import Workspace

EXIT_ERROR = 1


class CommandError(Exception):
    """What is wrong with a command rather than with a query."""


class Commands:
    """Where commands are declared. Modules are imported when kqlog starts: what costs time is imported where it is used."""

    def __init__(self, parser: argparse.ArgumentParser, data: argparse.ArgumentParser) -> None:
        self._added = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
        self.data = data
        """The option -d, for the actions of a command."""

    def add(
        self,
        name: str,
        help_: str,
        run: Callable[[argparse.Namespace], int | None],
        *parents: argparse.ArgumentParser,
        data: bool = True,
    ) -> argparse.ArgumentParser:
        """A command, with -d where it works on `data`. `run` gives the exit status; None is 0."""
        parser: argparse.ArgumentParser = self._added.add_parser(
            name, parents=[*([self.data] if data else []), *parents], help=help_, description=f"{help_[0].upper()}{help_[1:]}."
        )
        parser.set_defaults(run=run)
        return parser


def values() -> argparse.ArgumentParser:
    """The options of all that runs a query."""
    values = argparse.ArgumentParser(add_help=False)
    values.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], help="a query parameter; may be repeated")
    values.add_argument("--timespan", help="time range of TimeGenerated: 1d, PT12H, START/END")
    return values


def text() -> argparse.ArgumentParser:
    """The text of a query, and its options."""
    text = argparse.ArgumentParser(add_help=False, parents=[values()])
    text.add_argument("text", nargs="?", help="the query; - reads standard input")
    text.add_argument("-f", "--file", metavar="FILE", help="read the query from a file")
    return text


def connected(options: argparse.Namespace) -> Workspace:
    """The tables that a command works on."""
    from kqlog.workspace import connect

    return connect(getattr(options, "data", None))


def store_of(options: argparse.Namespace) -> Store:
    """The workspace that a command works on.

    Raises:
        CommandError: the folder is none.
    """
    store = connected(options).store
    if store is None:
        raise CommandError("logs are stored in a workspace: make one with kqlog init FOLDER, and name it with -d FOLDER")
    return store


def query_text(options: argparse.Namespace) -> str:
    """The query that a command was given, in whichever way.

    Raises:
        CommandError: there is none, or one too many.
    """
    if options.file is not None and options.text is not None:
        raise CommandError("give a query or -f FILE, not both")
    if options.file is not None:
        return read(options.file)
    if options.text == "-" or (options.text is None and not sys.stdin.isatty()):
        return read("-")
    if options.text is None:
        raise CommandError("give a query, -f FILE, or - to read it from standard input")
    return str(options.text)


def read(file: str) -> str:
    """The text of a file, or of standard input for -.

    Raises:
        CommandError: it is not UTF-8.
    """
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: not UTF-8 text at byte {error.start}") from None


def parameters(options: argparse.Namespace) -> dict[str, str]:
    """The values of --param.

    Raises:
        CommandError: one has no value.
    """
    given = {}
    for pair in options.param:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--param wants NAME=VALUE, not '{pair}'")
        given[name] = value
    return given
