"""Series taken apart: lines, periods, seasons, outliers, anomalies, forecasts."""

from __future__ import annotations

from kqlog.functions.declare import scalar, sig

_DOCUMENTED_IN_PART = "Its rule is documented in part, so numbers may differ from Kusto's. Here: "
_PERIODS = (
    "a period is a peak of the spectrum that is a hill of the autocorrelation too, and its score the weakest autocorrelation at "
    "its multiples, as far as half of the series; no period is shorter than 4"
)
_TUKEY = (
    "a score counts inter-quartile ranges beyond a quartile, those of values on a line between two; ctukey leaves out the values "
    "below the 10th or above the 90th percentile on the side that it scores"
)
_SEASON = "the season is the median of each place of the period, and the trend is fitted to what that leaves; "
_SIDE = "{0}_rsquare: real, {0}_slope: real, {0}_interception: real, {0}_variance: real, {0}_rvariance: real"

scalar(
    "series_fit_line",
    "The straight line nearest to a series, in columns. The first value is at 1.",
    sig(
        "(series: series) -> "
        "record(rsquare: real, slope: real, variance: real, rvariance: real, interception: real, line_fit: reals)",
        python="decomposition.fit_line",
    ),
    result="series_fit_line_{first}_{column}",
    examples={"series_fit_line(dynamic([3, 5, 7]))": [1.0, 2.0, 4.0, 0.0, 1.0, [3.0, 5.0, 7.0]]},
)
scalar(
    "series_fit_line_dynamic",
    "The straight line nearest to a series, in a bag. The first value is at 1.",
    sig(
        "(series: series) -> "
        "bag(rsquare: real, slope: real, variance: real, rvariance: real, interception: real, line_fit: reals)",
        python="decomposition.fit_line",
    ),
    examples={
        "series_fit_line_dynamic(dynamic([3, 5, 7]))": {
            "rsquare": 1.0,
            "slope": 2.0,
            "variance": 4.0,
            "rvariance": 0.0,
            "interception": 1.0,
            "line_fit": [3.0, 5.0, 7.0],
        }
    },
)
scalar(
    "series_fit_2lines",
    "The two straight lines, one after the other, nearest to a series, in columns: where a trend changes.",
    sig(
        "(array: series) -> record(rsquare: real, split_idx: long, variance: real, rvariance: real, line_fit: reals, "
        + f"{_SIDE.format('right')}, {_SIDE.format('left')})",
        python="decomposition.fit_2lines",
    ),
    result="series_fit_2lines_{first}_{column}",
    examples={
        "series_fit_2lines(dynamic([1, 2, 3, 10, 8, 6]))": [
            *(1.0, 3, 12.8, 0.0, [1.0, 2.0, 3.0, 10.0, 8.0, 6.0]),
            *(1.0, -2.0, 12.0, 4.0, 0.0),
            *(1.0, 1.0, 0.0, 1.0, 0.0),
        ]
    },
)
scalar(
    "series_fit_2lines_dynamic",
    "The two straight lines, one after the other, nearest to a series, in a bag: where a trend changes.",
    sig("(series: series) -> bag", python="decomposition.fit_2lines_bag"),
    examples={
        "series_fit_2lines_dynamic(dynamic([1, 2, 3, 10, 8, 6]))": {
            "rsquare": 1.0,
            "split_idx": 3,
            "variance": 12.8,
            "rvariance": 0.0,
            "line_fit": [1.0, 2.0, 3.0, 10.0, 8.0, 6.0],
            "right": {"rsquare": 1.0, "slope": -2.0, "interception": 12.0, "variance": 4.0, "rvariance": 0.0},
            "left": {"rsquare": 1.0, "slope": 1.0, "interception": 0.0, "variance": 1.0, "rvariance": 0.0},
        }
    },
)
scalar(
    "series_fit_poly",
    "The polynomial nearest to a series, in columns; coefficients come highest power first. Without x the first value is at 1.",
    sig(
        "(y_series: series, x_series?: series, degree?: int) -> "
        "record(rsquare: real, coefficients: reals, variance: real, rvariance: real, poly_fit: reals)",
        python="decomposition.fit_poly",
    ),
    result="series_fit_poly_{first}_{column}",
    examples={
        "series_fit_poly(dynamic([2, 5, 10]), dynamic([1, 2, 3]), int(2))": [
            1.0,
            [1.0, 0.0, 1.0],
            16.333333333333332,
            0.0,
            [2.0, 5.0, 10.0],
        ]
    },
)
scalar(
    "series_periods_detect",
    "The lengths of the cycles that a series repeats, best first, and a score of 0 to 1 for each.",
    sig(
        "(series: series, min_period: real, max_period: real, num_periods: long) -> record(periods: reals, scores: reals)",
        python="decomposition.periods_detect",
    ),
    result="series_periods_detect_{first}_{column}",
    examples={
        "series_periods_detect(dynamic([1,2,5,2,1,2,5,2,1,2,5,2,1,2,5,2,1,2,5,2]), 3.0, 8.0, 2)": [[4.0, 0.0], [1.0, 0.0]],
    },
    differs=f"{_DOCUMENTED_IN_PART}{_PERIODS}.",
)
scalar(
    "series_periods_validate",
    "How well a series repeats itself in cycles of some lengths, from 0 to 1.",
    sig("(series: series, period: real...) -> record(periods: reals, scores: reals)", python="decomposition.periods_validate"),
    result="series_periods_validate_{first}_{column}",
    examples={"series_periods_validate(dynamic([1,2,5,2,1,2,5,2,1,2,5,2]), 3.0)": [[3.0], [0.0]]},
    differs=f"{_DOCUMENTED_IN_PART}{_PERIODS}.",
)
scalar(
    "series_seasonal",
    "The part of a series that repeats: for each place of the period the median; zeros where there is no period.",
    sig("(series: series, period?: long, test_points?: long) -> reals", python="decomposition.seasonal"),
    examples={"series_seasonal(dynamic([1, 5, 2, 6, 3, 7]), 2)": [2.0, 6.0, 2.0, 6.0, 2.0, 6.0]},
    differs=f"{_DOCUMENTED_IN_PART}a period that is looked for has a score of 0.7 at least; {_PERIODS}.",
)
scalar(
    "series_decompose",
    "A series as baseline (season and trend), season, trend and what is left. A period of -1 is looked for, 0 is none.",
    sig(
        "(series: series, period?: long, trend?: string, test_points?: long, seasonality_threshold?: real) -> "
        "record(baseline: reals, seasonal: reals, trend: reals, residual: reals)",
        python="decomposition.decompose",
    ),
    result="series_decompose_{first}_{column}",
    examples={
        "series_decompose(dynamic([1, 5, 2, 6, 3, 7]), 2, 'none')": [
            *([2.0, 6.0, 2.0, 6.0, 2.0, 6.0], [2.0, 6.0, 2.0, 6.0, 2.0, 6.0]),
            *([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]),
        ]
    },
    differs=f"{_DOCUMENTED_IN_PART}{_SEASON}{_PERIODS}.",
)
scalar(
    "series_decompose_anomalies",
    "What stands out of season and trend: a flag (1, -1 or 0), a score and the baseline for each value of a series.",
    sig(
        "(series: series, threshold?: real, period?: long, trend?: string, test_points?: long, method?: string, "
        "seasonality_threshold?: real) -> record(ad_flag: longs, ad_score: reals, baseline: reals)",
        python="decomposition.anomalies",
    ),
    result="series_decompose_anomalies_{first}_{column}",
    examples={
        "series_decompose_anomalies(dynamic([1, 2, 1, 2, 1, 20, 2, 1]), 1.5, 0, 'none', 0, 'tukey')": [
            *([0, 0, 0, 0, 0, 1, 0, 0], [0.0, 0.0, 0.0, 0.0, 0.0, 18.0, 0.0, 0.0]),
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ]
    },
    differs=f"{_DOCUMENTED_IN_PART}{_SEASON}{_TUKEY}.",
)
scalar(
    "series_decompose_forecast",
    "The values that season and trend predict for a series, of which the last ones are forecast.",
    sig(
        "(series: series, test_points: long, period?: long, trend?: string, seasonality_threshold?: real) -> "
        "record(baseline: reals, seasonal: reals, trend: reals, residual: reals)",
        python="decomposition.forecast",
    ),
    result="series_decompose_forecast_{first}_{column}",
    examples={
        "series_decompose_forecast(dynamic([1, 2, 3, 0, 0]), 2, 0, 'linefit')": [
            *([1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.0, 0.0, 0.0, 0.0]),
            *([1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.0, 0.0, -4.0, -5.0]),
        ]
    },
    differs=f"{_DOCUMENTED_IN_PART}{_SEASON}{_PERIODS}.",
)
scalar(
    "series_outliers",
    "A score for each value of a series by Tukey's fences: above 1.5 it stands out upwards, below -1.5 downwards.",
    sig("(series: series, kind?: string, ignore_val?: number) -> reals", python="decomposition.outliers"),
    sig(
        "(series: series, kind: string, ignore_val: real, min_percentile: real, max_percentile?: real, test_points?: long) "
        "-> reals",
        python="decomposition.outliers",
    ),
    result="{first}",
    examples={"series_outliers(dynamic([1, 2, 1, 2, 1, 20, 2, 1]), 'tukey')": [0.0, 0.0, 0.0, 0.0, 0.0, 18.0, 0.0, 0.0]},
    differs=f"{_DOCUMENTED_IN_PART}{_TUKEY}.",
)
