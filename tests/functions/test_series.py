"""Series: names of result columns, gaps, seasons and anomalies."""

from __future__ import annotations

import math
from typing import Any

import pytest

import kqlog


def value(expression: str, *, columns: int = 1) -> Any:
    """What `print` answers for one expression, or for the columns of one."""
    row = kqlog.connect(None).query(f"print x = {expression}").rows[0]
    return row[0] if columns == 1 else row[:columns]


def test_statistics_come_in_columns_named_after_the_series() -> None:
    result = kqlog.connect(None).query("print load = dynamic([2, 4, 9]) | project series_stats(load)")
    names = [column.name for column in result.columns]
    assert names[:3] == ["series_stats_load_min", "series_stats_load_min_idx", "series_stats_load_max"]
    assert result.rows[0][:5] == (2.0, 0, 9.0, 2, 5.0)


def test_what_is_no_number_gives_null_in_its_place() -> None:
    assert value("series_add(dynamic([1, 'a', 3]), dynamic([1, 2]))") == [2, None, None]
    assert value("series_less(dynamic([1, null]), 2)") == [True, None]
    assert value("series_sum(dynamic([1, null]))") is None


def test_functions_are_not_a_number_outside_of_their_domain() -> None:
    assert math.isnan(value("todouble(series_log(dynamic([-1]))[0])"))
    assert value("todouble(series_divide(dynamic([2]), 0)[0])") == math.inf


@pytest.mark.parametrize(
    ("call", "filled"),
    [
        ("series_fill_linear(dynamic([null, 1, null, 4, null]), double(null), false)", [None, 1, 2, 4, None]),
        ("series_fill_linear(dynamic([null, null]), double(null), true, 7)", [7, 7]),
        ("series_fill_forward(dynamic([0, 5, 0]), 0)", [0, 5, 5]),
        ("series_fill_const(dynamic([null, 2]), 1.5)", [1.5, 2]),
    ],
)
def test_gaps_are_filled(call: str, filled: list[object]) -> None:
    assert value(call) == filled


def test_lines_start_at_one() -> None:
    assert value("series_fit_line_dynamic(dynamic([5, 7, 9])).interception") == 3.0


def five_weeks(trend: float) -> list[float]:
    """Hours with a daily wave, quiet weekends, some noise and a trend."""
    hours = range(24 * 7 * 5)
    return [
        10 * math.sin(hour * math.pi / 12) + 8 * (hour // 24 % 7 < 5) + math.sin(hour * hour) + trend * hour for hour in hours
    ]


@pytest.mark.parametrize("trend", [0.0, 0.02])
def test_anomalies_stand_out_of_season_and_trend(trend: float) -> None:
    values = five_weeks(trend)
    values[100] += 15
    values[500] -= 15
    flags, scores, baseline = value(f"series_decompose_anomalies(dynamic({values}), 3.0, -1, 'linefit')", columns=3)
    by_score = sorted(range(len(scores)), key=lambda place: abs(scores[place]))
    assert sorted(by_score[-2:]) == [100, 500]
    assert (flags[100], flags[500]) == (1, -1)
    assert len(baseline) == len(values)


def test_periods_too_long_or_too_short_score_nothing() -> None:
    series = "dynamic([1, 2, 5, 2, 1, 2, 5, 2, 1, 2, 5, 2, 1, 2, 5, 2])"
    assert value(f"series_periods_validate({series}, 4.0, 3.0, 9.0)", columns=2)[1] == [pytest.approx(1.0), 0.0, 0.0]
