"""Datetimes and timespans: parts, steps, calendars, formats and time zones."""

from __future__ import annotations

from kqlog.functions.declare import alias, quoted, scalar, sig
from kqlog.types import MAX_DATETIME_TICKS

_EPOCH = 621_355_968_000_000_000
_EPOCH_MICROSECONDS = _EPOCH // 10
_DAY = 864_000_000_000
_STEPS = {
    "week": 7 * _DAY,
    "day": _DAY,
    "hour": _DAY // 24,
    "minute": 600_000_000,
    "second": 10_000_000,
    "millisecond": 10_000,
    "microsecond": 10,
}
"""Ticks in each period of a fixed length."""


def _moment(date: str = "{date}") -> str:
    """A datetime as the engine's timestamp, for what only a calendar knows. It has no seventh digit."""
    return f"make_timestamp({date} // 10 - {_EPOCH_MICROSECONDS})"


def _ticks(moment: str) -> str:
    return f"(epoch_us({moment}) * 10 + {_EPOCH})"


def _number(function: str) -> str:
    """A part of the calendar as an int."""
    return f"CAST({function}({_moment()}) AS INTEGER)"


# ---------------------------------------------------------------------------------------------------------------- parts

_PARTS = {
    "year": _number("year"),
    "quarter": _number("quarter"),
    "month": _number("month"),
    "week_of_year": _number("weekofyear"),
    "day": _number("day"),
    "dayofyear": _number("dayofyear"),
    "hour": "CAST({date} // 36000000000 % 24 AS INTEGER)",
    "minute": "CAST({date} // 600000000 % 60 AS INTEGER)",
    "second": "CAST({date} // 10000000 % 60 AS INTEGER)",
    "millisecond": "CAST({date} // 10000 % 1000 AS INTEGER)",
    "microsecond": "CAST({date} // 10 % 1000000 AS INTEGER)",
    "nanosecond": "CAST({date} % 10000000 * 100 AS INTEGER)",
}


def _one_of(names: dict[str, object], name: str | None) -> str:
    """The name as it is listed, whatever its case. Raises ValueError with the list."""
    found = (name or "").lower()
    if found not in names:
        raise ValueError(f"{name!r} is none of {', '.join(names)}")
    return found


def _datetime_part(part: str | None) -> str:
    return _PARTS[_one_of({**_PARTS}, part)]


scalar(
    "datetime_part",
    "A part of a datetime: year, quarter, month, week_of_year, day, dayofyear, hour, minute, second ... nanosecond.",
    sig("(part: const string, date: datetime) -> int", duckdb=_datetime_part),
    examples={
        "datetime_part('Year', datetime(2024-02-29))": 2024,
        "datetime_part('week_of_year', datetime(2024-12-30))": 1,
        "datetime_part('hour', datetime(2024-02-29 13:14))": 13,
        "datetime_part('nanosecond', datetime(2024-02-29 13:14:15.1234567))": 123456700,
        "datetime_part('Year', datetime(null))": None,
    },
)
alias("datepart", "datetime_part")

for _name, _summary, _part, _example in (
    ("getyear", "The year of a datetime.", "year", 2024),
    ("getmonth", "The month of a datetime, 1 to 12.", "month", 2),
    ("monthofyear", "The month of a datetime, 1 to 12.", "month", 2),
    ("dayofmonth", "The day in the month of a datetime, 1 to 31.", "day", 29),
    ("dayofyear", "The day in the year of a datetime, 1 to 366.", "dayofyear", 60),
    ("hourofday", "The hour of a datetime, 0 to 23.", "hour", 13),
    (
        "week_of_year",
        "The week of a datetime by ISO 8601: weeks begin on Monday, week 1 has the year's first Thursday.",
        "week_of_year",
        9,
    ),
):
    scalar(
        _name,
        _summary,
        sig("(date: datetime) -> int", duckdb=_PARTS[_part]),
        examples={f"{_name}(datetime(2024-02-29 13:14))": _example, f"{_name}(datetime(null))": None},
    )
