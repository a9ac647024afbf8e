"""What a series is made of: lines, periods, seasons, and what stands out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json
from kqlog.functions.kernels.series import is_number, reals, scalars
from kqlog.functions.kernels.series_lists import (
    LONG,
    LONGS,
    REAL,
    REALS,
    Floats,
    read_series,
    write_lists,
    write_records,
    write_series,
)

SHORTEST_PERIOD = 4
"""No shorter period is looked for, and none longer than half of the series."""
DETECTED = 0.6
"""The score from which a period is taken to be there."""
SEASONAL_DETECTED = 0.7
"""The same for series_seasonal, which is stricter."""
OUTLIER = 1.5
"""The score of Tukey's fences."""


def _series(items: Json | Floats) -> Floats | None:
    known = reals(items)
    return known if known is not None and len(known) else None


def _arguments(
    series: pa.Array, options: tuple[pa.Array, ...], defaults: tuple[Json, ...]
) -> Iterator[tuple[Floats | None, tuple[Json, ...]]]:
    """Each row's series and options, with the default for each one that is not given."""
    columns = [scalars(column) for column in options]
    columns += [[default] * len(series) for default in defaults[len(columns) :]]
    return zip(map(_series, read_series(series)), zip(*columns, strict=True), strict=True)


# ------------------------------------------------------------------------------------------------------------------- lines

LINE = ("rsquare", "slope", "variance", "rvariance", "interception", "line_fit")
"""The columns of series_fit_line, in order."""


def fit_line(series: pa.Array) -> pa.Array:
    """series_fit_line() and series_fit_line_dynamic()."""
    known = map(_series, read_series(series))
    rows = (None if values is None else list(_fit_line(values).values()) for values in known)
    return write_records(rows, {**dict.fromkeys(LINE, REAL), "line_fit": REALS})


def _fit_line(values: Floats) -> dict[str, object]:
    slope, interception = _line(values)
    fit = slope * _places(values) + interception
    rsquare, variance, rvariance = _quality(values, fit)
    return dict(zip(LINE, (rsquare, slope, variance, rvariance, interception, fit), strict=True))


def _places(values: Floats) -> Floats:
    """The x of each value: Kusto counts from 1."""
    return np.arange(1.0, len(values) + 1)


def _line(values: Floats) -> tuple[float, float]:
    places = _places(values)
    spread = places - places.mean()
    slope = float(spread @ values / (spread @ spread)) if len(values) > 1 else 0.0
    return slope, float(values.mean() - slope * places.mean())


def _quality(values: Floats, fit: Floats) -> tuple[float, float, float]:
    """R-square, the variance, and the variance of what the fit leaves over."""
    freedom = max(len(values) - 1, 1)
    variance = float(((values - values.mean()) ** 2).sum() / freedom)
    rvariance = float(((values - fit) ** 2).sum() / freedom)
    return (1 - rvariance / variance if variance else 1.0), variance, rvariance


TWO_LINES = (
    *("rsquare", "split_idx", "variance", "rvariance", "line_fit"),
    *(f"right_{name}" for name in ("rsquare", "slope", "interception", "variance", "rvariance")),
    *(f"left_{name}" for name in ("rsquare", "slope", "interception", "variance", "rvariance")),
)
"""The columns of series_fit_2lines, in order."""


def fit_2lines(series: pa.Array) -> pa.Array:
    """series_fit_2lines()."""
    rows = map(_two_lines, map(_series, read_series(series)))
    return write_records(rows, {**dict.fromkeys(TWO_LINES, REAL), "split_idx": LONG, "line_fit": REALS})


def fit_2lines_bag(series: pa.Array) -> pa.Array:
    """series_fit_2lines_dynamic(): the sides are bags of their own."""
    return write_series(_nested(_two_lines(values)) for values in map(_series, read_series(series)))


def _nested(columns: list[object] | None) -> dict[str, object] | None:
    if columns is None:
        return None
    bag: dict[str, object] = {"right": {}, "left": {}}
    for name, value in zip(TWO_LINES, columns, strict=True):
        side, _, part = name.partition("_")
        holder = bag.get(side)
        if isinstance(holder, dict):
            holder[part] = value
        else:
            bag[name] = value
    return bag


