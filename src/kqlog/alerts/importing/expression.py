"""The expressions of Azure's resource templates, as people and Bicep's compiler write them: "[concat(parameters('a'), '-b')]".

Source: MicrosoftDocs/azure-docs, azure-resource-manager/templates/template-functions*.md. What depends on a deployment, such as
the time or the state of a resource, is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from kqlog.errors import QueryError
from kqlog.plan.lookup import closest

Functions = Mapping[str, Callable[..., Any]]
"""Functions by their names in lower case."""
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[()\[\],.]))")
_PLACE = re.compile(r"\{(\d+)\}")
_DEEPEST = 50


def is_expression(text: str) -> bool:
    """Whether a text is an expression; two brackets stand for one that is meant."""
    return text.startswith("[") and not text.startswith("[[") and text.endswith("]")


def evaluate(text: str, functions: Functions) -> Any:
    """The value of an expression.

    Raises:
        QueryError: ALR001 for one that cannot be read, or calls what is not offered.
    """
    reading = _Reading(text[1:-1], {**_FUNCTIONS, **functions})
    value = reading.value(0)
    if reading.at != len(reading.tokens):
        raise reading.wrong()
    return value


class _Reading:
    """An expression that is evaluated as it is read. A function's arguments are values before it is called."""

    def __init__(self, text: str, functions: Functions) -> None:
        self._text, self._functions = text, functions
        self.tokens: list[tuple[str, str]] = []
        self.at, place = 0, 0
        while place < len(text.rstrip()):
            if (match := _TOKEN.match(text, place)) is None:
                raise self.wrong()
            assert match.lastgroup is not None
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()

    def wrong(self) -> QueryError:
        return QueryError("ALR001", f"'[{self._text}]' is no expression of a template")

    def value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise self.wrong()
        kind, text = self._next()
        match kind:
            case "text":
                return text[1:-1].replace("''", "'")
            case "number":
                return int(text)
            case "name":
                value = self._call(text, depth)
            case _:
                raise self.wrong()
        while self.at < len(self.tokens) and self.tokens[self.at][1] in (".", "["):
            value = self._part(value, depth)
        return value

    def _call(self, name: str, depth: int) -> Any:
        self._expect("(")
        arguments: list[Any] = []
        while self._peek() != ")":
            if arguments:
                self._expect(",")
            arguments.append(self.value(depth + 1))
        self._expect(")")
        function = self._functions.get(name.lower())
        if function is None:
            close = closest(name, list(self._functions))
            hint = f"did you mean '{close}'?" if close else "what depends on a deployment is not known here"
            raise QueryError("ALR001", f"the function {name}() of templates is not offered", hint=hint)
        try:
            return function(*arguments)
        except (TypeError, ValueError, LookupError, AttributeError, StopIteration) as error:
            raise QueryError("ALR001", f"{name}() cannot be evaluated: {error}") from None

    def _part(self, value: Any, depth: int) -> Any:
        sign = self._next()[1]
        key = self._next()[1] if sign == "." else self.value(depth + 1)
        if sign == "[":
            self._expect("]")
        try:
            if isinstance(value, dict):
                return next(one for name, one in value.items() if name.lower() == str(key).lower())
            return value[key]
        except (StopIteration, TypeError, KeyError, IndexError):
            raise QueryError("ALR001", f"'{key}' is not there in '[{self._text}]'") from None

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.wrong()
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, sign: str) -> None:
        if self._next()[1] != sign:
            raise self.wrong()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else json.dumps(value, separators=(",", ":"))


def _concat(*values: Any) -> Any:
    if values and isinstance(values[0], list):
        return [one for value in values for one in value]
    return "".join(map(_text, values))


def _format(text: str, *values: Any) -> str:
    return _PLACE.sub(lambda match: _text(values[int(match[1])]), text)


def _resource_id(*words: str) -> str:
    """The id of a resource; subscription and group come first where they are given."""
    at = next(at for at, word in enumerate(words) if "/" in word)
    given, (type_, *names) = words[:at], words[at:]
    subscription = given[-2] if len(given) > 1 else _SUBSCRIPTION["subscriptionId"]
    group = given[-1] if given else _GROUP["name"]
    return f"/subscriptions/{subscription}/resourceGroups/{group}{_named(type_, names)}"


def _named(type_: str, names: list[str]) -> str:
    provider, *types = type_.split("/")
    return f"/providers/{provider}" + "".join(f"/{one}/{name}" for one, name in zip(types, names, strict=True))


def _subscription_resource_id(*words: str) -> str:
    given, (type_, *names) = (words[:1], words[1:]) if "/" not in words[0] else ((), words)
    return f"/subscriptions/{given[0] if given else _SUBSCRIPTION['subscriptionId']}{_named(type_, list(names))}"


_SUBSCRIPTION = {
    "id": "/subscriptions/00000000-0000-0000-0000-000000000000",
    "subscriptionId": "00000000-0000-0000-0000-000000000000",
    "displayName": "kqlog",
    "tenantId": "00000000-0000-0000-0000-000000000000",
}
"""Nothing is deployed, so that there is none."""
_GROUP = {"id": f"{_SUBSCRIPTION['id']}/resourceGroups/kqlog", "name": "kqlog", "location": "global", "tags": {}}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: all(values),
    "array": lambda value: value if isinstance(value, list) else [value],
    "bool": lambda value: value if isinstance(value, bool) else str(value).lower() == "true",
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "concat": _concat,
    "contains": lambda where, what: what in where,
    "createarray": lambda *values: list(values),
    "createobject": lambda *values: dict(zip(values[::2], values[1::2], strict=True)),
    "empty": lambda value: not value,
    "equals": lambda left, right: left == right,
    "false": lambda: False,
    "first": lambda value: value[0],
    "format": _format,
    "if": lambda condition, yes, no: yes if condition else no,
    "int": int,
    "json": json.loads,
    "last": lambda value: value[-1],
    "length": len,
    "not": lambda value: not value,
    "null": lambda: None,
    "or": lambda *values: any(values),
    "replace": lambda text, old, new: text.replace(old, new),
    "resourcegroup": lambda: _GROUP,
    "resourceid": _resource_id,
    "split": lambda text, by: text.split(by),
    "string": _text,
    "subscription": lambda: _SUBSCRIPTION,
    "subscriptionresourceid": _subscription_resource_id,
    "substring": lambda text, start, length=None: text[start:] if length is None else text[start : start + length],
    "take": lambda value, count: value[:count],
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "true": lambda: True,
    "union": lambda *values: {name: one for value in values for name, one in value.items()},
}
