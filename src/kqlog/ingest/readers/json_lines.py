"""JSON Lines: an object a line. Other formats that are written so convert their objects."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from kqlog.ingest.readers.format import Format, Parser, Row, UnreadableError

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(text: str) -> Any:
    """A JSON value. Halves of characters become the replacement character.

    Raises:
        UnreadableError: it is not JSON.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        # What it does not take, such as half a character or NaN, Python may.
        pass
    try:
        value = json.loads(text)
    except RecursionError:
        raise UnreadableError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"not JSON: {error}") from None
    return _whole(value) if _SURROGATE.search(text) else value


def _whole(value: Any) -> Any:
    """A value with texts that are Unicode throughout: JSON's escapes can name half a character."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_whole(key): _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
    return value


class JsonLines(Parser):
    """Objects, each on a line of its own; `within` names a list of them that a line may hold instead."""

    def __init__(self, convert: Callable[[Row], Row] = dict, within: str = "") -> None:
        self._convert, self._within = convert, within

    def feed(self, line: str) -> list[Row]:
        """The object, or the objects of the list."""
        if not line.strip():
            return []
        value = loads(line)
        if not isinstance(value, dict):
            raise UnreadableError("not a JSON object")
        items = value.get(self._within) if self._within else None
        if not isinstance(items, list):
            return [self._convert(value)]
        if not all(isinstance(item, dict) for item in items):
            raise UnreadableError(f"'{self._within}' is a list of other things than objects")
        return [self._convert(item) for item in items]


def first_object(beginning: str) -> dict[str, Any] | None:
    """The object on the first line, if that is one."""
    line = beginning.lstrip().split("\n", 1)[0]
    if not line.startswith("{"):
        return None
    try:
        value = loads(line)
    except UnreadableError:
        return None
    return value if isinstance(value, dict) else None


FORMAT = Format(
    "jsonl",
    "JSON Lines: an object a line",
    recognises=lambda beginning: first_object(beginning) is not None,
    parser=JsonLines,
)