alias("weekofyear", "week_of_year")

scalar(
    "dayofweek",
    "The whole days since the last Sunday, as a timespan: 1.00:00:00 on a Monday.",
    sig("(date: datetime) -> timespan", duckdb=f"(({{date}} // {_DAY} + 1) % 7 * {_DAY})"),
    examples={
        "dayofweek(datetime(2024-02-29 13:14))": "4.00:00:00",
        "dayofweek(datetime(2024-03-03))": "00:00:00",
        "dayofweek(datetime(null))": None,
    },
)

# ------------------------------------------------------------------------------------------------------ starts and ends


def _inside(ticks: str) -> str:
    """Ticks, or null outside of the calendar."""
    return f"(CASE WHEN {ticks} BETWEEN 0 AND {MAX_DATETIME_TICKS} THEN {ticks} END)"


def _after_steps(steps: str, most: int, ticks: str) -> str:
    """As `_inside`, for ticks some steps on: `most` of them lead out of the calendar, and many more beyond a long."""
    return _inside(ticks.replace(steps, f"greatest(least({steps}, {most}), -{most})"))


def _calendar(unit: str, months: int) -> tuple[str, str]:
    """The start of a unit of the calendar, and that of one some units on."""
    start = f"date_trunc('{unit}', {_moment()})"
    return _ticks(start), _ticks(f"{start} + to_months(CAST({{offset}} * {months} AS INTEGER))")


# 0001-01-01 was a Monday, and KQL weeks start on Sunday.
_SUNDAY = f"((({{date}} // {_DAY} + 1) // 7 * 7 - 1) * {_DAY})"
_STARTS = {
    "day": (f"({{date}} // {_DAY} * {_DAY})", f"(({{date}} // {_DAY} + {{offset}}) * {_DAY})"),
    "week": (_inside(_SUNDAY), f"({_SUNDAY} + {{offset}} * {7 * _DAY})"),
    "month": _calendar("month", 1),
    "year": _calendar("year", 12),
}
_MOST = {"day": 3_700_000, "week": 530_000, "month": 120_000, "year": 10_000}
for _unit, (_start, _moved) in _STARTS.items():
    _end = f"({_moved} - 1)".replace("{offset}", "1")
    _first, _next, _last = {
        "day": ("2024-02-29T00:00:00.0000000Z", "2024-03-01T00:00:00.0000000Z", "2024-02-29T23:59:59.9999999Z"),
        "week": ("2024-02-25T00:00:00.0000000Z", "2024-03-03T00:00:00.0000000Z", "2024-03-02T23:59:59.9999999Z"),
        "month": ("2024-02-01T00:00:00.0000000Z", "2024-03-01T00:00:00.0000000Z", "2024-02-29T23:59:59.9999999Z"),
        "year": ("2024-01-01T00:00:00.0000000Z", "2025-01-01T00:00:00.0000000Z", "2024-12-31T23:59:59.9999999Z"),
    }[_unit]
    _begins = " Weeks begin on Sunday." if _unit == "week" else ""
    scalar(
        f"startof{_unit}",
        f"The first moment of the {_unit} of a datetime, or of one a number of {_unit}s later.{_begins}",
        sig("(date: datetime) -> datetime", duckdb=_start),
        sig("(date: datetime, offset: long) -> datetime", duckdb=_after_steps("{offset}", _MOST[_unit], _moved)),
        result="{first}" if _unit == "day" else None,
        examples={
            f"startof{_unit}(datetime(2024-02-29 13:14))": _first,
            f"startof{_unit}(datetime(2024-02-29 13:14), 1)": _next,
            f"startof{_unit}(datetime(null))": None,
        },
    )
    scalar(
        f"endof{_unit}",
        f"The last tick (100 ns) of the {_unit} of a datetime, or of one a number of {_unit}s later.{_begins}",
        sig("(date: datetime) -> datetime", duckdb=_inside(_end) if _unit == "week" else _end),
        sig(
            "(date: datetime, offset: long) -> datetime",
            duckdb=_after_steps("{offset}", _MOST[_unit], f"({_moved} - 1)".replace("{offset}", "({offset} + 1)")),
        ),
        examples={
            f"endof{_unit}(datetime(2024-02-29 13:14))": _last,
            f"endof{_unit}(datetime(2024-02-29 13:14), 0)": _last,
            f"endof{_unit}(datetime(2024-02-29), 100000000)": None,
        },
    )

