"""Conversions: from every type to every other that makes sense, null where it fails."""

from __future__ import annotations

from kqlog.functions.declare import alias, quoted, scalar, sig
from kqlog.syntax.literals import UNITS
from kqlog.types import MAX_DATETIME_TICKS

_UNIX_EPOCH_MICROSECONDS = 62_135_596_800_000_000
_TICKS_PER_DAY = 864_000_000_000


def _of_dynamic(body: str) -> str:
    """A body over text, for what a dynamic value holds."""
    return body.replace("{value}", "({value} ->> '$')")


# -------------------------------------------------------------------------------------------------------- bool and numbers

_TEXT_TO_BOOL = """(CASE lower(trim({value})) WHEN 'true' THEN true WHEN 'false' THEN false
    ELSE try_cast({value} AS BIGINT) <> 0 END)"""

scalar(
    "tobool",
    "A value as true or false: every number but 0 is true.",
    sig("(value: bool) -> bool", sql="{value}"),
    sig("(value: int) -> bool", sql="({value} <> 0)"),
    sig("(value: long) -> bool", sql="({value} <> 0)"),
    sig("(value: real) -> bool", sql="({value} <> 0)"),
    sig("(value: decimal) -> bool", sql="({value} <> 0)"),
    sig("(value: string) -> bool", duckdb=_TEXT_TO_BOOL),
    sig("(value: dynamic) -> bool", duckdb=_of_dynamic(_TEXT_TO_BOOL)),
    sig("(value: datetime|timespan|guid) -> bool", sql="NULL::BOOLEAN"),
    result="{first}",
    examples={"tobool('TRUE')": True, "tobool(12)": True, "tobool('0')": False, "tobool('yes')": None, "tobool(1d)": None},
)
alias("toboolean", "tobool", deprecated=False)

# The engine rounds '2.7' and reads '1_000': KQL truncates, and knows no digit groups.
_TEXT_TO_INTEGER = """(CASE WHEN contains({value}, '.')
    THEN try_cast(trunc(try_cast(translate({value}, '_', '?') AS DOUBLE)) AS %s)
    ELSE try_cast(translate({value}, '_', '?') AS %s) END)"""
_TEXT_TO_LONG = _TEXT_TO_INTEGER.replace("%s", "BIGINT")
_TEXT_TO_INT = _TEXT_TO_INTEGER.replace("%s", "INTEGER")


def _integer_inside(text_to_integer: str, type_: str) -> str:
    """A dynamic value as a whole number: by way of its text only where it is text.

    Most are whole numbers written plainly, and looking for what is not costs less than asking for the type.
    """
    rest = f"""CASE json_type({{value}}) WHEN 'DOUBLE' THEN try_cast(trunc(try_cast({{value}} AS DOUBLE)) AS {type_})
        WHEN 'VARCHAR' THEN {_of_dynamic(text_to_integer)} ELSE try_cast({{value}} AS {type_}) END"""
    special = " OR ".join(f"contains({{value}}, '{mark}')" for mark in '".eE')
    return f"(CASE WHEN {special} THEN {rest} ELSE try_cast(CAST({{value}} AS VARCHAR) AS {type_}) END)"


scalar(
    "tolong",
    "A value as a long: fractions are cut off, text may be 0x hexadecimal, datetimes and timespans give ticks (100 ns).",
    sig("(value: bool) -> long", sql="CAST({value} AS BIGINT)"),
    sig("(value: int) -> long", sql="CAST({value} AS BIGINT)"),
    sig("(value: long) -> long", sql="{value}"),
    sig("(value: real) -> long", duckdb="try_cast(trunc({value}) AS BIGINT)"),
    sig("(value: decimal) -> long", duckdb="try_cast(trunc({value}) AS BIGINT)"),
    sig("(value: string) -> long", duckdb=_TEXT_TO_LONG),
    sig("(value: dynamic) -> long", duckdb=_integer_inside(_TEXT_TO_LONG, "BIGINT")),
    sig("(value: datetime) -> long", sql="{value}"),
    sig("(value: timespan) -> long", sql="{value}"),
    sig("(value: guid) -> long", sql="NULL::BIGINT"),
    result="{first}",
    examples={
        "tolong('9007199254740993')": 9007199254740993,
        "tolong('0x1f')": 31,
        "tolong(-2.7)": -2,
        "tolong('2.7')": 2,
        "tolong(1ms)": 10000,
        "tolong('many')": None,
        "tolong('1_000')": None,
        "tolong(real(nan))": None,
        "tolong(dynamic({'size': '12'}).size)": 12,
        "tolong(dynamic(true))": 1,
    },
)

