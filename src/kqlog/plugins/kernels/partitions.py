"""Functions over whole tables, run for the rows of each partition. The first `keys` columns say which one a row is of."""

from __future__ import annotations

from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy
import numpy.typing
import pyarrow
from pyarrow import compute


def starts(table: pyarrow.Table, keys: int) -> numpy.typing.NDArray[numpy.bool_]:
    """At which rows a partition begins; the first row begins nothing new."""
    found = numpy.zeros(len(table), bool)
    for key in table.columns[:keys]:
        codes = compute.dictionary_encode(key.combine_chunks(), null_encoding="encode").indices.to_numpy()
        found[1:] |= codes[1:] != codes[:-1]
    return found


def whole(table: pyarrow.Table, *, keys: int = 0) -> pyarrow.Table:
    """The rows as they are, computed before the query that they are a part of."""
    return table


def run(table: pyarrow.Table, *, function: str, keys: int, **options: Any) -> pyarrow.Table:
    """What a function that knows of no partitions makes of each, after the keys."""
    module, name = function.split(".")
    kernel = getattr(import_module(f"kqlog.plugins.kernels.{module}"), name)
    bounds = [0, *numpy.flatnonzero(starts(table, keys)).tolist(), len(table)]
    made = []
    for start, end in pairwise(bounds):
        part = table.slice(start, end - start)
        found = kernel(part.select(range(keys, part.num_columns)), **options)
        # Without rows the kernel says of what types its columns are.
        key = part.select(range(keys)).take(pyarrow.array([0] * len(found), pyarrow.int64()))
        columns = [*key.columns, *found.columns]
        made.append(pyarrow.table(columns, [str(number) for number in range(len(columns))]))
    return pyarrow.concat_tables(made)
