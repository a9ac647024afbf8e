"""The manual: help for any word of the language and any error code. The shell, the REPL and notebooks all read it here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial

from kqlog.errors import CODES, QueryError
from kqlog.functions.declare import FUNCTIONS, Function, Kind
from kqlog.operators import operators
from kqlog.plan.lookup import closest
from kqlog.plugins import OFFERED, about, differs, usage
from kqlog.syntax.nodes import Operator
from kqlog.types import ALIASES
from kqlog.usage import difference, instead, only_elsewhere, usages

_WHERE = {
    Kind.SCALAR: "function",
    Kind.AGGREGATE: "aggregate, for summarize",
    Kind.WINDOW: "window function, for serialized rows",
}

_OTHER_NAMES = {"limit": "take", "order": "sort"}
"""Operators that go by a second name."""


_WORDS: dict[str, tuple[str, str, str, str]] = {
    "let": (
        "statement",
        "Gives a name to a value, a table or a function, for the statements after it.",
        "let Name = Expression; or let Name = (Parameter: type, ...) { Expression };",
        "let Limit = 3; range x from 1 to 10 step 1 | where x > Limit",
    ),
    "set": (
        "statement",
        "Sets an option of the query. Most of them steer Microsoft's service and have no effect here.",
        "set Option = Value;",
        "set notruncation; range x from 1 to 3 step 1",
    ),
    "declare": (
        "statement",
        "Declares the query's parameters: the caller gives their values (--param Name=Value), or the defaults hold.",
        "declare query_parameters(Name: type = Default, ...);",
        'declare query_parameters(User: string = "root"); print User',
    ),
    "typeof": (
        "type literal",
        "Names a type where a function wants one; in externaldata and evaluate, a list of columns.",
        "typeof(type)",
        "print extract(@'(\\d+)', 1, 'port 22', typeof(long))",
    ),
    "bool": ("type", "true, false or null.", "true, false, bool(null)", "print true and not(false)"),
    "int": ("type", "A whole number of 32 bits.", "int(5), int(null)", "print int(5) + 1"),
    "long": ("type", "A whole number of 64 bits: what a plain whole number is.", "5, 0xff, long(null)", "print 0xff"),
    "real": (
        "type",
        "A number with a fraction, of 64 bits; also NaN and infinities.",
        "1.5, 1e9, real(nan), real(+inf), real(null)",
        "print 3 / 2.0",
    ),
    "decimal": ("type", "An exact number with 18 digits after the point.", "decimal(0.1)", "print decimal(0.1) + decimal(0.2)"),
    "string": (
        "type",
        "A text; never null, only empty. @ before the quotes takes a backslash as it is.",
        """"text", 'text', @"C:\\folder", ```several lines```""",
        "print strcat('C:', @'\\', 'logs')",
    ),
    "datetime": (
        "type",
        "A moment in UTC, in steps of 100 ns, from the year 1 to 9999.",
        "datetime(2026-03-10), datetime(2026-03-10 09:42:00.5), datetime(null)",
        "print datetime(2026-03-10 09:42) + 39m",
    ),
    "timespan": (
        "type",
        "A length of time in steps of 100 ns.",
        "2d, 1.5h, 30m, 10s, 100ms, 5tick, timespan(1.02:03:04), timespan(null)",
        "print 1d / 1h",
    ),
    "guid": ("type", "A 128-bit id.", "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "print new_guid()"),
    "dynamic": (
        "type",
        "A JSON value: an array, a bag of names and values, or a single value. Parts are reached by .name and [index].",
        'dynamic([1, 2]), dynamic({"a": 1}), dynamic(null)',
        'print Bag = dynamic({"ports": [22, 443]}) | project Bag.ports[1]',
    ),
}
"""What is neither an operator nor a function: kind, meaning, syntax and an example."""


def word(name: str) -> tuple[str, str] | None:
    """The meaning and the syntax of a statement or type; None for any other word."""
    return _WORDS[name][1:3] if name in _WORDS else None


class Help(str):
    """A page of the manual: a text that a Python prompt shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def help(name: str | None = None) -> Help:
    """What the manual says of a function, operator, plugin, statement, type or error code; without a name, what there is.

    Raises:
        QueryError: SEM001 for a name that the manual does not know.
    """
    if name is None:
        return Help(_contents())
    wanted = name.strip().removesuffix("()").removesuffix(" by")
    pages = _pages()
    for spelling in (wanted, wanted.lower(), wanted.upper(), _OTHER_NAMES.get(wanted.lower())):
        if spelling in pages:
            return Help("\n\n".join(page() for page in pages[spelling]))
    close = closest(wanted, list(pages))
    raise QueryError("SEM001", f"the manual has nothing on '{wanted}'", meant=close)


