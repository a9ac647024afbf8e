"""Clusters of similar texts, for reduce: frequent words stay, all others become stars.

After R. Vaarandi, "A Data Clustering Algorithm for Mining Patterns From Event Logs" (2003), over each text once with its rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

OTHERS = "others"
STAR = "*"


class _Texts(NamedTuple):
    """Texts, how many rows have each, and the pattern that each fits; None where it fits none."""

    texts: list[str]
    rows: list[int]
    patterns: list[str | None]


def groups(table: pa.Table, threshold: float, characters: str | None) -> pa.Table:
    """Each pattern, how many rows fit it, and its most frequent text; the largest first and the others last."""
    found = _clustered(table, threshold, characters)
    counts, representatives = _described(found)
    order = sorted(counts, key=lambda pattern: (pattern is None, -counts[pattern], pattern))
    columns = [
        pa.array([OTHERS if pattern is None else pattern for pattern in order], pa.string()),
        pa.array([counts[pattern] for pattern in order], pa.int64()),
        pa.array([representatives[pattern] for pattern in order], pa.string()),
    ]
    return pa.table(columns, ["Pattern", "Count", "Representative"])


def of_each(table: pa.Table, threshold: float, characters: str | None) -> pa.Table:
    """Each text with its pattern, how many rows fit that, and its most frequent text."""
    found = _clustered(table, threshold, characters)
    counts, representatives = _described(found)
    columns = [
        pa.array(found.texts, pa.string()),
        pa.array([OTHERS if pattern is None else pattern for pattern in found.patterns], pa.string()),
        pa.array([counts[pattern] for pattern in found.patterns], pa.int64()),
        pa.array([representatives[pattern] for pattern in found.patterns], pa.string()),
    ]
    return pa.table(columns, ["Text", "Pattern", "Count", "Representative"])


def _clustered(table: pa.Table, threshold: float, characters: str | None) -> _Texts:
    texts, rows = (column.to_pylist() for column in table.columns)
    least = max(threshold * sum(rows), 1)
    split = re.compile(r"([^0-9A-Za-z]+)" if characters is None else f"([{re.escape(characters)}]+)" if characters else "()$")
    frequency: Counter[tuple[int, str]] = Counter()
    for text, count in zip(texts, rows, strict=True):
        for place in _words(split.split(text)):
            frequency[place] += count
    frequent = {place for place, count in frequency.items() if count > least}
    patterns = [_pattern(split.split(text), frequent, characters is None) for text in texts]
    sizes: Counter[str] = Counter()
    for pattern, count in zip(patterns, rows, strict=True):
        sizes[pattern] += count
    kept = {pattern for pattern, size in sizes.items() if size > least and pattern.strip(STAR)}
    return _Texts(texts, rows, [pattern if pattern in kept else None for pattern in patterns])


def _words(parts: list[str]) -> Iterator[tuple[int, str]]:
    """The words of a text with their places. A number is none: it is what varies."""
    return ((place, word) for place, word in enumerate(parts[::2]) if word and not word.isdecimal())


def _pattern(parts: list[str], frequent: set[tuple[int, str]], separated: bool) -> str:
    """The text with its frequent words, and a star for each stretch of others; `separated`: what stands around a star stays."""
    shown: list[str] = []
    for place, word in enumerate(parts[::2]):
        separator, after_star = parts[2 * place - 1] if place else "", shown[-1:] == [STAR]
        if not word or (place, word) in frequent:
            shown += ["" if after_star and not separated else separator, word]
        elif not after_star:
            shown += [separator if separated else "", STAR]
    return "".join(shown)


def _described(found: _Texts) -> tuple[dict[str | None, int], dict[str | None, str]]:
    """For each pattern the number of its rows, and the text that most of them have: the first in order of text among several."""
    counts: Counter[str | None] = Counter()
    best: dict[str | None, tuple[int, str]] = {}
    for text, rows, pattern in zip(*found, strict=True):
        counts[pattern] += rows
        best[pattern] = min(best.get(pattern, (0, "")), (-rows, text))
    return counts, {pattern: "" if pattern is None else text for pattern, (_, text) in best.items()}
