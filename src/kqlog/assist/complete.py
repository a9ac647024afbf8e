"""How a text may go on at a place: the names, words and values that fit, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kqlog.assist.around import Around
from kqlog.assist.candidates import candidates
from kqlog.assist.place import place, string_around
from kqlog.assist.proposal import Candidate, Proposal
from kqlog.assist.sight import Functions, sight
from kqlog.assist.values import Values, value_candidates
from kqlog.errors import Span
from kqlog.types import Schema

MOST = 200
"""Proposals in one answer."""
_QUOTES = ("'", '"')


def complete(
    text: str,
    position: int,
    tables: Mapping[str, Schema],
    functions: Functions | None = None,
    values: Values | None = None,
) -> list[Proposal]:
    """Proposals for a position in a text, the likeliest first; none within comments, or behind what is not KQL.

    `functions` are the stored ones. Where no word is begun at the position, all that may stand there is proposed. Within a
    string that a column is compared with, the values of that column are.
    """
    stored = functions or {}
    if (string := string_around(text, position)) is not None:
        return _of_string(text, position, string, tables, stored, values)
    here = place(text, position)
    if here is None:
        return []
    around = Around(here, sight(here, tables, stored), tables, stored, text)
    found = [*value_candidates(here, around.sight, values), *candidates(around)]
    return _chosen(found, here.begun.lower(), here.span, text[position : position + 1] == "(")


def _of_string(
    text: str, position: int, string: Span, tables: Mapping[str, Schema], functions: Functions, values: Values | None
) -> list[Proposal]:
    """Proposals inside of a string, which they replace up to its end, or to the position where it is not closed."""
    quote = text[string.start]
    here = place(text, string.start) if values is not None and quote in _QUOTES else None
    if here is None:
        return []
    closed = string.end > position and text[string.end - 1] == quote
    span = Span(string.start, string.end if closed else position)
    found = value_candidates(here, sight(here, tables, functions), values, quote)
    return _chosen(found, text[string.start + 1 : position].lower(), span, called=False)


def _chosen(found: Iterable[Candidate], typed: str, span: Span, called: bool) -> list[Proposal]:
    """The candidates that fit what was typed, the best first, each label once."""
    fitting: dict[str, tuple[float, Candidate]] = {}
    for candidate in found:
        score = _fit(candidate.label, typed)
        if score is None:
            continue
        score += candidate.score
        if candidate.label not in fitting or fitting[candidate.label][0] < score:
            fitting[candidate.label] = score, candidate
    ordered = sorted(fitting.values(), key=lambda one: (-one[0], one[1].label.lower()))
    return [candidate.proposal(span, called) for _, candidate in ordered[:MOST]]


def _fit(label: str, typed: str) -> float | None:
    """How well a label fits what was typed, 0 where nothing was; None where it does not."""
    if not typed:
        return 0.0
    lower = label.lower()
    if lower.removeprefix('"').removeprefix("'").startswith(typed):
        return 100.0
    # A single letter is in nearly every name.
    return 0.0 if len(typed) > 1 and typed in lower else None
