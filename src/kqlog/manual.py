"""The manual: help for any function, operator, plugin or error code. The shell, the REPL and notebooks all read it here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial

from kqlog.errors import CODES, QueryError
from kqlog.functions.declare import FUNCTIONS, Function, Kind, Signature
from kqlog.operators import operators
from kqlog.plan.lookup import closest
from kqlog.plugins import OFFERED, about, usage
from kqlog.syntax.nodes import Operator

_WHERE = {
    Kind.SCALAR: "function",
    Kind.AGGREGATE: "aggregate, for summarize",
    Kind.WINDOW: "window function, for serialized rows",
}

_OTHER_NAMES = {"limit": "take", "order": "sort"}
"""Operators that go by a second name."""


class Help(str):
    """A page of the manual: a text that a Python prompt shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def help(name: str | None = None) -> Help:
    """What the manual says of a function, operator, plugin or error code; without a name, what there is.

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
    raise QueryError("SEM001", f"the manual has nothing on '{wanted}'", hint=f"did you mean '{close}'?" if close else None)


def _pages() -> dict[str, list[Callable[[], str]]]:
    """What writes each page, by name; a name such as `in` or `parse` may have several."""
    pages: dict[str, list[Callable[[], str]]] = {}
    for name, operator in operators().items():
        pages.setdefault(name, []).append(partial(_operator, name, operator))
    for name, function in FUNCTIONS.items():
        pages.setdefault(name, []).append(partial(_function, function))
    for name in OFFERED:
        pages.setdefault(name, []).append(partial(_plugin, name))
    for code, meaning in CODES.items():
        pages[code] = [partial("{}: {}".format, code, meaning)]
    return pages


def _operator(name: str, operator: type[Operator]) -> str:
    sections = [f"{name} (operator): {operator.__doc__}", f"  {operator.syntax}", _examples(operator.examples)]
    return "\n\n".join(section for section in sections if section)


def _plugin(name: str) -> str:
    examples = _examples(one for one in operators()["evaluate"].examples if f"evaluate {name}(" in one)
    return "\n\n".join(filter(None, [f"{name} (plugin): {about(name)}", f"  T | evaluate {usage(name)}", examples]))


def _function(function: Function) -> str:
    usage = "\n".join(f"  {_usage(function, signature)}" for signature in function.signatures)
    examples = _examples(f"{example}  ->  {_value(answer)}" for example, answer in function.examples.items())
    sections = [f"{function.name} ({_WHERE[function.kind]}): {function.summary}", usage, examples]
    if function.deprecated:
        sections.append(f"Deprecated: use {function.deprecated}.")
    if function.service:
        sections.append(f"Only Microsoft's service has it: {function.service}.")
    elif not any(signature.has_body for signature in function.signatures):
        sections.append("kqlog reads it and does not run it yet.")
    return "\n\n".join(section for section in sections if section)


def _usage(function: Function, signature: Signature) -> str:
    names = [parameter.name for parameter in signature.parameters]
    if not function.name[0].isalpha() or not function.name.isidentifier():
        kinds = dict(zip(names, (parameter.kind for parameter in signature.parameters), strict=True))
        return f" {function.name} ".join(f"{name}: {kind}" for name, kind in kinds.items()) + f" -> {signature.returns}"
    return f"{function.name}{signature.text}"


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
    sections.append(("Error codes", list(CODES)))
    return "\n\n".join(f"{title}\n{_wrapped(names)}" for title, names in sections if names)


def _wrapped(names: list[str]) -> str:
    from textwrap import fill

    return fill("  ".join(names), 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
