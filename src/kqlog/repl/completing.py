"""Proposals while typing: of the language service for queries, of the prompt's own for directives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from kqlog.assist.complete import complete
from kqlog.assist.proposal import Kind, Proposal
from kqlog.assist.values import Values, values_of
from kqlog.operators import operators
from kqlog.repl.directives import DIRECTIVES, find
from kqlog.repl.texts import query_text

if TYPE_CHECKING:
    from kqlog.repl.shell import Shell

_SHOWN = 60
"""So many characters of a line of help are shown beside a proposal."""
_LEADING = frozenset({*operators(), "by", "on", "and", "or"}) - {"count", "getschema"}
"""Words behind which something must come."""
_SECONDS = 0.5
"""How long the values of a column are waited for: completion has a thread of its own."""


class QueryCompleter(Completer):
    """What may stand at the cursor."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._values: Values = values_of(shell.workspace, _SECONDS)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Proposals, the likeliest first. Without a word that is begun there are some only where they are asked for."""
        if document.text.startswith("#"):
            return self._of_directives(document)
        found = self.proposals(document.text, document.cursor_position)
        begun = document.get_word_before_cursor(WORD=False)
        if not begun.strip() and not complete_event.completion_requested and not _goes_on(document.text_before_cursor):
            return []
        return [_completion(proposal, document.cursor_position) for proposal in found]

    def proposals(self, text: str, position: int) -> list[Proposal]:
        """Those of the language service."""
        workspace = self._shell.workspace
        return complete(query_text(text), position, workspace.schemas, workspace.functions, self._values)

    def _of_directives(self, document: Document) -> Iterable[Completion]:
        name, space, argument = document.text_before_cursor.removeprefix("#").partition(" ")
        if not space:
            for directive in DIRECTIVES.values():
                if directive.name.startswith(name):
                    yield Completion(directive.name, -len(name), f"#{directive.name}", directive.help[:_SHOWN])
        elif " " not in argument and name in DIRECTIVES:
            for value in find(name).arguments(self._shell):
                if value.casefold().startswith(argument.casefold()):
                    yield Completion(value, -len(argument))


def _goes_on(text: str) -> bool:
    """Whether a text ends where more must come, so that proposals are welcome before a letter is typed."""
    text = text.rstrip()
    word = re.search(r"[\w-]+$", text)
    return text.endswith(("|", "(", ",", "=", "<", ">")) or (word is not None and word[0] in _LEADING)


def _completion(proposal: Proposal, position: int) -> Completion:
    # The cursor ends behind what is put in: a function is left open for its arguments.
    text = proposal.text[: proposal.cursor]
    meta = proposal.type or (proposal.usage if proposal.kind is not Kind.OPERATOR else "")
    told = "  ".join(part for part in (meta, proposal.doc) if part) or str(proposal.kind)
    cut = told if len(told) <= _SHOWN else f"{told[: _SHOWN - 1]}…"
    return Completion(
        text, proposal.span.start - position, proposal.label, cut, style=f"class:completion.{proposal.kind.value.split()[0]}"
    )
