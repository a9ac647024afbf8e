"""Series: arrays of numbers, as make-series gives them."""

from __future__ import annotations

from dataclasses import dataclass

from kqlog.functions.declare import Signature, alias, scalar, sig

_WHOLE = "json_type({}) IN ('UBIGINT', 'BIGINT')"
_NUMBER = "json_type({}) IN ('UBIGINT', 'BIGINT', 'DOUBLE')"

# ------------------------------------------------------------------------------------------------------- element by element


# Most series hold numbers of one kind. Those are computed as a list of that kind, element by element only the others.
_ALL_REALS = r"regexp_full_match({}, '\[-?\d+\.\d+([eE][-+]?\d+)?(,-?\d+\.\d+([eE][-+]?\d+)?)*\]')"
_ALL_WHOLE = r"regexp_full_match({}, '\[-?\d{{1,9}}(,-?\d{{1,9}})*\]')"
"""So short that no sum or product of two is too large for a BIGINT."""
_IS_WHOLE = "typeof({}) IN ('INTEGER', 'BIGINT')"
_ALL_NUMBERS = r"regexp_full_match({}, '\[[-+0-9.eE,]+\]')"


def _each(body: str, whole: str | None = None, result: str = "reals") -> Signature:
    """A function of one series: `body` over the real {x}, `whole` over a whole {x} if that gives a whole number."""
    made = "to_json({})" if whole else "{}"
    exact = f"WHEN {_WHOLE.format('item')} THEN to_json({whole.format(x='item::HUGEINT')}) " if whole else ""
    value = f"CASE {exact}WHEN {_NUMBER.format('item')} THEN {made.format(body.format(x='item::DOUBLE'))} END"
    lists = [((_ALL_REALS if whole else _ALL_NUMBERS).format("items"), "DOUBLE", body)]
    if whole:
        lists.append((_ALL_WHOLE.format("items"), "BIGINT", whole))
    chosen = " ".join(
        f"WHEN {known} THEN "
        + made.format(f"list_transform(try_cast(items AS {kind}[]), lambda item: {formula.format(x='item')})")
        for known, kind, formula in lists
    )
    otherwise = made.format(f"list_transform(try_cast(items AS JSON[]), lambda item: {value})")
    return sig(
        f"(series: series) -> {'series' if whole else result}",
        duckdb=f"list_transform([{{series}}], lambda items: CASE {chosen} ELSE {otherwise} END)[1]",
        lists=f"list_transform({{series}}, lambda item: {body.format(x='item')})",
    )


