"""Series, arrays of numbers inside dynamic values: what they sum up to, how gaps are filled, filters."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read, write
from kqlog.functions.kernels.series_text import Floats, read_series, write_series

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
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return read_series(column)
    return list(scalars(column))


def scalars(column: pa.Array) -> list[Json]:
    """A column of options: numbers, texts, booleans."""
    return [float(value) if isinstance(value, Decimal) else value for value in column.to_pylist()]


# ------------------------------------------------------------------------------------------------------------- one number


def _summary(compute: Callable[[list[float]], float]) -> Kernel:
    def kernel(series: pa.Array) -> pa.Array:
        known = map(reals, read_series(series))
        return pa.array([None if items is None else float(compute(items.tolist())) for items in known], pa.float64())

    return kernel


total = _summary(math.fsum)
product = _summary(math.prod)
magnitude = _summary(lambda items: math.sqrt(math.fsum(item * item for item in items)))


def _vectors(left: Json | Floats, right: Json | Floats) -> tuple[Floats, Floats] | None:
    """Two series cut to the shorter one, without the places where one has no number; None when nothing is left."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        size = min(len(left), len(right))
        return left[:size], right[:size]
    left, right = (side.tolist() if isinstance(side, np.ndarray) else side for side in (left, right))
    if not isinstance(left, list):
        left = [left] * len(right) if isinstance(right, list) else []
    if not isinstance(right, list):
        right = [right] * len(left)
    pairs = [(a, b) for a, b in zip(left, right, strict=False) if is_number(a) and is_number(b)]
    if not pairs:
        return None
    first, second = np.array(pairs, float).T
    return first, second


def dot_product(left: pa.Array, right: pa.Array) -> pa.Array:
    """series_dot_product()."""
    rows = [_vectors(*row) for row in zip(operands(left), operands(right), strict=True)]
    return pa.array([None if row is None else float(row[0] @ row[1]) for row in rows], pa.float64())


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

STATISTICS = ("min", "min_idx", "max", "max_idx", "avg", "stdev", "variance")
"""The columns of series_stats, in order."""


def stats(series: pa.Array, *ignore_nonfinite: pa.Array) -> pa.Array:
    """series_stats(): an array of its columns."""
    return write([found.get(name) for name in STATISTICS] for found in _statistics(series, ignore_nonfinite))


def stats_bag(series: pa.Array, *ignore_nonfinite: pa.Array) -> pa.Array:
    """series_stats_dynamic()."""
    return write(found or None for found in _statistics(series, ignore_nonfinite))


def _statistics(series: pa.Array, ignore_nonfinite: tuple[pa.Array, ...]) -> list[dict[str, Json]]:
    ignore = bool(ignore_nonfinite) and len(series) > 0 and ignore_nonfinite[0][0].as_py() is True
    return [_describe(items, ignore) for items in read_series(series)]


def _describe(items: Json | Floats, ignore: bool) -> dict[str, Json]:
    """The statistics, or nothing when there is none to give."""
    if isinstance(items, list):
        items = np.array([item if is_number(item) else math.nan for item in items], float)
    if not isinstance(items, np.ndarray):
        return {}
    places = np.flatnonzero(np.isfinite(items))
    if not len(places) or (len(places) < len(items) and not ignore):
        return {}
    values = items[places]
    variance = float(values.var(ddof=1)) if len(values) > 1 else 0.0
    return {
        "min": float(values.min()),
        "min_idx": int(places[values.argmin()]),
        "max": float(values.max()),
        "max_idx": int(places[values.argmax()]),
        "avg": float(values.mean()),
        "stdev": math.sqrt(variance),
        "variance": variance,
        "sum": float(values.sum()),
        "len": len(items),
    }


# ------------------------------------------------------------------------------------------------------------ filling gaps


def _is_missing(item: Json, placeholder: Json) -> bool:
    return item is None if placeholder is None else is_number(item) and item == placeholder


