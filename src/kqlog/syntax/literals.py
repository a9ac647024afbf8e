"""Read the text of literals: what is between quotes or parentheses becomes a value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from kqlog.text import write_json
from kqlog.types import ALIASES, MAX_DATETIME_TICKS, TICKS_PER_DAY, TICKS_PER_SECOND, Type

_MINUTE = 60 * TICKS_PER_SECOND
_HOUR = 60 * _MINUTE
_MILLISECOND = TICKS_PER_SECOND // 1000

UNITS: dict[str, int | Decimal] = {
    **dict.fromkeys(["d", "day", "days"], TICKS_PER_DAY),
    **dict.fromkeys(["h", "hr", "hrs", "hour", "hours"], _HOUR),
    **dict.fromkeys(["m", "min", "minute", "minutes"], _MINUTE),
    **dict.fromkeys(["s", "sec", "second", "seconds"], TICKS_PER_SECOND),
    **dict.fromkeys(["ms", "milli", "millis", "millisec", "millisecond", "milliseconds"], _MILLISECOND),
    **dict.fromkeys(["micro", "micros", "microsec", "microsecond", "microseconds"], _MILLISECOND // 1000),
    **dict.fromkeys(["nano", "nanos", "nanosec", "nanosecond", "nanoseconds"], Decimal("0.01")),
    **dict.fromkeys(["tick", "ticks"], 1),
}
"""Ticks in each unit that can follow the number of a timespan."""

_MAX_DIGITS = 40
_WHOLE_DIGITS, _FRACTION_DIGITS = 20, 18
"""What a decimal has room for."""
_LONG_RANGE = range(-(2**63), 2**63)
_INT_RANGE = range(-(2**31), 2**31)

LiteralValue = bool | int | float | Decimal | str | None


class LiteralError(ValueError):
    """Why a text is not a literal of its type."""


def parse_number(text: str) -> tuple[Type, LiteralValue]:
    """The type and value of an unquoted number: `12`, `0x1f`, `1.5e3`, `1.5h`. Raises LiteralError when out of range."""
    if text[:2] in ("0x", "0X"):
        value = int(text, 16)
        return Type.LONG, _within(value - 2**64 if 2**63 <= value < 2**64 else value, _LONG_RANGE, Type.LONG)
    number, unit = _split_unit(text)
    if number.isdigit() and unit in ("", "l"):
        value = int(number) if len(number) < _MAX_DIGITS else 2**64
        return Type.LONG, _within(value, _LONG_RANGE, Type.LONG)
    if not unit:
        return Type.REAL, float(number)
    if unit not in UNITS:
        raise LiteralError(f"a number cannot be followed by {unit}")
    return Type.TIMESPAN, _ticks(number, unit)


def _split_unit(text: str) -> tuple[str, str]:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    return (text, "") if number[-1:] in "+-" or number[-1:] == "" else (number, unit)


def _ticks(number: str, unit: str) -> int:
    quantity = Decimal(number)
    return _within(int(quantity * UNITS[unit]) if quantity.adjusted() < _MAX_DIGITS else 2**63, _LONG_RANGE, Type.TIMESPAN)


def _within(value: int, allowed: range, type_: Type) -> int:
    if value not in allowed:
        raise LiteralError(f"the number is too large for {type_.one}")
    return value


_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\\": "\\", '"': '"', "'": "'",
}  # fmt: skip
_ESCAPE = r"(?s)\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-3]?[0-7]{1,2}|.|$)"


def parse_string(text: str) -> str:
    """The text that one quoted string stands for. Raises LiteralError for an unknown escape."""
    body = text.lstrip("hH")
    if body[0] == "@":
        quote = body[1]
        return body[2:-1].replace(quote * 2, quote)
    if body[:3] in ("```", "~~~"):
        return body[3:-3]
    body = body[1:-1]
    if "\\" not in body:
        return body
    return _join_surrogates(re.sub(_ESCAPE, _unescape, body))


def _unescape(match: re.Match[str]) -> str:
    escape = match[1]
    if escape in _ESCAPES:
        return _ESCAPES[escape]
    if escape[:1] in ("u", "U", "x") and len(escape) > 1:
        code = int(escape[1:], 16)
    elif escape.isdigit() and escape.isascii() and "8" not in escape and "9" not in escape:
        code = int(escape, 8)
    else:
        raise LiteralError(f"\\{escape} is no escape; write \\\\ for a backslash, or put @ before the string")
    if code > 0x10FFFF:
        raise LiteralError(f"\\{escape} is no character")
    return chr(code)


def _join_surrogates(text: str) -> str:
    """The text with each escaped surrogate pair as its one character, and U+FFFD for half a pair."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def parse_typed(text: str) -> tuple[Type, LiteralValue]:
    """The type and value of `type(text)`, such as `datetime(2024-01-01)` or `int(null)`. Raises LiteralError."""
    name, _, rest = text.partition("(")
    type_ = ALIASES[name.strip()]
    body = _unquote(rest[:-1].strip())
    if body == "null":
        return type_, None
    return type_, _READERS[type_](body)