def _two_lines(values: Floats | None) -> list[object] | None:
    """The split into a left and a right line that leaves least over; each side has two values at least."""
    if values is None or len(values) < 4:
        return None
    split = min(range(2, len(values) - 1), key=lambda place: _leftover(values[:place]) + _leftover(values[place:]))
    left, right = _fit_line(values[:split]), _fit_line(values[split:])
    fit = np.concatenate([left["line_fit"], right["line_fit"]])
    rsquare, variance, rvariance = _quality(values, fit)
    sides = [side[name] for side in (right, left) for name in ("rsquare", "slope", "interception", "variance", "rvariance")]
    return [rsquare, split, variance, rvariance, fit, *sides]


def _leftover(values: Floats) -> float:
    slope, interception = _line(values)
    return float(((values - slope * _places(values) - interception) ** 2).sum())


def fit_poly(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_fit_poly()."""
    places: list[Json | Floats] = read_series(options[0]) if options else [None] * len(series)
    degrees: list[Json] = scalars(options[1]) if len(options) > 1 else [1] * len(series)
    rows = zip(map(_series, read_series(series)), places, degrees, strict=True)
    fitted = (_polynomial(values, known, degree) for values, known, degree in rows)
    return write_records(fitted, {"rsquare": REAL, "coefficients": REALS, "variance": REAL, "rvariance": REAL, "poly_fit": REALS})


def _polynomial(values: Floats | None, places: Json | Floats, degree: Json) -> list[object] | None:
    if values is None or not isinstance(degree, int):
        return None
    known = _places(values) if places is None else _series(places)
    if known is None or len(known) != len(values) or not 0 < degree < len(values):
        return None
    powers, inverse, unscaled = _design(known.tobytes(), degree)
    scaled = inverse @ values
    fit = powers @ scaled
    rsquare, variance, rvariance = _quality(values, fit)
    return [rsquare, (unscaled @ scaled)[::-1], variance, rvariance, fit]


@lru_cache(maxsize=16)
def _design(places: bytes, degree: int) -> tuple[Floats, Floats, Floats]:
    """For values at some places, most often the same in all rows: powers, their pseudo-inverse, and a matrix.

    The powers are of places scaled to -1 .. 1, as those of large ones lose digits; the matrix turns coefficients over the
    scaled places into those over the places.
    """
    known = np.frombuffer(places)
    domain = [known.min(), known.max()]
    powers = np.polynomial.polynomial.polyvander(np.polynomial.polyutils.mapdomain(known, domain, [-1, 1]), degree)
    unscaled = np.zeros((degree + 1, degree + 1))
    for power in range(degree + 1):
        terms = np.polynomial.Polynomial(np.eye(degree + 1)[power], domain).convert().coef
        unscaled[: len(terms), power] = terms
    return powers, np.linalg.pinv(powers), unscaled


# ----------------------------------------------------------------------------------------------------------------- periods


def _autocorrelation(values: Floats) -> Floats:
    """How alike the series is to itself, some steps later: 1 at 0 steps; each lag is weighed by the pairs it has."""
    size = len(values)
    spectrum = np.fft.rfft(values - values.mean(), 2 * size)
    sums = np.fft.irfft(spectrum * spectrum.conj())[:size]
    return sums / sums[0] * size / (size - np.arange(size)) if sums[0] > 0 else np.zeros(size)


def _score(autocorrelation: Floats, period: float) -> float:
    """The weakest resemblance over whole multiples of the period, as far as half of the series."""
    lags = np.rint(np.arange(period, len(autocorrelation) / 2 + 0.5, period)).astype(int)
    if period < SHORTEST_PERIOD or not len(lags):
        return 0.0
    return float(np.clip(autocorrelation[lags].min(), 0, 1))


def _periods(values: Floats, shortest: float, longest: float) -> list[tuple[float, float]]:
    """Scores and periods, best first: peaks of the spectrum that are hills of the autocorrelation too."""
    size = len(values)
    inside = range(math.ceil(max(shortest, SHORTEST_PERIOD)), math.floor(min(longest, size // 2 - 1)) + 1)
    autocorrelation = _autocorrelation(values)
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2
    found: dict[int, float] = {}
    for frequency in np.flatnonzero(power > 3 * power.mean()):
        if frequency < 2:
            continue
        nearby = range(max(size // int(frequency + 1), 2), min(size // int(frequency - 1), size // 2) + 1)
        lag = max(nearby, key=lambda lag: float(autocorrelation[lag]))
        hill = autocorrelation[lag] >= max(autocorrelation[lag - 1], autocorrelation[lag + 1])
        score = _score(autocorrelation, lag)
        if hill and score and lag in inside:
            found[lag] = score
    return sorted(((score, float(lag)) for lag, score in found.items()), reverse=True)


def _period(values: Floats, wanted: Json, threshold: Json) -> int:
    """The period asked for; for -1 the best one there is, or 0. A trend would hide it, so it is also looked for without."""
    if is_number(wanted) and wanted != -1:
        return max(int(wanted), 0)  # type: ignore[arg-type]
    slope, interception = _line(values)
    level = values - slope * _places(values) - interception
    found = _periods(values, 0, len(values)) + _periods(level, 0, len(values))
    score, period = max(found, default=(0.0, 0.0))
    return int(period) if score >= float(threshold) else 0  # type: ignore[arg-type]


PERIODS = ("periods", "scores")
"""The columns of series_periods_detect and series_periods_validate, in order."""


def periods_detect(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_periods_detect(): the periods and their scores are filled with 0."""
    rows = _arguments(series, options, ())
    found = (None if values is None else _detect(values, *wanted) for values, wanted in rows)
    return write_records(found, dict.fromkeys(PERIODS, REALS))


def _detect(values: Floats, shortest: Json, longest: Json, count: Json) -> list[list[float]] | None:
    if not is_number(shortest) or not is_number(longest) or not isinstance(count, int):
        return None
    found = _periods(values, shortest, longest)[:count]  # type: ignore[arg-type]
    found += [(0.0, 0.0)] * (count - len(found))
    return [[period for _, period in found], [score for score, _ in found]]


def periods_validate(series: pa.Array, *periods: pa.Array) -> pa.Array:
    """series_periods_validate()."""
    rows = _arguments(series, periods, ())
    found = (None if values is None else _validate(values, wanted) for values, wanted in rows)
    return write_records(found, dict.fromkeys(PERIODS, REALS))


def _validate(values: Floats, periods: tuple[Json, ...]) -> list[list[Any]]:
    autocorrelation = _autocorrelation(values)
    return [list(periods), [_score(autocorrelation, float(period)) if is_number(period) else None for period in periods]]  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------------------------- seasons


def seasonal(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_seasonal(): options are the period and the number of values at the end to learn nothing from."""
    rows = _arguments(series, options, (-1, 0))
    return write_lists(None if values is None else _whole_season(values, *wanted) for values, wanted in rows)


def _whole_season(values: Floats, period: Json, held_back: Json) -> Floats:
    learned = _learned(values, held_back)
    return _season(learned, _period(learned, period, SEASONAL_DETECTED), len(values))


def _learned(values: Floats, held_back: Json) -> Floats:
    return values[: max(len(values) - int(held_back), 1)] if is_number(held_back) else values  # type: ignore[arg-type]


def _season(learned: Floats, period: int, size: int) -> Floats:
    """The median of each phase, over and over; zeros without a period."""
    if not 0 < period <= len(learned):
        return np.zeros(size)
    whole, rest = divmod(len(learned), period)
    cycles = learned[: whole * period].reshape(whole, period)
    # The first phases have one value more than the others.
    longer = np.concatenate([cycles[:, :rest], learned[None, whole * period :]])
    return np.resize(np.concatenate([np.median(longer, axis=0), np.median(cycles[:, rest:], axis=0)]), size)


def _trend(learned: Floats, kind: Json, size: int) -> Floats:
    if kind == "linefit":
        slope, interception = _line(learned)
        return slope * np.arange(1.0, size + 1) + interception
    return np.full(size, learned.mean() if kind == "avg" else 0.0)


def _decompose(
    values: Floats, period: Json, trend: Json, held_back: Json, threshold: Json
) -> tuple[Floats, Floats, Floats, Floats]:
    """Baseline, season, trend and residual."""
    learned = _learned(values, held_back)
    season = _season(learned, _period(learned, period, threshold), len(values))
    line = _trend(learned - season[: len(learned)], trend, len(values))
    return season + line, season, line, values - season - line


PARTS = ("baseline", "seasonal", "trend", "residual")
"""The columns of series_decompose and series_decompose_forecast, in order."""


def decompose(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_decompose()."""
    rows = _arguments(series, options, (-1, "avg", 0, DETECTED))
    parts = (None if values is None else _decompose(values, *wanted) for values, wanted in rows)
    return write_records(parts, dict.fromkeys(PARTS, REALS))


def forecast(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_decompose_forecast(): as decompose(), the number of values to forecast comes first."""
    rows = _arguments(series, options, (0, -1, "avg", DETECTED))
    parts = (
        None if values is None else _decompose(values, period, trend, ahead, threshold)
        for values, (ahead, period, trend, threshold) in rows
    )
    return write_records(parts, dict.fromkeys(PARTS, REALS))


def anomalies(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_decompose_anomalies()."""
    rows = _arguments(series, options, (OUTLIER, -1, "avg", 0, "ctukey", DETECTED))
    found = (None if values is None else _anomalies(values, *wanted) for values, wanted in rows)
    return write_records(found, {"ad_flag": LONGS, "ad_score": REALS, "baseline": REALS})


def _anomalies(
    values: Floats, limit: Json, period: Json, trend: Json, held_back: Json, method: Json, threshold: Json
) -> list[Floats]:
    baseline, _, _, residual = _decompose(values, period, trend, held_back, threshold)
    scores = _outliers(residual, _learned(residual, held_back), *_percentiles(method))
    flags = (scores > limit).astype(int) - (scores < -limit)  # type: ignore[operator]
    return [flags, scores, baseline]


# ---------------------------------------------------------------------------------------------------------------- outliers


def outliers(series: pa.Array, *options: pa.Array) -> pa.Array:
    """series_outliers(): options are the kind, the value to ignore, the percentiles, and the values to learn nothing from."""
    columns = [scalars(column) for column in options]
    columns += [[default] * len(series) for default in ("ctukey", None, None, None, 0)[len(columns) :]]
    return write_lists(_scored(*row) for row in zip(read_series(series), *columns, strict=True))


def _scored(items: Json | Floats, kind: Json, ignored: Json, lowest: Json, highest: Json, held_back: Json) -> Floats | None:
    """A score for each element; 0 for null and the value to ignore."""
    if not isinstance(items, (list, np.ndarray)):
        return None
    scores = np.zeros(len(items))
    if isinstance(items, list):
        counts = np.array([is_number(item) and item != ignored for item in items], bool)
        items = np.array([item if is_number(item) else 0.0 for item in items], float)
    else:
        counts = items != ignored
    places = np.flatnonzero(counts)
    if len(places):
        values = items[places]
        scores[places] = _outliers(values, _learned(values, held_back), *_percentiles(kind, lowest, highest))
    return scores


def _percentiles(kind: Json, lowest: Json = None, highest: Json = None) -> tuple[float, float]:
    """The share of values below and above which Tukey's custom test looks away; the plain test looks at all."""
    if kind == "tukey":
        return 0.0, 100.0
    return (float(lowest) if is_number(lowest) else 10.0), (float(highest) if is_number(highest) else 90.0)  # type: ignore[arg-type]


def _outliers(values: Floats, learned: Floats, lowest: float, highest: float) -> Floats:
    """How many inter-quartile ranges beyond the quartiles. Each side leaves out its own extremes when it takes them."""
    ordered = np.sort(learned)
    start, stop = int(len(ordered) * lowest / 100), int(len(ordered) * highest / 100)
    low, high = _quartiles(ordered)
    scores = np.zeros(len(values))
    for beyond, (first, third), fence in (
        (values < low, _quartiles(ordered[start:]), 0),
        (values > high, _quartiles(ordered[:stop]), 1),
    ):
        if third > first:
            scores[beyond] = (values[beyond] - (first, third)[fence]) / (third - first)
    return scores


def _quartiles(ordered: Floats) -> tuple[float, float]:
    """The first and third quartile of sorted values, on the line between two of them."""
    if not len(ordered):
        return 0.0, 0.0
    first, third = (_between(ordered, share * (len(ordered) - 1)) for share in (0.25, 0.75))
    return first, third


def _between(ordered: Floats, place: float) -> float:
    below = math.floor(place)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (place - below)