# ------------------------------------------------------------------------------------------------- steps and differences

_PERIODS: dict[str, object] = dict.fromkeys(("year", "quarter", "month", *_STEPS, "nanosecond"))


def _datetime_add(period: str | None) -> str:
    name = _one_of(_PERIODS, period)
    if name == "nanosecond":
        return _inside("({datetime} + {amount} // 100)")
    if name in _STEPS:
        step = _STEPS[name]
        return f"""(CASE WHEN {{datetime}} + {{amount}}::HUGEINT * {step} BETWEEN 0 AND {MAX_DATETIME_TICKS}
            THEN {{datetime}} + {{amount}} * {step} END)"""
    months = {"year": 12, "quarter": 3, "month": 1}[name]
    moved = f"{_moment('{datetime}')} + to_months(CAST({{amount}} * {months} AS INTEGER))"
    return _after_steps("{amount}", 120_000 // months, f"({_ticks(moved)} + {{datetime}} % 10)")


scalar(
    "datetime_add",
    "A datetime moved by a number of periods (year, quarter, month, week, day, hour ... nanosecond); null beyond year 9999.",
    sig("(period: const string, amount: long, datetime: datetime) -> datetime", duckdb=_datetime_add),
    examples={
        "datetime_add('month', 1, datetime(2024-01-31 01:02:03.1234567))": "2024-02-29T01:02:03.1234567Z",
        "datetime_add('Year', -1, datetime(2024-02-29))": "2023-02-28T00:00:00.0000000Z",
        "datetime_add('week', 2, datetime(2024-02-29))": "2024-03-14T00:00:00.0000000Z",
        "datetime_add('nanosecond', 100, datetime(2024-02-29))": "2024-02-29T00:00:00.0000001Z",
        "datetime_add('year', 8000, datetime(2024-02-29))": None,
    },
)


def _datetime_diff(period: str | None) -> str:
    name = _one_of(_PERIODS, period)
    if name == "nanosecond":
        return "(({datetime1} - {datetime2}) * 100)"
    if name == "week":
        return f"(({{datetime1}} // {_DAY} + 1) // 7 - ({{datetime2}} // {_DAY} + 1) // 7)"
    if name in _STEPS:
        return f"({{datetime1}} // {_STEPS[name]} - {{datetime2}} // {_STEPS[name]})"
    return f"date_diff('{name}', {_moment('{datetime2}')}, {_moment('{datetime1}')})"


scalar(
    "datetime_diff",
    "How often a year, quarter, month, week (on Sunday), day, hour ... nanosecond begins from the second datetime to the first.",
    sig("(period: const string, datetime1: datetime, datetime2: datetime) -> long", duckdb=_datetime_diff),
    examples={
        "datetime_diff('year', datetime(2024-01-01), datetime(2023-12-31))": 1,
        "datetime_diff('month', datetime(2024-03-01), datetime(2023-12-31))": 3,
        "datetime_diff('quarter', datetime(2024-04-01), datetime(2024-03-31))": 1,
        "datetime_diff('week', datetime(2024-03-03), datetime(2024-03-02))": 1,
        "datetime_diff('Hour', datetime(2024-02-29 13:00), datetime(2024-02-29 12:59))": 1,
        "datetime_diff('second', datetime(2024-02-29), datetime(2024-02-29 00:01))": -60,
        "datetime_diff('nanosecond', datetime(2024-02-29 00:00:00.0000001), datetime(2024-02-29))": 100,
        "datetime_diff('day', datetime(2024-02-29), datetime(null))": None,
    },
)

# -------------------------------------------------------------------------------------------------------------- formats

_DELIMITERS = " /-:,._[]"
_CLOCK_TOKENS = {"H": "%-H", "HH": "%H", "m": "%-M", "mm": "%M", "s": "%-S", "ss": "%S"}
_DATETIME_TOKENS = {
    **_CLOCK_TOKENS,
    "h": "%-I",
    "hh": "%I",
    "d": "%-d",
    "dd": "%d",
    "M": "%-m",
    "MM": "%m",
    "y": "%-y",
    "yy": "%y",
    "yyyy": "%Y",
    "tt": "%p",
}
_TIMESPAN_TOKENS = {**_CLOCK_TOKENS, "h": "%-H", "hh": "%H"}


def _runs(format: str) -> list[str]:
    """A format in runs of one repeated letter, and delimiters."""
    runs: list[str] = []
    for letter in format:
        if runs and runs[-1][0] == letter and letter not in _DELIMITERS:
            runs[-1] += letter
        else:
            runs.append(letter)
    return runs


def _formatted(format: str, tokens: dict[str, str], moment: str, ticks: str, days: str | None) -> str:
    """SQL that writes a moment. Raises ValueError for what is no token and no delimiter."""
    pieces: list[str] = []
    pattern = ""
    for run in _runs(format):
        if run in tokens or run in _DELIMITERS:
            pattern += tokens.get(run, run)
            continue
        if pattern:
            pieces.append(f"strftime({moment}, {quoted(pattern)})")
            pattern = ""
        fraction = f"left(right(CAST(10000000 + {ticks} % 10000000 AS VARCHAR), 7), {len(run)})"
        if run[0] == "f" and len(run) <= 7:
            pieces.append(fraction)
        elif run[0] == "F" and len(run) <= 7:
            pieces.append(f"rtrim({fraction}, '0')")
        elif run[0] == "d" and len(run) <= 8 and days:
            pieces.append(f"printf('%0{len(run)}d', {days})")
        else:
            raise ValueError(
                f"{run!r} is no part of a format; there are {', '.join(tokens)}, f, F, and any of {_DELIMITERS!r} between them"
            )
    if pattern:
        pieces.append(f"strftime({moment}, {quoted(pattern)})")
    return f"coalesce({' || '.join(pieces)}, '')" if pieces else "''"


def _format_datetime(format: str | None) -> str:
    return _formatted(format or "", _DATETIME_TOKENS, _moment(), "{date}", None)


def _format_timespan(format: str | None) -> str:
    clock = f"make_timestamp(abs({{timespan}}) % {_DAY} // 10)"
    return _formatted(format or "", _TIMESPAN_TOKENS, clock, "abs({timespan})", f"abs({{timespan}}) // {_DAY}")


scalar(
    "format_datetime",
    "A datetime as text. Its format has yyyy yy MM M dd d HH H hh h mm m ss s tt, 1 to 7 f or F, and space / - : , . _ [ ].",
    sig("(date: datetime, format: const string) -> string", duckdb=_format_datetime),
    result="{first}",
    examples={
        "format_datetime(datetime(2024-02-09 13:04:05.1230000), 'yyyy-MM-dd HH:mm:ss.fffffff')": "2024-02-09 13:04:05.1230000",
        "format_datetime(datetime(2024-02-09 13:04:05.1230000), 'd/M/yy [h:m:s tt] FFFFF')": "9/2/24 [1:4:5 PM] 123",
        "format_datetime(datetime(null), 'yyyy')": "",
    },
)
scalar(
    "format_timespan",
    "A timespan as text. Its format has 1 to 8 d, HH H mm m ss s, 1 to 7 f or F, and space / - : , . _ [ ].",
    sig("(timespan: timespan, format: const string) -> string", duckdb=_format_timespan),
    result="{first}",
    examples={
        "format_timespan(26h + 3m + 4.5s, 'ddd.HH:mm:ss.ff')": "001.02:03:04.50",
        "format_timespan(26h + 3m + 4.5s, 'd H:m:s F')": "1 2:3:4 5",
        "format_timespan(timespan(null), 'HH')": "",
    },
)

# --------------------------------------------------------------------------------------------------------------- making

_DATE = "try_cast(CASE WHEN {year} BETWEEN 1 AND 9999 THEN printf('%04d-%02d-%02d', {year}, {month}, {day}) END AS TIMESTAMP)"
_HOUR = "CASE WHEN {hour} BETWEEN 0 AND 23 THEN {hour} * 36000000000 END"
_MINUTE = "CASE WHEN {minute} BETWEEN 0 AND 59 THEN {minute} * 600000000 END"
_SECOND = "CASE WHEN {second} >= 0 AND {second} < 60 THEN CAST({second} * 10000000 AS BIGINT) END"

scalar(
    "make_datetime",
    "A datetime from year, month, day, hour, minute and second, or from what todatetime() reads. Null for what is no date.",
    sig("(year: long, month: long, day: long) -> datetime", duckdb=_ticks(_DATE)),
    sig("(year: long, month: long, day: long, hour: long) -> datetime", duckdb=f"({_ticks(_DATE)} + {_HOUR})"),
    sig(
        "(year: long, month: long, day: long, hour: long, minute: long) -> datetime",
        duckdb=f"({_ticks(_DATE)} + {_HOUR} + {_MINUTE})",
    ),
    sig(
        "(year: long, month: long, day: long, hour: long, minute: long, second: real) -> datetime",
        duckdb=f"({_ticks(_DATE)} + {_HOUR} + {_MINUTE} + {_SECOND})",
    ),
    sig("(value: scalar) -> datetime", kql="todatetime(value)"),
    result="{only}",
    examples={
        "make_datetime(2024, 2, 29)": "2024-02-29T00:00:00.0000000Z",
        "make_datetime(2024, 2, 29, 13, 14, 15.1234567)": "2024-02-29T13:14:15.1234567Z",
        "make_datetime(2023, 2, 29)": None,
        "make_datetime(2024, 2, 29, 24, 0)": None,
        "make_datetime('2024-02-29')": "2024-02-29T00:00:00.0000000Z",
    },
)
scalar(
    "make_timespan",
    "A timespan from (days,) hours, minutes (and seconds), or from any other value as totimespan() reads it.",
    sig("(hour: long, minute: long) -> timespan", duckdb=f"({_HOUR} + {_MINUTE})"),
    sig("(hour: long, minute: long, second: real) -> timespan", duckdb=f"({_HOUR} + {_MINUTE} + {_SECOND})"),
    sig(
        "(day: long, hour: long, minute: long, second: real) -> timespan",
        duckdb=f"({{day}} * {_DAY} + {_HOUR} + {_MINUTE} + {_SECOND})",
    ),
    sig("(value: scalar) -> timespan", kql="totimespan(value)"),
    result="{only}",
    examples={
        "make_timespan(1, 30)": "01:30:00",
        "make_timespan(1, 30, 55.5)": "01:30:55.5000000",
        "make_timespan(2, 1, 30, 0)": "2.01:30:00",
        "make_timespan(1, 60)": None,
    },
)

for _unit, _ticks_each, _example in (
    ("seconds", "* 10000000", 1709212455),
    ("milliseconds", "* 10000", 1709212455000),
    ("microseconds", "* 10", 1709212455000000),
    ("nanoseconds", "// 100", 1709212455000000000),
):
    _per_second = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}[_unit]
    _low, _high = -62_135_596_800 * _per_second, 253_402_300_800 * _per_second
    # All that a long can count in nanoseconds lies inside the calendar.
    _range = "" if _unit == "nanoseconds" else f"WHEN {{number}} < {_low} OR {{number}} >= {_high} THEN NULL"
    _real_range = f"WHEN {{number}} >= {_low}e0 AND {{number}} < {_high}e0"
    scalar(
        f"unixtime_{_unit}_todatetime",
        f"The datetime a number of {_unit} after 1970-01-01; null outside of the years 1 to 9999.",
        sig("(number: long) -> datetime", duckdb=f"(CASE {_range} WHEN true THEN {{number}} {_ticks_each} + {_EPOCH} END)"),
        sig(
            "(number: real) -> datetime",
            duckdb=f"(CASE {_real_range} THEN CAST({{number}} {_ticks_each.replace('//', '/')} AS BIGINT) + {_EPOCH} END)",
        ),
        examples={
            f"unixtime_{_unit}_todatetime({_example})": "2024-02-29T13:14:15.0000000Z",
            f"unixtime_{_unit}_todatetime(real(nan))": None,
        },
    )

