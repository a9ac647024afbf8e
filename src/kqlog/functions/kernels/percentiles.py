"""Percentiles of weighted values, for all groups at once."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.functions.kernels.json_text import write


def weighted(values: pa.ListArray, weights: pa.ListArray, percentile: pa.Array) -> pa.Array:
    """percentilew(): null for a group without weight."""
    return _percentiles(values, weights, [percentile[0].as_py()])[0]


def weighted_array(values: pa.ListArray, weights: pa.ListArray, *percentiles: pa.Array) -> pa.Array:
    """percentilesw_array() with the percentiles one by one."""
    return _arrays(values, weights, [percentile[0].as_py() for percentile in percentiles])


def weighted_listed(values: pa.ListArray, weights: pa.ListArray, percentiles: pa.Array) -> pa.Array:
    """percentilesw_array() with the percentiles in a dynamic array."""
    return _arrays(values, weights, json.loads(percentiles[0].as_py()))


def _arrays(values: pa.ListArray, weights: pa.ListArray, percentiles: list[float]) -> pa.Array:
    columns = [column.to_pylist() for column in _percentiles(values, weights, percentiles)]
    return write(None if row[0] is None else list(row) for row in zip(*columns, strict=True))


def _percentiles(values: pa.ListArray, weights: pa.ListArray, percentiles: list[float]) -> list[pa.Array]:
    """For each percentile, the value of each group."""
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
    for percentile in percentiles:
        # A little less than asked for: 56 / 100 * 100 is more than 56 in floating point, and would take the next rank.
        rank = np.maximum(np.ceil(total * (percentile / 100) * (1 - 1e-12)), 1).astype(np.int64)
        position = np.searchsorted(reached, before + rank)
        chosen = np.where(total > 0, order[np.minimum(position, len(order) - 1)] if len(order) else 0, 0)
        found.append(value.take(pa.array(chosen, mask=total == 0)))
    return found
