"""Filters and Fourier transforms of series."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json
from kqlog.functions.kernels.series import reals, scalars
from kqlog.functions.kernels.series_lists import REALS, Floats, read_series, write_lists, write_records


def fir(series: pa.Array, filters: pa.Array, *options: pa.Array) -> pa.Array:
    """series_fir(): options are whether to normalize and whether to center."""
    chosen = [scalars(column) for column in options] + [[None] * len(series)] * (2 - len(options))
    rows = zip(read_series(series), read_series(filters), *chosen, strict=True)
    return write_lists(
        _fir(reals(items), reals(weights), normalize, center is True) for items, weights, normalize, center in rows
    )


def _fir(items: Floats | None, weights: Floats | None, normalize: Json, center: bool) -> Floats | None:
    if items is None or weights is None or not len(weights):
        return None
    if not len(items):
        return items
    taps = _taps(weights.tobytes(), normalize if isinstance(normalize, bool) else None)
    if taps is None:
        return None
    ahead = (len(taps) - 1) // 2 if center else 0
    return np.convolve(items, taps)[ahead : ahead + len(items)]


@lru_cache(maxsize=64)
def _taps(weights: bytes, normalize: bool | None) -> Floats | None:
    """The coefficients of a filter, most often the same for all rows. Negative ones cannot be normalized."""
    taps = np.frombuffer(weights)
    negative = bool((taps < 0).any())
    if normalize and negative:
        return None
    return taps / taps.sum() if not negative and normalize is not False and taps.sum() else taps


def iir(series: pa.Array, numerators: pa.Array, denominators: pa.Array) -> pa.Array:
    """series_iir()."""
    rows = zip(*map(read_series, (series, numerators, denominators)), strict=True)
    return write_lists(_iir(*map(reals, row)) for row in rows)


def _iir(items: Floats | None, above: Floats | None, below: Floats | None) -> Floats | None:
    if items is None or above is None or below is None or not len(above) or not len(below) or not below[0]:
        return None
    if not len(items):
        return items
    first, *weights = below.tolist()
    result: list[float] = []
    for value in np.convolve(items, above)[: len(items)].tolist():
        back = sum(weight * earlier for weight, earlier in zip(weights, reversed(result), strict=False))
        result.append((value - back) / first)
    return np.array(result)


def fft(*parts: pa.Array) -> pa.Array:
    """series_fft(): the real and the imaginary parts."""
    return _transform(parts, np.fft.fft)


def ifft(*parts: pa.Array) -> pa.Array:
    """series_ifft(): the real and the imaginary parts."""
    return _transform(parts, np.fft.ifft)


def _transform(parts: tuple[pa.Array, ...], transform: Callable[[np.ndarray], np.ndarray]) -> pa.Array:
    rows = (_complex(row, transform) for row in zip(*map(read_series, parts), strict=True))
    return write_records(rows, {"real": REALS, "imag": REALS})


def _complex(parts: tuple[Json | Floats, ...], transform: Callable[[np.ndarray], np.ndarray]) -> list[Floats] | None:
    known = [found for found in map(reals, parts) if found is not None and len(found)]
    if len(known) < len(parts) or len({len(found) for found in known}) > 1:
        return None
    values = known[0].astype(complex)
    for imaginary in known[1:]:
        values += 1j * imaginary
    result = transform(values)
    return [result.real, result.imag]
