"""Kusto's management commands: what they look like, who may give them, and what they answer with.

A command is declared by its patterns: words as they are written, and <names> in angle brackets. Its answer is a table, which the
rest of the text may go on with, as in `.show tables | project TableName`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kqlog.errors import QueryError
from kqlog.store.tokens import Role
from kqlog.syntax.literals import parse_string
from kqlog.types import Column, Schema, Type

if TYPE_CHECKING:
    import pyarrow

    from kqlog.server.intake import Intake
    from kqlog.server.queries import Queries, Query
    from kqlog.workspace import Workspace

_NAME = r"""(?:[A-Za-z_][\w.-]*|\[\s*(?:'[^']*'|"[^"]*")\s*\]|@?'[^']*'|@?"[^"]*"|[0-9a-fA-F-]{36})"""
_PLACES = {
    "list": rf"\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\)",
    "columns": r"\([^()]*\)",
    "with": r"with\s*\((?:[^()'\"]|'[^']*'|\"[^\"]*\")*\)",
    "text": r"[\s\S]*",
}
"""What may stand at places that are no names."""
_PIECE = re.compile(r"<(\w+)(?::(\w+))?>|\[([^\]]*)\]|(\S+)")
_TOKEN = re.compile(r"""//[^\n]*|@?"(?:\\.|[^"\\])*"|@?'(?:\\.|[^'\\])*'|```[\s\S]*?```|<\||[(){}\[\]]|\||[\s\S]""")
_LEADING = re.compile(r"(?:\s+|//[^\n]*(?:\n|$))*")
OUTPUT = "CommandOutput"
"""What the rest of a text after a command calls its output."""
_MODULES = ("kusto_show", "kusto_control")


@dataclass(frozen=True)
class Shown:
    """The table that a command answers with. Its rows have Python values: str, int, float, bool, datetime, timedelta, None."""

    columns: Schema
    rows: Sequence[Sequence[Any]] = ()

    def arrow(self) -> pyarrow.Table:
        """The same as an Arrow table."""
        import pyarrow as pa

        types = {
            Type.BOOL: pa.bool_(),
            Type.INT: pa.int32(),
            Type.LONG: pa.int64(),
            Type.REAL: pa.float64(),
            Type.DATETIME: pa.timestamp("us", "UTC"),
            Type.TIMESPAN: pa.duration("us"),
        }
        arrays = [
            pa.array([row[at] for row in self.rows], types.get(type_, pa.string())) for at, (_, type_) in enumerate(self.columns)
        ]
        return pa.table(arrays, names=[name for name, _ in self.columns])


def columns(**types: str) -> Schema:
    """Columns by their names and types."""
    return tuple(Column(name, Type(type_)) for name, type_ in types.items())


@dataclass(frozen=True)
class Context:
    """What a command works on."""

    intake: Intake
    queries: Queries
    query: Query
    database: str

    @property
    def workspace(self) -> Workspace:
        """What the caller may read."""
        assert self.query.ask.workspace is not None
        return self.query.ask.workspace

    @property
    def running(self) -> list[Query]:
        """The queries that the caller may know of: its own, or all for one who may change things."""
        caller = self.query.ask.caller
        return [one for one in self.queries.running() if caller.may(Role.CONTRIBUTOR) or one.ask.caller.key == caller.key]


Handler = Callable[..., Shown]
"""Is called with the context and the values of its places, by name."""


@dataclass(frozen=True)
class Command:
    """A command that was declared: its pattern, who may give it, and what runs it."""

    pattern: str
    role: Role
    handler: Handler
    expression: re.Pattern[str] = field(compare=False)


@dataclass(frozen=True)
class Given:
    """A command as it was given: the values of its places, and the query that goes on with its output."""

    command: Command
    values: dict[str, str | None]
    rest: str

    @property
    def role(self) -> Role:
        """What the caller must be allowed."""
        return self.command.role

    def run(self, context: Context) -> Shown:
        """Do it."""
        return self.command.handler(context, **self.values)


_COMMANDS: list[Command] = []


def command(role: Role, *patterns: str) -> Callable[[Handler], Handler]:
    """Declare a command. Places are <name>, <name:kind> with a kind of list, columns, with or text; [words] may be missing."""

    def declare(handler: Handler) -> Handler:
        _COMMANDS.extend(Command(pattern, role, handler, _expression(pattern)) for pattern in patterns)
        return handler

    return declare


@cache
def commands() -> tuple[Command, ...]:
    """All commands."""
    for module in _MODULES:
        import_module(f"kqlog.server.{module}")
    # A word comes before a name that it could be as well.
    return tuple(sorted(_COMMANDS, key=lambda one: (one.pattern.count("<"), -len(one.pattern.split()))))


def is_command(text: str) -> bool:
    """Whether a text is a command, and not a query."""
    found = _LEADING.match(text)
    return text.startswith(".", found.end() if found else 0)


def read_command(text: str) -> Given:
    """The command that a text gives.

    Raises:
        QueryError: SYN001 for one that is not known.
    """
    body, rest = _parted(_LEADING.sub("", text, count=1).rstrip().removesuffix(";"))
    for one in commands():
        if (found := one.expression.fullmatch(body.strip())) is not None:
            return Given(one, found.groupdict(), rest)
    known = sorted({".".join(["", *one.pattern.split()[:1]]) for one in commands()})
    raise QueryError("SYN001", f"the command {_shown(body)} is not known", hint=f"commands begin with {', '.join(known)}")


def name_of(text: str) -> str:
    """The name that a place holds, without brackets and quotes."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:-1].strip()
    return parse_string(text) if text[:1] in {"'", '"', "@"} else text


def names_of(text: str) -> list[str]:
    """The names of a list in parentheses."""
    return [name_of(part) for part in re.findall(_NAME, text)]


def properties_of(text: str | None) -> dict[str, str]:
    """What `with (name = value, ...)` says. Values are text."""
    found = re.findall(rf"(\w+)\s*=\s*({_NAME}|[^,()]*)", text.partition("(")[2][:-1]) if text else []
    return {name.lower(): name_of(value) for name, value in found}


def _expression(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern."""
    parts: list[str] = []
    for name, kind, optional, word in _PIECE.findall(pattern):
        if name:
            # A list and a text may touch what is before them.
            gap, place = (r"\s*", _PLACES[kind]) if kind in _PLACES else (r"\s+", _NAME)
            parts.append(f"{gap}(?P<{name}>{place})")
        elif optional.startswith("<"):
            (inner, inner_kind, _, _), *_ = _PIECE.findall(optional)
            parts.append(rf"(?:\s+(?P<{inner}>{_PLACES.get(inner_kind, _NAME)}))?")
        elif optional:
            parts.append(rf"(?:\s+{re.escape(optional)})?")
        else:
            gap = r"\s*" if word in {"<|", "(", ")"} else r"\s+"
            parts.append((gap if parts else r"\.\s*") + re.escape(word))
    return re.compile("".join(parts), re.IGNORECASE)


def _parted(text: str) -> tuple[str, str]:
    """A command and the query that goes on after it, which begins behind the first bar outside of brackets and quotes."""
    depth = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "(" | "{" | "[":
                depth += 1
            case ")" | "}" | "]":
                depth -= 1
            case "<|":
                # All that follows is the query or the data that the command takes in.
                return text, ""
            case "|" if depth <= 0:
                return text[: token.start()], text[token.end() :]
    return text, ""


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else f"{line[:60]}...")
