"""The prompt: keyboard to workspace, with history, colours and input over several lines."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer

from kqlog import __version__
from kqlog.errors import QueryError
from kqlog.manual import help
from kqlog.progress import wait_for
from kqlog.repl.colours import KqlLexer
from kqlog.result import Result
from kqlog.workspace import Workspace

_HELP = """\
A query ends with a semicolon or an empty line; a line that starts or ends with | goes on.

  #tables          the tables
  #schema TABLE    the columns of a table
  #help NAME       help for a function, operator or error code
  #quit            leave (or Ctrl-D)"""
_PLAIN_WORDS = frozenset({"help", "quit", "exit"})
"""Directives that are understood without # when they stand alone."""


class Shell:
    """Reads queries and shows their results until the input ends."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def run(self) -> None:
        """Prompt until #quit or the end of input."""
        print(f"kqlog {__version__}, {len(self._workspace.tables)} tables. ; or an empty line ends a query. #help, #quit")
        session = _session()
        while True:
            try:
                text = session.prompt("kql> ", prompt_continuation="...> ")
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            try:
                if not self.answer(text.strip()):
                    return
            except QueryError as error:
                print(error)
            except KeyboardInterrupt:
                print("interrupted")

    def answer(self, text: str) -> bool:
        """Show the answer to one input; False when it asks to leave.

        Raises:
            QueryError: whatever is wrong with the input.
        """
        if text.startswith("#") or text in _PLAIN_WORDS:
            return self._directive(*text.removeprefix("#").partition(" ")[::2])
        if text.rstrip("; \n"):
            result = wait_for(lambda: self._workspace.query(text), self._workspace.cancel)
            for table in result.tables:
                print(shown(table))
            print(f"({result.statistics.seconds:.3f} s)")
        return True

    def _directive(self, name: str, argument: str) -> bool:
        argument = argument.strip()
        match name:
            case "quit" | "exit":
                return False
            case "tables":
                print(*self._workspace.tables, sep="\n")
            case "schema":
                for column in self._workspace.schema(argument):
                    print(f"{column.name}: {column.type}")
            case "help":
                print(help(argument) if argument else _HELP)
            case _:
                print(f"no directive #{name}\n{_HELP}")
        return True


def shown(table: Result) -> str:
    """The chart that a query asks for, else its table."""
    if not table.asks_for_chart:
        return repr(table)
    from kqlog.charts.canvas import Terminal
    from kqlog.charts.chart import ChartError

    try:
        return table.draw(Terminal.of(sys.stdout, *shutil.get_terminal_size()))
    except ChartError as error:
        return f"{table!r}\n(no chart: {error})"


def is_complete(text: str) -> bool:
    """True when Enter at the end of this input asks for the answer rather than for another line."""
    lines = text.rstrip(" \t").split("\n")
    if text.startswith("#") or text.strip() in _PLAIN_WORDS or text.rstrip().endswith(";"):
        return True
    return not lines[-1].strip() and len(lines) > 1


def _session() -> PromptSession[str]:
    bindings = KeyBindings()
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(_history_file())),
        multiline=True,
        key_bindings=bindings,
        lexer=PygmentsLexer(KqlLexer),
        enable_history_search=True,
    )

    @Condition
    def complete() -> bool:
        buffer = session.default_buffer
        return buffer.document.is_cursor_at_the_end and is_complete(buffer.text)

    @bindings.add("enter", filter=complete)
    def _submit(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return session


def _history_file() -> Path:
    home = os.environ.get("XDG_STATE_HOME")
    folder = Path(home) if home else Path.home() / ".local" / "state"
    path = folder / "kqlog" / "history"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
