"""Time ranges given beside a query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kqlog.errors import QueryError
from kqlog.timespan import time_range
from kqlog.types import TICKS_PER_DAY

NOW = 100 * TICKS_PER_DAY
HOUR = TICKS_PER_DAY // 24


@pytest.mark.parametrize("day", ["1d", "P1D", "PT24H", "24h", "1.00:00:00", timedelta(days=1)])
def test_a_length_ends_now(day):
    assert time_range(day, NOW) == (NOW - TICKS_PER_DAY, NOW)


@pytest.mark.parametrize(
    "span",
    [
        "0001-01-02/0001-01-03",
        "0001-01-02T00:00:00Z/P1D",
        "P1D/0001-01-03",
        (timedelta(days=1), "0001-01-03"),
        ("0001-01-02", "0001-01-03"),
        (datetime(1, 1, 2, tzinfo=UTC), timedelta(days=1)),
        (datetime(1, 1, 2), datetime(1, 1, 3)),
    ],
)
def test_a_start_and_an_end(span):
    assert time_range(span, NOW) == (TICKS_PER_DAY, 2 * TICKS_PER_DAY)


def test_parts_of_an_iso_duration_add_up():
    assert time_range("P1W2DT3H30M", NOW) == (NOW - 9 * TICKS_PER_DAY - 3 * HOUR - HOUR // 2, NOW)


def test_no_range():
    assert time_range(None, NOW) is None


@pytest.mark.parametrize("span", ["", "P", "PT", "yesterday", "2024-13-01/P1D", "2024-01-02/2024-01-01", "-1d", 5])
def test_what_is_no_range_is_refused(span):
    with pytest.raises(QueryError) as caught:
        time_range(span, NOW)
    assert caught.value.code == "SYN003"