@dataclass(frozen=True)
class _Pairs:
    """A function of two series, or of a series and one number: `body` over the reals {a} and {b}, `whole` over whole ones.

    `kernel` does the same over two lists of reals.
    """

    kernel: str
    body: str
    whole: str | None = None
    result: str = "reals"

    def signatures(self) -> tuple[Signature, ...]:
        """One for each choice of what is a series."""
        result, python = "series" if self.whole else self.result, f"elementwise.{self.kernel}"
        return (
            sig(f"(series1: series, series2: series) -> {result}", duckdb=self._zipped(), python=python),
            sig(
                f"(series1: series, series2: number) -> {result}", duckdb=self._beside("series1", "series2"), lists=self._lists(1)
            ),
            sig(
                f"(series1: number, series2: series) -> {result}", duckdb=self._beside("series2", "series1"), lists=self._lists(2)
            ),
        )

    def _lists(self, series: int) -> str:
        """The SQL for a list of reals, as the first or second argument, and a number."""
        sides = ("item", "{series2}::DOUBLE") if series == 1 else ("{series1}::DOUBLE", "item")
        return f"list_transform({{series{series}}}, lambda item: {self.body.format(a=sides[0], b=sides[1])})"

    def _made(self, values: str) -> str:
        return f"to_json({values})" if self.whole else values

    def _each_pair(self) -> str:
        """The end of a CASE for a pair of JSON values."""
        both = f"{_NUMBER.format('pair[1]')} AND {_NUMBER.format('pair[2]')}"
        value = f"WHEN {both} THEN {self._made(self.body.format(a='pair[1]::DOUBLE', b='pair[2]::DOUBLE'))} END"
        if not self.whole:
            return value
        both_whole = f"{_WHOLE.format('pair[1]')} AND {_WHOLE.format('pair[2]')}"
        return f"WHEN {both_whole} THEN to_json({self.whole.format(a='pair[1]::HUGEINT', b='pair[2]::HUGEINT')}) {value}"

    def _zipped(self) -> str:
        """The SQL for two series."""
        left, right = "series[1]", "series[2]"

        def over(kind: str, formula: str) -> str:
            pairs = f"list_zip(try_cast({left} AS {kind}[]), try_cast({right} AS {kind}[]))"
            return self._made(f"list_transform({pairs}, lambda pair: {formula})")

        known = _ALL_REALS if self.whole else _ALL_NUMBERS
        reals = over("DOUBLE", self.body.format(a="pair[1]", b="pair[2]"))
        chosen = f"WHEN {known.format(left)} AND {known.format(right)} THEN {reals}"
        if self.whole:
            exact = over("BIGINT", self.whole.format(a="pair[1]", b="pair[2]"))
            chosen += f" WHEN {_ALL_WHOLE.format(left)} AND {_ALL_WHOLE.format(right)} THEN {exact}"
        both = f"json_type({left}) = 'ARRAY' AND json_type({right}) = 'ARRAY'"
        others = f"WHEN {both} THEN {over('JSON', f'CASE {self._each_pair()}')}"
        return f"list_transform([[{{series1}}, {{series2}}]], lambda series: CASE {chosen} {others} END)[1]"

    def _beside(self, series: str, number: str) -> str:
        """The SQL for a series and a number, by their names."""
        items, one = "series", f"{{{number}}}"
        sides = {"a": "item", "b": f"{one}::DOUBLE"} if series == "series1" else {"a": f"{one}::DOUBLE", "b": "item"}

        def over(kind: str, formula: str) -> str:
            return self._made(f"list_transform(try_cast({items} AS {kind}[]), lambda item: {formula})")

        known = _ALL_NUMBERS.format(items)
        if self.whole:
            known = f"CASE WHEN {_IS_WHOLE.format(one)} THEN {_ALL_REALS.format(items)} ELSE {known} END"
        chosen = f"WHEN {known} THEN {over('DOUBLE', self.body.format(**sides))}"
        if self.whole:
            exact = self.whole.format(**{name: side.removesuffix("::DOUBLE") for name, side in sides.items()})
            small = f"{_IS_WHOLE.format(one)} AND abs({one}) < 1e9 AND {_ALL_WHOLE.format(items)}"
            chosen += f" WHEN {small} THEN {over('BIGINT', exact)}"
        numbers = f"list_resize(try_cast([] AS JSON[]), len(try_cast({items} AS JSON[])), to_json({one}))"
        lists = [f"try_cast({items} AS JSON[])", numbers]
        pairs = f"list_zip({', '.join(lists if series == 'series1' else reversed(lists))})"
        each = self._made(f"list_transform({pairs}, lambda pair: CASE {self._each_pair()})")
        return (
            f"list_transform([{{{series}}}], lambda series: CASE {chosen} WHEN json_type({items}) = 'ARRAY' THEN {each} END)[1]"
        )


def _pairs(kernel: str, body: str, whole: str | None = None, result: str = "reals") -> tuple[Signature, ...]:
    return _Pairs(kernel, body, whole, result).signatures()


_NAN = "'NaN'::DOUBLE"

