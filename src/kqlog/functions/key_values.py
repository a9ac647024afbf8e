"""What the operator parse-kv is made of."""

from __future__ import annotations

from kqlog.functions.declare import scalar, sig

scalar(
    "__key_values",
    "A bag of the first value of each key in a text, found by a pattern as `kqlog.plan.keyvalues` writes it.",
    sig("(source: string, pattern: const string, escapes: const string) -> bag", python="key_values.key_values"),
)
