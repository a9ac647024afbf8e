"""What is wrong with a text, without running it, and what would put it right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kqlog.assist.sight import Functions
from kqlog.errors import QueryError, Span
from kqlog.plan.names import bracketed
from kqlog.syntax import grammar
from kqlog.types import Schema
from kqlog.workspace import check_against


@dataclass(frozen=True, slots=True)
class Fix:
    """The text that was probably meant in the place of a span."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A mistake, as QueryError tells of it. `unfinished`: the text only ends too early, as while it is being typed."""

    span: Span
    code: str
    message: str
    hint: str | None
    fix: Fix | None
    unfinished: bool


def diagnose(
    text: str,
    tables: Mapping[str, Schema],
    functions: Functions | None = None,
    parameters: Mapping[str, object] | None = None,
) -> list[Diagnosis]:
    """The mistakes of a query, in the order of the text; none for an empty one."""
    if not text.strip():
        return []
    errors = check_against(tables, text, parameters, functions).errors
    return sorted((_diagnosis(error, text) for error in errors), key=lambda found: found.span.start)


def _diagnosis(error: QueryError, text: str) -> Diagnosis:
    # The place of a mistake in a stored function is in the text of that.
    here = error.span if error.text in (None, text) else None
    span = here or Span(0, len(text))
    fix = None
    if error.meant is not None and here is not None:
        fix = Fix(span, error.meant if error.meant in _words() else bracketed(error.meant))
    return Diagnosis(span, error.code, error.message, error.hint, fix, error.unfinished)


def _words() -> set[str]:
    """The words of the language, which may hold hyphens."""
    return {word for words in grammar.tables().words.values() for word in words}
