"""How long the functions of series take, against numpy doing the same arithmetic.

    python bench/series.py [--series N] [--points N] [--runs N] [name ...]

Both start from the same reals in memory, compute every series, and reduce what comes out to one number. numpy has them as the
rows of one array, and takes all at once where it can, as one writes it. The last column starts from JSON text instead, whose
reading costs more than most arithmetic.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

import kqlog

Array = np.ndarray
TAPS = np.ones(5) / 5
SUM = "summarize sum(series_sum(y))"


def by_row(compute: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """What numpy has for one series only."""
    return lambda rows: np.array([compute(row) for row in rows])


def line(x: Array) -> Array:
    places = np.arange(1.0, len(x) + 1)
    slope, interception = np.polyfit(places, x, 1)
    return slope * places + interception


def statistics_of(x: Array) -> Array:
    parts = (x.min(1), x.argmin(1), x.max(1), x.argmax(1), x.mean(1), x.std(1, ddof=1), x.var(1, ddof=1))
    return np.stack(parts)


def tukey(x: Array) -> Array:
    low, high = np.percentile(x, [25, 75], axis=1, keepdims=True)
    return np.where(x < low, (x - low) / (high - low), np.where(x > high, (x - high) / (high - low), 0))


def pearson(x: Array) -> Array:
    first, second = x - x.mean(1, keepdims=True), x[:, ::-1] - x.mean(1, keepdims=True)
    return (first * second).sum(1) / np.sqrt((first**2).sum(1) * (second**2).sum(1))


def fill(x: Array) -> Array:
    places = np.arange(len(x))
    known = x > 80
    return np.interp(places, places[known], x[known])


def season(x: Array) -> Array:
    pattern = np.array([np.median(x[phase::24]) for phase in range(24)])
    baseline = np.resize(pattern, len(x))
    return baseline + (x - baseline).mean()


CASES: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "series_sum": ("T | summarize sum(series_sum(x))", lambda x: x.sum(1)),
    "series_stats": ("T | summarize sum(todouble(series_stats_dynamic(x).stdev))", statistics_of),
    "series_dot_product": ("T | summarize sum(series_dot_product(x, x))", lambda x: (x * x).sum(1)),
    "series_pearson_correlation": ("T | summarize sum(series_pearson_correlation(x, z))", pearson),
    "series_abs": (f"T | extend y = series_abs(x) | {SUM}", np.abs),
    "series_exp": (f"T | extend y = series_exp(x) | {SUM}", np.exp),
    "series_sin": (f"T | extend y = series_sin(x) | {SUM}", np.sin),
    "series_add": (f"T | extend y = series_add(x, z) | {SUM}", lambda x: x + x[:, ::-1]),
    "series_multiply": (f"T | extend y = series_multiply(x, 2) | {SUM}", lambda x: x * 2),
    "series_pow": (f"T | extend y = series_pow(x, 1.5) | {SUM}", lambda x: x**1.5),
    "series_fill_linear": (f"T | extend y = series_fill_linear(w) | {SUM}", by_row(fill)),
    "series_fir": (
        f"T | extend y = series_fir(x, dynamic([1, 1, 1, 1, 1])) | {SUM}",
        by_row(lambda x: np.convolve(x, TAPS)[: len(x)]),
    ),
    "series_fft": (f"T | extend (y, imag) = series_fft(x) | {SUM}", lambda x: np.fft.fft(x).real),
    "series_fit_line": (f"T | extend (a, b, c, d, e, y) = series_fit_line(x) | {SUM}", by_row(line)),
    "series_fit_poly": (f"T | extend (a, b, c, d, y) = series_fit_poly(x) | {SUM}", by_row(line)),
    "series_outliers": (f"T | extend y = series_outliers(x, 'tukey') | {SUM}", tukey),
    "series_decompose": (f"T | extend (y, a, b, c) = series_decompose(x, 24) | {SUM}", by_row(season)),
}


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def table(numbers: np.ndarray) -> pa.Table:
    """The series as x, backwards as z, and with gaps for what is 80 or less as w."""
    offsets = pa.array(np.arange(0, numbers.size + 1, numbers.shape[1], dtype=np.int32))

    def lists(values: pa.Array) -> pa.ListArray:
        return pa.ListArray.from_arrays(offsets, values)

    gaps = pa.array(numbers.ravel(), mask=numbers.ravel() <= 80)
    backwards = pa.array(np.ascontiguousarray(numbers[:, ::-1]).ravel())
    return pa.table({"x": lists(pa.array(numbers.ravel())), "z": lists(backwards), "w": lists(gaps)})


def as_text(lists: pa.Table) -> pa.Table:
    """The same table with its series as JSON."""
    texts = kqlog.query("T", tables={"T": lists}).to_arrow()
    columns = {
        name: pa.ExtensionArray.from_storage(pa.json_(pa.string()), texts[name].combine_chunks()) for name in lists.column_names
    }
    return pa.table(columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    numbers = np.random.default_rng(1).normal(100, 20, (options.series, options.points)).round(3).clip(1)
    lists = kqlog.connect(tables={"T": table(numbers)})
    texts = kqlog.connect(tables={"T": as_text(table(numbers))})
    print(f"{'function':28} {'numpy ms':>9} {'kqlog ms':>9} {'ratio':>6} {'from JSON':>10}")
    ratios = []
    for name, (query, compute) in CASES.items():
        if options.names and name not in options.names:
            continue
        rounds = [
            (
                seconds(lambda do=compute: do(numbers).sum()),
                seconds(lambda text=query: lists.query(text).to_arrow()),
                seconds(lambda text=query: texts.query(text).to_arrow()),
            )
            for _ in range(options.runs)
        ]
        plain, own, text = (1000 * statistics.median(times) for times in zip(*rounds, strict=True))
        ratios.append(own / plain)
        print(f"{name:28} {plain:9.0f} {own:9.0f} {own / plain:6.2f} {text / plain:10.2f}", flush=True)
    print(f"geometric mean {statistics.geometric_mean(ratios):.2f}, largest {max(ratios):.2f}")


if __name__ == "__main__":
    main()
