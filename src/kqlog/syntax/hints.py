"""What was probably meant by a word that does not fit."""

from __future__ import annotations

from collections.abc import Iterable


def most_like(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, if one is."""
    import difflib

    return next(iter(difflib.get_close_matches(word.lower(), sorted(known), 1, 0.7)), None)