def function_help(name: str) -> Help:
    """What the manual says of a function that is declared, whatever else has its name."""
    return Help(_function(FUNCTIONS[name]))


def _pages() -> dict[str, list[Callable[[], str]]]:
    """What writes each page, by name; a name such as `in` or `parse` may have several."""
    pages: dict[str, list[Callable[[], str]]] = {}
    for name, operator in operators().items():
        pages.setdefault(name, []).append(partial(_operator, name, operator))
    for name, function in FUNCTIONS.items():
        pages.setdefault(name, []).append(partial(_function, function))
    for name in OFFERED:
        pages.setdefault(name, []).append(partial(_plugin, name))
    for name in _WORDS:
        pages.setdefault(name, []).append(partial(_word_page, name))
    for spelling, type_ in ALIASES.items():
        pages.setdefault(spelling, pages[type_])
    for code, meaning in CODES.items():
        pages[code] = [partial("{}: {}".format, code, meaning)]
    return pages


def _operator(name: str, operator: type[Operator]) -> str:
    sections = [f"{name} (operator): {operator.__doc__}", f"  {operator.syntax}", _examples(operator.examples)]
    sections += [difference(operator.differs), only_elsewhere(operator.service)]
    return "\n\n".join(section for section in sections if section)


def _word_page(name: str) -> str:
    kind, meaning, usage, example = _WORDS[name]
    return f"{name} ({kind}): {meaning}\n\n  {usage}\n\n{_examples([example])}"


def _plugin(name: str) -> str:
    examples = _examples(one for one in operators()["evaluate"].examples if f"evaluate {name}(" in one)
    return "\n\n".join(filter(None, [f"{name} (plugin): {about(name)}", f"  {usage(name)}", examples, difference(differs(name))]))


def _function(function: Function) -> str:
    usage = "\n".join(f"  {line}" for line in usages(function))
    examples = _examples(f"{example}  ->  {_value(answer)}" for example, answer in function.examples.items())
    sections = [f"{function.name} ({_WHERE[function.kind]}): {function.summary}", usage, examples, difference(function.differs)]
    if function.deprecated:
        sections.append(f"Deprecated: use {function.deprecated}.")
    sections.append(instead(function))
    return "\n\n".join(section for section in sections if section)


def _examples(lines: Iterable[str]) -> str:
    lines = list(lines)
    return "\n".join(["Examples", *(f"  {line}" for line in lines)]) if lines else ""


def _value(answer: object) -> str:
    return "null" if answer is None else json.dumps(answer, default=str, ensure_ascii=False)


def _contents() -> str:
    functions = FUNCTIONS.values()
    sections = [("Operators", sorted(operators()))]
    for kind, title in ((Kind.SCALAR, "Functions"), (Kind.AGGREGATE, "Aggregates"), (Kind.WINDOW, "Window functions")):
        names = sorted(one.name for one in functions if one.kind is kind and not one.deprecated and one.name[0].isalpha())
        sections.append((title, names))
    sections.append(("Plugins, for evaluate", sorted(OFFERED)))
    sections.append(("Statements and types", sorted(_WORDS)))
    sections.append(("Error codes", list(CODES)))
    return "\n\n".join(f"{title}\n{_wrapped(names)}" for title, names in sections if names)


def _wrapped(names: list[str]) -> str:
    from textwrap import fill

    return fill("  ".join(names), 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
