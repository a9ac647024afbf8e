"""Hints that name what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known word most like this one."""
    import difflib

    close = difflib.get_close_matches(word.lower(), sorted(known), 1, 0.7)
    return f"did you mean '{close[0]}'?" if close else None
