"""How a text may go on at a place: the names, words and values that fit, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kqlog.assist.candidates import Around, candidates
from kqlog.assist.place import place
from kqlog.assist.proposal import Candidate, Proposal
from kqlog.assist.sight import Functions, sight
from kqlog.types import Schema

Values = Callable[[str, str], Sequence[str]]
"""The values that a string column of a table has; none where they are too many, or not known yet. Must answer at once."""

MOST = 200
"""Proposals in one answer."""


def complete(
    text: str,
    position: int,
    tables: Mapping[str, Schema],
    functions: Functions | None = None,
    values: Values | None = None,
) -> list[Proposal]:
    """Proposals for a position in a text, the likeliest first; none within comments, or behind what is not KQL.

    `functions` are the stored ones. A text without a word begun at the position gets all that may stand there.
    """
    here = place(text, position)
    if here is None:
        return []
    around = Around(here, sight(here, tables, functions or {}), tables, functions or {}, text)
    typed = here.begun.lower()
    fitting: dict[str, tuple[float, Candidate]] = {}
    for candidate in candidates(around):
        fit = _fit(candidate.label, typed)
        if fit is not None and (candidate.label not in fitting or fitting[candidate.label][0] < candidate.score + fit):
            fitting[candidate.label] = candidate.score + fit, candidate
    ordered = sorted(fitting.values(), key=lambda found: (-found[0], found[1].label.lower()))
    called = text[position : position + 1] == "("
    return [candidate.proposal(here.span, called) for _, candidate in ordered[:MOST]]


def _fit(label: str, typed: str) -> float | None:
    """How well a label fits what was typed, 0 where nothing was; None where it does not."""
    if not typed:
        return 0.0
    lower = label.lower()
    if lower.startswith(typed):
        return 100.0
    if typed in lower:
        return 0.0 if len(typed) > 1 else None
    return None