scalar(
    "series_abs",
    "The absolute value of each number of a series.",
    _each("abs({x})", "abs({x})"),
    examples={"series_abs(dynamic([-6, 0.5, 'x']))": [6, 0.5, None]},
)
scalar(
    "series_sign",
    "-1, 0 or 1 for each number of a series.",
    _each("sign({x})::BIGINT", result="longs"),
    examples={"series_sign(dynamic([-6, 0, 8.5]))": [-1, 0, 1]},
)
scalar(
    "series_floor",
    "Each number of a series rounded down.",
    _each("floor({x})"),
    examples={"series_floor(dynamic([-1.5, 1, 2.5]))": [-2.0, 1.0, 2.0]},
)
scalar(
    "series_ceiling",
    "Each number of a series rounded up.",
    _each("ceil({x})"),
    examples={"series_ceiling(dynamic([-1.5, 1, 2.5]))": [-1.0, 1.0, 3.0]},
)
scalar(
    "series_exp",
    "e to the power of each number of a series.",
    _each("exp({x})"),
    examples={"series_exp(dynamic([0, 1]))": [1.0, 2.718281828459045]},
)
scalar(
    "series_log",
    "The natural logarithm of each number of a series.",
    _each(f"CASE WHEN {{x}} < 0 THEN {_NAN} WHEN {{x}} = 0 THEN '-Infinity'::DOUBLE ELSE ln({{x}}) END"),
    examples={"series_log(dynamic([1, 10]))": [0.0, 2.302585092994046]},
)
scalar(
    "series_sin",
    "The sine of each number of a series.",
    _each("sin({x})"),
    examples={"series_sin(dynamic([0, 1]))": [0.0, 0.8414709848078965]},
)
scalar(
    "series_cos",
    "The cosine of each number of a series.",
    _each("cos({x})"),
    examples={"series_cos(dynamic([0, 1]))": [1.0, 0.5403023058681398]},
)
scalar(
    "series_tan",
    "The tangent of each number of a series.",
    _each("tan({x})"),
    examples={"series_tan(dynamic([0, 1]))": [0.0, 1.557407724654902]},
)
scalar(
    "series_asin",
    "The angle whose sine each number of a series is.",
    _each(f"CASE WHEN abs({{x}}) > 1 THEN {_NAN} ELSE asin({{x}}) END"),
    examples={"series_asin(dynamic([0, 1]))": [0.0, 1.5707963267948966]},
)
scalar(
    "series_acos",
    "The angle whose cosine each number of a series is.",
    _each(f"CASE WHEN abs({{x}}) > 1 THEN {_NAN} ELSE acos({{x}}) END"),
    examples={"series_acos(dynamic([1, 0]))": [0.0, 1.5707963267948966]},
)
scalar(
    "series_atan",
    "The angle whose tangent each number of a series is.",
    _each("atan({x})"),
    examples={"series_atan(dynamic([0, 1]))": [0.0, 0.7853981633974483]},
)

scalar(
    "series_add",
    "The sums of two series, element by element; a number stands for every element.",
    *_pairs("add", "{a} + {b}", "{a} + {b}"),
    examples={"series_add(dynamic([1, 2.5]), dynamic([10, 20, 30]))": [11, 22.5, None], "series_add(dynamic([1, 2]), 1)": [2, 3]},
)
scalar(
    "series_subtract",
    "The differences of two series, element by element; a number stands for every element.",
    *_pairs("subtract", "{a} - {b}", "{a} - {b}"),
    examples={"series_subtract(10, dynamic([1, 2]))": [9, 8]},
)
scalar(
    "series_multiply",
    "The products of two series, element by element; a number stands for every element.",
    *_pairs("multiply", "{a} * {b}", "{a} * {b}"),
    examples={"series_multiply(dynamic([1, 2, 3]), dynamic([4, 5, 6]))": [4, 10, 18]},
)
scalar(
    "series_divide",
    "The quotients of two series, as reals, element by element; a number stands for every element.",
    *_pairs("divide", "{a} / {b}"),
    examples={"series_divide(dynamic([1, 6]), dynamic([2, 3]))": [0.5, 2.0]},
)
scalar(
    "series_pow",
    "The numbers of one series to the powers of another; a number stands for every element.",
    *_pairs("power", "pow({a}, {b})"),
    examples={"series_pow(dynamic([2, 9]), dynamic([3, 0.5]))": [8.0, 3.0]},
)
scalar(
    "series_equals",
    "Which numbers of two series are equal.",
    *_pairs("equals", "{a} = {b}", result="flags"),
    examples={"series_equals(dynamic([1, 2]), dynamic([1, 3]))": [True, False]},
)
scalar(
    "series_not_equals",
    "Which numbers of two series differ.",
    *_pairs("not_equals", "{a} <> {b}", result="flags"),
    examples={"series_not_equals(dynamic([1, 2]), 1)": [False, True]},
)
scalar(
    "series_less",
    "Which numbers of one series are less than those of another.",
    *_pairs("less", "{a} < {b}", result="flags"),
    examples={"series_less(dynamic([1, 2]), 2)": [True, False]},
)
scalar(
    "series_less_equals",
    "Which numbers of one series are at most those of another.",
    *_pairs("less_equals", "{a} <= {b}", result="flags"),
    examples={"series_less_equals(dynamic([1, 2, 3]), 2)": [True, True, False]},
)
scalar(
    "series_greater",
    "Which numbers of one series are greater than those of another.",
    *_pairs("greater", "{a} > {b}", result="flags"),
    examples={"series_greater(2, dynamic([1, 2]))": [True, False]},
)
scalar(
    "series_greater_equals",
    "Which numbers of one series are at least those of another.",
    *_pairs("greater_equals", "{a} >= {b}", result="flags"),
    examples={"series_greater_equals(dynamic([1, 2, 'x']), 2)": [False, True, None]},
)