def is_now(text: str) -> bool:
    """True for `datetime()` and `datetime(now)`, which are no constants."""
    name, _, rest = text.partition("(")
    return name.strip() in ("datetime", "date") and rest[:-1].strip() in ("", "now")


def _unquote(text: str) -> str:
    return text[1:-1].strip() if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] else text


def _parse_bool(text: str) -> bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"-?\d{1,40}", text, re.ASCII):
        return int(text) != 0
    raise LiteralError("a bool is true, false, or a number")


def _integer(text: str, allowed: range, type_: Type) -> int:
    if re.fullmatch(r"[+-]?\d{1,40}", text, re.ASCII):
        return _within(int(text), allowed, type_)
    if re.fullmatch(r"[+-]?0[xX][0-9a-fA-F]{1,40}", text, re.ASCII):
        return _within(int(text, 16), allowed, type_)
    raise LiteralError(f"{type_.one} is a whole number or null")


def _parse_int(text: str) -> int:
    return _integer(text, _INT_RANGE, Type.INT)


def _parse_long(text: str) -> int:
    return _integer(text, _LONG_RANGE, Type.LONG)


_REAL = r"(?a)[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


def _parse_real(text: str) -> float:
    match text.lower().replace(" ", ""):
        case "nan":
            return math.nan
        case "inf" | "+inf":
            return math.inf
        case "-inf":
            return -math.inf
    if not re.fullmatch(_REAL, text):
        raise LiteralError("a real is a number, nan, +inf, -inf or null")
    return float(text)


def _parse_decimal(text: str) -> Decimal:
    if not re.fullmatch(_REAL, text):
        raise LiteralError("a decimal is a number or null")
    value = Decimal(text)
    fits = not value or -_FRACTION_DIGITS <= value.adjusted() < _WHOLE_DIGITS
    if not fits or -int(value.normalize().as_tuple().exponent) > _FRACTION_DIGITS:
        raise LiteralError(f"a decimal has at most {_WHOLE_DIGITS} digits before the point and {_FRACTION_DIGITS} after it")
    return value


_GUID = r"(?a)[0-9a-f]{32}"


def _parse_guid(text: str) -> str:
    digits = text.strip("{}").replace("-", "").lower()
    if not re.fullmatch(_GUID, digits):
        raise LiteralError("a guid has 32 hexadecimal digits, such as 74be27de-1e4e-49d9-b579-fe0b331d3642")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_TIMESPAN = r"(?a)(-)?(?:(\d{1,9})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7})\d*)?)?"
_QUANTITY = r"(?a)([+-]?)(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)"


def parse_timespan(text: str) -> int:
    """Ticks of a timespan: `1.02:03:04.5`, `15 seconds`, `1.5h`, or a number of days. Raises LiteralError."""
    text = text.strip()
    if parts := re.fullmatch(_TIMESPAN, text):
        sign, days, hours, minutes, seconds, fraction = parts.groups()
        if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
            raise LiteralError("a timespan is [days.]hours:minutes:seconds with at most 23:59:59")
        ticks = int(days or 0) * TICKS_PER_DAY + int(hours) * _HOUR + int(minutes) * _MINUTE
        ticks += int(seconds or 0) * TICKS_PER_SECOND + int((fraction or "").ljust(7, "0"))
        return _within(-ticks if sign else ticks, _LONG_RANGE, Type.TIMESPAN)
    if (quantity := re.fullmatch(_QUANTITY, text)) and (quantity[3] or "d") in UNITS:
        ticks = _ticks(quantity[2], quantity[3] or "d")
        return -ticks if quantity[1] == "-" else ticks
    raise LiteralError("a timespan is like 1.5h, 15 seconds or 1.02:03:04.5")