# ----------------------------------------------------------------------------------------------------------- time zones

_IN_ZONE = "timezone({timezone}, timezone('UTC', %s))"
_KNOWN = "lower({timezone}) IN (SELECT lower(name) FROM pg_timezone_names())"


def _to_local(moment: str) -> str:
    return _IN_ZONE % moment


_UTC = f"timezone('UTC', timezone({{timezone}}, {_moment('{from}')}))"
# A time that a clock skips is read with the offset after the change; the engine takes the one before.
_TO_UTC = f"(epoch_us({_UTC}) - epoch_us({_to_local(_UTC)}) + {{from}} // 10 - {_EPOCH_MICROSECONDS})"


def _inside_by_zone(ticks: str) -> str:
    """As `_inside`: a zone only leads out of the calendar on its first day and its last."""
    return f"(CASE WHEN {{from}} BETWEEN {_DAY} AND {MAX_DATETIME_TICKS - _DAY} THEN {ticks} ELSE {_inside(ticks)} END)"


_LOCAL_TO_UTC = _inside_by_zone(f"({_TO_UTC} * 10 + {_EPOCH} + {{from}} % 10)")
_UTC_TO_LOCAL = _inside_by_zone(f"({_ticks(_to_local(_moment('{from}')))} + {{from}} % 10)")