# ------------------------------------------------------------------------------------------------------------- one number

scalar(
    "series_sum",
    "The sum of a series; null when an element is no number.",
    sig("(series: series) -> real", python="series.total"),
    examples={"series_sum(dynamic([1, 2.5]))": 3.5, "series_sum(dynamic([1, 'x']))": None},
)
alias("array_sum", "series_sum")
scalar(
    "series_product",
    "The product of a series; null when an element is no number.",
    sig("(series: series) -> real", python="series.product"),
    examples={"series_product(dynamic([2, 3, 4]))": 24.0},
)
scalar(
    "series_magnitude",
    "The length of a series as a vector: the square root of the sum of its squares.",
    sig("(series: series) -> real", python="series.magnitude"),
    examples={"series_magnitude(dynamic([3, 4]))": 5.0},
)
# list_dot_product() fails where there is a null or a list is longer; the sum of products takes thirty times as long.
_DOT_PRODUCT = """coalesce(
    try(list_dot_product({series1}, {series2})),
    list_sum(list_transform(list_zip({series1}, {series2}), lambda pair: pair[1] * pair[2])))"""

scalar(
    "series_dot_product",
    "The sum of the products of two series, as far as both go; a number stands for every element.",
    sig("(series1: series, series2: series) -> real", python="series.dot_product", lists=_DOT_PRODUCT),
    sig("(series1: series, series2: number) -> real", python="series.dot_product"),
    sig("(series1: number, series2: series) -> real", python="series.dot_product"),
    examples={"series_dot_product(dynamic([1, 2, 3]), dynamic([4, 5]))": 14.0, "series_dot_product(dynamic([1, 2]), 10)": 30.0},
)
scalar(
    "series_cosine_similarity",
    "How alike the directions of two series are: 1 for the same, 0 for unrelated, -1 for opposite.",
    sig("(series1: series, series2: series) -> real", python="series.cosine_similarity"),
    sig("(series1: series, series2: series, magnitude1: real, magnitude2: real) -> real", python="series.cosine_similarity"),
    examples={"series_cosine_similarity(dynamic([1, 0]), dynamic([1, 1]))": 0.7071067811865475},
)
scalar(
    "series_pearson_correlation",
    "How much two series move together, from -1 to 1; null unless both are numbers and of one length.",
    sig("(series1: series, series2: series) -> real", python="series.pearson_correlation"),
    examples={"series_pearson_correlation(dynamic([1, 2, 3]), dynamic([6, 4, 2]))": -1.0},
)
scalar(
    "series_stats",
    "Statistics of a series in columns; null when an element is no finite number, unless told to ignore those.",
    sig(
        "(series: series, ignore_nonfinite?: const bool) -> "
        "record(min: real, min_idx: long, max: real, max_idx: long, avg: real, stdev: real, variance: real)",
        python="series.stats",
    ),
    result="series_stats_{first}_{column}",
    examples={"series_stats(dynamic([2, 4, 6]))": [2.0, 0, 6.0, 2, 4.0, 2.0, 4.0]},
)
scalar(
    "series_stats_dynamic",
    "Statistics of a series in a bag; null when an element is no finite number, unless told to ignore those.",
    sig(
        "(series: series, ignore_nonfinite?: const bool) -> bag(min: real, min_idx: long, max: real, max_idx: long, "
        "avg: real, stdev: real, variance: real, sum: real, len: long)",
        python="series.stats_bag",
    ),
    examples={
        "series_stats_dynamic(dynamic([2, null, 6]), true)": {
            "min": 2.0,
            "min_idx": 0,
            "max": 6.0,
            "max_idx": 2,
            "avg": 4.0,
            "stdev": 2.8284271247461903,
            "variance": 8.0,
            "sum": 8.0,
            "len": 3,
        }
    },
)

