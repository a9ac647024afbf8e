"""How long the functions of series take, against numpy.

    python bench/series.py [--series N] [--runs N]

A series is JSON text of a thousand numbers. The first ratio is to Python's json and numpy doing the same row by row from text
to text, the second to numpy over numbers that are in its memory already, which leaves out what reading and writing text costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

import kqlog

PLACES = np.arange(1000)
CASES: dict[str, tuple[str, Callable[[np.ndarray], object]]] = {
    "series_sum": ("y = series_sum(x)", np.sum),
    "series_stats": ("y = series_stats_dynamic(x)", lambda x: (x.min(), x.argmin(), x.max(), x.argmax(), x.mean(), x.var())),
    "series_abs": ("y = series_abs(x)", np.abs),
    "series_exp": ("y = series_exp(x)", np.exp),
    "series_add": ("y = series_add(x, x)", lambda x: x + x),
    "series_multiply": ("y = series_multiply(x, 2)", lambda x: x * 2),
    "series_greater": ("y = series_greater(x, 100)", lambda x: x > 100),
    "series_fir": ("y = series_fir(x, dynamic([1, 1, 1]))", lambda x: np.convolve(x, np.ones(3) / 3)[: len(x)]),
    "series_fft": ("(z, y) = series_fft(x)", np.fft.fft),
    "series_fit_line": ("y = series_fit_line_dynamic(x)", lambda x: np.polyval(np.polyfit(PLACES, x, 1), PLACES)),
    "series_outliers": ("y = series_outliers(x)", lambda x: (x - np.percentile(x, 25)) / np.ptp(np.percentile(x, [25, 75]))),
}


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def by_rows(texts: list[str], compute: Callable[[np.ndarray], object]) -> None:
    for text in texts:
        found = compute(np.array(json.loads(text), float))
        json.dumps(found, default=plain)


def plain(value: np.ndarray) -> object:
    """What of numpy JSON can say."""
    return [value.real.tolist(), value.imag.tolist()] if np.iscomplexobj(value) else value.tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    numbers = np.random.default_rng(1).normal(100, 20, (options.series, len(PLACES))).round(3)
    texts = [json.dumps(row.tolist(), separators=(",", ":")) for row in numbers]
    column = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(texts))
    workspace = kqlog.connect(tables={"T": pa.table({"x": column})})
    print(f"{'function':16} {'ms':>8} {'by rows':>8} {'memory':>8}")
    for name, (call, compute) in CASES.items():
        query = f"T | extend {call} | summarize max(strlen(tostring(y)))"
        runs = [
            (
                seconds(lambda text=query: workspace.query(text).to_arrow()),
                seconds(lambda do=compute: by_rows(texts, do)),
                seconds(lambda do=compute: [do(row) for row in numbers]),
            )
            for _ in range(options.runs)
        ]
        own, rows, memory = (1000 * statistics.median(times) for times in zip(*runs, strict=True))
        print(f"{name:16} {own:8.0f} {own / rows:8.2f} {own / memory:8.1f}", flush=True)


if __name__ == "__main__":
    main()
