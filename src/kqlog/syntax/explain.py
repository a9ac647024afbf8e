"""What is wrong with a text that is not KQL, in the reader's terms."""

from __future__ import annotations

import re

from kqlog.errors import QueryError, Span
from kqlog.syntax.hints import most_like
from kqlog.syntax.tables import StumbleError, Tables

MAX_LENGTH = 2_000_000
MAX_NESTING = 400

_SKIPPED = r"""//[^\n]*|@"(?:""|[^"])*"|@'(?:''|[^'])*'|```(?:(?!```)[\s\S])*```|~~~(?:(?!~~~)[\s\S])*~~~"""
_STRINGS = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
_OUTLINE = rf"""(?P<skipped>{_SKIPPED}|{_STRINGS})|(?P<open>[(\[{{])|(?P<close>[)\]}}])|(?P<quote>```|~~~|["'])"""
_PAIRS = {")": "(", "]": "[", "}": "{"}

_HABITS = {
    "&": "write and",
    "|": "write or, or begin an operator after a single |",
    "!": "write not(...)",
    "/": "comments begin with //",
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019", 'text stands in straight quotes, as in "text"'),
    "`": "a name with other characters is written ['a name']",
    "--": "comments begin with //",
    "select": "KQL chooses columns with project",
    "group": "KQL groups with summarize ... by",
    "=": "values are compared with ==",
    "is": "isnull() and isempty() say whether a value is missing",
    "as": "a name stands before its value, as in Total = count()",
    "?": "write iff(condition, value, other)",
}
"""What those who come from other languages write, and what KQL has for it."""

_SLIPS = (
    (r"\bselect\b[^|]*", "a query begins with its table, as in T | where ... | project ..."),
    (r"\|\s*count\s*\(", "the operator count has no brackets; count() is for summarize"),
    (r"\bnot\s+\w+", "write not(...)"),
    (r"\bin~?\s*\[", "a list of values stands in round brackets"),
    (r"\b(?:has|contains|startswith|endswith)(?:_cs)?\s*\([^()]*,", "has_any() and has_all() look for several texts"),
    (r"\bbetween\s*\(.*,", "the ends of a range stand around two dots: between (1 .. 5)"),
    (r"\b\d+\s+(?:d|h|m|s|ms)", "a length of time is one word, as in 1d"),
)
"""The same, where what stands before tells: a pattern that ends with what does not fit."""
_LOOK_BACK = 200

_STATEMENTS = frozenset({"let", "set", "declare", "alias", "restrict"})
_FREQUENT_OPERATORS = ("where", "summarize", "project", "extend", "take", "limit", "count", "join", "sort", "order", "top")

_KINDS = {
    "NAME": "a name",
    "QUOTED_NAME": "a name",
    "TYPED_NAME": "a name",
    "WILDCARD": "a name with *",
    "NUMBER": "a number",
    "STRING": "a string",
    "PARAMETER": "a parameter",
    "$END": "the end",
}
_OF_AN_EXPRESSION = frozenset({"NUMBER", "STRING", "BOOL", "NAME", "QUOTED_NAME", "TYPED_LITERAL", "DYNAMIC"}) | frozenset(
    {"LPAR", "MINUS", "PLUS", "STAR", "SUBQUERY_CALL", "TYPEOF", "RANGE"}
)
_INSIDE_AN_EXPRESSION = frozenset({"EQUALITY", "COMPARISON", "IN", "MEMBERSHIP", "BETWEEN", "TEXT_OPERATOR", "AND"}) | frozenset(
    {"OR", "DOT", "COLON", "LSQB", "LPAR", "PLUS", "MINUS", "STAR", "SLASH", "PERCENT"}
)
_PARAMETERS = frozenset({"HINT", "KIND"})


def check_size(text: str) -> None:
    """Raises QueryError LIM001 for a text too long or too deeply nested, SYN001 for one that is no Unicode text."""
    if len(text) > MAX_LENGTH:
        raise QueryError("LIM001", f"the query is longer than {MAX_LENGTH:,} characters", text=text)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError("SYN001", "this is half of a character", Span(error.start, error.end), text=text) from None
    if text.count("(") + text.count("[") + text.count("{") > MAX_NESTING:
        _check_nesting(text)


def _check_nesting(text: str) -> None:
    depth = 0
    for match in re.finditer(_OUTLINE, text):
        depth += bool(match["open"]) - bool(match["close"])
        if depth > MAX_NESTING:
            raise QueryError("LIM001", f"brackets are nested deeper than {MAX_NESTING}", Span(*match.span()), text=text)


