"""Products and quotients of decimals, which SQL's own arithmetic would round or refuse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from kqlog.errors import QueryError

_TYPE = pa.decimal128(38, 18)
_FACTOR = pa.decimal256(37, 18)
"""The most digits for which a product still has room."""
_STEP = Decimal(1).scaleb(-18)
_HALF_STEP = pa.scalar(_STEP / 2, pa.decimal256(75, 36))
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


def multiply(left: pa.Array, right: pa.Array) -> pa.Array:
    """The products."""
    try:
        product = pc.multiply_checked(left.cast(_FACTOR), right.cast(_FACTOR))
        rounded = pc.round(product, 18, "half_to_even").cast(_TYPE)
    except pa.ArrowInvalid:
        return _pairwise(left, right, _EXACT.multiply)
    # Arrow divides some numbers of 256 bits wrongly when it rounds them, by far more than the last digit.
    astray = pc.abs(pc.subtract(product, rounded.cast(product.type)))
    return _pairwise(left, right, _EXACT.multiply) if pc.any(pc.greater(astray, _HALF_STEP)).as_py() else rounded


def divide(left: pa.Array, right: pa.Array) -> pa.Array:
    """The quotients; null by 0."""
    return _pairwise(left, right, lambda dividend, divisor: _EXACT.divide(dividend, divisor) if divisor else None)


def _pairwise(left: pa.Array, right: pa.Array, operation: Callable[[Decimal, Decimal], Decimal | None]) -> pa.Array:
    answers: list[Decimal | None] = []
    for one, other in zip(left.to_pylist(), right.to_pylist(), strict=True):
        answer = None if one is None or other is None else operation(one, other)
        answers.append(None if answer is None else _EXACT.quantize(answer, _STEP))
    try:
        return pa.array(answers, _TYPE)
    except pa.ArrowInvalid:
        raise QueryError("ENG002", "overflow: a number is larger than a decimal can hold") from None
