"""Python values in a query: `{name}` becomes the literal of a variable, never bare text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from kqlog.errors import QueryError, Span

_TOKEN = re.compile(
    r"""(?P<other>//[^\n]*|```.*?(?:```|\Z)|[@hH]*"(?:[^"\\\n]|\\.)*"|[@hH]*'(?:[^'\\\n]|\\.)*')|\{(?P<name>[A-Za-z_]\w*)\}""",
    re.DOTALL,
)


def filled(text: str, values: Mapping[str, object]) -> str:
    """The text with each `{name}` as the value of that variable. Strings, comments and names without a value stay as they are.

    Raises:
        QueryError: SEM002 for a value that no literal of KQL stands for.
    """

    def literal(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None or name not in values:
            return match[0]
        try:
            return kql_literal(values[name])
        except TypeError as error:
            hint = "use text, numbers, times, or lists and dicts of them; a data frame is a table of kqlog.connect(tables=...)"
            raise QueryError("SEM002", f"'{name}' is {error}", Span(*match.span()), hint, text) from None

    return _TOKEN.sub(literal, text)


def kql_literal(value: object) -> str:
    """A Python value as KQL writes it.

    Raises:
        TypeError: there is no literal for it.
    """
    match value:
        case None:
            return "dynamic(null)"
        case bool():
            return str(value).lower()
        case int():
            return f"long({int(value)})"
        case float():
            # numpy's reals are floats with a repr of their own.
            return f"real({float(value)!r})"
        case Decimal():
            return f"decimal({value})"
        case str():
            return quoted_text(value)
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return f"datetime({moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ})"
        case date():
            return kql_literal(datetime.combine(value, time(), UTC))
        case timedelta():
            ticks = (value.days * 86_400 + value.seconds) * 10_000_000 + value.microseconds * 10
            return f"timespan({ticks} ticks)"
        case UUID():
            return f"guid({value})"
        case list() | tuple() | set() | frozenset() | dict():
            return f"dynamic({json.dumps(_plain(value), ensure_ascii=False)})"
        case _ if hasattr(value, "item") and not hasattr(value, "__len__"):
            # A number of numpy's.
            return kql_literal(value.item())
        case _:
            raise TypeError(f"a {type(value).__name__}, for which KQL has no literal")


def _plain(value: object) -> object:
    match value:
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(one) for one in value]
        case datetime() | date() | UUID() | Decimal():
            return str(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"a collection of {type(value).__name__}, for which KQL has no literal")


def quoted_text(text: str) -> str:
    """A text as a literal of KQL."""
    escaped = json.dumps(text, ensure_ascii=False)
    return escaped.replace("\x7f", "\\u007f")
