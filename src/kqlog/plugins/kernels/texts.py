"""What tells two sets of texts apart: the words that stand at the same places."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyarrow import compute

from kqlog.plugins.kernels.patterns import ANY, Pattern, Rows, differing

STAR = "*"


def diffpatterns_text(table: pa.Table, least: int, threshold: float, most: int) -> pa.Table:
    """The patterns of words whose share differs between two sets; those of the first set come first.

    The table holds each text once, with its rows in both sets. The first `most` words of a text count.
    """
    text, first, second = (column.combine_chunks() for column in table.columns)
    rows, lengths = _words(text, most)
    found = differing(rows, (first.to_numpy(), second.to_numpy()), threshold, least=max(least, 1))
    shown = {pattern: _shown(rows, pattern, lengths) for pattern in found}
    patterns = sorted(found, key=lambda pattern: (-found[pattern].difference, shown[pattern]))
    sides = [found[pattern] for pattern in patterns]
    counts = [pa.array([round(side.counts[at]) for side in sides], pa.int64()) for at in (0, 1)]
    percents = [pa.array([100 * side.shares[at] for side in sides], pa.float64()) for at in (0, 1)]
    columns = [*counts, *percents, pa.array([shown[pattern] for pattern in patterns], pa.string())]
    return pa.table(columns, [str(number) for number in range(len(columns))])


def _words(text: pa.Array, most: int) -> tuple[Rows, np.ndarray]:
    """The words of each text by their places, ANY where it has none; and how many there are."""
    trimmed = compute.utf8_trim_whitespace(text)
    lists = compute.utf8_split_whitespace(trimmed, max_splits=most)
    words, starts = lists.values, lists.offsets.to_numpy()[:-1]
    lengths = np.where(compute.equal(trimmed, "").to_numpy(zero_copy_only=False), 0, np.diff(lists.offsets.to_numpy()))
    columns, texts = [], []
    for place in range(min(most, int(lengths.max(initial=0)))):
        missing = lengths <= place
        at = pa.array(np.where(missing, 0, starts + place), mask=missing)
        found = words.take(at).dictionary_encode()
        columns.append(found.indices.fill_null(ANY).to_numpy())
        texts.append(found.dictionary.to_pylist())
    return Rows(np.array(columns, np.int64).reshape(len(columns), len(text)).T, texts), np.minimum(lengths, most)


def _shown(rows: Rows, pattern: Pattern, lengths: np.ndarray) -> str:
    """A pattern as words and stars; a last star where texts go on behind its last word."""
    last = max(place for place, code in enumerate(pattern) if code != ANY)
    words = [STAR if code == ANY else rows.texts[place][code] for place, code in enumerate(pattern[: last + 1])]
    goes_on = lengths[rows.having(pattern)].max() > last + 1
    return " ".join([*words, STAR] if goes_on else words)
