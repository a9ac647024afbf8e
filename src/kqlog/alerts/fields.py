"""YAML files that people write: their fields by name, each with its place, so that what is wrong is told with line and caret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import yaml

from kqlog.errors import QueryError, Span
from kqlog.plan.lookup import closest
from kqlog.timespan import time_range

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
_TICKS_PER_MICROSECOND = 10
_BLOCK = "|"


@dataclass(frozen=True)
class Field:
    """A value in a file, which knows where it stands."""

    node: yaml.Node
    text: str
    """The whole file."""
    name: str = ""

    @property
    def span(self) -> Span:
        """Its characters in the file."""
        return Span(self.node.start_mark.index, self.node.end_mark.index)

    def wrong(self, message: str, hint: str | None = None) -> QueryError:
        """What is wrong with it, with its place."""
        return QueryError("ALR001", message, self.span, hint, self.text)

    def query_error(self, error: QueryError) -> QueryError:
        """An error of the query that this value is, at its place in the file."""
        span = self.span
        if error.span is not None and not error.elsewhere and (at := self._index(error)) is not None:
            span = Span(at, at + max(1, error.span.end - error.span.start))
        return QueryError(error.code, error.message, span, error.hint, self.text)

    def _index(self, error: QueryError) -> int | None:
        """Where in the file the query's error is; None where the text is not as it stands in the file."""
        assert isinstance(self.node, yaml.ScalarNode)
        lines = str(self.node.value).split("\n")
        if error.line is None or error.column is None or error.line > len(lines):
            return None
        line = lines[error.line - 1]
        if self.node.style == _BLOCK:
            written = self.text.split("\n")
            at = self.node.start_mark.line + error.line
            before = sum(len(one) + 1 for one in written[:at])
            return before + written[at].find(line) + error.column - 1 if line in written[at] else None
        quoted = 1 if self.node.style else 0
        return self.node.start_mark.index + quoted + error.column - 1 if len(lines) == 1 else None

    # ------------------------------------------------------------------------------------------------------------- parts

    def fields(self, known: Iterable[str]) -> Fields:
        """The fields of a mapping.

        Raises:
            QueryError: ALR001 when it is none, for a name that is not known, and one that is there twice.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong(f"{self._called} has fields, as in 'name: value'")
        names, found = list(known), dict[str, Field]()
        for key, value in self.node.value:
            name, place = str(key.value), Field(key, self.text)
            if name not in names:
                close = closest(name, names)
                raise place.wrong(
                    f"no field '{name}' here", f"did you mean '{close}'?" if close else f"there are {', '.join(names)}"
                )
            if name in found:
                raise place.wrong(f"the field '{name}' is there twice")
            found[name] = Field(value, self.text, name)
        return Fields(self, found)

    def items(self) -> list[Field]:
        """The items of a list.

        Raises:
            QueryError: ALR001 when it is none.
        """
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.wrong(f"{self._called} is a list")
        return [Field(one, self.text, self.name) for one in self.node.value]

    def pairs(self) -> Iterator[tuple[str, Field]]:
        """The names and values of a mapping whose names are free.

        Raises:
            QueryError: ALR001 when it is none.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong(f"{self._called} has names and values")
        for key, value in self.node.value:
            yield str(key.value), Field(value, self.text, str(key.value))

    # ------------------------------------------------------------------------------------------------------------ values

    def string(self) -> str:
        """A text; numbers are texts as they are written.

        Raises:
            QueryError: ALR001 for a list or a mapping.
        """
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.wrong(f"{self._called} is a text")
        return str(self.node.value)

    def strings(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(one.string() for one in self.items())

    def flag(self) -> bool:
        """True or false."""
        return bool(self._value(bool, "true or false"))

    def number(self) -> float:
        """A number."""
        value = self._value((int, float), "a number")
        if isinstance(value, bool):
            raise self.wrong(f"{self._called} is a number")
        return float(value)

    def whole(self, least: int, most: int) -> int:
        """A whole number between two, both inclusive."""
        value = self._value(int, "a whole number")
        if isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(f"{self._called} is a whole number from {least} to {most}")
        return int(value)

    def length(self) -> timedelta:
        """A length of time: PT5M of ISO 8601, or 5m of KQL."""
        text, span = self.string(), None
        # A number alone would be days.
        if "/" not in text and re.search("[A-Za-z]", text):
            with suppress(QueryError):
                span = time_range(text, 1 << 62)
        if span is None or span[0] is None or span[1] is None:
            raise self.wrong(f"{self._called} is a length of time", "such as PT5M, PT1H or P1D")
        return timedelta(microseconds=(span[1] - span[0]) // _TICKS_PER_MICROSECOND)

    def one_of(self, kind: type[E]) -> E:
        """One of the words of an enumeration, in whatever case."""
        words = {str(word).lower(): word for word in kind}
        if (found := words.get(self.string().lower())) is None:
            close = closest(self.string(), [str(word) for word in kind])
            hint = f"did you mean '{close}'?" if close else f"it is one of {', '.join(kind)}"
            raise self.wrong(f"{self._called} cannot be '{self.string()}'", hint)
        return found

    @property
    def _called(self) -> str:
        return f"'{self.name}'" if self.name else "this"

    def _value(self, kind: type | tuple[type, ...], what: str) -> Any:
        value = yaml.safe_load(self.string()) if isinstance(self.node, yaml.ScalarNode) and self.node.style is None else None
        if not isinstance(value, kind):
            raise self.wrong(f"{self._called} is {what}")
        return value


@dataclass(frozen=True)
class Fields:
    """The fields of a mapping by name."""

    whole: Field
    found: dict[str, Field]

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def __getitem__(self, name: str) -> Field:
        """A field that has to be there.

        Raises:
            QueryError: ALR001 when it is not.
        """
        if name not in self.found:
            start = self.whole.span.start
            first_line = Span(start, start + max(1, len(self.whole.text[start:].split("\n")[0])))
            raise QueryError("ALR001", f"the field '{name}' is missing", first_line, None, self.whole.text)
        return self.found[name]

    def items(self, name: str) -> list[Field]:
        """The items of a list, which may be left out."""
        return self.found[name].items() if name in self.found else []

    def get(self, name: str, read: Callable[[Field], T], default: T) -> T:
        """What a field is read as, or the default where it is not there."""
        return read(self.found[name]) if name in self.found else default


def whole_number(least: int, most: int) -> Callable[[Field], int]:
    """What reads a whole number between two."""
    return lambda field: field.whole(least, most)


def word(kind: type[E]) -> Callable[[Field], E]:
    """What reads one of the words of an enumeration."""
    return partial(_word, kind)


def _word(kind: type[E], field: Field) -> E:
    return field.one_of(kind)


def read_yaml(text: str) -> Field:
    """The one document of a file.

    Raises:
        QueryError: ALR001 with the place where it is not YAML any more, as in a file that is half written.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = min(mark.index if mark is not None else 0, max(0, len(text) - 1))
        raise QueryError("ALR001", f"this is no YAML: {error.problem}", Span(at, at + 1), error.note, text) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise QueryError("ALR001", f"this is no YAML: {error}", Span(0, 1), None, text) from None
    if node is None:
        raise QueryError("ALR001", "there is nothing in this file", Span(0, 1), None, text)
    return Field(node, text)
