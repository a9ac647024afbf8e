"""What the prompt does besides answering queries: one declaration for each directive, with the names that Kusto.Cli has."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.manual import help as manual
from kqlog.repl.screen import display
from kqlog.repl.settings import FORMATS, MOST_ROWS
from kqlog.repl.texts import query_text
from kqlog.timespan import time_range

if TYPE_CHECKING:
    from kqlog.repl.shell import Shell


class LeaveError(Exception):
    """The user asks to leave."""


@dataclass(frozen=True)
class Directive:
    """`#name argument`: how it is written, what it does, and the names that its argument may have now."""

    name: str
    usage: str
    help: str
    run: Callable[[Shell, str], None]
    arguments: Callable[[Shell], list[str]]


DIRECTIVES: dict[str, Directive] = {}
_OTHER_NAMES = {"?": "help", "q": "quit", "exit": "quit", "clear": "cls", "history": "queries"}

_Action = Callable[["Shell", str], None]


def _directive(usage: str, help_: str, arguments: Callable[[Shell], list[str]] = lambda _: []) -> Callable[[_Action], _Action]:
    name = usage.split(maxsplit=1)[0].removeprefix("#")

    def declare(action: _Action) -> _Action:
        DIRECTIVES[name] = Directive(name, usage, help_, action, arguments)
        return action

    return declare


def find(name: str) -> Directive:
    """The directive of a name, or of the only one that it begins.

    Raises:
        QueryError: SEM001 when there is none, or several.
    """
    name = _OTHER_NAMES.get(name, name)
    if name in DIRECTIVES:
        return DIRECTIVES[name]
    begun = [known for known in DIRECTIVES if known.startswith(name)] if name else []
    if len(begun) == 1:
        return DIRECTIVES[begun[0]]
    hint = f"it may be #{' or #'.join(begun)}" if begun else "#help lists them"
    raise QueryError("SEM001", f"no directive #{name}", hint=hint)


def overview() -> str:
    """All directives, for #help."""
    widest = max(len(directive.usage) for directive in DIRECTIVES.values())
    lines = [f"  {directive.usage:<{widest}}  {directive.help}" for directive in DIRECTIVES.values()]
    return "\n".join(
        ["A query ends with a semicolon or an empty line; a line that ends with | goes on. Ctrl-R searches.", "", *lines]
    )


@_directive("#help [NAME]", "help for a function, operator or error code; without a name, this")
def _help(shell: Shell, argument: str) -> None:
    display(f"{manual(argument) if argument else overview()}\n")


@_directive("#tables [TEXT]", "the tables; those with a text in their name")
def _tables(shell: Shell, argument: str) -> None:
    names = [name for name in shell.workspace.tables if argument.casefold() in name.casefold()]
    display("".join(f"{name}\n" for name in names))


@_directive("#schema TABLE", "the columns of a table", lambda shell: shell.workspace.tables)
def _schema(shell: Shell, argument: str) -> None:
    display("".join(f"{column.name}: {column.type}\n" for column in shell.workspace.schema(argument)))


@_directive("#queries", "the saved queries")
def _queries(shell: Shell, argument: str) -> None:
    saved = shell.workspace.saved
    for name in saved:
        try:
            parameters = ", ".join(map(str, saved[name].parameters))
            print(f"{name}({parameters})  {saved[name].description}".rstrip())
        except QueryError as error:
            print(f"{name}: {error.code} {error.message}")
    if not len(saved):
        print("none yet: #save NAME keeps the last query")


@_directive("#save NAME [DESCRIPTION]", "keep the last query in the folder, as queries/NAME.kql")
def _save(shell: Shell, argument: str) -> None:
    name, _, description = argument.partition(" ")
    shell.workspace.saved.save(name, _last(shell), {"description": description.strip()} if description.strip() else None)
    print(f"saved as queries/{name}.kql: #run {name}")


@_directive("#run NAME [PARAMETER=VALUE ...]", "run a saved query", lambda shell: list(shell.workspace.saved))
def _run(shell: Shell, argument: str) -> None:
    name, _, rest = argument.partition(" ")
    try:
        pairs = [part.partition("=") for part in shlex.split(rest)]
    except ValueError as error:
        raise QueryError("SEM003", f"the values of the parameters cannot be read: {error}") from None
    if wrong := next((given for given, equals, _ in pairs if not equals), None):
        raise QueryError("SEM003", f"'{wrong}' gives no value", hint="write PARAMETER=VALUE, in quotes where there are spaces")
    shell.ask(shell.workspace.saved.find(name).runnable, {given: value for given, _, value in pairs})


