"""What series sum up to, and how two of them compare."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json
from kqlog.functions.kernels.series_lists import LONG, REAL, Floats, is_list, matrix, read_series, write_records

Kernel = Callable[..., pa.Array]


def reals(value: Json | Floats) -> Floats | None:
    """The series as reals when every element is a number, else None."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, list) and all(is_number(item) for item in value):
        return np.array(value, float)
    return None


def is_number(value: object) -> bool:
    """True for an int or a float; Python takes a bool for an int."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def operands(column: pa.Array) -> list[Json | Floats]:
    """A column of series, or of numbers that stand for every element of a series."""
    if is_list(column) or pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return read_series(column)
    return list(scalars(column))


def scalars(column: pa.Array) -> list[Json]:
    """A column of options: numbers, texts, booleans."""
    return [float(value) if isinstance(value, Decimal) else value for value in column.to_pylist()]


# ------------------------------------------------------------------------------------------------------------- one number


def _summary(compute: Callable[[Floats], Floats]) -> Kernel:
    """A number for each series; `compute` takes the last axis of an array together."""

    def kernel(series: pa.Array) -> pa.Array:
        if (rows := matrix(series)) is not None:
            return pa.array(compute(rows), REAL)
        known = map(reals, read_series(series))
        return pa.array([None if items is None else float(compute(items)) for items in known], REAL)

    return kernel


total = _summary(lambda items: items.sum(-1))
product = _summary(lambda items: items.prod(-1))
magnitude = _summary(lambda items: np.sqrt(np.einsum("...i,...i", items, items)))


def _vectors(left: Json | Floats, right: Json | Floats) -> tuple[Floats, Floats] | None:
    """The pairs of numbers of two series, or of a series and a number; None without any."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        size = min(len(left), len(right))
        return (left[:size], right[:size]) if size else None
    if not isinstance(left, (list, np.ndarray)):
        left = [left] * len(right) if isinstance(right, (list, np.ndarray)) else []
    if not isinstance(right, (list, np.ndarray)):
        right = [right] * len(left)
    pairs = [(a, b) for a, b in zip(left, right, strict=False) if is_number(a) and is_number(b)]
    if not pairs:
        return None
    first, second = np.array(pairs, float).T
    return first, second


def dot_product(left: pa.Array, right: pa.Array) -> pa.Array:
    """series_dot_product()."""
    first, second = matrix(left), matrix(right)
    if first is not None and second is not None and first.shape == second.shape and first.size:
        return pa.array(np.einsum("ij,ij->i", first, second), REAL)
    rows = [_vectors(*row) for row in zip(operands(left), operands(right), strict=True)]
    return pa.array([None if row is None else float(row[0] @ row[1]) for row in rows], REAL)


def cosine_similarity(left: pa.Array, right: pa.Array, *magnitudes: pa.Array) -> pa.Array:
    """series_cosine_similarity(), also with magnitudes that are known."""
    known = [column.to_pylist() for column in magnitudes] or [[None] * len(left)] * 2
    rows = zip(read_series(left), read_series(right), *known, strict=True)
    return pa.array([_cosine(*row) for row in rows], pa.float64())


def _cosine(left: Json | Floats, right: Json | Floats, left_size: float | None, right_size: float | None) -> float | None:
    vectors = _vectors(left, right)
    if vectors is None:
        return None
    first, second = vectors
    sizes = (np.linalg.norm(first) if left_size is None else left_size) * (
        np.linalg.norm(second) if right_size is None else right_size
    )
    return float(first @ second / sizes) if sizes else math.nan


def pearson_correlation(left: pa.Array, right: pa.Array) -> pa.Array:
    """series_pearson_correlation(): null unless both are series of numbers of one length."""
    rows = zip(read_series(left), read_series(right), strict=True)
    return pa.array([_pearson(reals(first), reals(second)) for first, second in rows], pa.float64())


def _pearson(left: Floats | None, right: Floats | None) -> float | None:
    if left is None or right is None or not 0 < len(left) == len(right):
        return None
    first, second = left - np.mean(left), right - np.mean(right)
    sizes = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / sizes) if sizes else math.nan


# ------------------------------------------------------------------------------------------------------------- statistics

STATISTICS = {"min": REAL, "min_idx": LONG, "max": REAL, "max_idx": LONG, "avg": REAL, "stdev": REAL, "variance": REAL}
"""The columns of series_stats, in order."""
MORE_STATISTICS = {**STATISTICS, "sum": REAL, "len": LONG}
"""The keys of series_stats_dynamic, in order."""


def stats(series: pa.Array, *ignore_nonfinite: pa.Array) -> pa.Array:
    """series_stats()."""
    found = _statistics(series, ignore_nonfinite)
    return write_records((row and row[: len(STATISTICS)] for row in found), STATISTICS)


def stats_bag(series: pa.Array, *ignore_nonfinite: pa.Array) -> pa.Array:
    """series_stats_dynamic()."""
    return write_records(_statistics(series, ignore_nonfinite), MORE_STATISTICS)


def _statistics(series: pa.Array, ignore_nonfinite: tuple[pa.Array, ...]) -> list[list[float] | None]:
    ignore = bool(ignore_nonfinite) and len(series) > 0 and ignore_nonfinite[0][0].as_py() is True
    return [_describe(items, ignore) for items in read_series(series)]


def _describe(items: Json | Floats, ignore: bool) -> list[float] | None:
    """The statistics in order, or None when there are none to give."""
    if isinstance(items, list):
        items = np.array([item if is_number(item) else math.nan for item in items], float)
    if not isinstance(items, np.ndarray):
        return None
    places = np.flatnonzero(np.isfinite(items))
    if not len(places) or (len(places) < len(items) and not ignore):
        return None
    values = items[places]
    low, high = int(values.argmin()), int(values.argmax())
    variance = float(values.var(ddof=1)) if len(values) > 1 else 0.0
    return [
        *(values[low], int(places[low]), values[high], int(places[high]), values.mean()),
        *(math.sqrt(variance), variance, values.sum(), len(items)),
    ]
