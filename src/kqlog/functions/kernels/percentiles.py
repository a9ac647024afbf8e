"""Percentiles of weighted values, for all groups at once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.errors import QueryError
from kqlog.functions.kernels.json_text import write
from kqlog.text import datetime_text, timespan_text


def weighted(values: pa.ListArray, weights: pa.ListArray, percentile: pa.Array) -> pa.Array:
    """percentilew(): null for a group without weight."""
    return _percentiles(values, weights, [_share(percentile[0].as_py())])[0]


def weighted_text(values: pa.ListArray, weights: pa.ListArray, percentile: pa.Array) -> pa.Array:
    """percentilew() of strings, which are never null."""
    return pc.fill_null(weighted(values, weights, percentile), "")


def weighted_array(values: pa.ListArray, weights: pa.ListArray, *percentiles: pa.Array) -> pa.Array:
    """percentilesw_array() with the percentiles one by one, or in one dynamic array."""
    return write(None if row is None else list(map(_shown, row)) for row in _arrays(values, weights, percentiles))


def weighted_datetimes(values: pa.ListArray, weights: pa.ListArray, *percentiles: pa.Array) -> pa.Array:
    """percentilesw_array() of datetimes, given as ticks."""
    return write(None if row is None else list(map(datetime_text, row)) for row in _arrays(values, weights, percentiles))


def weighted_timespans(values: pa.ListArray, weights: pa.ListArray, *percentiles: pa.Array) -> pa.Array:
    """percentilesw_array() of timespans, given as ticks."""
    return write(None if row is None else list(map(timespan_text, row)) for row in _arrays(values, weights, percentiles))


def _shown(value: Any) -> Any:
    """NaN and Infinity are no JSON: they become text."""
    return json.dumps(value) if isinstance(value, float) and not math.isfinite(value) else value


def _arrays(values: pa.ListArray, weights: pa.ListArray, percentiles: tuple[pa.Array, ...]) -> Iterator[list[Any] | None]:
    """The percentiles of each group, None for a group without weight."""
    wanted = [percentile[0].as_py() for percentile in percentiles]
    if pa.types.is_string(percentiles[0].type):
        wanted = json.loads(wanted[0] or "null")
    shares = list(map(_share, wanted if isinstance(wanted, list) and wanted else [wanted]))
    columns = [column.to_pylist() for column in _percentiles(values, weights, shares)]
    return (None if row[0] is None else list(row) for row in zip(*columns, strict=True))


def _share(percentile: object) -> float:
    if isinstance(percentile, (int, float, Decimal)) and 0 <= percentile <= 100:
        return float(percentile) / 100
    raise QueryError("SEM002", f"{percentile} is no percentile: give a number from 0 to 100")


def _percentiles(values: pa.ListArray, weights: pa.ListArray, shares: list[float]) -> list[pa.Array]:
    """For each share of the weight, the value of each group."""
    group, value, weight = pc.list_parent_indices(values), pc.list_flatten(values), pc.list_flatten(weights)
    if pa.types.is_integer(value.type):
        value = value.cast(pa.int64())
    elif pa.types.is_decimal(value.type):
        value = value.cast(pa.float64())
    counts = pc.and_(value.is_valid(), pc.greater(pc.fill_null(weight, 0), 0))
    group, value, weight = (column.filter(counts) for column in (group, value, weight))

    order = np.lexsort((value.to_numpy(zero_copy_only=False), group.to_numpy(zero_copy_only=False)))
    reached = np.cumsum(weight.to_numpy(zero_copy_only=False)[order], dtype=np.int64)
    ends = np.searchsorted(group.to_numpy(zero_copy_only=False)[order], np.arange(len(values)), side="right")
    total_at = np.concatenate([[0], reached])[ends]
    before = np.concatenate([[0], total_at[:-1]])
    total = total_at - before
    found = []
    for share in shares:
        # A little less than asked for: 56 / 100 * 100 is more than 56 in floating point, and would take the next rank.
        rank = np.maximum(np.ceil(total * share * (1 - 1e-12)), 1).astype(np.int64)
        position = np.searchsorted(reached, before + rank)
        chosen = np.where(total > 0, order[np.minimum(position, len(order) - 1)] if len(order) else 0, 0)
        found.append(value.take(pa.array(chosen, mask=total == 0)))
    return found