@_directive("#timespan [RANGE | off]", "look only at TimeGenerated within 1d, PT12H, START/END")
def _timespan(shell: Shell, argument: str) -> None:
    settings = shell.settings
    if argument == "off":
        settings.timespan = None
    elif argument:
        time_range(argument, time.time_ns() // 100)
        settings.timespan = argument
    print(f"the time range is {settings.timespan or 'all of time'}")


@_directive("#format [NAME]", f"how answers look: {', '.join(FORMATS)}", lambda _: list(FORMATS))
def _format(shell: Shell, argument: str) -> None:
    if argument and argument not in FORMATS:
        raise QueryError("SEM003", f"no format '{argument}'", hint=f"use one of {', '.join(FORMATS)}")
    shell.settings.format = argument or shell.settings.format
    print(f"answers are shown as {shell.settings.format}")


@_directive("#limit [ROWS]", f"how many rows of an answer are fetched ({MOST_ROWS:,} at first)")
def _limit(shell: Shell, argument: str) -> None:
    if argument:
        if not argument.replace(",", "").isdecimal() or int(argument.replace(",", "")) == 0:
            raise QueryError("SEM003", f"'{argument}' is no number of rows")
        shell.settings.most = int(argument.replace(",", ""))
    print(f"{shell.settings.most:,} rows at most are fetched")


@_directive("#charts [on | off]", "whether render draws", lambda _: ["on", "off"])
def _charts(shell: Shell, argument: str) -> None:
    shell.settings.charts = _switched(argument, shell.settings.charts)
    print(f"charts are {'drawn' if shell.settings.charts else 'shown as tables'}")


@_directive("#timing [on | off]", "whether answers say how long they took", lambda _: ["on", "off"])
def _timing(shell: Shell, argument: str) -> None:
    shell.settings.timing = _switched(argument, shell.settings.timing)


@_directive("#export FILE", "write the last answer, all rows of it: .csv, .json, .jsonl, .md, .parquet or .txt")
def _export(shell: Shell, argument: str) -> None:
    if not argument:
        raise QueryError("SEM003", "the name of a file is wanted", hint="#export errors.csv")
    result = shell.result if shell.result is not None and not shell.result.truncated else shell.fetch(_last(shell))
    try:
        result.save(Path(argument).expanduser())
    except (ValueError, OSError) as error:
        raise QueryError("SEM003", f"the answer cannot be written: {error}") from None
    print(f"wrote {len(result):,} rows to {argument}")


@_directive("#explain [QUERY]", "the plan and the SQL of a query; without one, of the last")
def _explain(shell: Shell, argument: str) -> None:
    display(f"{shell.workspace.explain(query_text(argument) or _last(shell), shell.settings.timespan)}\n")


@_directive("#alert NAME [MINUTES]", "make the last query a rule that fires when it has rows, in alerts/NAME.yaml")
def _alert(shell: Shell, argument: str) -> None:
    try:
        from kqlog.alerts.writing import save_rule
    except ModuleNotFoundError as error:
        raise QueryError("ENG001", f"alerts want the package {error.name}", hint="pip install 'kqlog[alerts]'") from None
    name, _, minutes = argument.partition(" ")
    if minutes and not minutes.isdecimal():
        raise QueryError("SEM003", f"'{minutes}' is no number of minutes")
    file = save_rule(shell.workspace, name, _last(shell), int(minutes or 5))
    print(f"wrote {file}: kqlog alerts test {name} shows when it would have fired")


@_directive("#script FILE", "run the queries of a file")
def _script(shell: Shell, argument: str) -> None:
    try:
        text = Path(argument).expanduser().read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError("SEM003", f"'{argument}' cannot be read: {error}") from None
    shell.ask(text)


@_directive("#cls", "clear the screen")
def _cls(shell: Shell, argument: str) -> None:
    print("\x1b[2J\x1b[H" if shutil.get_terminal_size().lines else "", end="")


@_directive("#quit", "leave (or Ctrl-D)")
def _quit(shell: Shell, argument: str) -> None:
    raise LeaveError


def _switched(argument: str, now: bool) -> bool:
    if argument not in ("on", "off", ""):
        raise QueryError("SEM003", f"'{argument}' is neither on nor off")
    return not now if not argument else argument == "on"


def _last(shell: Shell) -> str:
    if not shell.last:
        raise QueryError("SEM003", "there is no query yet")
    return shell.last
