"""The command line: kqlog, and a function for each of its commands."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog import __version__
from kqlog.errors import QueryError

if TYPE_CHECKING:
    from kqlog.ingest.listen import Source
    from kqlog.result import Result
    from kqlog.store.store import Store
    from kqlog.workspace import Workspace

_FORMATS = ("table", "chart", "csv", "json", "jsonl", "markdown", "parquet")
_READABLE = ("table", "markdown")
"""The formats in which several results can follow each other."""

_SOURCES: dict[str, Source] = {
    "syslog-udp": "syslog over UDP",
    "syslog-tcp": "syslog over TCP",
    "forward": "Fluent Forward",
}
"""What `kqlog listen` receives, by its option."""
_LAST_PORT = 65_535
_LOG_FORMATS = ("access", "activity", "counters", "csv", "evtx", "iis", "json", "jsonl", "parquet", "resource-logs")

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


class CommandError(Exception):
    """What is wrong with a command rather than with a query."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = _run(options)
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
    text = argparse.ArgumentParser(add_help=False)
    text.add_argument("text", nargs="?", help="the query; - reads standard input")
    text.add_argument("-f", "--file", metavar="FILE", help="read the query from a file")
    text.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], help="a query parameter; may be repeated")
    text.add_argument("--timespan", help="time range of TimeGenerated: 1d, PT12H, START/END")

    parser = argparse.ArgumentParser("kqlog", description="Ask log files questions in KQL.", parents=[data])
    parser.add_argument("--version", action="version", version=f"kqlog {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    query = commands.add_parser("query", parents=[data, text], help="run a query")
    query.add_argument("--format", choices=_FORMATS, help="how to write the result (default: by the ending of FILE, else table)")
    query.add_argument("-o", "--output", metavar="FILE", help="write to a file; .png, .svg and .html hold the chart of the query")
    query.add_argument("--dark", action="store_true", help="draw such a file on dark paper")
    commands.add_parser("explain", parents=[data, text], help="show the plan of a query and its SQL")
    check = commands.add_parser("check", parents=[data], help="check saved queries without running them")
    check.add_argument("files", nargs="+", metavar="FILE")
    commands.add_parser("tables", parents=[data], help="list the tables")
    schema = commands.add_parser("schema", parents=[data], help="list the columns of a table")
    schema.add_argument("table")
    init = commands.add_parser("init", help="make a workspace: a folder that logs are stored in")
    init.add_argument("folder", metavar="FOLDER")
    ingest = commands.add_parser("ingest", parents=[data], help="store the rows of files in a table of a workspace")
    ingest.add_argument("table", help="its name; a table of your own ends in _CL; - for the one that the format belongs in")
    ingest.add_argument("files", nargs="+", metavar="FILE", help="files of logs, plain or gzip")
    tail = commands.add_parser("tail", parents=[data], help="store what a growing file gets, through rotation and restarts")
    tail.add_argument("file", metavar="FILE")
    tail.add_argument("--table", required=True, help="where its rows go")
    for command in (ingest, tail):
        command.add_argument(
            "--format",
            metavar="NAME",
            choices=_LOG_FORMATS,
            help=f"what the files are, where they do not show it: {', '.join(_LOG_FORMATS)}",
        )
        command.add_argument(
            "--transform", metavar="KQL", help="a query over 'source' that makes the rows, as in a data collection rule"
        )
    collect = commands.add_parser("collect", parents=[data], help="store counters and heartbeats of this machine")
    collect.add_argument("--every", metavar="TIME", default="10s", help="how often counters are read (default: 10s)")
    listen = commands.add_parser("listen", parents=[data], help="receive logs and store them in a workspace, until told to end")
    for option, source in _SOURCES.items():
        listen.add_argument(
            f"--{option}",
            metavar="HOST:PORT",
            action="append",
            type=_address,
            default=[],
            help=f"receive {source}; port 0 is any that is free; may be repeated",
        )
    serve = commands.add_parser("serve", parents=[data], help="take in logs over HTTP for a workspace")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8080, help="the port; 0 takes one that is free (default: %(default)s)")
    serve.add_argument("--no-auth", action="store_true", help="let everybody on this machine in, without a token")
    compact = commands.add_parser("compact", parents=[data], help="put small files together, and delete what is too old")
    compact.add_argument("tables", nargs="*", metavar="TABLE", help="default: all tables")
    retention = commands.add_parser("retention", parents=[data], help="show or set for how many days rows are kept")
    retention.add_argument("table", nargs="?", metavar="TABLE")
    retention.add_argument("days", nargs="?", type=int, metavar="DAYS", help="0 keeps them for good")
    help_ = commands.add_parser("help", help="help for a function, operator, statement, type or error code")
    help_.add_argument("name", nargs="?")
    return parser


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "query":
            return _query(options)
        case "explain":
            print(_connect(options).explain(_text(options), options.timespan, _parameters(options)))
        case "check":
            return _check(options)
        case "tables":
            workspace = _connect(options)
            for table in workspace.tables:
                print(table)
            for problem in workspace.unusable.values():
                print(f"kqlog: {problem}", file=sys.stderr)
        case "schema":
            for column in _connect(options).schema(options.table):
                print(f"{column.name}: {column.type}")
        case "init":
            from kqlog.store.store import create

            print(f"made the workspace {create(Path(options.folder)).root}")
        case "ingest":
            return _ingest(options)
        case "tail":
            _tail(options)
        case "collect":
            _collect(options)
        case "listen":
            return _listen(options)
        case "serve":
            return _serve(options)
        case "compact":
            _compact(options)
        case "retention":
            _retention(options)
        case "help":
            from kqlog.manual import help

            print(help(options.name))
        case _:
            if not sys.stdin.isatty():
                raise CommandError("the prompt wants a terminal: use kqlog query - to read a query from standard input")
            from kqlog.repl.shell import Shell

            Shell(_connect(options)).run()
    return 0


