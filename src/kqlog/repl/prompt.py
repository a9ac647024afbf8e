"""The line that is typed: keys, history, and what pasted text brings along that no one sees."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.styles import Style

from kqlog.assist.signature import signature
from kqlog.repl.colours import KqlLexer
from kqlog.repl.completing import QueryCompleter
from kqlog.repl.texts import cleaned, is_complete, query_text
from kqlog.repl.watching import Underlining, Watcher

if TYPE_CHECKING:
    from kqlog.repl.shell import Shell

_STYLE = {"wrong": "underline #d75f00", "bottom-toolbar": "noreverse #808080"}


class Prompt:
    """Reads queries of several lines, with proposals, mistakes and usage while they are typed."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._completer = QueryCompleter(shell)
        self._watcher = Watcher(shell, self._redraw)
        self._session: PromptSession[str] = PromptSession(
            self._message,
            history=History(str(history_file())),
            multiline=True,
            key_bindings=self._bindings(),
            lexer=PygmentsLexer(KqlLexer),
            completer=self._completer,
            complete_in_thread=True,
            complete_while_typing=True,
            input_processors=[Underlining(self._watcher)],
            bottom_toolbar=self._told,
            prompt_continuation=lambda width, *_: f"{'...>':>{max(4, width - 1)}} ",
            style=Style.from_dict(_STYLE),
        )
        self._session.default_buffer.on_text_changed += lambda buffer: self._watcher.look(buffer.text)

    def read(self) -> str:
        """The next input.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            EOFError: Ctrl-D.
        """
        return self._session.prompt()

    def _redraw(self) -> None:
        self._session.app.invalidate()

    def _message(self) -> str:
        return f"kql {self._shell.settings.timespan}> " if self._shell.settings.timespan else "kql> "

    def _told(self) -> str | None:
        """The line below: what is wrong and how Tab puts it right, else how what is being written is called."""
        document = self._session.default_buffer.document
        width = shutil.get_terminal_size().columns - 1
        if mistakes := self._watcher.mistakes(document.text):
            first = next((one for one in mistakes if one.fix is not None), mistakes[0])
            fix = f"  Tab: {first.fix.text}" if first.fix is not None else ""
            return f"{first.message}{fix}"[:width]
        return self._usage(document)[:width] or None

    def _usage(self, document: Document) -> str:
        if not document.text.strip() or document.text.startswith("#"):
            return ""
        workspace = self._shell.workspace
        called = signature(query_text(document.text), document.cursor_position, workspace.schemas, workspace.functions)
        if called is None or not called.overloads:
            return ""
        return called.overloads[called.overload].usage

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()

        @Condition
        def complete() -> bool:
            buffer = self._session.default_buffer
            return buffer.document.is_cursor_at_the_end and is_complete(buffer.text)

        @bindings.add("enter", filter=complete)
        def _submit(event: KeyPressEvent) -> None:
            event.current_buffer.validate_and_handle()

        @bindings.add("tab")
        def _complete(event: KeyPressEvent) -> None:
            self._tab(event.current_buffer)

        @bindings.add(Keys.BracketedPaste)
        def _paste(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(cleaned(event.data))

        return bindings

    def _tab(self, buffer: Buffer) -> None:
        """The next proposal; where no word can go on, the correction of a mistake."""
        fix = next((one.fix for one in self._watcher.mistakes(buffer.text) if one.fix is not None), None)
        if fix is None or self._goes_on(buffer.document):
            if buffer.complete_state is not None:
                buffer.complete_next()
            else:
                buffer.start_completion(insert_common_part=True)
            return
        buffer.cancel_completion()
        text, cursor = buffer.text, buffer.cursor_position
        moved = cursor + len(fix.text) - (fix.span.end - fix.span.start) if cursor >= fix.span.end else cursor
        buffer.document = Document(text[: fix.span.start] + fix.text + text[fix.span.end :], moved)

    def _goes_on(self, document: Document) -> bool:
        """Whether what is begun at the cursor is the start of a name."""
        begun = document.get_word_before_cursor()
        found = self._completer.proposals(document.text, document.cursor_position) if begun.strip() else []
        return any(one.label.lower().startswith(begun.lower()) and one.label != begun for one in found)


def history_file() -> Path:
    """Where what was typed is kept, for all sessions."""
    home = os.environ.get("XDG_STATE_HOME")
    folder = Path(home) if home else Path.home() / ".local" / "state"
    return folder / "kqlog" / "history"


class History(FileHistory):
    """What was typed, in a file that all sessions share. One that cannot be read or written is told of once, and done without."""

    def __init__(self, filename: str) -> None:
        super().__init__(filename)
        self._told = False

    def load_history_strings(self) -> Iterable[str]:
        """What was typed before, the newest first."""
        try:
            return list(super().load_history_strings())
        except OSError as error:
            self._tell(error)
            return []

    def store_string(self, string: str) -> None:
        """Keep one input."""
        try:
            Path(str(self.filename)).parent.mkdir(parents=True, exist_ok=True)
            super().store_string(string)
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            print(f"kqlog: there is no history: {error.strerror or error}", file=sys.stderr)
