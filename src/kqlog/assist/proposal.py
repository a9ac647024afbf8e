"""What is proposed at a place, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from kqlog.errors import Span
from kqlog.functions.declare import FUNCTIONS
from kqlog.manual import word
from kqlog.operators import operators
from kqlog.plan.names import bracketed
from kqlog.plugins import OFFERED, about, usage
from kqlog.syntax.nodes import FunctionBody, Operator
from kqlog.types import Type
from kqlog.usage import usages


class Kind(StrEnum):
    """What a proposal is."""

    OPERATOR = "operator"
    FUNCTION = "function"
    AGGREGATE = "aggregate"
    STORED_FUNCTION = "stored function"
    PLUGIN = "plugin"
    COLUMN = "column"
    TABLE = "table"
    LET = "let name"
    QUERY_PARAMETER = "query parameter"
    KEYWORD = "keyword"
    MARK = "mark"
    PARAMETER = "parameter"
    WORD = "parameter word"
    TYPE = "type"
    TIMESPAN = "timespan"
    VALUE = "value"


_CALLED = frozenset({Kind.FUNCTION, Kind.AGGREGATE, Kind.STORED_FUNCTION, Kind.PLUGIN})
OTHER_NAMES: Mapping[str, str] = MappingProxyType({"limit": "take", "order": "sort", "filter": "where", "mvexpand": "mv-expand"})
"""Operators by their second names."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way to go on: `text` in the place of `span`, and then the cursor `cursor` characters into it.

    `label` is what is read in a list, `type` a column's or variable's, `doc` one line, `usage` how it is called.
    """

    label: str
    kind: Kind
    text: str
    span: Span
    cursor: int
    type: str = ""
    doc: str = ""
    usage: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may stand at a place, and how likely it is; it becomes a proposal if it fits what was typed."""

    score: float
    label: str
    kind: Kind
    type: str = ""
    parameters: bool = True
    """Whether a function takes any."""
    usage: str = ""
    """How a function that is not declared is called."""

    def proposal(self, span: Span, called: bool) -> Proposal:
        """The proposal; `called`: an opening bracket stands behind the place already."""
        text = self._text()
        brackets = self.kind in _CALLED and not called
        doc, how = ("", self.usage) if self.usage else described(self.kind, self.label)
        cursor = len(text) + (1 if self.parameters else 2) * brackets
        if text == '""':
            cursor = 1
        return Proposal(self.label, self.kind, text + "()" * brackets, span, cursor, self.type, doc, how)

    def _text(self) -> str:
        if self.kind in (Kind.COLUMN, Kind.TABLE, Kind.LET) and not self.label.startswith("$"):
            return bracketed(self.label)
        return self.label


@cache
def described(kind: Kind, name: str) -> tuple[str, str]:
    """One line of help for a name, and its usage; both empty where there is nothing to say."""
    match kind:
        case Kind.OPERATOR:
            if (declared := operator_called(name)) is not None:
                return _first_line(declared.__doc__ or ""), declared.syntax
        case Kind.FUNCTION | Kind.AGGREGATE if name in FUNCTIONS:
            return _first_line(FUNCTIONS[name].summary), usages(FUNCTIONS[name])[0] if FUNCTIONS[name].signatures else ""
        case Kind.PLUGIN if name in OFFERED:
            return _first_line(about(name)), usage(name)
        case Kind.KEYWORD | Kind.TYPE | Kind.FUNCTION if (found := word(name)) is not None:
            return found
    return "", ""


def operator_called(name: str) -> type[Operator] | None:
    """The operator that a word begins."""
    return _operators().get(OTHER_NAMES.get(name, name))


@cache
def _operators() -> Mapping[str, type[Operator]]:
    return operators()


def usage_of(name: str, body: FunctionBody) -> str:
    """How a function of the query, or a stored one, is called."""
    shown = []
    for parameter in body.parameters:
        if parameter.columns is not None:
            shown.append(f"{parameter.name}: table")
        else:
            shown.append(f"{parameter.name}{'?' if parameter.default is not None else ''}: {parameter.type or Type.STRING}")
    return f"{name}({', '.join(shown)})"


def _first_line(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".") + "."
