"""Error functions and distributions, to double precision."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyarrow as pa

_TINY = 1e-300
_PRECISION = 1e-16
_LARGEST = 10_000
"""Kusto's limit on the parameters of beta_cdf()."""


def erf(number: pa.Array) -> pa.Array:
    """The error function."""
    return _each(math.erf, number)


def erfc(number: pa.Array) -> pa.Array:
    """The complementary error function."""
    return _each(math.erfc, number)


def beta_cdf(x: pa.Array, alpha: pa.Array, beta: pa.Array) -> pa.Array:
    """The cumulative beta distribution; NaN where it is not defined."""
    return _each(_beta_cdf, x, alpha, beta)


def beta_inv(probability: pa.Array, alpha: pa.Array, beta: pa.Array) -> pa.Array:
    """The inverse of the cumulative beta distribution; null for 0 and what is no probability, NaN for impossible parameters."""
    return _each(_beta_inv, probability, alpha, beta)


def beta_pdf(x: pa.Array, alpha: pa.Array, beta: pa.Array) -> pa.Array:
    """The density of the beta distribution; NaN where it is not defined."""
    return _each(_beta_pdf, x, alpha, beta)


def welch_test(
    mean1: pa.Array, variance1: pa.Array, count1: pa.Array, mean2: pa.Array, variance2: pa.Array, count2: pa.Array
) -> pa.Array:
    """The two-sided p-value of Welch's t-test; NaN for fewer than two values in a sample."""
    return _each(_welch_test, mean1, variance1, count1, mean2, variance2, count2)


def _each(function: Callable[..., float | None], *arguments: pa.Array) -> pa.Array:
    rows = zip(*(argument.to_pylist() for argument in arguments), strict=True)
    return pa.array([None if None in row else function(*row) for row in rows], pa.float64())


def _beta_cdf(x: float, alpha: float, beta: float) -> float:
    if not (0 <= x <= 1 and 0 < alpha <= _LARGEST and 0 < beta <= _LARGEST):
        return math.nan
    return _incomplete_beta(x, alpha, beta)


def _beta_pdf(x: float, alpha: float, beta: float) -> float:
    if not (0 < x < 1 and alpha > 0 and beta > 0):
        return math.nan
    return math.exp((alpha - 1) * math.log(x) + (beta - 1) * math.log1p(-x) - _log_beta(alpha, beta))


def _beta_inv(probability: float, alpha: float, beta: float) -> float | None:
    if not 0 < probability <= 1:
        return None
    if not (alpha > 0 and beta > 0):
        return math.nan
    low, high = 0.0, 1.0
    while (middle := (low + high) / 2) not in (low, high):
        if _incomplete_beta(middle, alpha, beta) < probability:
            low = middle
        else:
            high = middle
    return high


def _welch_test(mean1: float, variance1: float, count1: float, mean2: float, variance2: float, count2: float) -> float:
    if not (count1 > 1 and count2 > 1 and variance1 >= 0 and variance2 >= 0 and variance1 + variance2 > 0):
        return math.nan
    error1, error2 = variance1 / count1, variance2 / count2
    squared = (mean1 - mean2) ** 2 / (error1 + error2)
    freedom = (error1 + error2) ** 2 / (error1**2 / (count1 - 1) + error2**2 / (count2 - 1))
    return _incomplete_beta(freedom / (freedom + squared), freedom / 2, 0.5)


def _log_beta(alpha: float, beta: float) -> float:
    return math.lgamma(alpha) + math.lgamma(beta) - math.lgamma(alpha + beta)


def _incomplete_beta(x: float, alpha: float, beta: float) -> float:
    """The regularized incomplete beta function, for valid arguments."""
    if x in (0, 1):
        return float(x)
    front = math.exp(alpha * math.log(x) + beta * math.log1p(-x) - _log_beta(alpha, beta))
    # The continued fraction converges quickly on this side of the mean only.
    if x < (alpha + 1) / (alpha + beta + 2):
        return front * _continued_fraction(x, alpha, beta) / alpha
    return 1 - front * _continued_fraction(1 - x, beta, alpha) / beta


def _continued_fraction(x: float, alpha: float, beta: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    numerator = 1.0
    denominator = 1 / _not_zero(1 - (alpha + beta) * x / (alpha + 1))
    fraction = denominator
    step = 1
    while True:
        for term in (
            step * (beta - step) * x / ((alpha + 2 * step - 1) * (alpha + 2 * step)),
            -(alpha + step) * (alpha + beta + step) * x / ((alpha + 2 * step) * (alpha + 2 * step + 1)),
        ):
            denominator = 1 / _not_zero(1 + term * denominator)
            numerator = _not_zero(1 + term / numerator)
            change = numerator * denominator
            fraction *= change
        if abs(change - 1) < _PRECISION or step > 10_000:
            return fraction
        step += 1


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
