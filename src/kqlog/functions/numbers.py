"""Functions of numbers."""

from __future__ import annotations

from kqlog.functions.declare import scalar, sig

# ------------------------------------------------------------------------------------------------------- size and rounding

_DIGITS = 15
"""So many digits of a real are exact."""

scalar(
    "abs",
    "A number or timespan without its sign.",
    sig("(number: long) -> long", sql="abs({number})"),
    sig("(number: real) -> real", sql="abs({number})"),
    sig("(number: decimal) -> decimal", sql="abs({number})"),
    sig("(number: timespan) -> timespan", sql="abs({number})"),
    result="{first}",
    examples={
        "abs(-3)": 3,
        "abs(-2.5)": 2.5,
        "abs(-90s)": "00:01:30",
        "abs(long(null))": None,
    },
)
scalar(
    "sign",
    "1.0 above 0, -1.0 below it, and 0.0.",
    sig("(number: real) -> real", sql="CAST(sign({number}) AS DOUBLE)"),
    examples={
        "sign(-42)": -1.0,
        "sign(0.5)": 1.0,
        "sign(0)": 0.0,
        "sign(real(null))": None,
    },
)
scalar(
    "ceiling",
    "The smallest whole number that is not below a number.",
    sig("(number: int) -> int", sql="{number}"),
    sig("(number: long) -> long", sql="{number}"),
    sig("(number: real) -> real", sql="ceil({number})"),
    sig("(number: decimal) -> decimal", sql="CAST(ceil({number}) AS DECIMAL(38,18))"),
    result="{first}",
    examples={
        "ceiling(1.2)": 2.0,
        "ceiling(-1.2)": -1.0,
        "ceiling(7)": 7,
        "ceiling(real(null))": None,
    },
)


def _rounded(precision: int | None) -> str:
    """By way of a shift of the point, as Kusto: 2.15 is a little less than that, and would become 2.1."""
    if precision is None:
        return "CAST(NULL AS DOUBLE)"
    if abs(precision) > _DIGITS:
        return f"round({{number}}, {max(min(precision, 400), -400)})"
    shift = f"{10 ** abs(precision)}e0"
    there, back = ("*", "/") if precision > 0 else ("/", "*")
    shifted = f"{{number}} {there} {shift}"
    return f"(CASE WHEN isfinite({shifted}) THEN round({shifted}) {back} {shift} ELSE {{number}} END)"


scalar(
    "round",
    "A number rounded to some digits after the point, half away from 0; negative digits round before the point.",
    sig("(number: int) -> int", sql="{number}"),
    sig("(number: long) -> long", sql="{number}"),
    sig("(number: real) -> real", sql="round({number})"),
    sig("(number: decimal) -> decimal", sql="CAST(round({number}, 0) AS DECIMAL(38,18))"),
    sig("(number: int, precision: const long) -> int", duckdb="CAST(round({number}, CAST({precision} AS INTEGER)) AS INTEGER)"),
    sig("(number: long, precision: const long) -> long", duckdb="CAST(round({number}, CAST({precision} AS INTEGER)) AS BIGINT)"),
    sig("(number: real, precision: const long) -> real", duckdb=_rounded),
    sig(
        "(number: decimal, precision: const long) -> decimal",
        duckdb="CAST(round({number}, CAST({precision} AS INTEGER)) AS DECIMAL(38,18))",
    ),
    result="{first}",
    examples={
        "round(2.5)": 3.0,
        "round(-2.5)": -3.0,
        "round(3.14159, 2)": 3.14,
        "round(1.005, 2)": 1.0,
        "round(2.15, 1)": 2.2,
        "round(1.5, int(null))": None,
        "round(1250.0, -2)": 1300.0,
        "round(1249, -2)": 1200,
    },
)

# ---------------------------------------------------------------------------------------------- powers, logarithms, angles


def _real(name: str, summary: str, sql: str, result: str | None, examples: dict[str, object]) -> None:
    """Declare a function of one real number."""
    scalar(name, summary, sig("(number: real) -> real", sql=sql), result=result, examples=examples)


