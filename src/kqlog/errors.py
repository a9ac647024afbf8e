"""The one error users see, where it points, and what each code means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters in the query text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.start, other.end)


NOWHERE = Span(-1, -1)

CODES: dict[str, str] = {
    "SYN001": "The text is not KQL at this place. The message names what was found and what could stand there.",
    "SYN002": "A string, bracket or comment is opened here and never closed.",
    "SYN003": "A literal cannot be read as the type it claims, such as datetime(2024-13-01) or dynamic({a).",
    "SEM001": "A name means nothing here: no such column, table, function or variable. Names are case sensitive.",
    "SEM002": "A value has a type that cannot stand here. The message says what was given and what is wanted.",
    "SEM003": "A function or operator was called with the wrong number or names of arguments.",
    "SEM004": "A constant is wanted here, but the value depends on a row.",
    "SEM005": "Something stands where the language does not allow it, such as an aggregate outside of summarize.",
    "SEM006": "Two columns or variables would have the same name.",
    "LIM001": "The query is longer or more deeply nested than kqlog reads.",
    "LIM002": "The query ran longer than it was allowed to.",
    "LIM003": "The query needs more memory than it was allowed.",
    "ENG001": "KQL has this construct, and kqlog does not offer it on this engine.",
    "ENG002": "The engine failed while it ran the query, for example on an overflow.",
    "ENG003": "A file of a table cannot be read: missing, half-written, or not of its format.",
    "ENG004": "The query was cancelled.",
    "ING001": "Data cannot be taken in as a table.",
    "ING002": "Rows cannot be stored: the disk is full or the folder read-only. Nothing of them is kept: send them again later.",
    "ING003": "A text that should hold rows cannot be read: it is cut off, not UTF-8, or not of its format.",
    "ING004": "A data collection rule, or a stream of one, is not there or cannot be used.",
    "ALR001": "An alert rule, or another file of alerts, is not there or cannot be used.",
    "ALR002": "The state of alerts is not as wanted: another process evaluates them, or there is no such alert.",
    "EXP001": "An export cannot be made like this. The message names what is wrong with its query or with where it should go.",
    "EXP002": "Where an export goes to does not take the rows now. They are kept, and are sent again by the next run.",
    "EXP003": "A continuous export fell behind: rows that it has not exported yet are not all there any more.",
}


class QueryError(Exception):
    """Anything wrong with a query, told apart by `code`.

    `span` is where in `text` it is (None when the place is not known); `hint` is a next step for the reader. `meant` is what
    was probably meant in the place of the span, and then the hint unless there is another.
    """

    def __init__(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        hint: str | None = None,
        text: str | None = None,
        *,
        meant: str | None = None,
    ) -> None:
        super().__init__(message)
        if code not in CODES:
            raise ValueError(f"no error code {code!r}")
        self.code = code
        self.message = message
        self.span = None if span == NOWHERE else span
        self.hint = f"did you mean '{meant}'?" if hint is None and meant is not None else hint
        self.meant = meant
        self.unfinished = False
        """Whether all that is wrong is that the text ends too early."""

        self.text = text
        self.elsewhere = False
        """Whether the mistake is in a text that this one calls."""

    def within(self, text: str) -> QueryError:
        """The same error, knowing the query text it speaks of (kept if it already knows one)."""
        if self.text is None:
            self.text = text
        return self

    def at(self, span: Span) -> QueryError:
        """The same error with a place (kept if it already has one)."""
        if self.span is None and span != NOWHERE:
            self.span = span
        return self

    def seen_at(self, span: Span, place: str) -> QueryError:
        """An error in another text, such as a stored function, as one of the place that leads there."""
        line = "" if self.line is None else f"line {self.line} of "
        # Only the innermost text has the mistake.
        message = self.message if self.elsewhere else f"{self.message} (in {line}{place})"
        seen = QueryError(self.code, message, span, self.hint)
        seen.elsewhere = True
        return seen

    @property
    def line(self) -> int | None:
        """The line of `span`, counted from 1."""
        if self.span is None or self.text is None:
            return None
        return self.text.count("\n", 0, self.span.start) + 1

    @property
    def column(self) -> int | None:
        """The column of `span` in its line, counted from 1."""
        if self.span is None or self.text is None:
            return None
        return self.span.start - self.text.rfind("\n", 0, self.span.start)

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.message}"]
        if (excerpt := self._excerpt()) is not None:
            parts.append(excerpt)
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)

    def _render_traceback_(self) -> list[str]:
        """What notebooks show of it: the error, and no frames of kqlog's own."""
        return str(self).split("\n")

    def _excerpt(self) -> str | None:
        """The line of the query with carets below the span."""
        if self.span is None or self.text is None or self.line is None or self.column is None:
            return None
        full = self.text.split("\n")[self.line - 1]
        carets = max(1, min(self.span.end - self.span.start, len(full) - self.column + 1))
        cut = max(0, self.column - 60)
        source = full[cut : cut + 120].replace("\t", " ").replace("\ufeff", " ")
        number = str(self.line)
        return f"  {number} | {source}\n  {' ' * len(number)} | {' ' * (self.column - 1 - cut)}{'^' * min(carets, 120)}"
