"""Datetime functions against Python's calendar, and formats that are refused."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kqlog

DATES = st.datetimes(datetime(1, 2, 1), datetime(9990, 1, 1))
quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DAY = timedelta(days=1)


def _rows(
    workspace: kqlog.Workspace, columns: str, rows: list[tuple[datetime, ...]], expressions: str
) -> list[tuple[object, ...]]:
    cells = ", ".join(f"datetime({date.isoformat()})" for row in rows for date in row)
    naive = workspace.query(f"datatable({columns})[{cells}] | project {expressions}").rows
    return [tuple(cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in row) for row in naive]


@quick
@given(dates=st.lists(DATES, min_size=5, max_size=15))
def test_parts(workspace: kqlog.Workspace, dates: list[datetime]) -> None:
    parts = "getyear(t), getmonth(t), dayofmonth(t), hourofday(t), dayofyear(t), week_of_year(t), dayofweek(t), datetime_part('microsecond', t)"
    assert _rows(workspace, "t: datetime", [(date,) for date in dates], parts) == [
        (
            date.year,
            date.month,
            date.day,
            date.hour,
            date.timetuple().tm_yday,
            date.isocalendar().week,
            date.isoweekday() % 7 * DAY,
            date.microsecond,
        )
        for date in dates
    ]


@quick
@given(dates=st.lists(DATES, min_size=5, max_size=15))
def test_starts(workspace: kqlog.Workspace, dates: list[datetime]) -> None:
    starts = "startofday(t), startofweek(t), startofmonth(t), startofyear(t), startofday(t, -1), startofweek(t, 1), startofmonth(t, 11), startofyear(t, 1)"
    days = [date.replace(hour=0, minute=0, second=0, microsecond=0) for date in dates]
    assert _rows(workspace, "t: datetime", [(date,) for date in dates], starts) == [
        (
            day,
            day - day.isoweekday() % 7 * DAY,
            day.replace(day=1),
            day.replace(month=1, day=1),
            day - DAY,
            day - day.isoweekday() % 7 * DAY + 7 * DAY,
            _months_later(day.replace(day=1), 11),
            day.replace(year=day.year + 1, month=1, day=1),
        )
        for day in days
    ]


def _months_later(first: datetime, months: int) -> datetime:
    years, month = divmod(first.month - 1 + months, 12)
    return first.replace(year=first.year + years, month=month + 1)


@quick
@given(pairs=st.lists(st.tuples(DATES, DATES), min_size=5, max_size=15))
def test_differences(workspace: kqlog.Workspace, pairs: list[tuple[datetime, datetime]]) -> None:
    periods = ("year", "quarter", "month", "day", "hour", "second")
    expressions = ", ".join(f"datetime_diff('{period}', a, b)" for period in periods)

    def counted(date: datetime) -> tuple[int, ...]:
        months = date.year * 12 + date.month - 1
        since = date - datetime(1, 1, 1)
        return date.year, months // 3, months, since // DAY, since // timedelta(hours=1), since // timedelta(seconds=1)

    expected = [tuple(x - y for x, y in zip(counted(a), counted(b), strict=True)) for a, b in pairs]
    assert _rows(workspace, "a: datetime, b: datetime", pairs, expressions) == expected


@quick
@given(dates=st.lists(DATES, min_size=5, max_size=15))
def test_a_format(workspace: kqlog.Workspace, dates: list[datetime]) -> None:
    got = _rows(workspace, "t: datetime", [(date,) for date in dates], "format_datetime(t, 'yyyy/M/dd-hh:mm:s.ffffff tt')")
    assert got == [
        (f"{date.year:04d}/{date.month}/{date:%d-%I:%M}:{date.second}.{date.microsecond:06d} {date:%p}",) for date in dates
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "format_datetime(now(), 'MMM')",
        "format_datetime(now(), 'yyyy\"x\"')",
        "format_datetime(now(), 'ffffffff')",
        "format_timespan(1h, 'yyyy')",
        "datetime_part('decade', now())",
        "datetime_add('fortnight', 1, now())",
        "datetime_diff('era', now(), now())",
    ],
)
def test_an_unknown_format_or_period_is_refused(workspace: kqlog.Workspace, expression: str) -> None:
    with pytest.raises(kqlog.QueryError, match="SEM002"):
        workspace.query(f"print {expression}")


def test_null_in_null_out(workspace: kqlog.Workspace) -> None:
    nulls = workspace.query("""
        datatable(t: datetime, n: long, s: string)[datetime(null), long(null), '']
        | project startofday(t), endofmonth(t), datetime_add('month', 1, t), datetime_diff('day', t, t), getyear(t), dayofweek(t),
            make_datetime(n, 1, 1), unixtime_seconds_todatetime(n), bin(t, 1h), datetime_utc_to_local(t, 'UTC'), t + 1h,
            datetime_utc_to_local(now(), s)
    """)
    assert set(nulls.rows[0]) == {None}


FIRST, LAST = "datetime(0001-01-01)", "datetime(9999-12-31 23:59:59.9999999)"


@pytest.mark.parametrize(
    "expression",
    [
        f"{LAST} + 1tick",
        f"{FIRST} - 1tick",
        f"{LAST} + timespan(10675199.00:00:00)",
        f"timespan(10675199.00:00:00) + {LAST}",
        f"{FIRST} - timespan(10675199.00:00:00)",
        f"datetime_add('year', 1, {LAST})",
        f"datetime_add('quarter', 9223372036854775807, {LAST})",
        f"datetime_add('hour', -1, {FIRST})",
        f"datetime_add('day', 9223372036854775807, {LAST})",
        f"datetime_add('nanosecond', 100, {LAST})",
        f"startofday({LAST}, 1)",
        f"startofweek({FIRST})",
        f"startofmonth({LAST}, 9223372036854775807)",
        f"endofweek({LAST})",
        f"endofyear({LAST}, 1)",
        f"endofday({FIRST}, -9223372036854775807)",
        f"datetime_utc_to_local({FIRST}, 'US/Pacific')",
        f"datetime_local_to_utc({LAST}, 'US/Pacific')",
        "make_datetime(10000, 1, 1)",
        "todatetime(9223372036854775807)",
        "ago(1000000d)",
    ],
)
def test_what_lies_outside_of_the_calendar_is_null(workspace: kqlog.Workspace, expression: str) -> None:
    assert workspace.query(f"print {expression}").rows == [(None,)]
    first, last = (f"todatetime(tolong({moment}) + 0 * n)" for moment in (FIRST, LAST))
    by_row = expression.replace(FIRST, first).replace(LAST, last)
    assert workspace.query(f"range n from 1 to 2 step 1 | project x = {by_row}").rows == [(None,), (None,)]


def test_the_last_day_of_the_calendar_has_its_ends(workspace: kqlog.Workspace) -> None:
    ends = workspace.query(
        f"print endofday({LAST}), endofmonth({LAST}), endofyear({LAST}, 0), datetime_utc_to_local({LAST}, 'UTC')"
    )
    assert ends.texts()[0] == ["9999-12-31T23:59:59.9999999Z"] * 4


def test_a_skipped_and_a_repeated_hour(workspace: kqlog.Workspace) -> None:
    spring = "datetime_local_to_utc(datetime(2024-03-31 02:00), 'Europe/Paris')"
    after = "datetime_local_to_utc(datetime(2024-03-31 03:00), 'Europe/Paris')"
    row = workspace.query(f"print {spring}, {after}, datetime_utc_to_local(datetime(2024-03-31 01:00), 'Europe/Paris')").texts()[
        0
    ]
    assert row == ["2024-03-31T00:00:00.0000000Z", "2024-03-31T01:00:00.0000000Z", "2024-03-31T03:00:00.0000000Z"]


def test_an_unknown_time_zone_is_an_error(workspace: kqlog.Workspace) -> None:
    with pytest.raises(kqlog.QueryError):
        workspace.query("print datetime_utc_to_local(now(), 'Europe/Atlantis')")
