"""Window functions that start anew at some rows: whole columns in order, and a column out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.errors import QueryError

Positions = npt.NDArray[np.int64]

_NO_LIMIT = 2**63 - 1


def row_number(start: pa.Array, restart: pa.Array) -> pa.Array:
    """Numbers from `start` on; null where that is."""
    run = _run_starts(restart, len(restart))
    return pc.add(start.take(pa.array(run)), pa.array(_within(run)))


def row_cumsum(term: pa.Array, restart: pa.Array) -> pa.Array:
    """Sums up to each row; a null adds nothing."""
    values = pc.fill_null(term, pa.scalar(0).cast(term.type)).to_numpy(zero_copy_only=False)
    starts = np.unique(_run_starts(restart, len(term)))
    parts = [np.cumsum(part) for part in np.split(values, starts[1:])]
    if not parts:
        return term
    sums = np.concatenate(parts)
    if pa.types.is_integer(term.type):
        limits = np.iinfo(term.type.to_pandas_dtype())
        # A sum that wrapped around has the sign of neither of its parts.
        wrapped = ((sums ^ values) & (sums ^ (sums - values))) < 0
        if wrapped.any() or (sums > limits.max).any() or (sums < limits.min).any():
            type_ = "a long" if limits.bits == 64 else "an int"
            raise QueryError("ENG002", f"overflow: a number is larger than {type_} can hold")
    return pa.array(sums, term.type)


def row_rank_dense(term: pa.Array, restart: pa.Array | None = None) -> pa.Array:
    """One more at each row whose value is not the one before."""
    changes = np.cumsum(_changes(term))
    return pa.array(changes - changes[_run_starts(restart, len(term))] + 1)


def row_rank(term: pa.Array, dense: pa.Array) -> pa.Array:
    """The one or the other of the two ranks, as a constant says."""
    return row_rank_dense(term) if dense.to_pylist()[:1] == [True] else row_rank_min(term)


def row_rank_min(term: pa.Array, restart: pa.Array | None = None) -> pa.Array:
    """The number of the row where the value was first met."""
    run = _run_starts(restart, len(term))
    rows = np.arange(len(term))
    met = np.maximum.accumulate(np.where(_changes(term) | (run == rows), rows, 0))
    return pa.array(met - run + 1)


def row_window_session(
    times: pa.Array, max_from_first: pa.Array, max_between: pa.Array, restart: pa.Array | None = None
) -> pa.Array:
    """The time at which each row's session began; a null distance is no limit."""
    restarts = restart.to_pylist() if restart is not None else [False] * len(times)
    starts: list[int | None] = []
    first = previous = None
    limits = (pc.fill_null(distance, _NO_LIMIT).to_pylist() for distance in (max_from_first, max_between))
    rows = zip(times.to_pylist(), *limits, restarts, strict=True)
    for time, longest, gap, anew in rows:
        if time is None or first is None or previous is None or anew or time >= first + longest or time >= previous + gap:
            first = time
        previous = time
        starts.append(first)
    return pa.array(starts, times.type)


def _run_starts(restart: pa.Array | None, length: int) -> Positions:
    """For each row, the position of the last row that restarts, or of the first row."""
    rows = np.arange(length)
    if restart is None:
        return np.zeros_like(rows)
    return np.maximum.accumulate(np.where(pc.fill_null(restart, False).to_numpy(zero_copy_only=False), rows, 0))


def _within(run: Positions) -> Positions:
    return np.arange(len(run)) - run


def _changes(term: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each row's value differs from the one before; null equals null."""
    codes = pc.dictionary_encode(term, null_encoding="encode").indices.to_numpy(zero_copy_only=False)
    return np.concatenate([[False], codes[1:] != codes[:-1]])[: len(term)]
