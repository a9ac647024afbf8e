"""Python functions of one text over Arrow arrays: logs repeat themselves, and each distinct text is computed once."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa


def each(texts: pa.Array, function: Callable[[str], str | None]) -> pa.Array:
    """What a function makes of each text; none is null."""
    encoded = texts.dictionary_encode()
    return pa.array(map(function, encoded.dictionary.to_pylist()), pa.string()).take(encoded.indices)
