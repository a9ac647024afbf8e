"""What is wrong with a text while it is typed: found in a thread of its own, underlined, and told below the text."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_to_text, to_formatted_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments

from kqlog.assist.diagnose import Diagnosis, diagnose
from kqlog.repl.texts import query_text

if TYPE_CHECKING:
    from kqlog.repl.shell import Shell

_PAUSE = 0.15
"""Seconds without a key before a text is looked at."""
_WRONG = "class:wrong"


class Watcher:
    """The mistakes of the text that was typed last. `changed` is called when they are known."""

    def __init__(self, shell: Shell, changed: Callable[[], None]) -> None:
        self._shell, self._changed = shell, changed
        self._typed = threading.Condition()
        self._text: str | None = None
        self._known: tuple[str, list[Diagnosis]] = ("", [])
        threading.Thread(target=self._run, daemon=True, name="kqlog diagnosis").start()

    def look(self, text: str) -> None:
        """Look at a text when no other follows it at once."""
        with self._typed:
            self._text = text
            self._typed.notify()

    def mistakes(self, text: str) -> list[Diagnosis]:
        """What is wrong with a text; nothing while that is not known, or is only that it goes on."""
        known, found = self._known
        return [one for one in found if not one.unfinished] if known == text else []

    def _run(self) -> None:
        while True:
            with self._typed:
                while self._text is None:
                    self._typed.wait()
                while self._typed.wait(_PAUSE):
                    pass
                text, self._text = self._text, None
            workspace = self._shell.workspace
            wanted = not text.lstrip().startswith("#")
            self._known = text, diagnose(query_text(text), workspace.schemas, workspace.functions) if wanted else []
            self._changed()


class Underlining(Processor):
    """Mistakes with a line below them."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """One line of the text with its mistakes underlined."""
        document = transformation_input.document
        fragments: StyleAndTextTuples = explode_text_fragments(to_formatted_text(transformation_input.fragments))
        start = document.translate_row_col_to_index(transformation_input.lineno, 0)
        length = len(fragment_list_to_text(fragments))
        for mistake in self._watcher.mistakes(document.text):
            # What ends with the text has no character of its own.
            end = max(mistake.span.end, mistake.span.start + 1)
            for at in range(max(0, mistake.span.start - start), min(length, end - start)):
                style, text, *handler = fragments[at]
                fragments[at] = (f"{style} {_WRONG}", text, *handler)  # type: ignore[assignment]
        return Transformation(fragments)