def _connect(options: argparse.Namespace) -> Workspace:
    from kqlog.workspace import connect

    return connect(getattr(options, "data", None))


def _query(options: argparse.Namespace) -> int:
    from kqlog.progress import wait_for

    text, parameters, workspace = _text(options), _parameters(options), _connect(options)
    _write(wait_for(lambda: workspace.query(text, options.timespan, parameters), workspace.cancel), options)
    return 0


def _write(result: Result, options: argparse.Namespace) -> None:
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
        raise CommandError(
            f"cannot tell a format from '{options.output}': give --format, or one of {', '.join([*ENDINGS, *PICTURES])}"
        )
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


def _store(options: argparse.Namespace) -> Store:
    store = _connect(options).store
    if store is None:
        raise CommandError("logs are stored in a workspace: make one with kqlog init FOLDER, and name it with -d FOLDER")
    return store


def _compact(options: argparse.Namespace) -> None:
    from kqlog.store.upkeep import keep_in_order

    store = _store(options)
    for name in options.tables or [name for name in store if store.table(name).exists]:
        print(keep_in_order(store, name, few=2))


def _retention(options: argparse.Namespace) -> None:
    store = _store(options)
    if options.days is not None:
        if options.days < 0:
            raise CommandError("rows are kept for a number of days, or for good with 0")
        store.keep(options.table, options.days)
    days = store.retention()
    for name in [options.table] if options.table else sorted(days):
        print(f"{name}: {f'{days[name]} days' if days.get(name) else 'for good'}")


def _ingest(options: argparse.Namespace) -> int:
    from kqlog.ingest.files import ingest_file

    store, table = _store(options), None if options.table == "-" else options.table
    status = 0
    for file in options.files:
        try:
            print(ingest_file(store, table, Path(file), format_=options.format, transform=options.transform))
        except QueryError as error:
            print(error, file=sys.stderr)
            status = EXIT_ERROR
    return status


def _tail(options: argparse.Namespace) -> None:
    from kqlog.ingest.tail import Tail

    def warn(message: str) -> None:
        print(message, file=sys.stderr, flush=True)

    Tail(_store(options), options.table, Path(options.file), options.format, options.transform, warn).run()


def _collect(options: argparse.Namespace) -> None:
    from kqlog.ingest.collect import collect, seconds_of

    collect(_store(options), seconds_of(options.every))


def _listen(options: argparse.Namespace) -> int:
    import asyncio

    from kqlog.ingest.batches import Troubles
    from kqlog.ingest.listen import listen

    store = _store(options)
    addresses = {source: getattr(options, option.replace("-", "_")) for option, source in _SOURCES.items()}
    if not any(addresses.values()):
        raise CommandError(f"nothing to listen to: give --{', --'.join(_SOURCES)} HOST:PORT")
    announce = partial(print, flush=True)
    troubles = Troubles(lambda what: print(f"kqlog: {what}", file=sys.stderr, flush=True))
    try:
        done = asyncio.run(listen(store, addresses, announce, troubles))
    except ModuleNotFoundError as error:
        raise CommandError(f"Fluent Forward wants the package {error.name}: pip install 'kqlog[forward]'") from None
    print(f"stored {done.stored:,} messages" + (f", lost {done.lost:,}" if done.lost else ""))
    return EXIT_ERROR if done.lost else 0


def _serve(options: argparse.Namespace) -> int:
    store = _store(options)
    try:
        from kqlog.server.app import serve
    except ModuleNotFoundError as error:
        raise CommandError(f"the server wants the package {error.name}: pip install 'kqlog[server]'") from None
    serve(store, options.host, options.port, auth=not options.no_auth)
    return 0


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT, as in 127.0.0.1:5514")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _check(options: argparse.Namespace) -> int:
    workspace = _connect(options)
    status = 0
    for file in options.files:
        for error in workspace.check(_read(file)).errors:
            print(f"{file}:{error.line or 1}:{error.column or 1}: {error.code} {error.message}")
            status = EXIT_ERROR
    return status


def _text(options: argparse.Namespace) -> str:
    if options.file is not None and options.text is not None:
        raise CommandError("give a query or -f FILE, not both")
    if options.file is not None:
        return _read(options.file)
    if options.text == "-" or (options.text is None and not sys.stdin.isatty()):
        return _read("-")
    if options.text is None:
        raise CommandError("give a query, -f FILE, or - to read it from standard input")
    return str(options.text)


def _read(file: str) -> str:
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: not UTF-8 text at byte {error.start}") from None


def _parameters(options: argparse.Namespace) -> dict[str, str]:
    parameters = {}
    for pair in options.param:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--param wants NAME=VALUE, not '{pair}'")
        parameters[name] = value
    return parameters


if __name__ == "__main__":
    sys.exit(main())
