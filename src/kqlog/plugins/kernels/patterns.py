"""Patterns: what many rows have in common. Tables hold each combination of values once, with its weight.

A column of values holds their codes as texts, and a pattern's column a code or, where it says nothing, ''.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from kqlog.errors import QueryError

MOST_PATTERNS = 100_000
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]
Codes = np.ndarray[tuple[int, int], np.dtype[np.int64]]
CodesOfOne = np.ndarray[tuple[int], np.dtype[np.int64]]
Differs = np.ndarray[tuple[int, int], np.dtype[np.bool_]]
Kept = np.ndarray[tuple[int], np.dtype[np.bool_]]
Place = np.intp
Places = np.ndarray[tuple[int], np.dtype[np.intp]]
Pattern = tuple[int, ...]
"""The code of each column, or ANY."""

ANY = -1
LARGEST = 2**62
"""Numbers of rows are smaller than this."""

TINY = 1e-300
"""What stands for nothing where something is divided by it."""


class Rows(NamedTuple):
    """Combinations of values: a column of `codes` for each column, and what texts the codes stand for."""

    codes: Codes
    texts: list[list[str]]

    def closed(self, places: Places) -> Pattern:
        """All that some rows have in common."""
        first = self.codes[places[0]]
        shared = (self.codes[places] == first).all(axis=0)
        return tuple(int(code) if same else ANY for code, same in zip(first, shared, strict=True))

    def having(self, pattern: Pattern) -> Places:
        """Where the pattern holds."""
        found = np.ones(len(self.codes), bool)
        for codes, wanted in zip(self.codes.T, pattern, strict=True):
            if wanted != ANY:
                found &= codes == wanted
        return np.flatnonzero(found)


def _rows(table: pa.Table, weights: int) -> tuple[Rows, list[Numbers]]:
    """The combinations of a table, and its last columns as weights.

    Raises:
        QueryError: ENG002 for a weight that nothing can have.
    """
    columns = [column.combine_chunks().dictionary_encode() for column in table.columns[:-weights]]
    codes = np.array([column.indices.to_numpy() for column in columns], np.int64).reshape(len(columns), -1).T
    numbers = [column.to_numpy().astype(np.float64) for column in table.columns[-weights:]]
    if not all((np.isfinite(of_rows) & (of_rows >= 0)).all() for of_rows in numbers):
        raise QueryError("ENG002", "the column of weights has numbers that are negative or not finite")
    return Rows(codes, [column.dictionary.to_pylist() for column in columns]), numbers


def _condensed(rows: Rows, weights: Iterable[Numbers], least: Iterable[float]) -> tuple[Rows, list[Numbers]]:
    """The rows with ANY for values that are rare by every weight, which no pattern has, and equal ones as one."""
    weights, least = tuple(weights), tuple(least)
    columns = []
    for codes in rows.codes.T:
        limits = zip(weights, least, strict=True)
        common = np.any([_sums(codes, of_rows) >= max(limit, TINY) for of_rows, limit in limits], axis=0)
        columns.append(np.where(common[codes], codes, ANY))
    groups, examples = _groups(columns, [len(texts) for texts in rows.texts], len(rows.codes))
    kept: Codes = np.array(columns, np.int64).reshape(len(columns), len(rows.codes)).T[examples]
    return Rows(np.asfortranarray(kept), rows.texts), [_sums(groups, of_rows) for of_rows in weights]


def _groups(columns: Iterable[CodesOfOne], sizes: Iterable[int], rows: int) -> tuple[CodesOfOne, Places]:
    """The number of each row among all that differ, and an example for each number. A column has codes from ANY to its size."""
    groups, width = np.zeros(rows, np.int64), 1
    for codes, size in zip(columns, sizes, strict=True):
        if width * (size + 1) >= LARGEST:
            groups, width = _numbered(groups), rows
        groups, width = groups * (size + 1) + codes + 1, width * (size + 1)
    groups = _numbered(groups)
    examples = np.empty(int(groups.max(initial=ANY)) + 1, np.intp)
    examples[groups] = np.arange(rows)
    return groups, examples


def _numbered(numbers: CodesOfOne) -> CodesOfOne:
    """Numbers as those from 0, in order of first appearance."""
    found: CodesOfOne = pa.array(numbers).dictionary_encode().indices.to_numpy().astype(np.int64)
    return found


def _sums(codes: CodesOfOne, weights: Numbers) -> Numbers:
    """The weight of each code; what has none is left out."""
    return np.bincount(codes + 1, weights)[1:].astype(np.float64)


def _table(rows: Rows, patterns: list[Pattern], measures: Iterable[Numbers | list[float] | list[int]]) -> pa.Table:
    columns = [pa.array(range(len(patterns)), pa.int64()), *(pa.array(measure) for measure in measures)]
    for at, texts in enumerate(rows.texts):
        columns.append(pa.array(["" if found[at] == ANY else texts[found[at]] for found in patterns], pa.string()))
    return pa.table(columns, [str(number) for number in range(len(columns))])


def _whole(counts: Iterable[float]) -> list[int]:
    return [round(count) for count in counts]


def _sizes(counts: list[float], weights: Numbers) -> tuple[list[int], list[float]]:
    """Counts and the percentages that they are of all."""
    total = max(float(weights.sum()), TINY)
    return _whole(counts), [100 * count / total for count in counts]


# ----------------------------------------------------------------------------------------------------------------- basket


def basket(table: pa.Table, threshold: float, dimensions: int) -> pa.Table:
    """Every frequent pattern that so many values imply, with all that its rows have in common; most frequent first."""
    rows, (weights,) = _rows(table, 1)
    found = _frequent(rows, weights, threshold * float(weights.sum()), dimensions)
    found.pop((ANY,) * len(rows.texts), None)
    patterns = sorted(found, key=lambda pattern: (-found[pattern], pattern))
    counts = [found[pattern] for pattern in patterns]
    return _table(rows, patterns, _sizes(counts, weights))


def _frequent(rows: Rows, weights: Numbers, least: float, dimensions: int) -> dict[Pattern, float]:
    """Every pattern that at most so many frequent values imply, and its weight: first by one value, then by one more ...

    Raises:
        QueryError: LIM003 when there are too many.
    """
    rows, (weights,) = _condensed(rows, (weights,), (least,))
    everywhere = np.flatnonzero(weights)
    pending = [rows.closed(everywhere)] if len(everywhere) else []
    found = dict.fromkeys(pending, float(weights.sum()))
    seen: set[bytes] = set()
    for _ in range(dimensions):
        wider, pending = pending, []
        for places in (places for pattern in wider for places in _narrower(rows, weights, pattern, least)):
            same = blake2b(places.tobytes(), digest_size=16).digest()
            pattern = None if same in seen else rows.closed(places)
            seen.add(same)
            if pattern is not None and pattern not in found:
                found[pattern] = float(weights[places].sum())
                pending.append(pattern)
        if len(found) > MOST_PATTERNS:
            hint = "raise the threshold, or keep fewer columns"
            raise QueryError("LIM003", f"there are more than {MOST_PATTERNS} frequent patterns", hint=hint)
    return found


def _narrower(rows: Rows, weights: Numbers, pattern: Pattern, least: float) -> Iterator[Places]:
    """Where a pattern holds, by each frequent value of another column."""
    places = rows.having(pattern)
    places = places[weights[places] > 0]
    for at in np.flatnonzero(np.array(pattern) == ANY):
        codes = rows.codes[places, at]
        for code in np.flatnonzero(_sums(codes, weights[places]) >= max(least, TINY)):
            yield places[codes == code]


# ------------------------------------------------------------------------------------------------------------ autocluster


def autocluster(table: pa.Table, size_weight: float, seeds: int) -> pa.Table:
    """A few patterns that are common and say much: for some rows of the table, the best part of each by size and information."""
    rows, (weights,) = _rows(table, 1)
    shares = weights / max(float(weights.sum()), TINY)
    bits = [-np.log2(np.maximum(np.bincount(codes, shares), TINY)) for codes in rows.codes.T] if len(shares) else []
    found = {}
    for seed in _sampled(shares, seeds):
        information = np.array([float(of_value[code]) for of_value, code in zip(bits, rows.codes[seed], strict=True)])
        differs, groups = _differences(seed, rows, shares)
        ways = [way(information, differs, groups, size_weight) for way in (_relaxed, _grown)]
        score, kept = max(ways, key=lambda one: one[0])
        found[tuple(int(code) if use else ANY for code, use in zip(rows.codes[seed], kept, strict=True))] = score
    covered = np.zeros(len(weights), bool)
    patterns, counts = [], []
    for pattern in sorted(found, key=lambda pattern: (-found[pattern], pattern)):
        places = rows.having(pattern)
        if float(shares[places][~covered[places]].sum()) * 2 > float(shares[places].sum()):
            covered[places] = True
            patterns.append(pattern)
            counts.append(float(weights[places].sum()))
    return _table(rows, patterns, _sizes(counts, weights))


def _sampled(shares: Numbers, seeds: int) -> Places:
    """Places of at most so many rows, spread evenly over the shares: always the same ones for the same table."""
    if not shares.any():
        return np.array([], np.intp)
    return np.unique(np.searchsorted(np.cumsum(shares), (np.arange(seeds) + 0.5) / seeds))


def _relaxed(information: Numbers, differs: Differs, shares: Numbers, size_weight: float) -> tuple[float, Kept]:
    """The best pattern on the way from a row to one of its values, always dropping what makes the next one best."""
    kept = np.ones(len(information), bool)
    best = (-1.0, kept.copy())
    while kept.any():
        misses = differs[:, kept].sum(axis=1)
        share, nearly = float(shares[misses == 0].sum()), misses == 1
        score = _score(share, information[kept].sum(), size_weight)
        if score > best[0]:
            best = score, kept.copy()
        relaxed = _score(share + shares[nearly] @ differs[nearly], information[kept].sum() - information, size_weight)
        kept[int(np.argmax(np.where(kept, relaxed, -1.0)))] = False
    return best


def _grown(information: Numbers, differs: Differs, shares: Numbers, size_weight: float) -> tuple[float, Kept]:
    """The best pattern on the way from nothing to a row, always adding what makes the next one best.

    Where several columns have a value of their own in each row, dropping one wins nothing, and _relaxed drops the wrong ones.
    """
    kept = np.zeros(len(information), bool)
    best = (-1.0, kept.copy())
    while not kept.all():
        fit = ~differs[:, kept].any(axis=1)
        scores = _score(shares[fit] @ ~differs[fit], information[kept].sum() + information, size_weight)
        added = int(np.argmax(np.where(kept, -1.0, scores)))
        kept[added] = True
        if scores[added] >= best[0]:
            best = float(scores[added]), kept.copy()
    return best


def _differences(seed: Place, rows: Rows, shares: Numbers) -> tuple[Differs, Numbers]:
    """Each set of columns in which some rows differ from the seed, and the share of those rows: far fewer than there are rows."""
    columns = [codes != codes[seed] for codes in rows.codes.T]
    groups, examples = _groups(columns, [1] * len(columns), len(shares))
    differs: Differs = rows.codes[examples] != rows.codes[seed]
    return differs, _sums(groups, shares)


def _score(share: Any, information: Any, size_weight: float) -> Any:
    """The weighted geometric mean of how many rows a pattern has and how much it says of each."""
    return share**size_weight * np.maximum(information, 0) ** (1 - size_weight)


# ----------------------------------------------------------------------------------------------------------- diffpatterns


def diffpatterns(table: pa.Table, threshold: float, dimensions: int) -> pa.Table:
    """The patterns whose share differs most between two sets: each value, narrowed down as long as that helps."""
    rows, (first, second) = _rows(table, 2)
    found = differing(rows, (first, second), threshold, dimensions)
    patterns = sorted(found, key=lambda pattern: (-abs(found[pattern].difference), pattern))
    counts = [_whole(found[pattern].counts[side] for pattern in patterns) for side in (0, 1)]
    percents = [[100 * found[pattern].shares[side] for pattern in patterns] for side in (0, 1)]
    return _table(rows, patterns, (*counts, *percents, [100 * abs(found[pattern].difference) for pattern in patterns]))


class Sides(NamedTuple):
    """How many rows of each of two sets a pattern has, and the share of the set that they are."""

    counts: tuple[float, float]
    shares: tuple[float, float]

    @property
    def difference(self) -> float:
        """By how much the share of the first is larger."""
        return self.shares[0] - self.shares[1]


def differing(
    rows: Rows, weights: Sequence[Numbers], threshold: float, dimensions: int = 0, least: int = 1
) -> dict[Pattern, Sides]:
    """The patterns of at least so many values whose share differs by the threshold, of at most `dimensions` that others imply."""
    totals = [max(float(numbers.sum()), TINY) for numbers in weights]
    rows, weights = _condensed(rows, weights, [threshold * total for total in totals])
    first, second = (numbers / total for numbers, total in zip(weights, totals, strict=True))
    found: dict[Pattern, Sides] = {}
    for codes in rows.codes.T:
        common = np.maximum(_sums(codes, first), _sums(codes, second)) >= threshold
        for code in np.flatnonzero(common):
            pattern = rows.closed(_narrowed(rows, first - second, np.flatnonzero(codes == code), dimensions, least))
            places = rows.having(pattern)
            counts = float(weights[0][places].sum()), float(weights[1][places].sum())
            sides = Sides(counts, (counts[0] / totals[0], counts[1] / totals[1]))
            if abs(sides.difference) >= threshold and said(pattern) >= least:
                found[pattern] = sides
    return found


def said(pattern: Pattern) -> int:
    """In how many columns a pattern has a value."""
    return sum(code != ANY for code in pattern)


def _narrowed(rows: Rows, surplus: Numbers, places: Places, dimensions: int, least: int) -> Places:
    """Fewer of some rows, by values added one after the other, as long as the difference between the shares grows.

    Also where it does not grow, up to the number of values that a pattern has at least.
    """
    used = 1
    while dimensions == 0 or used < dimensions:
        pattern = rows.closed(places)
        # Sums of shares in another order differ in their last digits.
        difference, best = 0.0 if said(pattern) < least else abs(float(surplus[places].sum())) + 1e-9, None
        for at in np.flatnonzero(np.array(pattern) == ANY):
            codes = rows.codes[places, at]
            differences = np.abs(_sums(codes, surplus[places]))
            code = int(np.argmax(differences)) if len(differences) else ANY
            if code != ANY and differences[code] > difference:
                difference, best = float(differences[code]), codes == code
        if best is None:
            return places
        places, used = places[best], used + 1
    return places