def fill_forward(series: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_forward(): a gap takes the value to its left."""
    return write(_carried(items, gap) if isinstance(items, list) else None for items, gap in _filled_rows(series, placeholder, 1))


def fill_backward(series: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_backward(): a gap takes the value to its right."""
    rows = _filled_rows(series, placeholder, 1)
    return write(_carried(items[::-1], gap)[::-1] if isinstance(items, list) else None for items, gap in rows)


def _filled_rows(series: pa.Array, options: tuple[pa.Array, ...], count: int) -> list[tuple[Json, ...]]:
    """Each row's series and its options, null for those that are not given."""
    columns = [scalars(column) for column in options] + [[None] * len(series)] * (count - len(options))
    return list(zip(read(series), *columns, strict=True))


def _carried(items: list[Json], placeholder: Json) -> list[Json]:
    filled: list[Json] = []
    for item in items:
        filled.append(filled[-1] if filled and _is_missing(item, placeholder) else item)
    return filled


def fill_const(series: pa.Array, constant: pa.Array, *placeholder: pa.Array) -> pa.Array:
    """series_fill_const()."""
    return write(
        [value if _is_missing(item, gap) else item for item in items] if isinstance(items, list) else None
        for items, value, gap in _filled_rows(series, (constant, *placeholder), 2)
    )


def fill_linear(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_fill_linear(): options are the placeholder, whether to fill the edges, and the value for a series of gaps."""
    rows = _filled_rows(series, options[:2], 2)
    constants = scalars(options[2]) if len(options) == 3 else [0.0] * len(series)
    return write(
        _interpolated(items, gap, edges is not False, value) for (items, gap, edges), value in zip(rows, constants, strict=True)
    )


def _interpolated(items: Json, placeholder: Json, edges: bool, constant: Json) -> Json:
    if not isinstance(items, list):
        return None
    known = [place for place, item in enumerate(items) if not _is_missing(item, placeholder) and is_number(item)]
    gaps = [place for place, item in enumerate(items) if _is_missing(item, placeholder)]
    if not known:
        return [constant if _is_missing(item, placeholder) else item for item in items]
    values = np.interp(gaps, known, [items[place] for place in known]).tolist()  # type: ignore[arg-type]
    whole = all(isinstance(items[place], int) for place in known)
    filled = list(items)
    for place, value in zip(gaps, values, strict=True):
        if edges or known[0] < place < known[-1]:
            filled[place] = int(value) if whole else value
    return filled


# --------------------------------------------------------------------------------------------------------------- filtering


def fir(series: pa.Array, filters: pa.Array, *options: pa.Array) -> pa.Array:
    """series_fir(): options are whether to normalize and whether to center."""
    chosen = [scalars(column) for column in options] + [[None] * len(series)] * (2 - len(options))
    rows = zip(read_series(series), read_series(filters), *chosen, strict=True)
    return write_series(
        _fir(reals(items), reals(weights), normalize, center is True) for items, weights, normalize, center in rows
    )


def _fir(items: Floats | None, kernel: Floats | None, normalize: Json, center: bool) -> Floats | None:
    if items is None or kernel is None or not len(kernel):
        return None
    negative = bool((kernel < 0).any())
    if normalize is True and negative:
        return None
    if not negative and normalize is not False and kernel.sum():
        kernel = kernel / kernel.sum()
    ahead = (len(kernel) - 1) // 2 if center else 0
    full = np.convolve(np.concatenate([items, np.zeros(ahead)]), kernel)
    return full[ahead : ahead + len(items)]


def iir(series: pa.Array, numerators: pa.Array, denominators: pa.Array) -> pa.Array:
    """series_iir()."""
    rows = zip(*map(read_series, (series, numerators, denominators)), strict=True)
    return write_series(_iir(*map(reals, row)) for row in rows)


def _iir(items: Floats | None, above: Floats | None, below: Floats | None) -> Floats | None:
    if items is None or above is None or below is None or not len(above) or not len(below) or not below[0]:
        return None
    first, *weights = below.tolist()
    result: list[float] = []
    for value in np.convolve(items, above)[: len(items)].tolist():
        back = sum(weight * earlier for weight, earlier in zip(weights, reversed(result), strict=False))
        result.append((value - back) / first)
    return np.array(result)


def fft(*parts: pa.Array) -> pa.Array:
    """series_fft(): arrays of the real and the imaginary parts."""
    return _transform(parts, np.fft.fft)


def ifft(*parts: pa.Array) -> pa.Array:
    """series_ifft(): arrays of the real and the imaginary parts."""
    return _transform(parts, np.fft.ifft)


def _transform(parts: tuple[pa.Array, ...], transform: Callable[[np.ndarray], np.ndarray]) -> pa.Array:
    return write_series(_complex(row, transform) for row in zip(*map(read_series, parts), strict=True))


def _complex(parts: tuple[Json | Floats, ...], transform: Callable[[np.ndarray], np.ndarray]) -> list[Floats | None]:
    known = [found for found in map(reals, parts) if found is not None and len(found)]
    if len(known) < len(parts) or len({len(found) for found in known}) > 1:
        return [None, None]
    values = known[0].astype(complex)
    for imaginary in known[1:]:
        values += 1j * imaginary
    result = transform(values)
    return [result.real, result.imag]