scalar(
    "datetime_local_to_utc",
    "The UTC datetime of a local one in a time zone, such as 'Europe/Amsterdam'.",
    sig("(from: datetime, timezone: const string) -> datetime", duckdb=_LOCAL_TO_UTC),
    sig("(from: datetime, timezone: string) -> datetime", duckdb=f"(CASE WHEN {_KNOWN} THEN {_LOCAL_TO_UTC} END)"),
    examples={
        "datetime_local_to_utc(datetime(2024-07-01 12:00:00.1234567), 'Europe/Amsterdam')": "2024-07-01T10:00:00.1234567Z",
        "datetime_local_to_utc(datetime(2024-01-01 12:00), 'US/Pacific')": "2024-01-01T20:00:00.0000000Z",
        "datetime_local_to_utc(datetime(2024-03-31 02:30), 'Europe/Paris')": "2024-03-31T00:30:00.0000000Z",
        "datetime_local_to_utc(datetime(null), 'Europe/Paris')": None,
    },
)
scalar(
    "datetime_utc_to_local",
    "The local datetime in a time zone, such as 'Europe/Amsterdam', of a UTC one.",
    sig("(from: datetime, timezone: const string) -> datetime", duckdb=_UTC_TO_LOCAL),
    sig("(from: datetime, timezone: string) -> datetime", duckdb=f"(CASE WHEN {_KNOWN} THEN {_UTC_TO_LOCAL} END)"),
    examples={
        "datetime_utc_to_local(datetime(2024-07-01 10:00:00.1234567), 'Europe/Amsterdam')": "2024-07-01T12:00:00.1234567Z",
        "datetime_utc_to_local(datetime(2024-01-01), 'Asia/Kolkata')": "2024-01-01T05:30:00.0000000Z",
        "datetime_utc_to_local(datetime(null), 'Asia/Seoul')": None,
    },
)
scalar(
    "datetime_list_timezones",
    "The names of all time zones.",
    sig("() -> dynamic", duckdb="(SELECT to_json(list(name ORDER BY name)) FROM pg_timezone_names())"),
    examples={"'Europe/Amsterdam' in (datetime_list_timezones())": True},
)
