"""Commands that ask: queries, saved ones, their check, and what there is to ask about."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.commands.command import EXIT_ERROR, CommandError, Commands, connected, parameters, query_text, read, text, values
from kqlog.errors import QueryError

if TYPE_CHECKING:
    from kqlog.result import Result
    from kqlog.workspace import Workspace

_FORMATS = ("table", "chart", "csv", "json", "jsonl", "markdown", "parquet")
_READABLE = ("table", "markdown")
"""The formats in which several results can follow each other."""


def declare(commands: Commands) -> None:
    """query, run, queries, explain, check, format, tables, schema, help."""
    commands.add("query", "run a query", _answer, text(), output())
    run = commands.add("run", "run a saved query", _answer, values(), output())
    run.add_argument("name", metavar="NAME", help="a file queries/NAME.kql of the folder; kqlog queries lists them")
    commands.add("queries", "list the saved queries", _queries)
    commands.add("explain", "show the plan of a query and its SQL", _explain, text())
    check = commands.add("check", "check saved queries without running them", _check)
    check.add_argument("files", nargs="*", metavar="FILE", help="files, or folders of them (default: the folder's queries)")
    layout = commands.add("format", "print queries in canonical layout", _format, data=False)
    layout.add_argument("files", nargs="*", metavar="FILE", help="default, or -: standard input")
    changes = layout.add_mutually_exclusive_group()
    changes.add_argument("--write", action="store_true", help="write the files anew instead of printing them")
    changes.add_argument("--check", action="store_true", help="only name those that are laid out in another way, and fail")
    commands.add("tables", "list the tables", _tables)
    schema = commands.add("schema", "list the columns of a table", _schema)
    schema.add_argument("table")
    help_ = commands.add("help", "help for a function, operator, statement, type or error code", _help, data=False)
    help_.add_argument("name", nargs="?")


def output() -> argparse.ArgumentParser:
    """The options of all that writes a result."""
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--format", choices=_FORMATS, help="how to write the result (default: by the ending of FILE, else table)")
    output.add_argument(
        "-o", "--output", metavar="FILE", help="write to a file; .png, .svg and .html hold the chart of the query"
    )
    output.add_argument("--dark", action="store_true", help="draw such a file on dark paper")
    return output


def _tables(options: argparse.Namespace) -> None:
    workspace = connected(options)
    for table in workspace.tables:
        print(table)
    for problem in workspace.unusable.values():
        print(f"kqlog: {problem}", file=sys.stderr)


def _schema(options: argparse.Namespace) -> None:
    for column in connected(options).schema(options.table):
        print(f"{column.name}: {column.type}")


def _explain(options: argparse.Namespace) -> None:
    print(connected(options).explain(query_text(options), options.timespan, parameters(options)))


def _help(options: argparse.Namespace) -> None:
    from kqlog.manual import help

    print(help(options.name))


def _answer(options: argparse.Namespace) -> None:
    from kqlog.progress import wait_for

    asked = query_text(options) if options.command == "query" else None
    given, workspace = parameters(options), connected(options)
    if asked is None:
        asked = workspace.saved.find(options.name).runnable
    execution = workspace.start(asked, options.timespan, given)
    write(wait_for(execution.result, execution.cancel, execution.line), options)


def write(result: Result, options: argparse.Namespace) -> None:
    """Write a result as `output` asks for.

    Raises:
        CommandError: it cannot be written like this.
    """
    from kqlog.formats import ENDINGS, Format
    from kqlog.result import PICTURES

    ending = Path(options.output or "").suffix.lower()
    if ending in PICTURES and not options.format:
        _save_chart(result, options)
        return
    asked = not (options.format or options.output) and any(table.asks_for_chart for table in result.tables)
    if options.format == "chart" and options.output:
        raise CommandError("--format chart draws in the terminal: name a file .png, .svg or .html to have the chart in it")
    if options.format == "chart" or (asked and sys.stdout.isatty()):
        _draw(result)
        return
    if not options.format and ending and ending not in ENDINGS:
        known = ", ".join([*ENDINGS, *PICTURES])
        raise CommandError(f"cannot tell a format from '{options.output}': give --format, or one of {known}")
    format_ = Format(options.format) if options.format else ENDINGS.get(ending, Format.TABLE)
    if len(result.tables) > 1 and format_ not in _READABLE:
        raise CommandError(f"the query has {len(result.tables)} results, and {format_} holds one: use --format table or markdown")
    if options.output:
        with Path(options.output).open("wb") as stream:
            result.write_all(stream, format_)
        return
    if format_ is Format.PARQUET and sys.stdout.isatty():
        raise CommandError("Parquet is nothing for a terminal: use -o FILE")
    result.write_all(sys.stdout.buffer, format_, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)


def _save_chart(result: Result, options: argparse.Namespace) -> None:
    try:
        result.save(options.output, "dark" if options.dark else "light")
    except (ValueError, ModuleNotFoundError) as error:
        raise CommandError(f"{options.output}: {error}") from None


def _draw(result: Result) -> None:
    """Each result as its chart; as a table where there is none, with a line that says why."""
    from kqlog.charts.canvas import Terminal
    from kqlog.charts.chart import ChartError
    from kqlog.formats import Format

    size, stream = shutil.get_terminal_size(), sys.stdout.buffer
    terminal = Terminal.of(sys.stdout, size.columns, size.lines)
    for position, table in enumerate(result.tables):
        stream.write(b"\n" if position else b"")
        try:
            stream.write(f"{table.draw(terminal)}\n".encode(sys.stdout.encoding, "backslashreplace"))
        except ChartError as error:
            table.write(stream, Format.TABLE, size.columns if sys.stdout.isatty() else None)
            if table.asks_for_chart or len(result.tables) == 1:
                stream.flush()
                print(f"kqlog: no chart: {error}", file=sys.stderr)


def _queries(options: argparse.Namespace) -> int:
    workspace = connected(options)
    status = 0
    for name in workspace.saved:
        try:
            saved = workspace.saved[name]
            print(f"{name}({', '.join(map(str, saved.parameters))})" + (f"  {saved.description}" if saved.description else ""))
        except QueryError as error:
            print(f"{name}: {error.code} {error.message}", file=sys.stderr)
            status = EXIT_ERROR
    return status


def _check(options: argparse.Namespace) -> int:
    workspace = connected(options)
    status = 0
    for file in _files(options, workspace):
        for error in workspace.check(read(file)).errors:
            print(f"{file}:{error.line or 1}:{error.column or 1}: {error.code} {error.message}")
            status = EXIT_ERROR
    return status


def _format(options: argparse.Namespace) -> int:
    from kqlog.assist.layout import format

    status = 0
    for file in options.files or ["-"]:
        before = read(file)
        try:
            after = format(before)
        except QueryError as error:
            print(f"{file}:{error.line or 1}:{error.column or 1}: {error.code} {error.message}", file=sys.stderr)
            status = EXIT_ERROR
            continue
        if options.check and after != before:
            print(file)
            status = EXIT_ERROR
        elif options.write and file != "-" and after != before:
            Path(file).write_text(after, encoding="utf-8", newline="")
        elif not options.check and not (options.write and file != "-"):
            sys.stdout.write(after)
    return status


def _files(options: argparse.Namespace, workspace: Workspace) -> list[str]:
    """The files to check: those given, and those of folders given."""
    given = options.files or [workspace.saved.folder]
    if given == [None]:
        raise CommandError("give a folder with -d FOLDER, or files")
    return [
        str(found)
        for file in given
        for found in (sorted(Path(file).rglob("*.kql")) if file != "-" and Path(file).is_dir() else [file])
    ]