# ------------------------------------------------------------------------------------------------------- gaps and filters

scalar(
    "series_fill_forward",
    "A series in which a gap (null, or a placeholder) takes the value to its left.",
    sig("(series: series, missing_value_placeholder?: number) -> series", python="gaps.fill_forward"),
    result="{first}",
    examples={"series_fill_forward(dynamic([null, 1, null, 3]))": [None, 1, 1, 3]},
)
scalar(
    "series_fill_backward",
    "A series in which a gap (null, or a placeholder) takes the value to its right.",
    sig("(series: series, missing_value_placeholder?: number) -> series", python="gaps.fill_backward"),
    result="{first}",
    examples={"series_fill_backward(dynamic([0, 1, 0, 3, 0]), 0)": [1, 1, 3, 3, 0]},
)
scalar(
    "series_fill_const",
    "A series in which every gap (null, or a placeholder) takes one value.",
    sig("(series: series) -> series", kql="series_fill_const(series, 0)"),
    sig("(series: series, constant_value: number, missing_value_placeholder?: number) -> series", python="gaps.fill_const"),
    result="{first}",
    examples={"series_fill_const(dynamic([1, null]), 7)": [1, 7]},
)
scalar(
    "series_fill_linear",
    "A series in which a gap (null, or a placeholder) lies on the line between its neighbours, at an edge it takes the nearest.",
    sig(
        "(series: series, missing_value_placeholder?: number, fill_edges?: bool, constant_value?: number) -> series",
        python="gaps.fill_linear",
    ),
    result="{first}",
    examples={
        "series_fill_linear(dynamic([null, 1.0, null, 2.0]))": [1.0, 1.0, 1.5, 2.0],
        "series_fill_linear(dynamic([1, null, 4]))": [1, 2, 4],
    },
)
scalar(
    "series_fir",
    "A series filtered by the coefficients of a finite impulse response, such as [1, 1, 1] for a moving average.",
    sig("(series: series, filter: series, normalize?: bool, center?: bool) -> reals", python="filters.fir"),
    result="{first}",
    examples={
        "series_fir(dynamic([2, 4, 6]), dynamic([1, 1]))": [1.0, 3.0, 5.0],
        "series_fir(dynamic([3, 6, 9]), dynamic([1, 1, 1]), true, true)": [3.0, 6.0, 5.0],
        "series_fir(dynamic([1, 3, 6]), dynamic([1, -1]))": [1.0, 2.0, 3.0],
    },
)
scalar(
    "series_iir",
    "A series filtered by the coefficients of an infinite impulse response, such as [1] and [1, -1] for the sum so far.",
    sig("(series: series, numerators: series, denominators: series) -> reals", python="filters.iir"),
    result="{first}",
    examples={"series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1]))": [1.0, 3.0, 6.0]},
)
scalar(
    "series_fft",
    "The Fourier transform of a series, real or with an imaginary part.",
    sig("(series: series, series_imaginary?: series) -> record(real: reals, imag: reals)", python="filters.fft"),
    result="series_fft_{first}_{column}",
    examples={"series_fft(dynamic([1, 0, 0, 0]))": [[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]},
)
scalar(
    "series_ifft",
    "The series of which some values are the Fourier transform.",
    sig("(series: series, series_imaginary?: series) -> record(real: reals, imag: reals)", python="filters.ifft"),
    result="series_ifft_{first}_{column}",
    examples={"series_ifft(dynamic([4, 0, 0, 0]))": [[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]},
)
