"""The line that is typed: keys, history, and what pasted text brings along that no one sees."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.lexers import PygmentsLexer

from kqlog.repl.colours import KqlLexer

PLAIN_WORDS = frozenset({"help", "quit", "exit", "?"})
"""Directives that are understood without # when they stand alone."""
_UNSEEN = re.compile(r"(\"[^\"\n]*\"|'[^'\n]*')|[\u200b-\u200f\u2060\ufeff]")
_COMMENT = re.compile(r"^([ \t]*)--", re.MULTILINE)


def session(message: Callable[[], str]) -> PromptSession[str]:
    """What reads queries of several lines; `message` is the prompt at the moment."""
    bindings = KeyBindings()
    made: PromptSession[str] = PromptSession(
        message,
        history=History(str(history_file())),
        multiline=True,
        key_bindings=bindings,
        lexer=PygmentsLexer(KqlLexer),
        enable_history_search=True,
        prompt_continuation=lambda width, *_: f"{'...>':>{max(4, width - 1)}} ",
    )

    @Condition
    def complete() -> bool:
        buffer = made.default_buffer
        return buffer.document.is_cursor_at_the_end and is_complete(buffer.text)

    @bindings.add("enter", filter=complete)
    def _submit(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @bindings.add(Keys.BracketedPaste)
    def _paste(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(cleaned(event.data))

    return made


def is_complete(text: str) -> bool:
    """True when Enter at the end of this input asks for the answer rather than for another line."""
    lines = text.rstrip(" \t").split("\n")
    if text.startswith("#") or text.strip() in PLAIN_WORDS or text.rstrip().endswith(";"):
        return True
    return not lines[-1].strip() and len(lines) > 1


def cleaned(text: str) -> str:
    """Pasted text without carriage returns, and without characters that have no width, outside of strings."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return _UNSEEN.sub(lambda match: match[1] or "", text)


def query_text(text: str) -> str:
    """What is typed as KQL: lines that begin with -- are comments as well. All positions stay."""
    parts = text.split("```")
    parts[::2] = [_COMMENT.sub(r"\1//", part) for part in parts[::2]]
    return "```".join(parts)


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
