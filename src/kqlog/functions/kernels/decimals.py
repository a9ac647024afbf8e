"""Products and quotients of decimals, which SQL's own arithmetic would round or refuse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal

import pyarrow as pa

_TYPE = pa.decimal128(38, 18)
_STEP = Decimal(1).scaleb(-18)
_LIMIT = Decimal(10) ** 20
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


def multiply(left: pa.Array, right: pa.Array) -> pa.Array:
    """The products; null where one does not fit."""
    return _pairwise(left, right, _EXACT.multiply)


def divide(left: pa.Array, right: pa.Array) -> pa.Array:
    """The quotients; null by 0 and where one does not fit."""
    return _pairwise(left, right, lambda dividend, divisor: _EXACT.divide(dividend, divisor) if divisor else None)


def _pairwise(left: pa.Array, right: pa.Array, operation: Callable[[Decimal, Decimal], Decimal | None]) -> pa.Array:
    answers: list[Decimal | None] = []
    for one, other in zip(left.to_pylist(), right.to_pylist(), strict=True):
        answer = None if one is None or other is None else operation(one, other)
        fits = answer is not None and abs(answer) < _LIMIT
        answers.append(_EXACT.quantize(answer, _STEP) if answer is not None and fits else None)
    return pa.array(answers, _TYPE)