scalar(
    "toint",
    "A value as an int: fractions are cut off, what does not fit is null.",
    sig("(value: bool) -> int", sql="CAST({value} AS INTEGER)"),
    sig("(value: int) -> int", sql="{value}"),
    sig("(value: long) -> int", duckdb="try_cast({value} AS INTEGER)"),
    sig("(value: real) -> int", duckdb="try_cast(trunc({value}) AS INTEGER)"),
    sig("(value: decimal) -> int", duckdb="try_cast(trunc({value}) AS INTEGER)"),
    sig("(value: string) -> int", duckdb=_TEXT_TO_INT),
    sig("(value: dynamic) -> int", duckdb=_integer_inside(_TEXT_TO_INT, "INTEGER")),
    sig("(value: datetime) -> int", duckdb="try_cast({value} AS INTEGER)"),
    sig("(value: timespan) -> int", duckdb="try_cast({value} AS INTEGER)"),
    sig("(value: guid) -> int", sql="NULL::INTEGER"),
    result="{first}",
    examples={"toint(7.9)": 7, "toint('-7.9')": -7, "toint(3000000000)": None, "toint(true)": 1, "toint('')": None},
)

_TEXT_TO_REAL = "try_cast(translate({value}, '_', '?') AS DOUBLE)"

scalar(
    "toreal",
    "A value as a real.",
    sig("(value: bool) -> real", sql="CAST({value} AS DOUBLE)"),
    sig("(value: int) -> real", sql="CAST({value} AS DOUBLE)"),
    sig("(value: long) -> real", sql="CAST({value} AS DOUBLE)"),
    sig("(value: real) -> real", sql="{value}"),
    sig("(value: decimal) -> real", sql="CAST({value} AS DOUBLE)"),
    sig("(value: string) -> real", duckdb=_TEXT_TO_REAL),
    sig("(value: dynamic) -> real", duckdb="try_cast({value} AS DOUBLE)"),
    sig("(value: datetime) -> real", sql="CAST({value} AS DOUBLE)"),
    sig("(value: timespan) -> real", sql="CAST({value} AS DOUBLE)"),
    sig("(value: guid) -> real", sql="NULL::DOUBLE"),
    result="{first}",
    examples={"toreal('2.5e3')": 2500.0, "toreal(3)": 3.0, "toreal('fast')": None, "toreal(dynamic([0.5])[0])": 0.5},
)
alias("todouble", "toreal", deprecated=False)

# A number that is too large for the type is an error, not null as what is no number.
_NUMBER_TO_DECIMAL = "(CASE WHEN isfinite({value}) THEN CAST(CAST({value} AS VARCHAR) AS DECIMAL(38,18)) END)"
_TEXT_TO_DECIMAL = """(CASE WHEN isfinite(try_cast(translate({value}, '_', '?') AS DOUBLE))
    THEN CAST({value} AS DECIMAL(38,18)) END)"""