def _within(condition: str, sql: str) -> str:
    """A body that is null outside of where it is defined."""
    return f"(CASE WHEN {condition} THEN {sql} END)"


_ANGLE = "(CASE WHEN isinf({number}) THEN 'NaN'::DOUBLE ELSE %s END)"
"""An infinite angle has no direction, which is an error to the engine."""

_INFINITY = float("inf")
_real(
    "sqrt",
    "The square root; null below 0.",
    _within("{number} >= 0", "sqrt({number})"),
    "{first}",
    {"sqrt(16)": 4.0, "sqrt(-1)": None},
)
_real("exp", "e to the power of a number.", "exp({number})", "{first}", {"exp(0)": 1.0})
_real("exp2", "2 to the power of a number.", "pow(2e0, {number})", "{first}", {"exp2(10)": 1024.0})
_real("exp10", "10 to the power of a number.", "pow(1e1, {number})", "{first}", {"exp10(3)": 1000.0})
_real(
    "log",
    "The natural logarithm; null below 0.",
    _within("{number} >= 0", "ln({number})"),
    "{first}",
    {"log(1)": 0.0, "log(0)": -_INFINITY, "log(-1)": None},
)
_real(
    "log2",
    "The logarithm to base 2; null below 0.",
    _within("{number} >= 0", "log2({number})"),
    "{first}",
    {"log2(1024)": 10.0, "log2(-1)": None},
)
_real(
    "log10",
    "The logarithm to base 10; null below 0.",
    _within("{number} >= 0", "log10({number})"),
    "{first}",
    {"log10(1000)": 3.0, "log10(-1)": None},
)
_real(
    "sin", "The sine of an angle in radians.", _ANGLE % "sin({number})", "{first}", {"sin(0)": 0.0, "isnan(sin(1.0 / 0))": True}
)
_real("cos", "The cosine of an angle in radians.", _ANGLE % "cos({number})", "{first}", {"cos(0)": 1.0})
_real("tan", "The tangent of an angle in radians.", _ANGLE % "tan({number})", "{first}", {"tan(0)": 0.0})
_real(
    "cot",
    "The cotangent of an angle in radians.",
    _ANGLE % "(1e0 / tan({number}))",
    None,
    {"round(cot(pi() / 4), 9)": 1.0, "cot(0)": _INFINITY},
)
_real(
    "asin",
    "The angle in radians that has a sine; null outside of -1 to 1.",
    _within("abs({number}) <= 1 OR isnan({number})", "asin({number})"),
    "{first}",
    {"asin(0)": 0.0, "asin(2)": None},
)
_real(
    "acos",
    "The angle in radians that has a cosine; null outside of -1 to 1.",
    _within("abs({number}) <= 1 OR isnan({number})", "acos({number})"),
    "{first}",
    {"acos(1)": 0.0, "acos(2)": None},
)
_real("atan", "The angle in radians that has a tangent.", "atan({number})", "{first}", {"atan(0)": 0.0})
_real("degrees", "An angle in radians as degrees.", "degrees({number})", None, {"degrees(pi())": 180.0})
_real("radians", "An angle in degrees as radians.", "radians({number})", None, {"radians(0)": 0.0})

scalar(
    "atan2",
    "The angle in radians between the x axis and the ray to the point (y, x).",
    sig("(y: real, x: real) -> real", sql="atan2({y}, {x})"),
    result="{first}",
    examples={
        "atan2(0, 1)": 0.0,
        "round(atan2(1, 1), 4)": 0.7854,
        "atan2(0, real(null))": None,
    },
)
scalar(
    "pow",
    "A number to the power of another.",
    sig("(base: real, exponent: real) -> real", sql="pow({base}, {exponent})"),
    result="{first}",
    examples={
        "pow(2, 10)": 1024.0,
        "pow(4, 0.5)": 2.0,
        "isnan(pow(-8, 0.5))": True,
    },
)
scalar(
    "pi",
    "The ratio of a circle's circumference to its diameter.",
    sig("() -> real", sql="pi()"),
    examples={"round(pi(), 4)": 3.1416},
)