def syntax_error(stumble: StumbleError, text: str, tables: Tables) -> QueryError:
    """The error to show for the place where a text stops being a query."""
    at_end = not stumble.found
    start = len(text.rstrip()) if at_end else stumble.position
    if (unclosed := _unclosed(text, start)) is not None:
        unclosed.unfinished = at_end or unclosed.message.startswith("this string")
        return unclosed
    accepted = tables.accepted(stumble.states)
    expected = _expected(accepted, tables)
    if at_end:
        last = Span(max(start - 1, 0), max(start, 1))
        error = QueryError("SYN001", f"the query ends where {expected} should follow", last, text=text)
        error.unfinished = True
        return error
    words = {word for terminal in accepted for word in tables.words[terminal] if word[-1].isalpha()}
    hint = _unended(text, start, accepted) or _slip(text[: start + len(stumble.found)])
    hint = hint or _habit(stumble.found, text[start : start + 2], accepted, words)
    meant = most_like(stumble.found, words) if hint is None and stumble.found[0].isalpha() else None
    message = f"{_shown(stumble.found)} does not fit here; {expected} could"
    return QueryError("SYN001", message, Span(start, start + len(stumble.found)), hint, text, meant=meant)


def _shown(found: str) -> str:
    line = found.partition("\n")[0]
    return f"'{line}'" if len(line) <= 40 else f"'{line[:37]}...'"


def _slip(read: str) -> str | None:
    """The hint for a text that ends in something that KQL says in another way."""
    line = read.rpartition("\n")[2][-_LOOK_BACK:]
    return next((hint for pattern, hint in _SLIPS if re.search(f"(?i:{pattern})$", line)), None)


def _habit(found: str, ahead: str, accepted: set[str], words: set[str]) -> str | None:
    if "VBAR" in accepted and found in _FREQUENT_OPERATORS:
        return f"an operator follows a |, as in T | {found} ..."
    habit = _HABITS.get(found.lower()) or _HABITS.get(ahead)
    return habit if found not in words else None


def _unended(text: str, start: int, accepted: set[str]) -> str | None:
    """A hint that a statement on an earlier line lacks its end."""
    before = re.sub(r"//[^\n]*", "", text[:start])
    first, *_ = [*before.rpartition(";")[2].split(), ""]
    on_new_line = "\n" in before[len(before.rstrip()) :]
    return f"a {first} statement ends with ;" if "SEMICOLON" in accepted and first in _STATEMENTS and on_new_line else None


def _expected(accepted: set[str], tables: Tables) -> str:
    """What could stand here, in few words."""
    if {"SUMMARIZE", "WHERE", "EXTEND"} <= accepted:
        return "an operator such as where, summarize or extend"
    parts: list[str] = []
    rest = accepted - _PARAMETERS
    if {"NUMBER", "STRING", "LPAR"} <= accepted:
        parts.append("a value")
        rest -= _OF_AN_EXPRESSION
    elif {"EQUALITY", "TEXT_OPERATOR"} & accepted:
        parts.append("an operator such as == or and")
        rest -= _INSIDE_AN_EXPRESSION
    kinds = {_KINDS[name] for name in rest if name in _KINDS}
    words = {words[0] for name in rest if name not in _KINDS and (words := tables.words[name])}
    parts += sorted(kinds) + [f"'{word}'" for word in sorted(words, key=lambda word: (not word[0].isalpha(), word))]
    if len(parts) > 6:
        parts = [*parts[:5], "..."]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _unclosed(text: str, stumbled: int) -> QueryError | None:
    """The string or bracket that is opened before the place of the error and never closed."""
    opened: list[tuple[str, int]] = []
    for match in re.finditer(_OUTLINE, text):
        if match["quote"]:  # the parser stumbles before the quote when it has a prefix, as in @"
            return _never_closed("string", match.start(), len(match[0]), text) if match.start() <= stumbled + 2 else None
        if match["open"]:
            opened.append((match[0], match.start()))
        elif match["close"] and (not opened or opened.pop()[0] != _PAIRS[match[0]]):
            return None
    if not opened or opened[-1][1] > stumbled:
        return None
    return _never_closed("bracket", opened[-1][1], 1, text)


def _never_closed(what: str, start: int, length: int, text: str) -> QueryError:
    return QueryError("SYN002", f"this {what} is never closed", Span(start, start + length), text=text)
