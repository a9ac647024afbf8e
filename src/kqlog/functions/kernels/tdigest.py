"""Summaries of values that tell percentiles: `[kind, [values], [weights]]`, sorted, datetime and timespan as ticks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read, write

Numbers = npt.NDArray[Any]

_LARGEST = 2000
"""The most values that a summary keeps."""

_EDGES = (1 - np.cos(np.linspace(0, np.pi, _LARGEST + 1))) / 2
"""The shares of the weight at which one kept value gives way to the next: dense at both ends, where the tails are."""


@dataclass(frozen=True)
class _Summary:
    kind: str
    values: Numbers
    weights: Numbers

    @classmethod
    def of(cls, kind: str, values: Numbers, weights: Numbers) -> _Summary | None:
        """A summary of weighted values, of which equal ones are put together and the many thinned out."""
        values, weights = values[weights > 0], weights[weights > 0]
        if not len(values):
            return None
        distinct, place = np.unique(values, return_inverse=True)
        total = np.zeros(len(distinct), weights.dtype)
        np.add.at(total, place, weights)
        if len(distinct) <= _LARGEST:
            return cls(kind, distinct, total)
        # The parts between two edges; their last value stands for all, so that the largest value stays itself.
        reached = np.cumsum(total)
        last = np.unique(np.searchsorted(reached, _EDGES[1:] * reached[-1]).clip(max=len(distinct) - 1))
        kept = np.unique(np.concatenate([[0], last]))
        return cls(kind, distinct[kept], np.diff(reached[kept], prepend=0))

    @classmethod
    def read(cls, state: Json) -> _Summary | None:
        """What of() made, from JSON; None for anything else."""
        match state:
            case [str(kind), [_, *_] as values, [_, *_] as weights] if len(values) == len(weights):
                numbers = np.array(values), np.array(weights)
                return cls(kind, *numbers) if all(array.dtype.kind in "if" for array in numbers) else None
            case _:
                return None

    @property
    def state(self) -> Json:
        """As JSON."""
        return [self.kind, self.values.tolist(), self.weights.tolist()]

    def percentile(self, share: float | None) -> Json:
        """The nearest-rank percentile as a dynamic value; None outside of 0 to 100."""
        if share is None or not 0 <= share <= 100:
            return None
        reached = np.cumsum(self.weights)
        # A little less than asked for: 56 / 100 * 100 is more than 56 in floating point, and would take the next value.
        position = int(np.searchsorted(reached, reached[-1] * (share / 100) * (1 - 1e-12)))
        value: int | float = self.values[min(position, len(self.values) - 1)].item()
        if self.kind == "datetime":
            return _datetime_text(int(value))
        return _timespan_text(int(value)) if self.kind == "timespan" else value

    def rank(self, value: float) -> float:
        """The weight of the values that are not above `value`."""
        return float(self.weights[self.values <= value].sum())


def of_numbers(values: pa.ListArray, weights: pa.ListArray | None = None) -> pa.Array:
    """tdigest() of numbers; decimals become reals."""
    return _summaries("number", values, weights)


def of_datetimes(values: pa.ListArray, weights: pa.ListArray | None = None) -> pa.Array:
    """tdigest() of datetimes."""
    return _summaries("datetime", values, weights)


def of_timespans(values: pa.ListArray, weights: pa.ListArray | None = None) -> pa.Array:
    """tdigest() of timespans."""
    return _summaries("timespan", values, weights)


def _summaries(kind: str, groups: pa.ListArray, weights: pa.ListArray | None) -> pa.Array:
    return _written(_summary(kind, groups[position], weights and weights[position]) for position in range(len(groups)))


def _summary(kind: str, group: pa.ListScalar, weights: pa.ListScalar | None) -> _Summary | None:
    if not group.is_valid:
        return None
    values = group.values
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    counts = np.ones(len(values), np.int64) if weights is None else weights.values.fill_null(0).to_numpy(zero_copy_only=False)
    present = values.is_valid().to_numpy(zero_copy_only=False)
    return _Summary.of(kind, values.drop_null().to_numpy(), counts[present])


def _written(summaries: Iterable[_Summary | None]) -> pa.Array:
    return write(None if summary is None else summary.state for summary in summaries)


def merge_group(states: pa.ListArray) -> pa.Array:
    """tdigest_merge() of the summaries of each group."""
    return _written(_merged(read(group.values)) if group.is_valid else None for group in states)


def merge(*states: pa.Array) -> pa.Array:
    """tdigest_merge() of some columns."""
    return _written(_merged(list(row)) for row in zip(*map(read, states), strict=True))


def _merged(states: list[Json]) -> _Summary | None:
    """None when there is nothing, or not of one kind."""
    summaries = [summary for summary in map(_Summary.read, states) if summary is not None]
    if len({summary.kind for summary in summaries}) != 1:
        return None
    values, weights = (np.concatenate([getattr(summary, part) for summary in summaries]) for part in ("values", "weights"))
    return _Summary.of(summaries[0].kind, values, weights)


def percentile(states: pa.Array, shares: pa.Array) -> pa.Array:
    """percentile_tdigest()."""
    rows = zip(map(_Summary.read, read(states)), shares.to_pylist(), strict=True)
    return write(None if summary is None else summary.percentile(share) for summary, share in rows)


def percentiles(states: pa.Array, *shares: pa.Array) -> pa.Array:
    """percentiles_array_tdigest() with the percentiles one by one."""
    return _percentiles(states, [list(row) for row in zip(*(column.to_pylist() for column in shares), strict=True)])


def percentiles_listed(states: pa.Array, shares: pa.Array) -> pa.Array:
    """percentiles_array_tdigest() with the percentiles in dynamic arrays."""
    return _percentiles(states, read(shares))


def _percentiles(states: pa.Array, shares: list[Any]) -> pa.Array:
    rows = zip(map(_Summary.read, read(states)), shares, strict=True)
    return write(None if summary is None else [summary.percentile(share) for share in row] for summary, row in rows)


def rank(states: pa.Array, values: pa.Array) -> pa.Array:
    """rank_tdigest()."""
    rows = zip(map(_Summary.read, read(states)), values.to_pylist(), strict=True)
    return pa.array(
        [None if summary is None or value is None else summary.rank(float(value)) for summary, value in rows], pa.float64()
    )


def percentrank(states: pa.Array, values: pa.Array) -> pa.Array:
    """percentrank_tdigest()."""
    totals = [None if summary is None else float(summary.weights.sum()) for summary in map(_Summary.read, read(states))]
    ranks = rank(states, values).to_pylist()
    return pa.array(
        [None if below is None else below * 100 / total for below, total in zip(ranks, totals, strict=True)], pa.float64()
    )


def _datetime_text(ticks: int) -> str:
    whole = datetime(1, 1, 1) + timedelta(microseconds=ticks // 10)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ticks % 10_000_000:07}Z".rjust(28, "0")


def _timespan_text(ticks: int) -> str:
    seconds, fraction = divmod(abs(ticks), 10_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    text = f"{days}." if days else ""
    text += f"{hour:02}:{minute:02}:{second:02}" + (f".{fraction:07}" if fraction else "")
    return f"-{text}" if ticks < 0 else text