_ISO = (
    r"(?ai)(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?"
    r"(?:(?:T|\s+)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,7})\d*)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_LOOSE = r"(?a)(\d{4})\s*[-/,.]\s*(\d{1,2})\s*[-/,.]\s*(\d{1,2})"
_COMPACT = r"(?a)(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?Z?)?"
_MONTH_FIRST = r"(?ai)(\d{1,2})[-/](\d{1,2})[-/](\d{4})(?:\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7})\d*)?)?\s*(AM|PM)?)?"
_RFC = (
    r"(?ai)(?:[A-Z]{3,9},?\s+)?(\d{1,2})[ -]([A-Z]{3,9})[ -](\d{4}|\d{2})"
    r"(?:\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7})\d*)?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}


def parse_datetime(text: str) -> int:
    """Ticks of a datetime in UTC: ISO 8601 down to a year alone, month/day/year, or RFC 822 and 850. Raises LiteralError."""
    text = text.strip()
    if parts := re.fullmatch(_ISO, text):
        year, month, day, *clock, zone = parts.groups()
        return _instant(int(year), int(month or 1), int(day or 1), clock, zone)
    if parts := re.fullmatch(_COMPACT, text):
        year, month, day, *clock = parts.groups()
        return _instant(int(year), int(month), int(day), [*clock, None], None)
    if parts := re.fullmatch(_LOOSE, text):
        year, month, day = parts.groups()
        return _instant(int(year), int(month), int(day), [None] * 4, None)
    if parts := re.fullmatch(_MONTH_FIRST, text):
        month, day, year, hours, *clock, half = parts.groups()
        if half:
            hours = str(int(hours) % 12 + (12 if half.upper() == "PM" else 0))
        return _instant(int(year), int(month), int(day), [hours, *clock], None)
    if (parts := re.fullmatch(_RFC, text)) and (number := _MONTHS.get(parts[2][:3].lower())):
        day, _, year, *clock, zone = parts.groups()
        century = 0 if len(year) == 4 else 2000 if int(year) < 69 else 1900
        return _instant(century + int(year), number, int(day), clock, zone)
    raise LiteralError("a datetime is like 2024-01-31, 2024-01-31 08:30 or 2024-01-31T08:30:00.1234567Z")


def _instant(year: int, month: int, day: int, clock: list[str | None], zone: str | None) -> int:
    hours, minutes, seconds = (int(part or 0) for part in clock[:3])
    try:
        days = date(year, month, day).toordinal() - 1
    except ValueError as error:
        raise LiteralError(str(error)) from None
    if hours > 23 or minutes > 59 or seconds > 59:
        raise LiteralError("the time of day ends at 23:59:59.9999999")
    ticks = days * TICKS_PER_DAY + hours * _HOUR + minutes * _MINUTE + seconds * TICKS_PER_SECOND
    ticks += int((clock[3] or "").ljust(7, "0")) - _offset(zone)
    if not 0 <= ticks <= MAX_DATETIME_TICKS:
        raise LiteralError("a datetime is between 0001-01-01 and 9999-12-31")
    return ticks


def _offset(zone: str | None) -> int:
    if zone is None or zone[0] not in "+-":
        return 0
    ticks = int(zone[1:3]) * _HOUR + int(zone[-2:]) * _MINUTE
    return -ticks if zone[0] == "-" else ticks


_DYNAMIC_TOKEN = r"""(?sx)\s+ | (?P<string>[hH]?@?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
    | dynamic\s*\( | \) | (?P<typed>[a-z]+[0-9]*\s*\([^()]*\))
    | (?P<number>-?\d[\w.]*(?:(?<=[eE])[+-]\d+)?) | (?P<word>\w+) | (?P<mark>[\[\]{}:,]) | (?P<other>.)"""


def parse_dynamic(text: str) -> str | None:
    """The JSON text of what stands between the parentheses of `dynamic(...)`, None for its null. Raises LiteralError.

    Numbers keep every digit; datetime(), timespan() and guid() inside become text, as Kusto stores them. A dynamic() inside
    is what it holds.
    """
    parts = [_dynamic_part(match) for match in re.finditer(_DYNAMIC_TOKEN, text) if match.lastgroup]
    try:
        json.loads(" ".join(parts), parse_int=str, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise LiteralError(f"this is not JSON: {getattr(error, 'msg', error)}") from None
    return None if parts == ["null"] else "".join(parts)


_DYNAMIC_TYPES = frozenset({Type.BOOL, Type.LONG, Type.REAL, Type.DATETIME, Type.TIMESPAN, Type.GUID})
"""The types that can be spelled out inside of dynamic()."""


def _no_constant(text: str) -> str:
    raise LiteralError(f"{text} is not allowed in JSON")


def _dynamic_part(match: re.Match[str]) -> str:
    part = match[0]
    match match.lastgroup:
        case "string":
            return part if part[0] == '"' and _is_json(part) else json.dumps(parse_string(part), ensure_ascii=False)
        case "typed" if part.startswith("dynamic"):
            return parse_dynamic(part[part.index("(") + 1 : -1]) or "null"
        case "typed" if ALIASES.get(part.split("(")[0].strip()) in _DYNAMIC_TYPES:
            type_, value = parse_typed(part)
            return write_json(value, type_)
        case "typed":
            raise LiteralError(f"{part.partition('(')[0]}() cannot stand inside of dynamic()")
        case "number" if (quantity := re.fullmatch(_QUANTITY, part)) and quantity[3] in UNITS:
            return write_json(parse_timespan(part), Type.TIMESPAN)
    return part


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except ValueError:
        return False
    return "\n" not in text and "\t" not in text


_READERS: dict[Type, Callable[[str], LiteralValue]] = {
    Type.BOOL: _parse_bool,
    Type.INT: _parse_int,
    Type.LONG: _parse_long,
    Type.REAL: _parse_real,
    Type.DECIMAL: _parse_decimal,
    Type.DATETIME: parse_datetime,
    Type.TIMESPAN: parse_timespan,
    Type.GUID: _parse_guid,
}
