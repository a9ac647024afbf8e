"""Commands that take in logs."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.commands.command import EXIT_ERROR, CommandError, Commands, store_of
from kqlog.errors import QueryError

if TYPE_CHECKING:
    from kqlog.ingest.delivery import Destination
    from kqlog.ingest.listen import Source
    from kqlog.ingest.objects import Objects
    from kqlog.ingest.tls import Certificates
    from kqlog.store.store import Store

_SOURCES: dict[str, Source] = {
    "syslog-udp": "syslog over UDP",
    "syslog-tcp": "syslog over TCP",
    "syslog-tls": "syslog over TLS",
    "forward": "Fluent Forward",
    "forward-tls": "Fluent Forward over TLS",
}
"""What `kqlog listen` receives, by its option."""
_LAST_PORT = 65_535
_LOG_FORMATS = (
    "access",
    "activity",
    "cloudtrail",
    "counters",
    "csv",
    "evtx",
    "iis",
    "json",
    "jsonl",
    "load-balancer",
    "parquet",
    "resource-logs",
    "syslog",
    "vpc-flow",
)


def declare(commands: Commands) -> None:
    """ingest, tail, collect, listen, serve."""
    ingest = commands.add("ingest", "store the rows of files in a table of a workspace", _ingest)
    ingest.add_argument("table", help="its name; a table of your own ends in _CL; - for the one that the format belongs in")
    ingest.add_argument(
        "files",
        nargs="+",
        metavar="SOURCE",
        help="files of logs, plain or gzip; folders, az://CONTAINER/PREFIX, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX",
    )
    ingest.add_argument("--follow", action="store_true", help="go on with what comes to folders and buckets, until told to end")
    ingest.add_argument("--every", metavar="TIME", default="10s", help="how often --follow looks (default: %(default)s)")
    tail = commands.add("tail", "store what a growing file gets, through rotation and restarts", _tail)
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
    collect = commands.add("collect", "store counters, heartbeats and the log of this machine", _collect)
    collect.add_argument("--to", metavar="URL", help="a server, with the token in KQLOG_TOKEN (default: the workspace of -d)")
    collect.add_argument("--every", metavar="TIME", default="10s", help="how often counters are read (default: 10s)")
    collect.add_argument(
        "--system-log",
        metavar="WHICH",
        default="auto",
        help="a file of syslog lines, a folder of systemd's journal, none, or auto: the journal, /var/log/syslog or messages",
    )
    collect.add_argument("--outbox", metavar="FILE", help="where rows wait that are not delivered yet")
    listen = commands.add("listen", "receive logs and store them in a workspace, until told to end", _listen)
    for option, source in _SOURCES.items():
        listen.add_argument(
            f"--{option}",
            metavar="HOST:PORT",
            action="append",
            type=_address,
            default=[],
            help=f"receive {source}; port 0 is any that is free; may be repeated",
        )
    serve = commands.add("serve", "answer queries, take in logs and watch for alerts over HTTP, for a workspace", _serve)
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8080, help="the port; 0 takes one that is free (default: %(default)s)")
    serve.add_argument(
        "--log", choices=("text", "json"), default="text", help="json writes a line of JSON for each request, too (default: text)"
    )
    serve.add_argument("--no-auth", action="store_true", help="let everybody on this machine in, without a token")
    for command in (listen, serve):
        command.add_argument("--certificate", metavar="FILE", type=Path, help="the certificate for TLS, with its chain, in PEM")
        command.add_argument(
            "--key", metavar="FILE", type=Path, help="its key, where the file of the certificate does not hold it"
        )
        command.add_argument(
            "--client-ca", metavar="FILE", type=Path, help="let in only who has a certificate of these authorities"
        )


def _ingest(options: argparse.Namespace) -> int:
    from kqlog.ingest.files import ingest_file
    from kqlog.ingest.places import is_place

    if options.follow:
        return _follow(options)
    store, table = store_of(options), None if options.table == "-" else options.table
    status = 0
    for source in options.files:
        try:
            if is_place(source):
                objects = _objects(options, store, source)
                print(objects.poll() or f"{source}: there is nothing new")
                status = EXIT_ERROR if objects.troubles else status
            else:
                print(ingest_file(store, table, Path(source), format_=options.format, transform=options.transform))
        except QueryError as error:
            print(error, file=sys.stderr)
            status = EXIT_ERROR
    return status


def _objects(options: argparse.Namespace, store: Store, source: str) -> Objects:
    from kqlog.ingest.objects import Objects
    from kqlog.ingest.places import place_of

    try:
        place = place_of(source)
    except ModuleNotFoundError as error:
        raise CommandError(f"object storage wants the package {error.name}: pip install 'kqlog[objects]'") from None
    table = None if options.table == "-" else options.table
    return Objects(store, table, place, options.format, options.transform, _warn)


def _follow(options: argparse.Namespace) -> int:
    from kqlog.ingest.collect import seconds_of
    from kqlog.ingest.objects import follow
    from kqlog.ingest.places import is_place

    store = store_of(options)
    for source in options.files:
        if not is_place(source):
            raise CommandError(f"--follow is for folders and buckets: kqlog tail {source} follows a file")
    sources = [_objects(options, store, source) for source in options.files]
    follow(sources, seconds_of(options.every), partial(print, flush=True), _warn)
    return 0


def _warn(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _tail(options: argparse.Namespace) -> None:
    from kqlog.ingest.tail import Tail

    Tail(store_of(options), options.table, Path(options.file), options.format, options.transform, _warn).run()


def _collect(options: argparse.Namespace) -> None:
    from kqlog.ingest.collect import TOKEN, collect, outbox_of, seconds_of
    from kqlog.ingest.delivery import Folder, Server
    from kqlog.ingest.outbox import Outbox

    every = seconds_of(options.every)
    if options.to is None:
        store = store_of(options)
        file = store.root / "collect" / "outbox.db"
    elif hasattr(options, "data"):
        raise CommandError("give a server with --to or a workspace with -d, not both")
    else:
        file = outbox_of(options.to)
    outbox = Outbox(file if options.outbox is None else Path(options.outbox))
    destination: Destination = Folder(store) if options.to is None else Server(options.to, os.environ.get(TOKEN))
    collect(outbox, destination, every, options.system_log, partial(print, file=sys.stderr, flush=True))


def _listen(options: argparse.Namespace) -> int:
    import asyncio

    from kqlog.ingest.batches import Troubles
    from kqlog.ingest.listen import listen

    store = store_of(options)
    addresses = {source: getattr(options, option.replace("-", "_")) for option, source in _SOURCES.items()}
    if not any(addresses.values()):
        raise CommandError(f"nothing to listen to: give --{', --'.join(_SOURCES)} HOST:PORT")
    announce = partial(print, flush=True)
    troubles = Troubles(lambda what: print(f"kqlog: {what}", file=sys.stderr, flush=True))
    try:
        done = asyncio.run(listen(store, addresses, announce, troubles, _certificates(options)))
    except ModuleNotFoundError as error:
        raise CommandError(f"Fluent Forward wants the package {error.name}: pip install 'kqlog[forward]'") from None
    print(f"stored {done.stored:,} messages" + (f", lost {done.lost:,}" if done.lost else ""))
    return EXIT_ERROR if done.lost else 0


def _serve(options: argparse.Namespace) -> int:
    store = store_of(options)
    try:
        from kqlog.server.app import serve
    except ModuleNotFoundError as error:
        raise CommandError(f"the server wants the package {error.name}: pip install 'kqlog[server]'") from None
    certificates, json_logs = _certificates(options), options.log == "json"
    serve(store, options.host, options.port, auth=not options.no_auth, certificates=certificates, json_logs=json_logs)
    return 0


def _certificates(options: argparse.Namespace) -> Certificates | None:
    from kqlog.ingest.tls import Certificates

    if options.certificate is None:
        if options.key or options.client_ca:
            raise CommandError("--key and --client-ca want a --certificate FILE")
        return None
    return Certificates(options.certificate, options.key, options.client_ca)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT, as in 127.0.0.1:5514")
    return host.removeprefix("[").removesuffix("]"), int(port)