for _name, _summary, _sql, _examples in (
    ("isnan", "True for a real that is not a number.", "isnan({number})", {"isnan(0.0 / 0)": True, "isnan(1.5)": False}),
    ("isinf", "True for an infinite real.", "isinf({number})", {"isinf(-1.0 / 0)": True, "isinf(1.5)": False}),
    (
        "isfinite",
        "True for a real that is neither infinite nor NaN.",
        "isfinite({number})",
        {"isfinite(1.5)": True, "isfinite(1.0 / 0)": False},
    ),
):
    scalar(_name, _summary, sig("(number: real) -> bool", sql=_sql), examples=_examples)

# ------------------------------------------------------------------------------------------------------------ distributions

scalar(
    "gamma",
    "The gamma function: (n - 1)! for a whole number n.",
    sig("(number: real) -> real", duckdb="gamma({number})"),
    result="{first}",
    examples={
        "gamma(6)": 120.0,
        "gamma(real(null))": None,
    },
)
scalar(
    "loggamma",
    "The natural logarithm of the absolute value of the gamma function.",
    sig("(number: real) -> real", duckdb="lgamma({number})"),
    result="{first}",
    examples={
        "round(loggamma(6), 6)": 4.787492,
        "loggamma(0)": _INFINITY,
    },
)
scalar(
    "erf",
    "The error function.",
    sig("(number: real) -> real", python="distributions.erf"),
    result="{first}",
    examples={
        "erf(0)": 0.0,
        "round(erf(0.5), 6)": 0.5205,
        "erf(real(null))": None,
    },
)
scalar(
    "erfc",
    "The complementary error function, 1 - erf(x).",
    sig("(number: real) -> real", python="distributions.erfc"),
    result="{first}",
    examples={"erfc(0)": 1.0, "round(erfc(0.5), 6)": 0.4795},
)
scalar(
    "beta_cdf",
    "The cumulative beta distribution; NaN where it is not defined, and for an alpha or beta above 10000.",
    sig("(x: real, alpha: real, beta: real) -> real", python="distributions.beta_cdf"),
    examples={
        "round(beta_cdf(0.5, 2, 3), 6)": 0.6875,
        "isnan(beta_cdf(1.5, 2, 3))": True,
        "isnan(beta_cdf(0.5, 20000, 3))": True,
    },
)
scalar(
    "beta_inv",
    "The inverse of the cumulative beta distribution; null for 0 and what is no probability, NaN for impossible parameters.",
    sig("(probability: real, alpha: real, beta: real) -> real", python="distributions.beta_inv"),
    examples={"round(beta_inv(0.6875, 2, 3), 6)": 0.5, "beta_inv(1.5, 2, 3)": None, "isnan(beta_inv(0.5, 0, 3))": True},
)
scalar(
    "beta_pdf",
    "The density of the beta distribution; NaN where it is not defined.",
    sig("(x: real, alpha: real, beta: real) -> real", python="distributions.beta_pdf"),
    examples={"round(beta_pdf(0.5, 2, 3), 6)": 1.5, "isnan(beta_pdf(0, 2, 3))": True},
)
scalar(
    "welch_test",
    "The p-value of Welch's t-test: how likely two samples with these means, variances and sizes have the same mean.",
    sig(
        "(mean1: real, variance1: real, count1: real, mean2: real, variance2: real, count2: real) -> real",
        python="distributions.welch_test",
    ),
    examples={
        "round(welch_test(10, 4, 20, 12, 9, 25), 6)": 0.010687,
        "welch_test(5, 1, 10, 5, 1, 10)": 1.0,
        "isnan(welch_test(10, 4, 1, 12, 9, 25))": True,
    },
)

# -------------------------------------------------------------------------------------------------------------------- bits

