"""The prompt: keyboard to workspace, and answers to the screen."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping

from kqlog import __version__
from kqlog.engines.engine import EVERYTHING, Limits
from kqlog.errors import QueryError
from kqlog.progress import wait_for
from kqlog.repl import directives
from kqlog.repl.prompt import Prompt
from kqlog.repl.screen import display, footer, is_coloured, shown
from kqlog.repl.settings import MOST_BYTES, Settings
from kqlog.repl.texts import PLAIN_WORDS, query_text
from kqlog.result import Result
from kqlog.workspace import Workspace


class Shell:
    """Reads queries and shows their results until the input ends."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace: Workspace = workspace
        self.settings = Settings()
        self.last = ""
        """The text of the last query that had an answer."""
        self.result: Result | None = None
        """That answer."""

    def run(self) -> None:
        """Prompt until #quit or the end of input."""
        print(f"kqlog {__version__}, {len(self.workspace.tables)} tables. ; or an empty line ends a query. #help, #quit")
        prompt = Prompt(self)
        while True:
            try:
                text = prompt.read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            try:
                self.answer(text.strip())
            except directives.LeaveError:
                return
            except QueryError as error:
                print(error)
            except OSError as error:
                # Such as a folder that may not be written to.
                print(f"{error.filename or 'kqlog'}: {error.strerror or error}")
            except KeyboardInterrupt:
                print("interrupted")

    def answer(self, text: str) -> None:
        """Do what one input asks for.

        Raises:
            QueryError: whatever is wrong with the input.
            LeaveError: it asks to leave.
        """
        if text.startswith("#") or text in PLAIN_WORDS:
            name, _, argument = text.removeprefix("#").partition(" ")
            directives.find(name).run(self, argument.strip())
        elif text.rstrip("; \n"):
            self.ask(query_text(text))

    def ask(self, text: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a query and show what it gives.

        Raises:
            QueryError: whatever is wrong with it.
        """
        result = self.fetch(text, parameters, Limits(self.settings.most, MOST_BYTES))
        self.last, self.result = text, result
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for table in result.tables:
            display(shown(table, self.settings, width, coloured=is_coloured()))
            print(f"({footer(table, self.settings)})")

    def fetch(self, text: str, parameters: Mapping[str, object] | None = None, limits: Limits = EVERYTHING) -> Result:
        """The answer of a query, which Ctrl-C stops.

        Raises:
            QueryError: whatever is wrong with it.
        """
        execution = self.workspace.start(text, self.settings.timespan, parameters, limits=limits)
        return wait_for(execution.result, execution.cancel, execution.line)