scalar(
    "todecimal",
    "A value as a decimal.",
    sig("(value: bool) -> decimal", sql="CAST({value} AS DECIMAL(38,18))"),
    sig("(value: int) -> decimal", sql="CAST({value} AS DECIMAL(38,18))"),
    sig("(value: long) -> decimal", sql="CAST({value} AS DECIMAL(38,18))"),
    # By way of its text: 0.1 is meant, not the binary fraction nearest to it.
    sig("(value: real) -> decimal", duckdb=_NUMBER_TO_DECIMAL),
    sig("(value: decimal) -> decimal", sql="{value}"),
    sig("(value: string) -> decimal", duckdb=_TEXT_TO_DECIMAL),
    sig("(value: dynamic) -> decimal", duckdb=_of_dynamic(_TEXT_TO_DECIMAL)),
    sig("(value: datetime|timespan) -> decimal", sql="CAST({value} AS DECIMAL(38,18))"),
    sig("(value: guid) -> decimal", sql="NULL::DECIMAL(38,18)"),
    result="{first}",
    examples={"todecimal('12.50')": "12.5", "todecimal(0.1)": "0.1", "todecimal('much')": None},
)

# --------------------------------------------------------------------------------------------------------------------- text

_REAL_TO_TEXT = """(CASE WHEN isfinite({value}) THEN upper(CAST({value} AS VARCHAR)) WHEN isnan({value}) THEN 'NaN'
    WHEN {value} > 0 THEN 'Infinity' WHEN {value} < 0 THEN '-Infinity' END)"""
_DECIMAL_TO_TEXT = "rtrim(rtrim(CAST({value} AS VARCHAR), '0'), '.')"
_DATETIME_TO_TEXT = f"""(strftime(make_timestamp({{value}} // 10 - {_UNIX_EPOCH_MICROSECONDS}), '%Y-%m-%dT%H:%M:%S.%f')
    || CAST({{value}} % 10 AS VARCHAR) || 'Z')"""
_TIMESPAN_TO_TEXT = f"""(CASE WHEN {{value}} < 0 THEN '-' ELSE '' END
    || CASE WHEN abs({{value}}) >= {_TICKS_PER_DAY} THEN CAST(abs({{value}}) // {_TICKS_PER_DAY} AS VARCHAR) || '.' ELSE '' END
    || strftime(make_timestamp(abs({{value}}) % {_TICKS_PER_DAY} // 10), '%H:%M:%S')
    || CASE WHEN {{value}} % 10000000 <> 0
        THEN '.' || right(CAST(10000000 + abs({{value}}) % 10000000 AS VARCHAR), 7) ELSE '' END)"""

scalar(
    "tostring",
    "A value as text; null becomes the empty string. A dynamic string gives its bare text, other dynamic values JSON.",
    sig("(value: bool) -> string", sql="coalesce(CAST({value} AS VARCHAR), '')"),
    sig("(value: int) -> string", sql="coalesce(CAST({value} AS VARCHAR), '')"),
    sig("(value: long) -> string", sql="coalesce(CAST({value} AS VARCHAR), '')"),
    sig("(value: real) -> string", duckdb=f"coalesce({_REAL_TO_TEXT}, '')"),
    sig("(value: decimal) -> string", duckdb=f"coalesce({_DECIMAL_TO_TEXT}, '')"),
    sig("(value: string) -> string", sql="{value}"),
    sig("(value: datetime) -> string", duckdb=f"coalesce({_DATETIME_TO_TEXT}, '')"),
    sig("(value: timespan) -> string", duckdb=f"coalesce({_TIMESPAN_TO_TEXT}, '')"),
    sig("(value: guid) -> string", sql="coalesce(CAST({value} AS VARCHAR), '')"),
    sig("(value: dynamic) -> string", duckdb="coalesce({value} ->> '$', '')"),
    result="{first}",
    examples={
        "tostring(true)": "true",
        "tostring(1.0)": "1.0",
        "tostring(1e20)": "1E+20",
        "tostring(real(-inf))": "-Infinity",
        "tostring(decimal(12.50))": "12.5",
        "tostring(datetime(2024-02-29 13:14:15.1234567))": "2024-02-29T13:14:15.1234567Z",
        "tostring(-26h - 5ms)": "-1.02:00:00.0050000",
        "tostring(90s)": "00:01:30",
        "tostring(int(null))": "",
        "tostring(dynamic('alice'))": "alice",
        "tostring(dynamic({'a': [1, 2]}))": '{"a":[1,2]}',
    },
)