scalar(
    "binary_and",
    "The bits that two numbers share.",
    sig("(value1: long, value2: long) -> long", sql="({value1} & {value2})"),
    result="{first}",
    examples={
        "binary_and(12, 10)": 8,
        "binary_and(12, long(null))": None,
    },
)
scalar(
    "binary_or",
    "The bits that at least one of two numbers has.",
    sig("(value1: long, value2: long) -> long", sql="({value1} | {value2})"),
    result="{first}",
    examples={"binary_or(12, 10)": 14},
)
scalar(
    "binary_xor",
    "The bits that one of two numbers has and the other has not.",
    sig("(value1: long, value2: long) -> long", duckdb="xor({value1}, {value2})"),
    result="{first}",
    examples={"binary_xor(12, 10)": 6},
)
scalar(
    "binary_not",
    "All bits of a number turned.",
    sig("(value: long) -> long", sql="(~ {value})"),
    result="{first}",
    examples={"binary_not(0)": -1, "binary_not(12)": -13},
)
scalar(
    "binary_shift_left",
    "The bits of a number moved to the left by shift % 64; null for a negative shift. What leaves the 64 bits is lost.",
    # As a bit string, since the engine's << refuses to lose a bit.
    sig(
        "(value: long, shift: long) -> long",
        duckdb="(CASE WHEN {shift} >= 0 THEN CAST(CAST({value} AS BIT) << CAST({shift} % 64 AS INTEGER) AS BIGINT) END)",
    ),
    result="{first}",
    examples={
        "binary_shift_left(5, 3)": 40,
        "binary_shift_left(3, 63)": -(2**63),
        "binary_shift_left(1, 64)": 1,
        "binary_shift_left(1, -1)": None,
    },
)
scalar(
    "binary_shift_right",
    "The bits of a number moved to the right by shift % 64, keeping its sign; null for a negative shift.",
    sig("(value: long, shift: long) -> long", duckdb="(CASE WHEN {shift} >= 0 THEN {value} >> ({shift} % 64) END)"),
    result="{first}",
    examples={"binary_shift_right(40, 3)": 5, "binary_shift_right(-8, 1)": -4, "binary_shift_right(1, -1)": None},
)
scalar(
    "bitset_count_ones",
    "The number of bits of a number that are 1.",
    sig("(value: long) -> long", duckdb="CAST(bit_count({value}) AS BIGINT)"),
    result="{first}",
    examples={
        "bitset_count_ones(255)": 8,
        "bitset_count_ones(-1)": 64,
        "bitset_count_ones(long(null))": None,
    },
)

_HEX_INT = "lower(to_hex(CASE WHEN {value} < 0 THEN CAST({value} AS BIGINT) + 4294967296 ELSE {value} END))"
_HEX_LONG = "lower(to_hex({value}))"


def _padded(hexadecimal: str) -> str:
    """Zeros in front up to a length of at most 16; a longer text stays whole."""
    return f"coalesce(lpad({hexadecimal}, CAST(greatest(length({hexadecimal}), least({{min_length}}, 16)) AS INTEGER), '0'), '')"


scalar(
    "tohex",
    "A whole number in hexadecimal, at least so many digits long. Negative numbers as two's complement of their type.",
    sig("(value: int) -> string", duckdb=f"coalesce({_HEX_INT}, '')"),
    sig("(value: long) -> string", duckdb=f"coalesce({_HEX_LONG}, '')"),
    sig("(value: int, min_length: long) -> string", duckdb=_padded(_HEX_INT)),
    sig("(value: long, min_length: long) -> string", duckdb=_padded(_HEX_LONG)),
    result="{first}",
    examples={
        "tohex(255)": "ff",
        "tohex(-1)": "ffffffffffffffff",
        "tohex(toint(-1))": "ffffffff",
        "tohex(255, 4)": "00ff",
        "tohex(65535, 2)": "ffff",
        "tohex(long(null))": "",
    },
)

# ------------------------------------------------------------------------------------------------------------- random

scalar(
    "rand",
    "A random real from 0 to below 1, or one of 0.0, 1.0 ... up to below a number.",
    sig("() -> real", duckdb="random()"),
    sig("(number: long) -> real", duckdb="floor(random() * {number})"),
    result="{first}",
    examples={"rand() < 1": True, "rand(1)": 0.0},
    volatile=True,
)
scalar(
    "new_guid",
    "A new random guid.",
    sig("() -> guid", duckdb="uuid()"),
    examples={"strlen(tostring(new_guid()))": 36},
    volatile=True,
)