AS_DYNAMIC: dict[str, str] = {
    **dict.fromkeys(("bool", "int", "long", "string", "guid"), "to_json({value})"),
    "real": f"(CASE WHEN isfinite({{value}}) THEN to_json({{value}}) ELSE to_json({_REAL_TO_TEXT}) END)",
    "decimal": f"to_json({_DECIMAL_TO_TEXT})",
    "datetime": f"to_json({_DATETIME_TO_TEXT})",
    "timespan": f"to_json({_TIMESPAN_TO_TEXT})",
    "dynamic": "{value}",
}
"""How a `{value}` of each type is written as a dynamic one."""

# What bag_pack() and its like do with their arguments.
scalar(
    "__dynamic",
    "A value as dynamic. Text stays text: it is not read as JSON.",
    *(sig(f"(value: {type_}) -> dynamic", duckdb=sql) for type_, sql in AS_DYNAMIC.items()),
)

# --------------------------------------------------------------------------------------------------------------------- time

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]?\d(?::[0-5]?\d(?:\.\d+)?)?"
_ZONE = r"(?:\s*(?:Z|UTC|GMT|[-+]\d{2}:?\d{2}))?"
_ISO = quoted(rf"\s*\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}(?:[T ]{_CLOCK}{_ZONE})?\s*")
_MONTH_FIRST = rf"\d{{1,2}}[-/]\d{{1,2}}[-/]\d{{4}}(?:\s+{_CLOCK}(?:\s*[AP]M)?)?"
_MONTH_NAMED = rf"(?:[A-Z]{{3,9}},?\s+)?\d{{1,2}}[ -][A-Z]{{3,9}}[ -](?:\d{{4}}|\d{{2}})(?:\s+{_CLOCK})?{_ZONE}"
_SHORT = r"\d{4}(?:[-/]\d{1,2}|[.,]\d{1,2}[.,]\d{1,2}|\d{4}(?:T?\d{4}(?:\d{2})?Z?)?)?"
_NOT_ISO = quoted(rf"(?i)\s*(?:{_MONTH_FIRST}|{_MONTH_NAMED}|{_SHORT})\s*")
_WRITTEN_DAYS = tuple(f"%d{dash}{month}{dash}{year}" for dash in " -" for month in ("%b", "%B") for year in ("%y", "%Y"))
_US_DAYS = ("%m/%d/%Y", "%m-%d-%Y")
_FORMATS = (
    *(f"{day}{clock}" for day in _WRITTEN_DAYS for clock in ("", " %H:%M:%S", " %H:%M")),
    *(f"{day}{clock}" for day in _US_DAYS for clock in ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")),
    *("%Y", "%Y-%m", "%Y/%m", "%Y.%m.%d", "%Y,%m,%d", "%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M", "%Y%m%d%H%M%S", "%Y%m%d%H%M"),
)
_OFFSET = r"':\d+(?:\.\d+)?\s*([-+])(\d{2}):?(\d{2})\s*$'"
_OFFSET_TICKS = f"""list_transform([regexp_extract({{value}}, {_OFFSET}, ['sign', 'hours', 'minutes'])], lambda zone:
    CASE zone.sign WHEN '-' THEN -600000000 ELSE 600000000 END
        * (CAST('0' || zone.hours AS BIGINT) * 60 + CAST('0' || zone.minutes AS BIGINT)))[1]"""
_WITHOUT_ZONE = r"regexp_replace(trim({value}), '(?i)(?:(:\d+)(?:\.\d+)?\s*[-+]\d{2}:?\d{2}|\s*(?:Z|UTC|GMT))$', '\1')"
_PLAIN = rf"regexp_replace(regexp_replace({_WITHOUT_ZONE}, '(:\d+)\.\d+', '\1'), '^[A-Za-z]+,?\s*', '')"
_FRACTION_TICKS = r"CAST(rpad(left(regexp_extract({value}, ':\d+\.(\d+)', 1), 7), 7, '0') AS BIGINT)"
# The engine's timestamps end at microseconds and cut the seventh digit off: it is read on its own. Words such as 'epoch' and
# 'infinity' are timestamps to the engine.
_TEXT_TO_DATETIME = f"""(CASE
    WHEN regexp_full_match({{value}}, {_ISO}) AND NOT starts_with(trim({{value}}), '0000')
    THEN epoch_us(try_cast(regexp_replace(trim({{value}}), '\\s+([-+])', '\\1') AS TIMESTAMPTZ)) * 10
        + CASE WHEN length({{value}}) > 23
            THEN coalesce(try_cast(regexp_extract({{value}}, '\\.\\d{{6}}(\\d)', 1) AS BIGINT), 0) ELSE 0 END
    WHEN regexp_full_match({{value}}, {_NOT_ISO})
    THEN epoch_us(try_strptime({_PLAIN}, {list(_FORMATS)})) * 10 + {_FRACTION_TICKS} - {_OFFSET_TICKS}
    END + {_UNIX_EPOCH_MICROSECONDS * 10})"""

_IN_CALENDAR = f"CASE WHEN {{value}} BETWEEN 0 AND {MAX_DATETIME_TICKS} THEN {{value}} END"

scalar(
    "todatetime",
    "A value as a datetime. Text is ISO 8601, RFC 822, RFC 850 or month/day/year, in UTC by default. Numbers are ticks.",
    sig("(value: datetime) -> datetime", sql="{value}"),
    sig("(value: string) -> datetime", duckdb=_TEXT_TO_DATETIME),
    sig("(value: dynamic) -> datetime", duckdb=_of_dynamic(_TEXT_TO_DATETIME)),
    sig("(value: int|long) -> datetime", sql=f"CAST({_IN_CALENDAR} AS BIGINT)"),
    sig("(value: real|decimal) -> datetime", duckdb=f"CAST(trunc({_IN_CALENDAR}) AS BIGINT)"),
    sig("(value: bool|timespan|guid) -> datetime", sql="NULL::BIGINT"),
    result="{first}",
    examples={
        "todatetime('2024-02-29')": "2024-02-29T00:00:00.0000000Z",
        "todatetime('2024-02-29T13:14:15.9999999Z')": "2024-02-29T13:14:15.9999999Z",
        "todatetime('2024-02-29 13:14 +02:00')": "2024-02-29T11:14:00.0000000Z",
        "todatetime('Thu, 29 Feb 24 13:14:15 GMT')": "2024-02-29T13:14:15.0000000Z",
        "todatetime('Thursday, 29-Feb-24 13:14')": "2024-02-29T13:14:00.0000000Z",
        "todatetime('2/29/2024 1:14:15 PM')": "2024-02-29T13:14:15.0000000Z",
        "todatetime('0001-01-01')": "0001-01-01T00:00:00.0000000Z",
        "todatetime('2023-02-29')": None,
        "todatetime('yesterday')": None,
        "todatetime(-1)": None,
        "todatetime('')": None,
        "todatetime(dynamic({'at': '2024-02-29'}).at)": "2024-02-29T00:00:00.0000000Z",
    },
)

_CLOCK_TEXT = r"'^\s*(-)?(?:(\d{1,9})\.)?([01]?\d|2[0-3]):([0-5]?\d)(?::([0-5]?\d)(?:\.(\d{1,7})\d*)?)?\s*$'"
_UNIT_TEXT = r"'^\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*([a-z]*)\s*$'"
_CLOCK_PARTS = "['sign', 'days', 'hours', 'minutes', 'seconds', 'ticks']"
_UNIT_TICKS = f"MAP {{'': {_TICKS_PER_DAY}, {', '.join(f'{quoted(unit)}: {ticks}' for unit, ticks in UNITS.items())}}}"
_TEXT_TO_TIMESPAN = f"""list_transform([regexp_extract({{value}}, {_CLOCK_TEXT}, {_CLOCK_PARTS})],
    lambda clock: CASE WHEN clock.hours <> '' THEN try_cast(CASE clock.sign WHEN '-' THEN -1 ELSE 1 END
        * ((((CAST('0' || clock.days AS HUGEINT) * 24 + CAST(clock.hours AS BIGINT)) * 60 + CAST(clock.minutes AS BIGINT)) * 60
            + CAST('0' || clock.seconds AS BIGINT)) * 10000000 + CAST(rpad(clock.ticks, 7, '0') AS BIGINT)) AS BIGINT)
    ELSE list_transform([regexp_extract(lower({{value}}), {_UNIT_TEXT}, ['number', 'unit'])], lambda length:
        try_cast(trunc(try_cast(length.number AS DECIMAL(18,9)) * {_UNIT_TICKS}[length.unit]) AS BIGINT))[1]
    END)[1]"""

scalar(
    "totimespan",
    "A value as a timespan. Text is [-][d.]hh:mm[:ss[.fffffff]], 1.5h, 250ms ..., or days. Numbers are ticks.",
    sig("(value: timespan) -> timespan", sql="{value}"),
    sig("(value: string) -> timespan", duckdb=_TEXT_TO_TIMESPAN),
    sig("(value: dynamic) -> timespan", duckdb=_of_dynamic(_TEXT_TO_TIMESPAN)),
    sig("(value: int|long) -> timespan", sql="CAST({value} AS BIGINT)"),
    sig("(value: real|decimal) -> timespan", duckdb="try_cast(trunc({value}) AS BIGINT)"),
    sig("(value: bool|datetime|guid) -> timespan", sql="NULL::BIGINT"),
    result="{first}",
    examples={
        "totimespan('1.02:03:04.5')": "1.02:03:04.5000000",
        "totimespan('-00:00:00.0000001')": "-00:00:00.0000001",
        "totimespan('7:30')": "07:30:00",
        "totimespan('1.5h')": "01:30:00",
        "totimespan('250 ms')": "00:00:00.2500000",
        "totimespan('25:00:00')": None,
        "totimespan('soon')": None,
    },
)
alias("totime", "totimespan")

# --------------------------------------------------------------------------------------------------------------------- guid

_TEXT_TO_GUID = "try_cast(left(replace({value}, '-', ''), 32) AS UUID)"

scalar(
    "toguid",
    "The guid that a text begins with: 32 hexadecimal digits, with or without hyphens.",
    sig("(value: guid) -> guid", sql="{value}"),
    sig("(value: string) -> guid", duckdb=_TEXT_TO_GUID),
    sig("(value: dynamic) -> guid", duckdb=_of_dynamic(_TEXT_TO_GUID)),
    result="{first}",
    examples={
        "toguid('6F9619FF8B86D011B42D00C04FC964FF')": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "toguid('6f9619ff-8b86-d011-b42d-00c04fc964ff (alice)')": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "toguid('nobody')": None,
    },
)

FROM_TEXT: dict[str, str] = {
    "bool": _TEXT_TO_BOOL,
    "int": _TEXT_TO_INT,
    "long": _TEXT_TO_LONG,
    "real": _TEXT_TO_REAL,
    "decimal": _TEXT_TO_DECIMAL,
    "string": "{value}",
    "datetime": _TEXT_TO_DATETIME,
    "timespan": _TEXT_TO_TIMESPAN,
    "guid": _TEXT_TO_GUID,
}
"""How the text `{value}` is read as each type."""
